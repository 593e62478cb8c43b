from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from connector.accounting.party import Address, CustomerStatus, Party
from connector.accounting.sale import Discount, DiscountKind, Sale, SaleLine, SupplyKind, TaxMethod
from connector.accounting.terms import BookingTerms
from connector.errors import DataError
from connector.pipedrive.sale import document_number_from, read_sale
from connector.tenants.config import NumberConfig, NumberSource
from tests.unit.pipedrive import bundles as b

TERMS = BookingTerms(chart="skr03", default_supply_kind=SupplyKind.SERVICE)


def sale(bundle: dict[str, Any], config=b.PLAIN, terms=TERMS) -> Sale:
    return read_sale(bundle, config=config, terms=terms, document_number="PD-42")


def codes(bundle: dict[str, Any], config=b.PLAIN) -> list[str]:
    with pytest.raises(DataError) as caught:
        sale(bundle, config)
    assert all(problem.message and problem.cure for problem in caught.value.problems)
    return [problem.code for problem in caught.value.problems]


def deal_with(**custom: Any) -> dict[str, Any]:
    return b.deal(custom_fields={getattr(b, name.upper()): value for name, value in custom.items()})


def test_a_whole_deal_becomes_a_sale():
    full = b.bundle(
        deal=deal_with(
            service={"value": "2026-02-01", "until": "2026-02-28"},
            due="2026-04-01",
            rate=1.0845,
            reverse=1,
            kind=1,
            cost=2,
            order=" B-1 ",
        ),
        organization=b.organization(custom_fields={b.VAT: "de 123.456-789", b.STATUS: 1, b.DEBTOR: 10017}),
        products=[b.line(discount=10, comments="nach Aufwand")],
        discounts=[{"id": "x", "type": "amount", "amount": "5.50", "description": "Treue"}],
    )
    assert Sale(
        deal_id=42,
        title="Projekt",
        currency="EUR",
        tax_method=TaxMethod.EXCLUSIVE,
        lines=(
            SaleLine(
                position=1,
                name="Beratung",
                quantity=Decimal(2),
                unit_price=Decimal("100.50"),
                tax_rate=Decimal(19),
                supply_kind=SupplyKind.GOODS,
                discount=Discount(DiscountKind.PERCENTAGE, Decimal(10)),
                unit="Std.",
                description="nach Aufwand",
                product_code="BERATUNG",
                revenue_account=8410,
                mapped_by="product code BERATUNG",
                cost_centre_1="200",
            ),
        ),
        discounts=(Discount(DiscountKind.AMOUNT, Decimal("5.50"), "Treue"),),
        buyer=Party(
            key="organization:17",
            name="Muster GmbH",
            address=Address("Hauptstraße 5", "", "10115", "Berlin", "DE"),
            status=CustomerStatus.BUSINESS,
            vat_id="DE123456789",
            is_organization=True,
            email="erika@example.org",
            phone="030 1234",
            contact="Erika Muster",
            debtor_number="10017",
        ),
        stated_value=Decimal(201),
        document_number="PD-42",
        document_date=date(2026, 3, 4),
        service_date=date(2026, 2, 1),
        service_period_end=date(2026, 2, 28),
        due_date=date(2026, 4, 1),
        order_number="B-1",
        domestic_reverse_charge=True,
        exchange_rate=Decimal("1.0845"),
        won_on=date(2026, 3, 4),
    ) == sale(full, b.CONFIG)


def test_the_smallest_bundle_is_deal_and_organization():
    found = sale({"deal": b.deal(person_id=None), "organization": b.organization(), "products": [b.line()]})
    assert ("organization:17", CustomerStatus.BUSINESS) == (found.buyer.key, found.buyer.status)
    assert [Decimal("100.50")] == [line.unit_price for line in found.lines]


def test_a_deal_without_lines_is_a_sale_by_its_value():
    found = sale(b.bundle(products=[], deal=b.deal(value=Decimal("99.99"))))
    assert ((), Decimal("99.99")) == (found.lines, found.stated_value)


