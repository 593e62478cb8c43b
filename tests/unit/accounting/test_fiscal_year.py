"""Fiscal years start on any day."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.accounting.fiscal_year import fiscal_year_end, fiscal_year_start, month_of


@pytest.mark.parametrize(
    ("day", "month", "start_day", "expected"),
    [
        (date(2026, 11, 20), 1, 1, date(2026, 1, 1)),
        (date(2026, 1, 1), 1, 1, date(2026, 1, 1)),
        (date(2026, 6, 30), 7, 1, date(2025, 7, 1)),
        (date(2026, 7, 1), 7, 1, date(2026, 7, 1)),
        (date(2026, 4, 14), 4, 15, date(2025, 4, 15)),
        (date(2026, 2, 28), 2, 29, date(2026, 2, 28)),
        (date(2024, 2, 28), 2, 29, date(2023, 2, 28)),
    ],
)
def test_a_day_lies_in_the_year_that_began_last(day, month, start_day, expected):
    assert expected == fiscal_year_start(day, month, start_day)


@given(st.dates(date(2000, 1, 1), date(2099, 12, 31)), st.integers(1, 12), st.integers(1, 31))
def test_a_fiscal_year_holds_its_days(day, month, start_day):
    start = fiscal_year_start(day, month, start_day)

    assert start <= day
    assert (day - start).days <= 366
    assert start == fiscal_year_start(start, month, start_day)


@pytest.mark.parametrize(
    ("start", "month", "start_day", "expected"),
    [
        (date(2026, 1, 1), 1, 1, date(2026, 12, 31)),
        (date(2026, 4, 15), 4, 15, date(2027, 4, 14)),
        (date(2027, 2, 28), 2, 29, date(2028, 2, 28)),
        (date(2028, 2, 29), 2, 29, date(2029, 2, 27)),
    ],
)
def test_a_fiscal_year_ends_the_day_before_the_next(start, month, start_day, expected):
    assert expected == fiscal_year_end(start, month, start_day)


def test_the_month_is_named_by_its_first_day():
    assert date(2026, 11, 1) == month_of(date(2026, 11, 30))
