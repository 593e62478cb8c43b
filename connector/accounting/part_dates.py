"""The days on which a deal's parts are billed: a wrong digit in a year is asked about.

Nothing would tell otherwise: a part of the year 2062 waits for that year, and one of 1926 is billed at once.
"""

from collections.abc import Iterable, Iterator
from datetime import date

from connector.accounting.sale import Sale, SaleLine
from connector.accounting.sale_checks import BOOKABLE_YEARS
from connector.accounting.terms import BookingTerms
from connector.errors import Problem

_CURE = "if it is right, raise booking.document_date_within_days."


def day_won(sale: Sale) -> date:
    """The day before which nothing of the deal is invoiced."""
    return sale.won_on or sale.document_date


def first_day(sale: Sale) -> date:
    """From when a line without a start recurs. Won again does not move it: what is billed stays billed."""
    return sale.first_won_on or day_won(sale)


def part_date_problems(sale: Sale, terms: BookingTerms) -> Iterator[Problem]:
    """Days that lie as far away as a deal's own date must not.

    The past is counted from the first win. In the future each day is counted from the one before it, because
    three years of instalments are no slip; one that stands far from all others is.
    """
    yield from _installment_problems(sale, terms.document_date_within_days)
    recurring = [line for line in sale.lines if line.recurrence]
    starts = list(_start_problems(sale, recurring, terms.document_date_within_days))
    # Where a start is wrong, so is the end that is counted from it.
    yield from starts or (problem for line in recurring for problem in _end_problems(sale, line))


def _installment_problems(sale: Sale, within: int) -> Iterator[Problem]:
    days = [one.billing_date for one in sale.installments]
    for one, before in zip(sale.installments, _days_before(sale, days), strict=True):
        name = f"The instalment {one.description or one.id!s:.60}"
        if (first_day(sale) - one.billing_date).days > within:
            what = f"{name} is billed on {one.billing_date}, more than {within} days before the deal was won."
        elif (one.billing_date - before).days > within:
            what = f"{name} is billed on {one.billing_date}, more than {within} days after {before}, the day "
            what += "of the one before it." if before in days else "on which the deal was won."
        elif one.billing_date.year not in BOOKABLE_YEARS:
            yield _beyond_reason(f"{name} is billed on {one.billing_date}", "installments.billing_date")
            continue
        else:
            continue
        yield Problem(
            "installment_date_far",
            what,
            "installments.billing_date",
            f"Correct the instalment's billing date; {_CURE}",
        )


def _start_problems(sale: Sale, recurring: Iterable[SaleLine], within: int) -> Iterator[Problem]:
    started = sorted(
        (line.recurrence.start, line.position, line)
        for line in recurring
        if line.recurrence and line.recurrence.start
    )
    days = [start for start, _position, _line in started]
    for (start, _position, line), before in zip(started, _days_before(sale, days), strict=True):
        if (first_day(sale) - start).days > within:
            yield Problem(
                "billing_start_long_ago",
                f"The line {line.name!r:.60} is billed from {start} on, more than {within} days before the "
                "deal was won.",
                "products.billing_start_date",
                f"Correct the line's start; {_CURE}",
            )
        elif (start - before).days > within:
            last = (
                "the start of the line before it" if before in days else "the day on which the deal was won"
            )
            yield Problem(
                "billing_start_far_ahead",
                f"The line {line.name!r:.60} is billed from {start} on, more than {within} days after "
                f"{before}, {last}.",
                "products.billing_start_date",
                f"Correct the line's start; {_CURE}",
            )


def _end_problems(sale: Sale, line: SaleLine) -> Iterator[Problem]:
    recurrence = line.recurrence
    if recurrence is None:
        return
    last, _end = recurrence.period((recurrence.cycles or 1) - 1, recurrence.start or first_day(sale))
    if last.year not in BOOKABLE_YEARS:
        yield _beyond_reason(
            f"The line {line.name!r:.60} is billed until {last}", "products.billing_start_date"
        )


def _days_before(sale: Sale, days: Iterable[date]) -> Iterator[date]:
    """For each day, by date, the latest before it: the win, or the day before it in the list."""
    latest = day_won(sale)
    for day in days:
        yield latest
        latest = max(latest, day)


def _beyond_reason(what: str, field: str) -> Problem:
    return Problem(
        "billing_date_beyond_reason",
        f"{what}, which DATEV's files cannot hold: their years go from {BOOKABLE_YEARS[0]} to "
        f"{BOOKABLE_YEARS[-1]}.",
        field,
        "Correct the date, or how often the line is billed.",
    )