@pytest.mark.parametrize("price", [100.5, "100.5", Decimal("100.5")])
def test_numbers_come_as_numbers_texts_and_decimals(price):
    assert Decimal("100.5") == sale(b.bundle(products=[b.line(item_price=price)])).lines[0].unit_price


def test_a_deal_won_late_on_new_year_s_eve_belongs_to_the_next_year():
    late = b.bundle(deal=b.deal(won_time="2025-12-31T23:30:00Z"))
    assert date(2026, 1, 1) == sale(late).document_date
    assert date(2026, 1, 1) == sale(b.bundle(deal=b.deal(won_time="2025-12-31 23:30:00"))).document_date


def test_the_document_date_may_come_from_a_field():
    config = replace(b.PLAIN, fields=replace(b.PLAIN.fields, document_date="Rechnungsdatum"))
    assert date(2026, 3, 9) == sale(b.bundle(deal=deal_with(dated="2026-03-09")), config).document_date
    assert ["document_date_missing"] == codes(b.bundle(), config)
    assert ["custom_field_unreadable"] == codes(b.bundle(deal=deal_with(dated="bald")), config)


def test_payment_days_count_from_the_document_date_unless_a_field_says_more():
    terms = replace(TERMS, payment_days=14)
    assert date(2026, 3, 18) == sale(b.bundle(), b.CONFIG, terms).due_date
    assert date(2026, 3, 31) == sale(b.bundle(deal=deal_with(due="2026-03-31")), b.CONFIG, terms).due_date
    assert sale(b.bundle(), b.CONFIG).due_date is None


def test_a_single_service_day_has_no_period():
    day = {"value": "2026-02-01", "until": "2026-02-01"}
    found = sale(b.bundle(deal=deal_with(service=day)), b.CONFIG)
    assert (date(2026, 2, 1), None) == (found.service_date, found.service_period_end)


def test_disabled_lines_are_left_out_and_the_order_is_the_deal_s():
    lines = [
        b.line(name="zwei", order_nr=2),
        b.line(id=2, name="aus", order_nr=0, is_enabled=False, currency="USD", tax_method="none"),
        b.line(id=3, name="eins", order_nr=1),
    ]
    found = sale(b.bundle(products=lines))
    assert [(1, "eins"), (2, "zwei")] == [(line.position, line.name) for line in found.lines]


@pytest.mark.parametrize(
    ("product", "deal_kind", "expected"),
    [
        ({}, None, SupplyKind.SERVICE),
        ({}, 1, SupplyKind.GOODS),
        ({"custom_fields": {b.PRODUCT_KIND: 2}}, 1, SupplyKind.SERVICE),
        ({"category": "ware"}, None, SupplyKind.GOODS),
        ({"category": "Ware"}, 2, SupplyKind.SERVICE),
        ({"category": "Sonstiges"}, None, SupplyKind.SERVICE),
        ({"category": "Ware "}, None, SupplyKind.GOODS),
        ({"category": "Ware\u200b"}, None, SupplyKind.GOODS),
    ],
)
def test_the_kind_of_supply_comes_from_product_deal_category_or_default(product, deal_kind, expected):
    catalog = [{"id": 5, "code": "X", "custom_fields": {}, **product}]
    found = sale(b.bundle(catalog=catalog, deal=deal_with(kind=deal_kind)), b.CONFIG)
    assert expected is found.lines[0].supply_kind


@pytest.mark.parametrize(("deal_kind", "expected"), [(1, SupplyKind.GOODS), (None, None)])
def test_the_deal_s_own_kind_counts_without_lines_as_well(deal_kind, expected):
    assert expected is sale(b.bundle(products=[], deal=deal_with(kind=deal_kind)), b.CONFIG).supply_kind


def test_a_category_is_also_known_by_its_option_id():
    category = {
        **b.definition("category", "Kategorie", "enum", ("Software", "Ware")),
        "is_custom_field": False,
    }
    catalog = [{"id": 5, "category": 2, "custom_fields": {}}]
    fields = [*b.DEFINITIONS["product_fields"], category]
    found = sale(b.bundle(catalog=catalog, product_fields=fields), b.CONFIG)
    assert SupplyKind.GOODS is found.lines[0].supply_kind


