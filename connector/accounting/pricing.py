"""What each line costs after all discounts, in the price basis of the deal (net or gross).

Tax plays no part yet. A deal's own discounts are shared out over its lines in proportion to
their amounts, in whole cents, because tax and revenue account belong to lines, not to deals.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from connector.accounting.money import (
    AMOUNT_LIMIT,
    CENT,
    ZERO,
    cents,
    difference,
    distribute,
    percent_of,
    product,
    quotient,
    settle,
)
from connector.accounting.sale import Discount, DiscountKind, Sale, SaleLine
from connector.errors import Problem


@dataclass(frozen=True, slots=True)
class PricedLine:
    """A line with its amounts in whole cents."""

    line: SaleLine
    before_deal_discounts: Decimal
    """Quantity × price less the line's own discount."""
    deal_discount: Decimal
    """This line's share of the deal's discounts; negative where it makes a negative line smaller."""
    unrounded: Decimal
    """``before_deal_discounts`` with its parts of a cent."""

    @property
    def amount(self) -> Decimal:
        """What is charged for the line."""
        return self.before_deal_discounts - self.deal_discount


def pricing_problems(
    lines: Sequence[SaleLine], discounts: tuple[Discount, ...], *, complete: bool
) -> list[Problem]:
    """What is wrong with prices and discounts alone, to be told even where the sale cannot be read whole.

    :param complete: whether these are all lines; else a discount of the deal may only seem to be too large.
    """
    problems: list[Problem] = []
    _priced(lines, discounts if complete else (), problems)
    return problems if complete else [*problems, *_impossible(discounts)]


def _impossible(discounts: tuple[Discount, ...]) -> list[Problem]:
    return [found for one in discounts if (found := _discount_problem(one, "A discount of the deal"))]


def price_lines(sale: Sale, problems: list[Problem]) -> tuple[PricedLine, ...]:
    """Work out every line of a sale, noting lines and discounts that make no sense in ``problems``.

    A line that cannot be priced goes on with one cent, so that the tax rules are asked about it
    all the same and the person hears everything at once; the noted problem keeps it from being booked.
    """
    return _priced(sale.lines, sale.discounts, problems)


def _priced(
    lines: Sequence[SaleLine], discounts: tuple[Discount, ...], problems: list[Problem]
) -> tuple[PricedLine, ...]:
    unrounded = [_line_amount(line, problems) for line in lines]
    # Each line is rounded once (EN 16931 BT-131).
    amounts = [cents(amount) for amount in unrounded]
    shares = _deal_discount_shares(discounts, amounts, problems)
    return tuple(
        PricedLine(line, amount, share, exact)
        for line, amount, share, exact in zip(lines, amounts, shares, unrounded, strict=True)
    )


def _line_amount(line: SaleLine, problems: list[Problem]) -> Decimal:
    """Quantity × price less discount, not rounded."""
    name = f"Line {line.position} ({line.name})"
    if not _is_bookable(line.quantity) or not _is_bookable(line.unit_price):
        problems.append(_too_large(f"{name} has a quantity or price", "unit_price"))
        return CENT
    full = product(line.quantity, line.unit_price)
    if abs(full) >= AMOUNT_LIMIT:
        problems.append(_too_large(f"{name} comes to an amount", "unit_price"))
        return CENT
    if line.discount is None:
        return full
    problem = _discount_problem(line.discount, f"The discount of {name}")
    if problem:
        problems.append(problem)
        return CENT
    # Whether Pipedrive means an amount per unit or per line is not documented: per line, and the
    # comparison with the deal's value shows where it was meant otherwise.
    reduction = _reduction(line.discount, full)
    if full >= 0 and reduction > full:
        problems.append(_exceeds(f"The discount of {name}", reduction, full))
        return CENT
    return difference(full, reduction)


def _deal_discount_shares(
    discounts: tuple[Discount, ...], amounts: list[Decimal], problems: list[Problem]
) -> tuple[Decimal, ...]:
    wrong = _impossible(discounts)
    if wrong:
        problems.extend(wrong)
        return (ZERO,) * len(amounts)
    total = sum(amounts, ZERO)
    if total < 0 and any(discount.kind is DiscountKind.AMOUNT and discount.value for discount in discounts):
        problems.append(_discount_of_credit())
        return (ZERO,) * len(amounts)
    # Several percentages each apply to the sum of the lines, not to one another: the order in
    # which Pipedrive lists them must not change the invoice.
    reductions = {
        kind: sum((cents(_reduction(one, total)) for one in discounts if one.kind is kind), ZERO)
        for kind in DiscountKind
    }
    reduction = sum(reductions.values(), ZERO)
    if reduction == 0:
        return (ZERO,) * len(amounts)
    if abs(reduction) > abs(total):
        problems.append(_exceeds("The discounts of the deal", reduction, total))
        return (ZERO,) * len(amounts)
    if all(amount >= 0 for amount in amounts) or all(amount <= 0 for amount in amounts):
        return distribute(reduction, [abs(amount) for amount in amounts])
    return _shares_of_mixed_lines(reductions, amounts, total)


def _shares_of_mixed_lines(
    reductions: Mapping[DiscountKind, Decimal], amounts: Sequence[Decimal], total: Decimal
) -> tuple[Decimal, ...]:
    """Percent reduce every line, a negative one too; an amount reduces what there is to pay."""
    percentage, amount = (reductions[kind] for kind in (DiscountKind.PERCENTAGE, DiscountKind.AMOUNT))
    exact = [quotient(product(percentage, line), total) for line in amounts]
    by_percent = settle([cents(share) for share in exact], percentage)
    by_amount = distribute(amount, [max(line, ZERO) for line in amounts]) if amount else by_percent
    return tuple(a + b for a, b in zip(by_percent, by_amount, strict=True)) if amount else by_percent


def _reduction(discount: Discount, amount: Decimal) -> Decimal:
    return percent_of(amount, discount.value) if discount.kind is DiscountKind.PERCENTAGE else discount.value


def _discount_problem(discount: Discount, name: str) -> Problem | None:
    most = 100 if discount.kind is DiscountKind.PERCENTAGE else AMOUNT_LIMIT
    if discount.value.is_finite() and 0 <= discount.value <= most:
        return None
    return Problem(
        "discount_out_of_range",
        f"{name} is {discount.value}{' %' if discount.kind is DiscountKind.PERCENTAGE else ''}, "
        "which is no reduction.",
        field="discount",
        cure="Correct the discount; raise the price instead of giving a negative discount.",
    )


def _is_bookable(number: Decimal) -> bool:
    return number.is_finite() and abs(number) < AMOUNT_LIMIT


def _discount_of_credit() -> Problem:
    return Problem(
        "discount_of_credit_note",
        "The deal comes to less than nothing and has a discount of a fixed amount: whether that makes the "
        "credit larger or smaller is not clear.",
        field="discount",
        cure="Remove the discount from the deal and change the lines instead.",
    )


def _too_large(what: str, field: str) -> Problem:
    return Problem(
        "amount_too_large",
        f"{what} that DATEV cannot hold: at most 10 digits before the comma.",
        field=field,
        cure="Correct quantity and price on the deal, or split the deal.",
    )


def _exceeds(what: str, reduction: Decimal, amount: Decimal) -> Problem:
    return Problem(
        "discount_exceeds_amount",
        f"{what}: {cents(reduction)} is more than the {cents(amount)} that it reduces.",
        field="discount",
        cure="Lower the discount.",
    )
