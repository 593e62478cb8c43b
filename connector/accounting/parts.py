"""A deal invoiced in parts: which parts there are, and what each part's invoice shows.

Instalments share out the invoice of the whole deal: their own amounts (net or gross, as Pipedrive holds them)
add up to it in every group (tax case, rate, account, key, cost centres). The other two of net, tax and gross
are reckoned on each invoice anew, because each is an invoice of its own and its tax must be that of its net
amount (§ 14 (4) no. 8 UStG, EN 16931 BR-CO-17); over all of them they may be cents away from the whole.
Recurring lines make one invoice per day on which a period begins, with all lines due that day.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from connector.accounting.billing import Recurrence
from connector.accounting.invoice import Invoice, InvoiceLine, TaxGroup
from connector.accounting.money import ZERO, cents, distribute
from connector.accounting.part_dates import day_won, first_day, part_date_problems
from connector.accounting.pricing import price_lines
from connector.accounting.sale import DiscountKind, Sale, SaleLine
from connector.accounting.sale_checks import combination_problem
from connector.accounting.terms import BookingTerms
from connector.accounting.totals import fraction_problems, taxes_by_rate
from connector.errors import DataError, Problem

ONE_TIME_KEY = "one-time"
"""Key of the part with the lines that do not recur, where none that recurs is due by the day of winning."""

_RECURRING = "recurring:"

_MOST_NAMES = 200
"""Characters of the names of lines that an instalment's line lists."""


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
            Part(_installment_key(one.id), max(one.billing_date, day_won(sale))) for one in sale.installments
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
        return key in {_installment_key(one.id) for one in sale.installments}
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


def installment_invoice(invoice: Invoice, sale: Sale, terms: BookingTerms) -> Invoice:
    """The invoice of one instalment, out of that of the whole deal.

    :param sale: from :func:`sale_of_part`.
    :raises DataError: the instalments do not come to the whole, or it cannot be shared out.
    """
    amounts, of_gross = _amounts(invoice, sale, terms)
    whole = [group.gross if of_gross else group.net for group in invoice.tax_breakdown]
    rows = _rows(amounts, whole)
    number = [_installment_key(one.id) for one in sale.installments].index(sale.installment)
    rates = [(group.tax_case, group.tax_rate) for group in invoice.tax_breakdown]
    taxes = taxes_by_rate(list(zip(rates, rows[number], strict=True)), inclusive=of_gross)
    groups = []
    for group, amount, tax in zip(invoice.tax_breakdown, rows[number], taxes, strict=True):
        net = amount - tax if of_gross else amount
        groups.append(replace(group, net=net, tax=tax, gross=net + tax))
    billed = tuple(group for group in groups if group.gross)
    problems = fraction_problems(invoice.currency, billed)
    if problems:
        raise DataError(problems)
    text = _installment_text(sale, number)
    net, tax = (sum((getattr(group, name) for group in billed), ZERO) for name in ("net", "tax"))
    return replace(
        invoice,
        title=text,
        lines=tuple(_share_lines(invoice, billed, text)),
        discount_total=ZERO,
        tax_breakdown=billed,
        net=net,
        tax=tax,
        gross=net + tax,
    )


def _installment_key(installment_id: int) -> str:
    return f"installment:{installment_id}"


def _recurring_key(start: date) -> str:
    return f"{_RECURRING}{start.isoformat()}"


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


def _amounts(invoice: Invoice, sale: Sale, terms: BookingTerms) -> tuple[tuple[Decimal, ...], bool]:
    """What is billed with each instalment, adding up to the whole, and whether that is gross."""
    amounts = [cents(one.amount) for one in sale.installments]
    problems = [
        Problem(
            "installment_not_positive",
            f"The instalment of {one.billing_date} comes to {one.amount}; only amounts above 0 are billed.",
            "installments.amount",
            "Correct or remove the instalment in Pipedrive.",
        )
        for one, amount in zip(sale.installments, amounts, strict=True)
        if amount <= 0
    ]
    if any(group.gross < 0 for group in invoice.tax_breakdown):
        problems.append(
            Problem(
                "installments_of_negative_lines",
                "The deal has instalments, and lines below nothing that cannot be shared out over them.",
                "products",
                "Give a discount on the other lines instead of a negative line.",
            )
        )
    total = sum(amounts, ZERO)
    whole = min((invoice.gross, invoice.net), key=lambda candidate: abs(total - candidate))
    if abs(total - whole) > terms.value_tolerance:
        problems.append(
            Problem(
                "installments_differ",
                f"The instalments come to {total}, but the deal's lines to {invoice.net} (net) or "
                f"{invoice.gross} (gross).",
                "installments",
                "Correct the instalments or the lines in Pipedrive, so that they agree.",
            )
        )
    if problems:
        raise DataError(problems)
    return distribute(whole, amounts), whole == invoice.gross


def _rows(amounts: Sequence[Decimal], whole: Sequence[Decimal]) -> list[tuple[Decimal, ...]]:
    """Each amount shared out over the groups, so that rows and columns both add up.

    Each takes of what is left: nobody gets more than there is, and the last takes the rest.
    """
    left, rows = list(whole), []
    for amount in amounts:
        row = distribute(amount, left)
        left = [before - taken for before, taken in zip(left, row, strict=True)]
        rows.append(row)
    return rows


def _installment_text(sale: Sale, number: int) -> str:
    description = sale.installments[number].description.strip() or sale.title
    return f"Rate {number + 1} von {len(sale.installments)}: {description}"


def _share_lines(invoice: Invoice, groups: Iterable[TaxGroup], text: str) -> Iterator[InvoiceLine]:
    """One line per tax case and rate; account and cost centre are not printed."""
    nets: dict[tuple[str, Decimal], Decimal] = {}
    for group in groups:
        shown = (group.tax_case, group.tax_rate)
        nets[shown] = nets.get(shown, ZERO) + group.net
    for position, ((tax_case, tax_rate), net) in enumerate(nets.items(), start=1):
        names = ", ".join(
            line.name for line in invoice.lines if (line.tax_case, line.tax_rate) == (tax_case, tax_rate)
        )
        yield InvoiceLine(
            position=position,
            name=text,
            description=f"anteilig: {names if len(names) <= _MOST_NAMES else f'{names[:_MOST_NAMES]}…'}",
            quantity=Decimal(1),
            unit="",
            unit_price=net,
            discount_text="",
            net=net,
            tax_rate=tax_rate,
            tax_case=tax_case,
        )
