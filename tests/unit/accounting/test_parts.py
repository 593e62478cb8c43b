"""Instalments add up to the deal, each with its own tax; periods neither overlap nor leave a gap."""

from collections import defaultdict
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.accounting.billing import Frequency, Installment, Recurrence
from connector.accounting.installments import installment_invoice
from connector.accounting.invoice import Invoice
from connector.accounting.invoicing import build_invoice
from connector.accounting.parts import (
    Part,
    has_part,
    is_in_parts,
    plan_parts,
    sale_of_part,
)
from connector.accounting.sale import Discount, DiscountKind, Sale, SaleLine, TaxMethod
from connector.errors import DataError
from tests.unit.accounting.samples import chart, line, rules, sale, terms

WON = date(2026, 11, 20)
"""The sample sale's document date."""


def installments(*amounts: str, first: date = WON) -> tuple[Installment, ...]:
    days = [first + timedelta(days=30 * number) for number in range(len(amounts))]
    numbered = enumerate(zip(amounts, days, strict=True), start=1)
    return tuple(
        Installment(number, Decimal(amount), day, f"Teil {number}") for number, (amount, day) in numbered
    )


def invoices(whole: Sale) -> list[Invoice]:
    """The invoice of every part."""
    found = []
    for part in plan_parts(whole, terms(), today=WON):
        billed = sale_of_part(whole, part)
        invoice = build_invoice(billed, terms=terms(), chart=chart(), rules=rules())
        found.append(installment_invoice(invoice, billed) if billed.installment else invoice)
    return found


def invoice_of(whole: Sale) -> Invoice:
    plain = replace(whole, installments=())
    return build_invoice(plain, terms=terms(), chart=chart(), rules=rules())


def codes(whole: Sale) -> list[str]:
    with pytest.raises(DataError) as caught:
        invoices(whole)
    return [problem.code for problem in caught.value.problems]


def sums(*found: Invoice, of: str) -> dict[tuple[object, ...], Decimal]:
    """Net or gross by everything that a row is booked by."""
    totals: dict[tuple[object, ...], Decimal] = defaultdict(Decimal)
    for invoice in found:
        for group in invoice.tax_breakdown:
            key = (group.tax_case, group.tax_rate, group.revenue_account, group.tax_key, group.cost_centre_1)
            totals[key] += getattr(group, of)
    return dict(totals)


@given(
    prices=st.lists(
        st.tuples(st.integers(1, 500_000), st.sampled_from(["19", "7"]), st.sampled_from(["", "100", "200"])),
        min_size=1,
        max_size=5,
    ),
    weights=st.lists(st.integers(1, 1000), min_size=1, max_size=8),
    method=st.sampled_from([TaxMethod.EXCLUSIVE, TaxMethod.INCLUSIVE]),
    gross=st.booleans(),
)
def test_all_instalments_add_up_to_the_whole_in_every_group(
    prices: list[tuple[int, str, str]], weights: list[int], method: TaxMethod, gross: bool
) -> None:
    lines = [
        line(str(Decimal(price) / 100), rate, position=number, cost_centre_1=centre)
        for number, (price, rate, centre) in enumerate(prices, start=1)
    ]
    plain = sale(*lines, tax_method=method)
    whole = invoice_of(plain)
    total = whole.gross if gross else whole.net
    cut = [(total * weight / sum(weights)).quantize(Decimal("0.01")) for weight in weights]
    cut[0] += total - sum(cut)
    if min(cut) <= 0:
        return
    parts = invoices(replace(plain, installments=installments(*map(str, cut))))

    shared = "gross" if whole.gross == total else "net"
    assert sums(whole, of=shared) == sums(*parts, of=shared)
    assert cut == [getattr(part, shared) for part in parts]
    for part in parts:
        assert part.gross == sum(group.gross for group in part.tax_breakdown)
        assert part.net == sum(one.net for one in part.lines)
        assert all(group.net >= 0 and group.tax >= 0 and group.gross > 0 for group in part.tax_breakdown)
        for rate in {group.tax_rate for group in part.tax_breakdown}:
            groups = [group for group in part.tax_breakdown if group.tax_rate == rate]
            net, tax, gross = (sum(getattr(one, name) for one in groups) for name in ("net", "tax", "gross"))
            exact = net * rate / 100 if shared == "net" else gross * rate / (100 + rate)
            assert abs(tax - exact) <= Decimal("0.005")


