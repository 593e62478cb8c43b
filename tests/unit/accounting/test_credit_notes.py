"""Less than nothing: single lines taken back on an invoice, and credit notes as documents of their own."""

from datetime import date

import pytest

from connector.accounting.posting import Side
from connector.accounting.sale import TaxMethod
from tests.unit.accounting.invoices import D, amount, build, codes, percent
from tests.unit.accounting.samples import austrian, line, sale
from tests.unit.accounting.test_bookings import post

CREDIT = {"negative_total_means": "credit_note"}


def rows(invoice) -> list[tuple[str, str, int]]:
    return [(row.side.value, str(row.amount), row.contra_account) for row in post(invoice)]


def taken_back(*lines, **changes):
    return sale(*lines, **{"corrects": "PD-17"} | changes)


def test_a_returned_line_of_another_rate_stands_on_side_h():
    invoice = build(sale(line("100.00"), line("-10.00", "7", position=2)))

    assert ("90.00", "18.30", "108.30") == (str(invoice.net), str(invoice.tax), str(invoice.gross))
    assert [("S", "119.00", 8400), ("H", "10.70", 8300)] == rows(invoice)


def test_a_returned_line_with_inclusive_prices_keeps_its_gross():
    invoice = build(sale(line("119.00"), line("-10.70", "7", position=2), tax_method=TaxMethod.INCLUSIVE))

    assert ("90.00", "18.30", "108.30") == (str(invoice.net), str(invoice.tax), str(invoice.gross))
    assert [("S", "119.00", 8400), ("H", "10.70", 8300)] == rows(invoice)


def test_a_returned_line_on_a_cost_centre_of_its_own_shares_the_rate_and_adds_up():
    lines = (line("100.00", cost_centre_1="1"), line("-0.03", position=2, cost_centre_1="2"))

    invoice = build(sale(*lines, tax_method=TaxMethod.INCLUSIVE))

    assert ("84.01", "15.96", "99.97") == (str(invoice.net), str(invoice.tax), str(invoice.gross))
    assert [("S", "100.00", 8400), ("H", "0.03", 8400)] == rows(invoice)


def test_a_credit_note_has_positive_amounts_on_side_h_with_the_accounts_of_an_invoice():
    invoice = build(taken_back(line("-1000.00"), line("-50.00", "7", position=2)), **CREDIT)

    assert ("-1050.00", "-193.50", "-1243.50") == (str(invoice.net), str(invoice.tax), str(invoice.gross))
    assert invoice.is_credit_note
    assert [("H", "1190.00", 8400), ("H", "53.50", 8300)] == rows(invoice)


def test_a_credit_note_carries_the_number_that_it_corrects_and_no_due_date():
    invoice = build(taken_back(line("-10.00"), due_date=date(2026, 12, 4)), payment_days=14, **CREDIT)
    (row,) = post(invoice)

    assert ("PD-17", None) == (invoice.corrects, invoice.due_date)
    assert ("Korrigierte Rechnung", "PD-17") in row.extra
    assert None is row.due_date


def test_a_line_kept_on_a_credit_note_stands_on_side_s():
    invoice = build(taken_back(line("-100.00"), line("10.00", "7", position=2)), **CREDIT)

    assert [("H", "119.00", 8400), ("S", "10.70", 8300)] == rows(invoice)


def test_a_credit_note_to_a_business_in_the_eu_keeps_account_and_vat_id():
    (row,) = post(build(taken_back(line("-500.00", "0"), buyer=austrian()), **CREDIT))

    assert (Side.CREDIT, D("500.00"), 8336, "ATU13585627") == (
        row.side,
        row.amount,
        row.contra_account,
        row.eu_vat,
    )


def test_a_credit_note_in_foreign_currency_carries_the_complete_triple():
    (row,) = post(build(taken_back(line("-100.00"), currency="USD", exchange_rate=D("1.25")), **CREDIT))

    assert (Side.CREDIT, D("119.00"), D("1.25"), D("95.20")) == (
        row.side,
        row.amount,
        row.exchange_rate,
        row.base_amount,
    )


def test_percent_off_a_credit_note_make_it_smaller():
    invoice = build(taken_back(line("-100.00"), discounts=(percent("10"),), value="-90.00"), **CREDIT)

    assert ("-90.00", "-107.10") == (str(invoice.net), str(invoice.gross))
    assert ["anteiliger Nachlass -10,00"] == [printed.discount_text for printed in invoice.lines]


def test_percent_off_a_deal_reduce_a_returned_line_too():
    # 10 % of 100.00 and 10 % of -20.00: the return is worth what was paid for it.
    deal = sale(line("100.00"), line("-20.00", "7", position=2), discounts=(percent("10"),), value="72.00")

    assert [D("90.00"), D("-18.00")] == [group.net for group in build(deal).tax_breakdown]


def test_an_amount_off_a_deal_reduces_what_there_is_to_pay():
    deal = sale(line("100.00"), line("-20.00", "7", position=2), discounts=(amount("8"),), value="72.00")

    assert [D("92.00"), D("-20.00")] == [group.net for group in build(deal).tax_breakdown]


def test_a_value_without_lines_may_be_a_credit_note():
    deal = sale(value="-119.00", corrects="PD-17")

    invoice = build(deal, value_without_lines_means="gross", rate_without_lines=D(19), **CREDIT)

    assert ("-100.00", "-19.00", "-119.00") == (str(invoice.net), str(invoice.tax), str(invoice.gross))


@pytest.mark.parametrize(
    ("deal", "terms", "code"),
    [
        (taken_back(line("-5.00")), {}, "total_negative"),
        (taken_back(line("-5.00"), corrects=""), CREDIT, "corrected_document_missing"),
        (taken_back(line("-5.00"), corrects="PD-4711"), CREDIT, "corrects_itself"),
        (taken_back(line("5.00")), CREDIT, "correction_not_negative"),
        (taken_back(line("5.00"), line("-5.00", position=2)), CREDIT, "total_zero"),
        (taken_back(line("-9999999999.00")), CREDIT, "amount_too_large"),
    ],
)
def test_total_and_correction_must_agree(deal, terms, code):
    assert [code] == codes(deal, **terms)


def test_a_discount_of_a_fixed_amount_makes_a_line_below_nothing_smaller_still():
    """The line's own sum says so in Pipedrive too: −100.00 less 10.00 is −110.00."""
    deal = taken_back(line("-100.00", discount=amount("10")), value="-110.00")

    assert D("-110.00") == build(deal, **CREDIT).net
