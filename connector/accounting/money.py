"""Cents: rounding to them and sharing them out.

Everything is Decimal. Money is rounded half up (``kaufmännisch``), as DATEV and Pipedrive do, and
what is split is split so that the parts add up to the whole exactly.
"""

from collections.abc import Sequence
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal, localcontext

CENT = Decimal("0.01")
ZERO = Decimal("0.00")

AMOUNT_LIMIT = Decimal(10) ** 10
"""EXTF field 1 holds 10 digits before the comma; an amount must stay below this."""

_PRECISION = 60
"""Digits carried while computing: any product of two amounts of DATEV's size fits without rounding twice."""


def cents(amount: Decimal) -> Decimal:
    """Round to cents, half away from zero: 0.005 → 0.01, -0.005 → -0.01; never a negative zero."""
    with localcontext(prec=_PRECISION):
        rounded = amount.quantize(CENT, rounding=ROUND_HALF_UP)
    return rounded or ZERO


def product(left: Decimal, right: Decimal) -> Decimal:
    """``left * right`` without rounding in between, whatever the caller's decimal context."""
    with localcontext(prec=_PRECISION):
        return left * right


def difference(left: Decimal, right: Decimal) -> Decimal:
    """``left - right`` without rounding in between."""
    with localcontext(prec=_PRECISION):
        return left - right


def quotient(left: Decimal, right: Decimal) -> Decimal:
    """``left / right``, not rounded to cents."""
    with localcontext(prec=_PRECISION):
        return left / right


def percent_of(amount: Decimal, percent: Decimal) -> Decimal:
    """``percent`` of ``amount``, not rounded."""
    with localcontext(prec=_PRECISION):
        return amount * percent / 100


def net_of(gross: Decimal, percent: Decimal) -> Decimal:
    """What is left of ``gross`` when the tax inside is taken out, not rounded."""
    with localcontext(prec=_PRECISION):
        return gross * 100 / (100 + percent)


def settle(parts: Sequence[Decimal], total: Decimal) -> tuple[Decimal, ...]:
    """Move single cents between rounded parts until they add up to ``total``, the largest parts first.

    For parts that may be negative, where sharing out in proportion has no meaning.
    """
    settled = list(parts)
    missing = total - sum(settled, ZERO)
    step = CENT if missing > 0 else -CENT
    by_size = sorted(range(len(settled)), key=lambda i: (-abs(settled[i]), i))
    for turn in range(int(abs(missing) / CENT)):
        settled[by_size[turn % len(by_size)]] += step
    return tuple(settled)


def round_to_total(exact: Sequence[Decimal], total: Decimal) -> tuple[Decimal, ...]:
    """Round each to cents so that they add up to ``total``, each at most one cent from its exact value.

    The missing cents go to those that were rounded furthest the other way, the earlier position first. None
    becomes nothing by it or changes its sign: where too few are left, the sum stays as near as it gets.
    """
    rounded = [cents(amount) for amount in exact]
    missing = total - sum(rounded, ZERO)
    step = CENT if missing > 0 else -CENT
    by_error = sorted(range(len(exact)), key=lambda i: ((rounded[i] - exact[i]) * step, i))
    movable = [i for i in by_error if (rounded[i] + step) * rounded[i] > 0]
    for position in movable[: int(abs(missing) / CENT)]:
        rounded[position] += step
    return tuple(rounded)


def distribute(total: Decimal, weights: Sequence[Decimal]) -> tuple[Decimal, ...]:
    """Share ``total`` (whole cents) out in proportion to ``weights``; the shares add up to it exactly.

    Largest remainder: every share is first cut to whole cents, then the missing cents go one each
    to the largest remainders, the earlier position first, so the same input always gives the same
    result. Weights must not be negative and must not all be zero.

    Raises:
        ValueError: the total has parts of a cent, or the weights cannot carry it.
    """
    if cents(total) != total:
        raise ValueError(f"{total} is no amount of whole cents")
    if any(weight < 0 for weight in weights) or not any(weights):
        raise ValueError("weights must not be negative and must not all be zero")
    with localcontext(prec=_PRECISION):
        weight_sum = sum(weights, Decimal(0))
        exact = [total * weight / weight_sum for weight in weights]
        shares = [share.quantize(CENT, rounding=ROUND_DOWN) for share in exact]
        missing = int((total - sum(shares, ZERO)) / CENT)
        step = CENT if missing > 0 else -CENT
        by_remainder = sorted(range(len(weights)), key=lambda i: (-abs(exact[i] - shares[i]), i))
        for position in by_remainder[: abs(missing)]:
            shares[position] += step
    return tuple(share or ZERO for share in shares)