def test_an_instalment_shows_its_share_of_every_rate() -> None:
    mixed = sale(
        line("1000.00", "19", name="Workshop"),
        line("500.00", "7", name="Handbuch", position=2),
        installments=installments("900.00", "600.00"),
    )

    first, second = invoices(mixed)

    assert ["Rate 1 von 2: Teil 1"] * 2 == [one.name for one in first.lines]
    assert ["anteilig: Workshop", "anteilig: Handbuch"] == [one.description for one in first.lines]
    assert [Decimal("600.00"), Decimal("300.00")] == [one.net for one in first.lines]
    assert (Decimal("900.00"), Decimal("135.00"), Decimal("1035.00")) == (first.net, first.tax, first.gross)
    assert "Rate 2 von 2: Teil 2" == second.title
    assert [WON, WON + timedelta(days=30)] == [first.document_date, second.document_date]


def test_gross_instalments_are_told_by_their_sum() -> None:
    found = invoices(sale(line("1000.00"), installments=installments("1000.00", "190.00")))
    assert [Decimal("1000.00"), Decimal("190.00")] == [one.gross for one in found]


def test_thirds_are_settled_to_the_cent() -> None:
    found = invoices(sale(line("100.00"), installments=installments("33.33", "33.33", "33.33")))
    assert [Decimal("33.34"), Decimal("33.33"), Decimal("33.33")] == [one.net for one in found]
    assert [Decimal("6.33")] * 3 == [one.tax for one in found]


def test_an_instalment_has_no_part_of_a_yen() -> None:
    yen = sale(line("10000", "19"), currency="JPY", exchange_rate=Decimal(160))
    shares = installments("3333", "3333", "3334")

    assert ["currency_without_cents"] == codes(replace(yen, installments=shares))


def test_discounts_of_recurring_lines_whose_combination_nothing_tells_are_asked_about() -> None:
    ten = Discount(DiscountKind.PERCENTAGE, Decimal(10))
    deal = sale(recurring(Frequency.MONTHLY, 2), discounts=(ten, ten))

    assert ["discounts_unclear"] == codes(deal)


def test_each_instalment_shows_the_tax_of_its_own_net_amount() -> None:
    halves = sale(line("16.67", "7"), line("16.66", "19", position=2))
    first, _second = invoices(replace(halves, installments=installments("16.66", "16.67")))
    assert [(Decimal("8.33"), Decimal("0.58")), (Decimal("8.33"), Decimal("1.58"))] == [
        (group.net, group.tax) for group in first.tax_breakdown
    ]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"installments": installments("400.00", "500.00")}, ["installments_differ"]),
        ({"installments": installments("1100.00", "-100.00")}, ["installment_not_positive"]),
        ({"installments": installments("1000.00", "0")}, ["installment_not_positive"]),
        ({"installments": installments("500.00")[:1] * 2}, ["installment_twice"]),
    ],
)
def test_instalments_that_cannot_be_right_are_told(changes: dict[str, Any], expected: list[str]) -> None:
    assert expected == codes(replace(sale(line("1000.00")), **changes))


def test_both_sums_are_told_where_instalments_differ() -> None:
    with pytest.raises(DataError) as caught:
        invoices(sale(line("1000.00"), installments=installments("900.00")))
    assert (
        "The instalments come to 900.00, but the deal's lines to 1000.00 (net) or 1190.00 (gross)."
        == caught.value.problems[0].message
    )


def test_negative_lines_are_not_shared_out() -> None:
    lines = (line("1000.00"), line("-100.00", "7", position=2))
    assert ["installments_of_negative_lines"] == codes(sale(*lines, installments=installments("900.00")))


def test_an_instalment_due_before_the_deal_was_won_is_dated_on_that_day() -> None:
    early = sale(line(), installments=installments("50.00", "50.00", first=date(2026, 11, 1)))
    assert [
        Part("installment:1", WON),
        Part("installment:2", date(2026, 12, 1)),
    ] == list(plan_parts(early, terms(), today=WON))


# recurring lines


@given(
    frequency=st.sampled_from(Frequency),
    first=st.dates(date(2000, 1, 1), date(2100, 12, 31)),
    number=st.integers(0, 207),
)
def test_periods_neither_overlap_nor_leave_a_gap(frequency: Frequency, first: date, number: int) -> None:
    recurrence = Recurrence(frequency, None, first)
    start, end = recurrence.period(number, first)
    following, _ = recurrence.period(number + 1, first)

    assert start <= end
    assert end + timedelta(days=1) == following
    assert frequency is Frequency.WEEKLY or start.day <= first.day


def test_the_thirty_first_comes_back_after_a_short_month() -> None:
    monthly = Recurrence(Frequency.MONTHLY, 4, None)
    starts = [monthly.period(number, date(2027, 1, 31))[0] for number in range(4)]
    assert [date(2027, 1, 31), date(2027, 2, 28), date(2027, 3, 31), date(2027, 4, 30)] == starts


