"""Fiscal years and months of bookings: one batch never crosses either (EXTF field 10 has no year)."""

from calendar import monthrange
from datetime import date, timedelta


def fiscal_year_start(day: date, start_month: int, start_day: int) -> date:
    """First day of the fiscal year that ``day`` lies in; years may start on any day of any month.

    :param day: in year 2 or later, because its fiscal year may have begun in the year before.
    """
    start = _start_in(day.year, start_month, start_day)
    return start if start <= day else _start_in(day.year - 1, start_month, start_day)


def fiscal_year_end(start: date, start_month: int, start_day: int) -> date:
    """Last day of the fiscal year that began on ``start``."""
    return _start_in(start.year + 1, start_month, start_day) - timedelta(days=1)


def month_of(day: date) -> date:
    """First day of the calendar month, which names the booking month of a batch."""
    return day.replace(day=1)


def _start_in(year: int, month: int, day: int) -> date:
    # A fiscal year said to start on 29 February starts on the last of February otherwise.
    return date(year, month, min(day, monthrange(year, month)[1]))