def test_a_product_s_cost_centre_wins_over_the_deal_s():
    catalog = [{"id": 5, "custom_fields": {b.PRODUCT_COST: "300"}}]
    found = sale(b.bundle(catalog=catalog, deal=deal_with(cost=1)), b.CONFIG)
    assert "300" == found.lines[0].cost_centre_1


@pytest.mark.parametrize(
    ("status", "expected"),
    [(1, CustomerStatus.BUSINESS), (2, CustomerStatus.CONSUMER), (None, CustomerStatus.BUSINESS)],
)
def test_the_customer_s_status_comes_from_the_field_or_the_default(status, expected):
    found = sale(b.bundle(organization=b.organization(custom_fields={b.STATUS: status})), b.CONFIG)
    assert expected is found.buyer.status


def test_a_person_without_organization_is_the_buyer():
    someone = b.person(
        postal_address={"locality": "Wien", "postal_code": "1010", "route": "Ring", "country": "Österreich"},
        custom_fields={b.VAT: None},
    )
    buyer = sale(b.bundle(deal=b.deal(org_id=None), organization=None, person=someone), b.CONFIG).buyer
    assert ("person:4", "Erika Muster", False) == (buyer.key, buyer.name, buyer.is_organization)
    assert Address("Ring", "", "1010", "Wien", "AT") == buyer.address
    assert (CustomerStatus.UNKNOWN, "erika@example.org") == (buyer.status, buyer.email)


def test_the_country_field_wins_over_the_address():
    config = replace(b.PLAIN, fields=replace(b.PLAIN.fields, country="Land"))
    found = sale(b.bundle(organization=b.organization(custom_fields={b.LAND: "Schweiz"})), config)
    assert "CH" == found.buyer.address.country
    assert "DE" == sale(b.bundle(), config).buyer.address.country


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("Hauptstr. 5, 10115 Berlin, Germany", Address("Hauptstr. 5", "", "10115", "Berlin", "DE")),
        ("Ring 1, Top 4, A-1010 Wien", Address("Ring 1", "Top 4", "1010", "Wien", "AT")),
        ("Hauptstr. 5\n10115 Berlin\nDeutschland", Address("Hauptstr. 5", "", "10115", "Berlin", "DE")),
        ("somewhere, France", Address("somewhere", "", "", "", "FR")),
        (
            {
                "value": "10 Downing Street, London SW1A 2AA, UK",
                "route": "Downing Street",
                "street_number": "10",
                "locality": "London",
                "postal_code": "SW1A 2AA",
            },
            Address("10 Downing Street", "", "SW1A 2AA", "London", "GB"),
        ),
    ],
)
def test_an_address_is_read_in_the_forms_in_which_it_comes(address, expected):
    assert expected == sale(b.bundle(organization=b.organization(address=address))).buyer.address


@pytest.mark.parametrize(
    ("country", "level_1", "code", "region"),
    [
        ("Nordirland", "", "GB", "Northern Ireland"),
        ("United Kingdom", "Northern Ireland", "GB", "Northern Ireland"),
        ("United Kingdom", "Nordirland", "GB", "Northern Ireland"),
        ("Kanarische Inseln", "", "ES", "Canarias"),
        ("España", "Canarias", "ES", "Canarias"),
        ("Deutschland", "Bayern", "DE", "Bayern"),
    ],
)
def test_a_part_of_a_country_is_kept_as_the_region(country, level_1, code, region):
    address = {"value": "x", "locality": "y", "country": country, "admin_area_level_1": level_1}
    found = sale(b.bundle(organization=b.organization(address=address))).buyer.address
    assert (code, region) == (found.country, found.region)


def test_a_vat_id_gets_its_leading_zero():
    written = {b.VAT: "BE 403.019.261"}
    found = sale(b.bundle(organization=b.organization(custom_fields=written)), b.CONFIG)
    assert "BE0403019261" == found.buyer.vat_id


