"""Totals of a sale reckoned a second time: slowly, with fractions and cents as whole numbers.

Shares no code with the product. It knows what the documentation promises and nothing of how it is done.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from connector.accounting.sale import Discount, DiscountKind, Sale, TaxMethod


@dataclass(frozen=True)
class Sums:
    """In whole cents."""

    net: int
    tax: int

    @property
    def gross(self) -> int:
        return self.net + self.tax


def whole(amount: Fraction) -> int:
    """Half a cent goes away from zero."""
    rounded = math.floor(abs(amount) + Fraction(1, 2))
    return rounded if amount >= 0 else -rounded


def sums_per_rate(sale: Sale) -> dict[Fraction, Sums]:
    """Net and tax of each rate."""
    amounts = [whole(_line(line.quantity, line.unit_price, line.discount)) for line in sale.lines]
    reduced = [
        amount - share for amount, share in zip(amounts, _shares(sale.discounts, amounts), strict=True)
    ]
    per_rate: dict[Fraction, int] = {}
    for line, amount in zip(sale.lines, reduced, strict=True):
        rate = Fraction(line.tax_rate)
        per_rate[rate] = per_rate.get(rate, 0) + amount
    return {rate: _taxed(amount, rate, sale.tax_method) for rate, amount in per_rate.items()}


def _line(quantity, price, discount: Discount | None) -> Fraction:
    """In cents, with its parts."""
    full = Fraction(quantity) * Fraction(price) * 100
    return full - _off(discount, full) if discount else full


def _off(discount: Discount, full: Fraction) -> Fraction:
    value = Fraction(discount.value)
    return full * value / 100 if discount.kind is DiscountKind.PERCENTAGE else value * 100


def _taxed(amount: int, rate: Fraction, method: TaxMethod) -> Sums:
    if method is TaxMethod.INCLUSIVE:
        net = whole(Fraction(amount) * 100 / (100 + rate))
        return Sums(net, amount - net)
    return Sums(amount, whole(amount * rate / 100))


def _shares(discounts: Sequence[Discount], amounts: Sequence[int]) -> list[int]:
    """What each line gives up of the deal's discounts."""
    total = sum(amounts)
    percent = sum(
        whole(_off(one, Fraction(total))) for one in discounts if one.kind is DiscountKind.PERCENTAGE
    )
    fixed = sum(whole(_off(one, Fraction(total))) for one in discounts if one.kind is DiscountKind.AMOUNT)
    if percent + fixed == 0:
        return [0] * len(amounts)
    if min(amounts) >= 0 or max(amounts) <= 0:
        return _in_proportion(percent + fixed, [abs(amount) for amount in amounts])
    # Lines of both signs: each gives up its percent, the largest ones what is left over by rounding.
    shares = [whole(Fraction(percent * amount, total)) for amount in amounts]
    largest = sorted(range(len(amounts)), key=lambda place: -abs(shares[place]))
    turn = 0
    while sum(shares) != percent:
        shares[largest[turn % len(largest)]] += 1 if sum(shares) < percent else -1
        turn += 1
    # A fixed amount is taken from what is to be paid.
    payable = _in_proportion(fixed, [max(amount, 0) for amount in amounts]) if fixed else [0] * len(amounts)
    return [a + b for a, b in zip(shares, payable, strict=True)]


def _in_proportion(total: int, weights: Sequence[int]) -> list[int]:
    """Cent by cent to whoever is furthest below what is due, the first of equals."""
    sign = 1 if total >= 0 else -1
    due = [Fraction(abs(total) * weight, sum(weights)) for weight in weights]
    shares = [math.floor(one) for one in due]
    while sum(shares) < abs(total):
        furthest = max(range(len(due)), key=lambda place: (due[place] - shares[place], -place))
        shares[furthest] += 1
    return [sign * share for share in shares]
