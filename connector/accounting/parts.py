"""A deal invoiced in parts: which parts there are, and what is sold with each.

Instalments share out the invoice of the whole deal (:mod:`connector.accounting.installments`). Recurring
lines make one invoice per day on which a period begins, with all lines due that day.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from connector.accounting.billing import Recurrence
from connector.accounting.installments import installment_key
from connector.accounting.money import ZERO
from connector.accounting.part_dates import day_won, first_day, part_date_problems
from connector.accounting.pricing import price_lines
from connector.accounting.sale import DiscountKind, Sale, SaleLine
from connector.accounting.sale_checks import combination_problem
from connector.accounting.terms import BookingTerms
from connector.errors import DataError, Problem

ONE_TIME_KEY = "one-time"
"""Key of the part with the lines that do not recur, where none that recurs is due by the day of winning."""

_RECURRING = "recurring:"


@dataclass(frozen=True, slots=True)
class Part:
    """One invoice of a deal that has several."""

    key: str
    """What is invoiced, and stays whatever moves: ``installment:<id>``, ``recurring:<first day of the
    period>`` or ``one-time``."""
    date: date
    """The document date: the billing date, but not before the day on which the deal was won."""


def is_in_parts(sale: Sale) -> bool:
    """Whether the deal has more than one invoice, or one on a day of its own."""
    return bool(sale.installments) or any(line.recurrence for line in sale.lines)


def plan_parts(sale: Sale, terms: BookingTerms, *, today: date) -> tuple[Part, ...]:
    """Every part of the sale in the order of its dates; none where it is invoiced as a whole.

    Lines without end are planned up to today and one period ahead.

    :raises DataError: with everything that keeps the parts from being told.
    """
    problems = part_problems(sale, terms)
    if problems:
        raise DataError(problems)
    if sale.installments:
        return tuple(
            Part(installment_key(one.id), max(one.billing_date, day_won(sale))) for one in sale.installments
        )
    keys: dict[str, date] = {}
    if _one_time_apart(sale):
        keys[ONE_TIME_KEY] = first_day(sale)
    starts = {start for line in sale.lines for start, _end in _planned_periods(line, sale, today)}
    keys |= {_recurring_key(start): start for start in sorted(starts)}
    return tuple(Part(key, max(day, day_won(sale))) for key, day in keys.items())


def part_problems(sale: Sale, terms: BookingTerms) -> list[Problem]:
    """Everything that keeps the parts of the sale from being told."""
    return list(_plan_problems(sale, terms))


def has_part(sale: Sale, key: str) -> bool:
    """Whether the deal (still) has this part."""
    if sale.installments:
        return key in {installment_key(one.id) for one in sale.installments}
    return is_in_parts(sale) and any(True for _line in _lines_of(sale, key))


def sale_of_part(sale: Sale, part: Part) -> Sale:
    """What is sold with one part. Of an instalment it is the whole, shared out when it is an invoice.

    The deal's own due date is that of no part: each is due so many days after its own date.
    """
    dated = replace(sale, document_date=part.date, due_date=None, won_on=None)
    if sale.installments:
        return replace(dated, installment=part.key)
    lines = [
        replace(line, recurrence=None, position=position, description=_with_period(line.description, period))
        for position, (line, period) in enumerate(_lines_of(sale, part.key), start=1)
    ]
    periods = [period for _line, period in _lines_of(sale, part.key) if period]
    billed = replace(dated, lines=tuple(lines))
    if periods:
        billed = replace(
            billed, service_date=periods[0][0], service_period_end=max(end for _start, end in periods)
        )
    # How Pipedrive reckons the value of a deal with recurring lines is documented nowhere: not compared.
    return replace(billed, stated_value=sum((line.amount for line in price_lines(billed, [])), ZERO))


def _recurring_key(start: date) -> str:
    return f"{_RECURRING}{start.isoformat()}"


def undivided(sale: Sale) -> Sale:
    """The deal as if it were invoiced at once: to hear what else is wrong where its parts cannot be told.

    Its instalments stay, because their amounts are checked with the whole; beside recurring lines, what they
    should come to is open.
    """
    if not any(line.recurrence for line in sale.lines):
        return replace(sale, due_date=None)
    lines = tuple(replace(line, recurrence=None) for line in sale.lines)
    once = replace(sale, due_date=None, lines=lines, installments=())
    # As above: not compared.
    return replace(once, stated_value=sum((line.amount for line in price_lines(once, [])), ZERO))


def _plan_problems(sale: Sale, terms: BookingTerms) -> Iterator[Problem]:
    recurring = [line for line in sale.lines if line.recurrence]
    if sale.installments and recurring:
        yield Problem(
            "installments_and_recurring_lines",
            "The deal has both instalments and recurring lines.",
            "installments",
            "Remove the one or the other in Pipedrive.",
        )
    if len({one.id for one in sale.installments}) < len(sale.installments):
        yield Problem(
            "installment_twice",
            "Pipedrive names the same instalment twice.",
            "installments",
            "Read the deal again; if it stays, enter the instalments anew.",
        )
    if recurring and any(one.kind is DiscountKind.AMOUNT for one in sale.discounts):
        yield Problem(
            "discount_with_recurring_lines",
            "The deal has recurring lines and a discount of a fixed amount: to which invoice it belongs "
            "is not clear.",
            "discounts",
            "Give the discount in percent, or on the line to which it belongs.",
        )
    combination = combination_problem(sale, terms) if recurring else None
    if combination:
        yield combination
    yield from part_date_problems(sale, terms)


def _planned_periods(line: SaleLine, sale: Sale, today: date) -> Iterator[tuple[date, date]]:
    """All periods of a line that ends; of one without end those begun by today, and the next."""
    if line.recurrence is None:
        return
    number, ahead = 0, False
    while not ahead and (line.recurrence.cycles is None or number < line.recurrence.cycles):
        period = _period(line.recurrence, sale, number)
        yield period
        ahead = line.recurrence.cycles is None and period[0] > today
        number += 1


def _period(recurrence: Recurrence, sale: Sale, number: int) -> tuple[date, date]:
    return recurrence.period(number, recurrence.start or first_day(sale))


def _one_time_apart(sale: Sale) -> bool:
    """Whether the lines that do not recur are due before any that recurs."""
    return any(not line.recurrence for line in sale.lines) and _first_start(sale) > first_day(sale)


def _first_start(sale: Sale) -> date:
    return min(_period(line.recurrence, sale, 0)[0] for line in sale.lines if line.recurrence)


def _lines_of(sale: Sale, key: str) -> Iterator[tuple[SaleLine, tuple[date, date] | None]]:
    """The lines of a part, each with its period if it recurs."""
    one_time = ONE_TIME_KEY if _one_time_apart(sale) else _recurring_key(_first_start(sale))
    for line in sale.lines:
        if line.recurrence is None:
            if key == one_time:
                yield line, None
        elif key.startswith(_RECURRING):
            day = date.fromisoformat(key.removeprefix(_RECURRING))
            period = line.recurrence.period_on(day, line.recurrence.start or first_day(sale))
            if period:
                yield line, period


def _with_period(description: str, period: tuple[date, date] | None) -> str:
    if period is None:
        return description
    told = f"Leistungszeitraum {period[0]:%d.%m.%Y} bis {period[1]:%d.%m.%Y}"
    return f"{description}; {told}" if description else told
