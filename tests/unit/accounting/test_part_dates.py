"""Days of parts with a wrong digit in the year are asked about; plans over years are not."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from connector.accounting.billing import Frequency, Installment, Recurrence
from connector.accounting.parts import plan_parts
from connector.accounting.sale import Sale
from connector.errors import DataError
from tests.unit.accounting.samples import line, sale, terms

WON = date(2026, 11, 20)
"""The sample sale's document date."""


def in_rates(*days: date) -> Sale:
    rates = tuple(Installment(number, Decimal(10), day) for number, day in enumerate(days, start=1))
    return sale(line(), installments=rates, won_on=WON)


def recurring(*starts: date | None, frequency: Frequency = Frequency.MONTHLY, cycles: int | None = 2) -> Sale:
    lines = [
        line(position=position, name=f"Abo {position}", recurrence=Recurrence(frequency, cycles, start))
        for position, start in enumerate(starts, start=1)
    ]
    return sale(*lines, won_on=WON)


def told(whole: Sale, **changes: object) -> list[tuple[str, str]]:
    try:
        plan_parts(whole, terms(**changes), today=WON)
    except DataError as e:
        return [(problem.code, problem.field) for problem in e.problems]
    return []


BILLING, START = "installments.billing_date", "products.billing_start_date"


def test_a_billing_date_far_from_the_win_and_from_its_neighbours_is_asked_about() -> None:
    assert [("installment_date_far", BILLING)] == told(in_rates(WON, date(2062, 12, 10)))
    assert [("installment_date_far", BILLING)] == told(in_rates(date(1926, 11, 10), WON))
    assert [("installment_date_far", BILLING)] == told(in_rates(date(2062, 12, 10)))


@pytest.mark.parametrize(("days", "asked"), [(366, []), (367, [("installment_date_far", BILLING)])])
def test_the_bound_of_the_past_is_that_of_the_document_date(days: int, asked: list[tuple[str, str]]) -> None:
    assert asked == told(in_rates(WON - timedelta(days=days)))
    assert [] == told(in_rates(WON - timedelta(days=days)), document_date_within_days=400)


@pytest.mark.parametrize(("days", "asked"), [(1100, []), (1101, [("installment_date_far", BILLING)])])
def test_the_bound_of_the_future_is_one_of_its_own(days: int, asked: list[tuple[str, str]]) -> None:
    assert asked == told(in_rates(WON + timedelta(days=days)))
    assert asked == told(in_rates(WON, WON + timedelta(days=days)), document_date_within_days=3660)
    assert [] == told(in_rates(WON + timedelta(days=days)), part_date_within_days=1101)


def test_half_now_and_half_at_the_end_of_next_year_is_no_slip() -> None:
    assert [] == told(in_rates(WON, date(2027, 12, 31)))


def test_years_of_instalments_are_no_slip() -> None:
    assert [] == told(in_rates(*(WON + timedelta(days=30 * month) for month in range(48))))
    assert [] == told(in_rates(*(date(year, 11, 20) for year in range(2026, 2037))))


def test_the_sentence_names_the_instalment_and_what_it_is_counted_from() -> None:
    with pytest.raises(DataError) as caught:
        plan_parts(in_rates(date(2026, 12, 1), date(2062, 12, 1)), terms(), today=WON)
    (problem,) = caught.value.problems

    assert (
        "The instalment 2 is billed on 2062-12-01, more than 1100 days after 2026-12-01, the last "
        "billing before it."
    ) == problem.message
    assert (
        "Correct the instalment's billing date; if it is right, raise booking.part_date_within_days."
    ) == problem.cure


def test_won_again_leaves_instalments_of_long_ago_alone() -> None:
    again = replace(in_rates(date(2026, 12, 1)), won_on=date(2029, 1, 1), first_won_on=WON)

    assert [] == told(again)


@pytest.mark.parametrize("cycles", [2, None])
def test_a_start_far_ahead_is_asked_about(cycles: int | None) -> None:
    asked = [("billing_start_far_ahead", START)]

    assert asked == told(recurring(date(2062, 11, 30), cycles=cycles))
    assert asked == told(recurring(date(2027, 1, 1), date(2062, 11, 30), cycles=cycles))
    assert asked == told(recurring(WON + timedelta(days=1101), cycles=cycles))
    assert [] == told(recurring(WON + timedelta(days=1100), cycles=cycles))


def test_the_end_of_a_line_with_a_wrong_start_is_not_told_as_well() -> None:
    assert [("billing_start_far_ahead", START)] == told(recurring(date(2199, 12, 31)))


def test_lines_that_follow_one_another_year_by_year_are_no_slip() -> None:
    assert [] == told(recurring(*(date(year, 11, 20) for year in range(2026, 2032)), None))


def test_a_start_is_counted_from_the_last_billing_of_the_lines_before_it() -> None:
    first = recurring(WON, frequency=Frequency.ANNUALLY, cycles=4).lines[0]
    second = recurring(None, date(2032, 11, 20)).lines[1]
    plan = sale(first, second, won_on=WON)

    assert [] == told(plan, part_date_within_days=1100)
    assert [("billing_start_far_ahead", START)] == told(plan, part_date_within_days=1095)
    assert [] == told(
        recurring(None, date(2030, 11, 20), frequency=Frequency.ANNUALLY, cycles=4), part_date_within_days=366
    )


def test_a_line_without_end_makes_no_start_near() -> None:
    first = recurring(WON, cycles=None).lines[0]
    second = recurring(None, date(2062, 11, 20)).lines[1]

    assert [("billing_start_far_ahead", START)] == told(sale(first, second, won_on=WON))


def test_a_year_that_datevs_files_cannot_hold_is_told_with_the_deals_field() -> None:
    beyond = [("billing_date_beyond_reason", START)]

    assert beyond == told(recurring(None, frequency=Frequency.ANNUALLY, cycles=208))
    assert [] == told(recurring(None, frequency=Frequency.ANNUALLY, cycles=74))
    assert [("billing_date_beyond_reason", BILLING)] == told(
        replace(in_rates(date(2100, 1, 1)), won_on=date(2099, 12, 1), document_date=date(2099, 12, 1))
    )