def recurring(
    frequency: Frequency, cycles: int | None, start: date | None = None, **changes: Any
) -> SaleLine:
    return line(recurrence=Recurrence(frequency, cycles, start), **changes)


def test_lines_due_on_one_day_are_one_invoice_with_their_periods() -> None:
    start = date(2026, 12, 1)
    deal = sale(
        recurring(Frequency.MONTHLY, 3, start, price="10.00", name="Hosting"),
        recurring(Frequency.QUARTERLY, 1, start, price="30.00", name="Wartung", position=2),
    )
    parts = plan_parts(deal, terms(), today=WON)
    first, second, third = invoices(deal)

    assert ["recurring:2026-12-01", "recurring:2027-01-01", "recurring:2027-02-01"] == [
        one.key for one in parts
    ]
    assert [Decimal("40.00"), Decimal("10.00"), Decimal("10.00")] == [
        one.net for one in (first, second, third)
    ]
    assert [
        "Leistungszeitraum 01.12.2026 bis 31.12.2026",
        "Leistungszeitraum 01.12.2026 bis 28.02.2027",
    ] == [one.description for one in first.lines]
    assert (start, date(2027, 2, 28)) == (first.service_date, first.service_period_end)
    assert (date(2027, 1, 1), date(2027, 1, 31)) == (second.service_date, second.service_period_end)


def test_lines_billed_once_are_on_the_first_invoice() -> None:
    deal = sale(line("500.00", name="Einrichtung"), recurring(Frequency.MONTHLY, 2, position=2))
    assert [Decimal("600.00"), Decimal("100.00")] == [one.net for one in invoices(deal)]


def test_lines_billed_once_do_not_wait_for_a_later_start() -> None:
    deal = sale(line("500.00"), recurring(Frequency.MONTHLY, 2, date(2027, 1, 1), position=2))
    assert [
        Part("one-time", WON),
        Part("recurring:2027-01-01", date(2027, 1, 1)),
        Part("recurring:2027-02-01", date(2027, 2, 1)),
    ] == list(plan_parts(deal, terms(), today=WON))
    assert [Decimal("500.00"), Decimal("100.00"), Decimal("100.00")] == [one.net for one in invoices(deal)]


def test_a_line_without_end_is_planned_one_period_ahead() -> None:
    deal = sale(recurring(Frequency.MONTHLY, None))
    keys = [one.key for one in plan_parts(deal, terms(), today=date(2027, 1, 25))]
    assert [f"recurring:{day}" for day in ("2026-11-20", "2026-12-20", "2027-01-20", "2027-02-20")] == keys


def test_won_again_does_not_move_what_recurs() -> None:
    deal = sale(recurring(Frequency.MONTHLY, 2), first_won_on=date(2026, 11, 3), won_on=WON)
    assert [
        Part("recurring:2026-11-03", WON),
        Part("recurring:2026-12-03", date(2026, 12, 3)),
    ] == list(plan_parts(deal, terms(), today=WON))


def test_percent_reduce_every_invoice_and_a_fixed_amount_is_asked_about() -> None:
    deal = sale(recurring(Frequency.MONTHLY, 2), discounts=(Discount(DiscountKind.PERCENTAGE, Decimal(10)),))
    assert [Decimal("90.00"), Decimal("90.00")] == [one.net for one in invoices(deal)]
    fixed = replace(deal, discounts=(Discount(DiscountKind.AMOUNT, Decimal(10)),))
    assert ["discount_with_recurring_lines"] == codes(fixed)


def test_a_start_long_before_the_win_is_asked_about() -> None:
    assert ["billing_start_long_ago"] == codes(sale(recurring(Frequency.MONTHLY, 2, date(2025, 11, 1))))


def test_instalments_and_recurring_lines_together_are_asked_about() -> None:
    both = sale(recurring(Frequency.MONTHLY, 2), installments=installments("100.00"))
    assert ["installments_and_recurring_lines"] == codes(both)


@pytest.mark.parametrize(
    ("key", "expected"),
    [("recurring:2026-12-20", True), ("recurring:2027-01-20", False), ("installment:1", False)],
)
def test_a_part_is_known_by_its_key(key: str, expected: bool) -> None:
    assert expected is has_part(sale(recurring(Frequency.MONTHLY, 2)), key)


def test_a_deal_of_lines_billed_once_is_not_in_parts() -> None:
    assert not is_in_parts(sale(line()))
    assert is_in_parts(sale(recurring(Frequency.WEEKLY, 1)))
    assert is_in_parts(sale(line(), installments=installments("100.00")))
