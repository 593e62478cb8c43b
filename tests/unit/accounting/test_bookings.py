"""From an invoice to rows: what DATEV gets, and that the rows always add up."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from connector.accounting.bookings import build_postings
from connector.accounting.identity import posting_key
from connector.accounting.invoicing import build_invoice
from connector.accounting.money import cents
from connector.accounting.posting import Side
from connector.accounting.sale import Discount, DiscountKind, TaxMethod
from connector.errors import DataError
from tests.unit.accounting import samples
from tests.unit.accounting.samples import GUID, austrian, line, sale

D = Decimal


def invoice_of(deal, **terms):
    return build_invoice(deal, terms=samples.terms(**terms), chart=samples.chart(), rules=samples.rules())


def post(invoice, *, debtor_account=10001, draft=False, **terms):
    return build_postings(
        invoice,
        terms=samples.terms(**terms),
        chart=samples.chart(),
        deal_id=4711,
        debtor_account=debtor_account,
        document_guid=GUID,
        draft=draft,
    )


def codes(invoice, **changes) -> list[str]:
    with pytest.raises(DataError) as caught:
        post(invoice, **changes)
    assert all(problem.cure for problem in caught.value.problems)
    return [problem.code for problem in caught.value.problems]


def test_the_debtor_stands_first_in_debit_with_the_gross():
    (row,) = post(invoice_of(sale(line("1000.00"))))

    assert (D("1190.00"), Side.DEBIT, 10001, 8400, "") == (
        row.amount,
        row.side,
        row.account,
        row.contra_account,
        row.tax_key,
    )
    assert ("EUR", None, None) == (row.currency, row.exchange_rate, row.base_amount)
    assert ("PD-4711", date(2026, 11, 20), GUID) == (
        row.document_number,
        row.document_date,
        row.document_link,
    )
    assert (1, posting_key(GUID, 1), D(19)) == (row.line, row.key, row.tax_rate)
    assert "Beispiel GmbH Projekt Alpha" == row.posting_text
    assert (("Pipedrive Deal", "4711"), ("Kunde", "Beispiel GmbH")) == row.extra


def test_one_row_per_rate_with_the_same_document_number():
    rows = post(invoice_of(sale(line("100.00"), line("50.00", "7", position=2))))

    assert [(1, D("119.00"), 8400), (2, D("53.50"), 8300)] == [
        (row.line, row.amount, row.contra_account) for row in rows
    ]
    assert {"PD-4711"} == {row.document_number for row in rows}
    assert 2 == len({row.key for row in rows})


def test_a_group_of_nothing_makes_no_row():
    lines = (line("10.00", "7"), line("-10.00", "7", position=2), line("50.00", position=3))

    rows = post(invoice_of(sale(*lines)))

    assert [(1, 8400)] == [(row.line, row.contra_account) for row in rows]


def test_reverse_charge_carries_the_vat_id_and_the_reasons():
    (row,) = post(invoice_of(sale(line("500.00", "0"), buyer=austrian())))

    assert (8336, "", "ATU13585627", D(0)) == (row.contra_account, row.tax_key, row.eu_vat, row.tax_rate)
    assert "→ 8336, no key: automatic account" == row.why[-1]


def test_foreign_currency_carries_the_complete_triple():
    # DATEV's own sample: 124.00 CHF at 1.240402 is 99.97 EUR
    (row,) = post(
        invoice_of(
            sale(line("124.00", "0"), buyer=samples.buyer("CH"), currency="CHF", exchange_rate=D("1.240402"))
        )
    )

    assert (D("124.00"), "CHF", D("1.240402"), D("99.97")) == (
        row.amount,
        row.currency,
        row.exchange_rate,
        row.base_amount,
    )


def test_an_amount_that_is_no_cent_in_euro_parks():
    cheap = invoice_of(
        sale(line("0.01", "0"), buyer=samples.buyer("CH"), currency="HUF", exchange_rate=D(400))
    )

    assert ["base_amount_not_bookable"] == codes(cheap)


def test_dates_are_written_as_agreed_with_the_adviser():
    invoice = invoice_of(sale(line(), service_date=date(2026, 11, 1)), payment_days=10)

    assert (None, date(2026, 11, 30)) == _dates(post(invoice))
    assert (date(2026, 11, 1), None) == _dates(post(invoice, write_service_date=True, write_due_date=False))


def test_a_service_period_is_booked_on_its_last_day():
    period = {"service_date": date(2026, 11, 1), "service_period_end": date(2026, 11, 30)}
    invoice = invoice_of(sale(line(), **period))

    assert date(2026, 11, 30) == post(invoice, write_service_date=True)[0].service_date


def _dates(rows):
    return rows[0].service_date, rows[0].due_date


def test_the_posting_text_is_cut_after_a_word_at_60():
    title = "Einführung der Warenwirtschaft in allen Filialen und Lagern"

    (row,) = post(invoice_of(sale(line(), title=title)))

    assert "Beispiel GmbH Einführung der Warenwirtschaft in allen" == row.posting_text


def test_the_posting_text_follows_the_pattern_and_survives_braces():
    invoice = invoice_of(sale(line(), title="{buyer} 😀"))

    (row,) = post(invoice, posting_text="{number}/{deal_id}: {title}")

    assert "PD-4711/4711: {buyer} :grinning:" == row.posting_text


@pytest.mark.parametrize("pattern", ["{customer}", "{", "{0}", "{}"])
def test_a_wrong_pattern_of_the_posting_text_parks(pattern):
    assert ["posting_text_pattern"] == codes(invoice_of(sale(line())), posting_text=pattern)


def test_a_long_order_number_moves_to_the_extra_information_uncut():
    number = "4500001234/" * 4

    (row,) = post(invoice_of(sale(line(), order_number=number)))

    assert "" == row.order_number
    (foreign,) = post(invoice_of(sale(line(), order_number="ZAM/Ł/17")))
    assert ("", ("Auftragsnummer", "ZAM/L/17")) == (foreign.order_number, foreign.extra[-1])
    assert "x" * 30 == post(invoice_of(sale(line(), order_number="x" * 30)))[0].order_number
    assert ("Auftragsnummer", number) == row.extra[-1]


@pytest.mark.parametrize("account", [9999, 70000, 100000, 1400])
def test_what_is_no_debtor_account_parks(account):
    assert ["debtor_account_out_of_range"] == codes(invoice_of(sale(line())), debtor_account=account)


def test_longer_accounts_go_with_longer_debtors():
    invoice = invoice_of(sale(line()), account_length=6)

    (row,) = post(invoice, account_length=6, debtor_account=1000001)

    assert (1000001, 840000) == (row.account, row.contra_account)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"tax_key": "3"}, "key_on_automatic_account"),
        ({"revenue_account": 8200}, "key_missing_on_plain_account"),
        ({"revenue_account": 8195}, "account_reserved"),
        ({"revenue_account": 1400}, "account_collective"),
        ({"revenue_account": 84000}, "account_length"),
        ({"revenue_account": 8336}, "vat_id_missing"),
        ({"revenue_account": 8310}, "vat_id_missing"),
        ({"revenue_account": 8336, "eu_vat": "AT"}, "vat_id_missing"),
        ({"eu_vat": "ATU1234567890123"}, "vat_id_too_long"),
        ({"gross": D("119.01")}, "rows_do_not_add_up"),
        ({"gross": D("-119.00")}, "rows_do_not_add_up"),
        ({"gross": D("119.001")}, "amount_not_bookable"),
        ({"gross": D(10) ** 10}, "amount_not_bookable"),
    ],
)
def test_no_fault_put_into_a_row_gets_out(change, code):
    invoice = invoice_of(sale(line("100.00")))
    (group,) = invoice.tax_breakdown
    assert post(invoice)

    faulty = replace(invoice, tax_breakdown=(replace(group, **change),))

    assert code == codes(faulty)[0]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"document_number": "RE_1"}, "document_number_characters"),
        ({"currency": "USD"}, "currency_incomplete"),
        ({"exchange_rate": D("1.1")}, "currency_incomplete"),
    ],
)
def test_no_fault_put_into_an_invoice_gets_out(change, code):
    assert [code] == codes(replace(invoice_of(sale(line())), **change))


def test_a_vat_id_of_fifteen_characters_passes():
    invoice = invoice_of(sale(line("100.00")))
    (group,) = invoice.tax_breakdown

    (row,) = post(replace(invoice, tax_breakdown=(replace(group, eu_vat="x" * 15),)))

    assert "x" * 15 == row.eu_vat


def test_the_posting_text_may_have_sixty_characters():
    (row,) = post(invoice_of(sale(line(), title="x" * 61)), posting_text="{title}")

    assert "x" * 60 == row.posting_text


def test_a_draft_shows_rows_before_the_number_is_drawn():
    invoice = replace(invoice_of(sale(line())), document_number="RE-{next}")

    assert "RE-{next}" == post(invoice, draft=True)[0].document_number


def test_the_same_invoice_gives_the_same_rows():
    invoice = invoice_of(sale(line(), line("1.00", "7", position=2)))

    assert post(invoice) == post(invoice)


_lines = st.lists(
    st.tuples(
        st.decimals("0.01", "9999.999", places=3),
        st.decimals("0.001", "500", places=3),
        st.sampled_from(["19", "7"]),
        st.sampled_from(["", "100", "200"]),
        st.none() | st.decimals(0, 99, places=2),
    ),
    min_size=1,
    max_size=8,
)


@given(
    _lines,
    st.sampled_from([TaxMethod.EXCLUSIVE, TaxMethod.INCLUSIVE]),
    st.lists(st.decimals(0, 30, places=2), max_size=3),
    st.none() | st.decimals("0.01", "500", places=6),
)
def test_rows_always_add_up_to_the_invoice(rows, method, discounts, rate):
    lines = tuple(
        line(
            position=position,
            rate=percent,
            quantity=quantity,
            unit_price=price,
            cost_centre_1=centre,
            discount=None if reduction is None else Discount(DiscountKind.PERCENTAGE, reduction),
        )
        for position, (price, quantity, percent, centre, reduction) in enumerate(rows, start=1)
    )
    deal = sale(
        *lines,
        tax_method=method,
        discounts=tuple(Discount(DiscountKind.PERCENTAGE, value) for value in discounts),
        currency="USD" if rate else "EUR",
        exchange_rate=rate,
    )
    # What comes to nothing is refused, in the deal's currency or in euro; other tests look at that.
    assume(any(cents(one.unit_price) >= 1 and one.quantity >= 1 and _is_kept(one) for one in lines))
    invoice = invoice_of(deal, value_tolerance=D(10) ** 12)
    assume(rate is None or not any(0 < group.gross * 100 < rate for group in invoice.tax_breakdown))
    postings = post(invoice)

    assert invoice.gross == sum(row.amount for row in postings) == invoice.net + invoice.tax
    assert invoice.net == sum(printed.net for printed in invoice.lines)
    assert invoice.tax == sum(group.tax for group in invoice.tax_breakdown)
    if method is TaxMethod.EXCLUSIVE:
        nets = {r: sum(g.net for g in invoice.tax_breakdown if g.tax_rate == r) for r in (D(19), D(7))}
        assert invoice.tax == sum(cents(net * r / 100) for r, net in nets.items())
    for row in postings:
        assert row.amount > 0
    if rate:
        assert cents(invoice.gross / rate) == sum(row.base_amount for row in postings)
        assert all(abs(row.base_amount - row.amount / rate) <= D("0.01") for row in postings)
    else:
        assert {None} == {row.base_amount for row in postings}


def _is_kept(one) -> bool:
    return one.discount is None or one.discount.value <= 50