@pytest.mark.parametrize(
    ("written", "cleaned"),
    [
        ("ATU 123 456 78", "ATU12345678"),
        ("gr094259216", "EL094259216"),
        ("gr123456789", "GR123456789"),  # No VAT id: a person looks for what stands in Pipedrive.
        ("NL–1234.B01", "NL1234B01"),
        ("\uff21\uff34\uff35\uff11\uff13\uff15\uff18\uff15\uff16\uff12\uff17", "ATU13585627"),
    ],
)
def test_a_vat_id_is_cleaned(written, cleaned):
    found = sale(b.bundle(organization=b.organization(custom_fields={b.VAT: written})), b.CONFIG)
    assert cleaned == found.buyer.vat_id


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"products": [b.line(currency="USD")]}, "line_currency_differs"),
        ({"products": [b.line(), b.line(tax_method="inclusive")]}, "tax_method_mixed"),
        ({"products": [b.line(tax_method="magic")]}, "tax_method_unknown"),
        ({"products": [b.line(quantity=None)]}, "line_unreadable"),
        ({"products": [b.line(tax=None)]}, "line_unreadable"),
        ({"products": [b.line(discount=5, discount_type="magic")]}, "discount_unreadable"),
        ({"products": [b.line(billing_frequency="daily")]}, "billing_frequency_unknown"),
        ({"products": [b.line(billing_frequency="weekly")]}, "billing_cycles_unclear"),
        (
            {"products": [b.line(billing_frequency="monthly", billing_frequency_cycles=209)]},
            "billing_cycles_unclear",
        ),
        (
            {"products": [b.line(billing_frequency="monthly", billing_start_date="bald")]},
            "billing_start_unreadable",
        ),
        ({"installments": [{"id": 1, "amount": 10}]}, "installment_date_missing"),
        ({"installments": [{"id": 1, "amount": 10, "billing_date": "bald"}]}, "installment_unreadable"),
        (
            {"installments": [{"id": 1, "amount": "x", "billing_date": "2026-04-01"}]},
            "installment_unreadable",
        ),
        ({"installments": [{"amount": 10, "billing_date": "2026-04-01"}]}, "installment_unreadable"),
        ({"discounts": [{"type": "magic", "amount": 1}]}, "discount_unreadable"),
        (
            {"deal": b.deal(org_id=None, person_id=None), "organization": None, "person": None},
            "buyer_missing",
        ),
        ({"organization": None}, "buyer_unavailable"),
        ({"organization": b.organization(is_deleted=True)}, "buyer_deleted"),
        ({"organization": b.organization(name="")}, "buyer_name_missing"),
        ({"organization": b.organization(address=None)}, "country_missing"),
        ({"organization": b.organization(address={"country": "Atlantis"})}, "country_unknown"),
        ({"organization": b.organization(address=[1])}, "address_unreadable"),
        ({"deal": b.deal(won_time=None)}, "won_time_missing"),
        ({"deal": b.deal(won_time="gestern")}, "time_unreadable"),
        ({"deal": b.deal(value=None)}, "value_missing"),
        ({"deal": b.deal(currency=None), "products": []}, "currency_missing"),
        ({"products": [b.line(is_enabled=False), b.line(is_enabled=False)]}, "lines_all_disabled"),
        ({"deal": None}, "deal_missing"),
        ({"deal": b.deal(id=None)}, "deal_id_missing"),
    ],
)
def test_each_fault_of_a_deal_has_its_problem(changes, code):
    assert code in codes(b.bundle(**changes))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"deal_fields": []}, "custom_field_missing"),
        ({"organization_fields": [*b.DEFINITIONS["organization_fields"]] * 2}, "custom_field_ambiguous"),
        ({"deal": deal_with(kind=99)}, "custom_field_unreadable"),
        ({"deal": deal_with(kind=3)}, "supply_kind_unknown"),
        ({"deal": deal_with(reverse=3)}, "flag_unclear"),
        ({"deal": deal_with(rate=0)}, "exchange_rate_invalid"),
        ({"deal": deal_with(rate="viel")}, "custom_field_unreadable"),
        ({"deal": deal_with(due="2026-03-01")}, "due_date_before_document"),
        ({"organization": b.organization(custom_fields={b.STATUS: 3})}, "customer_status_unknown"),
        ({"catalog": []}, "product_unknown"),
        (
            {"catalog": [{"id": 5, "category": 7, "custom_fields": {}}], "deal": deal_with()},
            "category_unreadable",
        ),
        ({"catalog": [{"id": 5, "category": {"id": 7}}], "deal": deal_with()}, "category_unreadable"),
        ({"catalog": [{"id": 5, "category": True}], "deal": deal_with()}, "category_unreadable"),
        ({"catalog": [{"id": 5, "category": "7.0"}], "deal": deal_with()}, "category_unreadable"),
        ({"products": [b.line(product_id=None)]}, "product_unknown"),
    ],
)
def test_each_fault_of_a_field_has_its_problem(changes, code):
    assert code in codes(b.bundle(**changes), b.CONFIG)


