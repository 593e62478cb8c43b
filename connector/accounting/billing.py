"""When a deal is invoiced, where that is not once: instalments, and lines that recur."""

import calendar
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

MOST_CYCLES = 208
"""Pipedrive's highest ``billing_frequency_cycles``: four years of weeks."""


class Frequency(StrEnum):
    """How often a line is billed (Pipedrive ``billing_frequency``; ``one-time`` is no recurrence)."""

    WEEKLY = "weekly"
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    SEMI_ANNUALLY = "semi-annually"
    ANNUALLY = "annually"


_MONTHS = {
    Frequency.MONTHLY: 1,
    Frequency.QUARTERLY: 3,
    Frequency.SEMI_ANNUALLY: 6,
    Frequency.ANNUALLY: 12,
}
"""Frequencies that go by the calendar; a week is seven days."""


@dataclass(frozen=True, slots=True)
class Recurrence:
    """How a line recurs."""

    frequency: Frequency
    cycles: int | None
    """How many periods there are; None: no end."""
    start: date | None
    """First day of the first period; None: the day on which the deal was first won."""

    def period(self, number: int, first_day: date) -> tuple[date, date]:
        """First and last day of the period with this number, counted from 0.

        Every period is reckoned from the first day, so that the 31st comes back after a short month:
        31 January, 28 February, 31 March.
        """
        following = self._start_of(number + 1, first_day)
        return self._start_of(number, first_day), following - timedelta(days=1)

    def period_on(self, day: date, first_day: date) -> tuple[date, date] | None:
        """The period that begins on this day; None if none does."""
        months = _MONTHS.get(self.frequency)
        if months is None:
            number = (day - first_day).days // 7
        else:
            number = ((day.year - first_day.year) * 12 + day.month - first_day.month) // months
        if number < 0 or (self.cycles is not None and number >= self.cycles):
            return None
        found = self.period(number, first_day)
        return found if found[0] == day else None

    def _start_of(self, number: int, first_day: date) -> date:
        months = _MONTHS.get(self.frequency)
        if months is None:
            return first_day + timedelta(weeks=number)
        years, month = divmod(first_day.month - 1 + number * months, 12)
        year = first_day.year + years
        last = calendar.monthrange(year, month + 1)[1]
        return date(year, month + 1, min(first_day.day, last))


@dataclass(frozen=True, slots=True)
class Installment:
    """A part of the deal's total that is invoiced on a day of its own."""

    id: int
    """Pipedrive's id: it stays when amount or day change."""
    amount: Decimal
    """In the deal's currency. Net or gross is not said: the sum of all tells."""
    billing_date: date
    description: str = ""
