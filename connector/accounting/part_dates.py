"""The days on which a deal's parts are billed: a wrong digit in a year is asked about.

Nothing would tell otherwise: a part of the year 2062 waits for that year, and one of 1926 is billed at once.
"""

from collections.abc import Iterable, Iterator
from datetime import date

from connector.accounting.sale import Sale, SaleLine
from connector.accounting.sale_checks import BOOKABLE_YEARS
from connector.accounting.terms import BookingTerms
from connector.errors import Problem

_CURE_PAST = "if it is right, raise booking.document_date_within_days."
_CURE_AHEAD = "if it is right, raise booking.part_date_within_days."


def day_won(sale: Sale) -> date:
    """The day before which nothing of the deal is invoiced."""
    return sale.won_on or sale.document_date


def first_day(sale: Sale) -> date:
    """From when a line without a start recurs. Won again does not move it: what is billed stays billed."""
    return sale.first_won_on or day_won(sale)


def part_date_problems(sale: Sale, terms: BookingTerms) -> Iterator[Problem]:
    """Days that lie further away than a plan goes.

    The past is counted from the first win, and is as short as for a deal's own date. In the future each day
    is counted from the last billing before it, because ten years of instalments are no slip; one that stands
    far from all others is.
    """
    yield from _installment_problems(sale, terms)
    recurring = [line for line in sale.lines if line.recurrence]
    starts = list(_start_problems(sale, recurring, terms))
    # Where a start is wrong, so is the end that is counted from it.
    yield from starts or (problem for line in recurring for problem in _end_problems(sale, line))


def _installment_problems(sale: Sale, terms: BookingTerms) -> Iterator[Problem]:
    days = [one.billing_date for one in sale.installments]
    for one, before in zip(sale.installments, _days_before(sale, days), strict=True):
        what = f"The instalment {one.description or one.id!s:.60} is billed on {one.billing_date}"
        far = _far(sale, one.billing_date, before, terms)
        if far:
            why, cure = far
            yield Problem(
                "installment_date_far",
                f"{what}, {why}",
                "installments.billing_date",
                f"Correct the instalment's billing date; {cure}",
            )
        elif one.billing_date.year not in BOOKABLE_YEARS:
            yield _beyond_reason(what, "installments.billing_date")


def _start_problems(sale: Sale, recurring: Iterable[SaleLine], terms: BookingTerms) -> Iterator[Problem]:
    started = sorted(
        (line.recurrence.start or first_day(sale), line.position, line)
        for line in recurring
        if line.recurrence
    )
    lasts = [_last_billing(line, start) for start, _position, line in started]
    for (start, _position, line), before in zip(started, _days_before(sale, lasts), strict=True):
        far = _far(sale, start, before, terms)
        if far:
            why, cure = far
            yield Problem(
                "billing_start_long_ago" if start < before else "billing_start_far_ahead",
                f"The line {line.name!r:.60} is billed from {start} on, {why}",
                "products.billing_start_date",
                f"Correct the line's start; {cure}",
            )


def _far(sale: Sale, day: date, before: date, terms: BookingTerms) -> tuple[str, str] | None:
    """What a day is too far from, and the cure; None where it is near enough."""
    if (first_day(sale) - day).days > terms.document_date_within_days:
        return f"more than {terms.document_date_within_days} days before the deal was won.", _CURE_PAST
    if (day - before).days <= terms.part_date_within_days:
        return None
    what = "the day on which the deal was won" if before == day_won(sale) else "the last billing before it"
    return f"more than {terms.part_date_within_days} days after {before}, {what}.", _CURE_AHEAD


def _last_billing(line: SaleLine, start: date) -> date:
    """First day of the line's last period; of one without end its start, for it goes on beside any other."""
    cycles = line.recurrence.cycles if line.recurrence else None
    return line.recurrence.period(cycles - 1, start)[0] if line.recurrence and cycles else start


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
    """For each place in the plan, by date, the latest billing before it: the win, or one in the list."""
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