def test_an_unknown_product_matters_only_where_products_decide_something():
    assert "Beratung" == sale(b.bundle(catalog=[], products=[b.line(product_id=None)])).lines[0].name


def test_a_line_without_tax_needs_no_rate():
    found = sale(b.bundle(products=[b.line(tax=None, tax_method="none")]))
    assert (TaxMethod.NONE, Decimal(0)) == (found.tax_method, found.lines[0].tax_rate)


def test_all_problems_come_at_once():
    broken = b.bundle(
        deal=b.deal(won_time=None, value=None),
        organization=b.organization(address=None),
        products=[b.line(currency="USD", tax_method="inclusive"), b.line(id=2, quantity="x")],
    )
    assert {
        "won_time_missing",
        "value_missing",
        "country_missing",
        "line_currency_differs",
        "tax_method_mixed",
        "line_unreadable",
    } == set(codes(broken))


def test_discounts_that_make_no_sense_are_told_beside_what_cannot_be_read():
    lines = [b.line(discount=200, discount_type="percentage"), b.line(id=2, item_price=10**11)]
    broken = b.bundle(deal=b.deal(won_time="gestern"), products=lines)

    assert {"time_unreadable", "discount_out_of_range", "amount_too_large"} == set(codes(broken))


def test_an_impossible_discount_of_the_deal_is_told_beside_a_line_that_cannot_be_read():
    given = [{"id": "a", "type": "percentage", "amount": 150}]
    broken = b.bundle(products=[b.line(item_price="viel")], discounts=given)

    assert {"line_unreadable", "discount_out_of_range"} == set(codes(broken))


def test_mixed_tax_methods_are_cured_by_the_same_on_all_lines():
    with pytest.raises(DataError) as caught:
        sale(b.bundle(products=[b.line(), b.line(id=2, tax_method="inclusive")]))
    (problem,) = caught.value.problems
    assert (
        "Choose in the deal's product list how prices relate to tax, the same on all lines." == problem.cure
    )


def test_the_bundle_s_own_reason_is_told():
    hidden = b.bundle(organization=None, unavailable={"organization": "The organization 17 is hidden."})
    with pytest.raises(DataError) as caught:
        sale(hidden)
    assert "The organization 17 is hidden." == caught.value.problems[0].message


def test_the_document_number_may_come_from_a_field():
    config = NumberConfig(source=NumberSource.FIELD, field="Rechnungsnummer")
    assert "R-2026-7" == document_number_from(b.bundle(deal=deal_with(number=" R-2026-7 ")), config)
    with pytest.raises(DataError) as caught:
        document_number_from(b.bundle(), config)
    assert "document_number_missing" == caught.value.code
    with pytest.raises(DataError) as caught:
        document_number_from(b.bundle(), replace(config, field="Nummer"))
    assert ["custom_field_missing"] == [problem.code for problem in caught.value.problems]
