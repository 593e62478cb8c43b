"""The gate: one statement taken away, one problem."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from connector.accounting.party import Address
from connector.invoice.contents import check_contents, check_print
from tests.unit.invoice.invoices import DOMESTIC, REVERSE_CHARGE, SELLER, line


def _codes(invoice=DOMESTIC, seller=SELLER):
    return [problem.code for problem in check_contents(invoice, seller)]


def _with_buyer(invoice=DOMESTIC, **changes):
    return replace(invoice, buyer=replace(invoice.buyer, **changes))


@pytest.mark.parametrize("invoice", [DOMESTIC, REVERSE_CHARGE])
def test_a_complete_invoice_passes(invoice):
    assert [] == check_contents(invoice, SELLER)


@pytest.mark.parametrize("field", ["name", "street", "postal_code", "city"])
def test_the_sellers_name_and_address_must_be_there(field):
    assert [f"seller_{field}_missing"] == _codes(seller=replace(SELLER, **{field: " "}))


def test_tax_number_or_vat_id_is_enough():
    assert [] == _codes(seller=replace(SELLER, tax_number=""))
    assert [] == _codes(seller=replace(SELLER, vat_id=""))
    assert ["seller_tax_number_missing"] == _codes(seller=replace(SELLER, tax_number="", vat_id=""))


@pytest.mark.parametrize(
    ("address", "code"),
    [
        (Address("", "", "10115", "Berlin", "DE"), "buyer_street_missing"),
        (Address("Weg 1", "", "10115", "", "DE"), "buyer_city_missing"),
        (Address("Weg 1", "", "10115", "Berlin", ""), "buyer_country_missing"),
    ],
)
def test_the_buyers_address_must_be_complete(address, code):
    assert [code] == _codes(_with_buyer(address=address))


def test_the_buyer_must_have_a_name():
    assert ["buyer_name_missing"] == _codes(_with_buyer(name=""))
    assert [] == _codes(_with_buyer(name="", last_name="Mustermann", is_organization=False))


def test_reverse_charge_needs_both_vat_ids():
    assert ["buyer_vat_id_missing"] == _codes(_with_buyer(REVERSE_CHARGE, vat_id=""))
    assert ["seller_vat_id_missing"] == _codes(REVERSE_CHARGE, replace(SELLER, vat_id=""))


def test_goods_to_an_eu_business_need_both_vat_ids_by_their_note():
    group = replace(
        REVERSE_CHARGE.tax_breakdown[0],
        eu_vat="",
        notes=("Steuerfreie innergemeinschaftliche Lieferung (§4 Nr. 1b UStG)",),
    )
    invoice = replace(_with_buyer(REVERSE_CHARGE, vat_id=""), tax_breakdown=(group,))

    assert ["buyer_vat_id_missing"] == _codes(invoice)


def test_domestic_reverse_charge_needs_no_vat_id():
    group = replace(REVERSE_CHARGE.tax_breakdown[0], eu_vat="")
    buyer = replace(REVERSE_CHARGE.buyer, vat_id="", address=DOMESTIC.buyer.address)

    assert [] == _codes(replace(REVERSE_CHARGE, buyer=buyer, tax_breakdown=(group,)))


def test_a_number_must_be_there():
    assert ["document_number_missing"] == _codes(replace(DOMESTIC, document_number=""))


def test_lines_must_be_there_and_say_what_was_supplied():
    assert ["lines_missing", "sums_differ"] == _codes(replace(DOMESTIC, lines=()))
    nameless = replace(DOMESTIC, lines=(replace(DOMESTIC.lines[0], name=" "), DOMESTIC.lines[1]))
    assert ["line_name_missing"] == _codes(nameless)


@pytest.mark.parametrize(
    ("start", "end"), [(None, date(2026, 10, 1)), (date(2026, 10, 2), date(2026, 10, 1))]
)
def test_a_service_period_must_not_end_before_it_begins(start, end):
    assert ["service_period_backwards"] == _codes(
        replace(DOMESTIC, service_date=start, service_period_end=end)
    )


@pytest.mark.parametrize(
    "change",
    [
        {"lines": (line(net=Decimal("1067.49")),)},
        {"gross": Decimal("1262.24")},
        {"net": Decimal("1067.51"), "gross": Decimal("1262.24"), "lines": (line(net=Decimal("1067.51")),)},
        {"tax": Decimal("194.72"), "gross": Decimal("1262.22")},
    ],
)
def test_sums_must_be_right_to_the_cent(change):
    assert ["sums_differ"] == _codes(replace(DOMESTIC, **change))


@pytest.mark.parametrize(
    ("invoice", "field"),
    [
        (_with_buyer(name="株式会社"), "buyer.name"),
        (_with_buyer(address=replace(DOMESTIC.buyer.address, city="東京")), "buyer.address"),
        (replace(DOMESTIC, title="Rakete 🚀"), "title"),
        (replace(DOMESTIC, order_number="訂"), "order_number"),
        (replace(DOMESTIC, lines=(replace(DOMESTIC.lines[0], name="茶"), DOMESTIC.lines[1])), "lines[1]"),
    ],
)
def test_a_letter_that_we_cannot_print_is_named(invoice, field):
    assert [("not_printable", field)] == [
        (problem.code, problem.field) for problem in check_print(invoice, SELLER)
    ]
    assert [] == check_contents(invoice, SELLER)


def test_all_gaps_are_told_at_once_each_with_a_cure():
    invoice = _with_buyer(REVERSE_CHARGE, vat_id="", address=Address(country="AT"))

    problems = check_contents(invoice, replace(SELLER, street=""))

    assert [
        "seller_street_missing",
        "buyer_street_missing",
        "buyer_city_missing",
        "buyer_vat_id_missing",
    ] == [problem.code for problem in problems]
    assert all(problem.cure and problem.field for problem in problems)
