"""Totals of an invoice: tax on the summed net of each rate, and rows that add up to the cent.

EN 16931 (BR-CO-17) computes tax on the sum of a rate's net amounts, not line by line. A rate may
be booked in several rows (accounts, cost centres); its tax is shared out over them, so that the
rows still add up to the tax of the rate. Inclusive prices keep their gross: the tax is taken out.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from connector.accounting.currencies import NO_DECIMALS
from connector.accounting.decided_lines import DecidedLine, GroupKey
from connector.accounting.invoice import InvoiceLine, TaxGroup
from connector.accounting.money import ZERO, cents, distribute, net_of, percent_of, settle
from connector.accounting.sale import DiscountKind, TaxMethod
from connector.errors import Problem

UNIT_PRICE_STEP = Decimal("0.000001")
"""Decimals kept of a unit price from which the tax was taken out: enough for any printed quantity."""


@dataclass(frozen=True, slots=True)
class Totals:
    """Everything that is added up."""

    lines: tuple[InvoiceLine, ...]
    groups: tuple[TaxGroup, ...]
    net: Decimal
    tax: Decimal
    gross: Decimal
    deal_discount: Decimal
    """Net sum of the deal's own discounts."""
    plausible_values: dict[Decimal, str]
    """Sums that Pipedrive may show as the value of the deal, with their names."""
    undiscounted_values: dict[Decimal, str]
    """The same, if the value leaves out the deal's own discounts; empty where there are none."""


def fraction_problems(currency: str, groups: Sequence[TaxGroup]) -> list[Problem]:
    """Amounts that a currency without a smaller unit (yen, say) cannot have."""
    if currency not in NO_DECIMALS or not any(group.gross % 1 for group in groups):
        return []
    gross = sum((group.gross for group in groups), ZERO)
    return [
        Problem(
            "currency_without_cents",
            f"The invoice comes to {gross} {currency}, but {currency} has no smaller unit (ISO 4217).",
            field="value",
            cure=f"Correct the lines or instalments so that each tax rate comes to whole {currency}.",
        )
    ]


@dataclass(frozen=True, slots=True)
class _Sums:
    net: Decimal
    tax: Decimal


def add_up(lines: Sequence[DecidedLine], method: TaxMethod) -> Totals:
    """Compute groups, lines and totals of decided lines."""
    inclusive = method is TaxMethod.INCLUSIVE
    sums = _group_sums(lines, inclusive)
    groups = tuple(_tax_group(key, amounts, lines) for key, amounts in sums.items())
    nets = _line_nets(lines, sums)
    net = sum((group.net for group in groups), ZERO)
    tax = sum((group.tax for group in groups), ZERO)
    return Totals(
        lines=tuple(_invoice_line(line, amount, inclusive) for line, amount in zip(lines, nets, strict=True)),
        groups=groups,
        net=net,
        tax=tax,
        gross=net + tax,
        deal_discount=_deal_discount(lines, inclusive),
        plausible_values=_plausible_values(lines, net + tax, inclusive),
        undiscounted_values=_undiscounted_values(lines, inclusive),
    )


def _group_sums(lines: Iterable[DecidedLine], inclusive: bool) -> dict[GroupKey, _Sums]:
    """Net and tax of each group, in the order in which the groups first appear."""
    amounts: dict[GroupKey, Decimal] = {}
    for line in lines:
        amounts[line.group] = amounts.get(line.group, ZERO) + line.amount
    taxes = taxes_by_rate(
        [((key.tax_case, key.tax_rate), amount) for key, amount in amounts.items()], inclusive=inclusive
    )
    return {
        key: _Sums(net=amount - tax if inclusive else amount, tax=tax)
        for (key, amount), tax in zip(amounts.items(), taxes, strict=True)
    }


def taxes_by_rate(
    amounts: Sequence[tuple[tuple[str, Decimal], Decimal]], *, inclusive: bool
) -> tuple[Decimal, ...]:
    """The tax of each amount: reckoned once on the sum of a tax case and rate, shared out over its amounts.

    :param amounts: tax case and rate in percent, and the amount: gross if ``inclusive``, else net.
    """
    taxes = [ZERO] * len(amounts)
    for rate in dict.fromkeys(rate for rate, _amount in amounts):
        places = [place for place, (other, _amount) in enumerate(amounts) if other == rate]
        shared = _taxes([amounts[place][1] for place in places], rate[1], inclusive)
        for place, tax in zip(places, shared, strict=True):
            taxes[place] = tax
    return tuple(taxes)


def _taxes(amounts: Sequence[Decimal], rate: Decimal, inclusive: bool) -> tuple[Decimal, ...]:
    """Tax of one rate, shared out over its groups."""
    total = sum(amounts, ZERO)
    tax = _tax(total, rate, inclusive)
    if total and (all(amount >= 0 for amount in amounts) or all(amount <= 0 for amount in amounts)):
        return distribute(tax, [abs(amount) for amount in amounts])
    # Groups below nothing (a returned line booked on an account of its own) carry their own tax.
    return settle([_tax(amount, rate, inclusive) for amount in amounts], tax)


def _tax(amount: Decimal, rate: Decimal, inclusive: bool) -> Decimal:
    return amount - cents(net_of(amount, rate)) if inclusive else cents(percent_of(amount, rate))


def _line_nets(lines: Sequence[DecidedLine], sums: dict[GroupKey, _Sums]) -> tuple[Decimal, ...]:
    """Net amount of each line, adding up to the net of its group."""
    nets: list[Decimal] = [ZERO] * len(lines)
    for key, group in sums.items():
        positions = [position for position, line in enumerate(lines) if line.group == key]
        amounts = [lines[position].amount for position in positions]
        if sum(amounts, ZERO) == group.net:
            settled = tuple(amounts)
        else:
            settled = settle([cents(net_of(amount, key.tax_rate)) for amount in amounts], group.net)
        for position, net in zip(positions, settled, strict=True):
            nets[position] = net
    return tuple(nets)


def _tax_group(key: GroupKey, sums: _Sums, lines: Iterable[DecidedLine]) -> TaxGroup:
    first = next(line for line in lines if line.group == key)
    return TaxGroup(
        tax_case=key.tax_case,
        tax_rate=key.tax_rate,
        net=sums.net,
        tax=sums.tax,
        gross=sums.net + sums.tax,
        revenue_account=key.revenue_account,
        tax_key=key.tax_key,
        eu_vat=key.eu_vat,
        eu_rate=key.eu_rate,
        origin_country=key.origin_country,
        cost_centre_1=key.cost_centre_1,
        cost_centre_2=key.cost_centre_2,
        notes=first.notes,
        why=first.why,
    )


def _invoice_line(decided: DecidedLine, net: Decimal, inclusive: bool) -> InvoiceLine:
    line, rate = decided.line, decided.group.tax_rate
    price = net_of(line.unit_price, rate).quantize(UNIT_PRICE_STEP) if inclusive else line.unit_price
    return InvoiceLine(
        position=line.position,
        name=line.name,
        description=line.description,
        quantity=line.quantity,
        unit=line.unit,
        unit_price=price,
        discount_text=_discount_text(decided),
        net=net,
        tax_rate=rate,
        tax_case=decided.group.tax_case,
    )


def _discount_text(decided: DecidedLine) -> str:
    """The line's reductions in words, German, as they are printed."""
    parts = []
    discount = decided.line.discount
    if discount and discount.value:
        percentage = discount.kind is DiscountKind.PERCENTAGE
        value = f"{discount.value.normalize():f} %" if percentage else f"{cents(discount.value)}"
        parts.append(value.replace(".", ","))
    if decided.priced.deal_discount:
        parts.append(f"anteiliger Nachlass {decided.priced.deal_discount}".replace(".", ","))
    return "; ".join(parts)


def _deal_discount(lines: Iterable[DecidedLine], inclusive: bool) -> Decimal:
    shares = ((line.priced.deal_discount, line.group.tax_rate) for line in lines)
    return cents(sum((net_of(share, rate) if inclusive else share for share, rate in shares), ZERO))


def _plausible_values(lines: Sequence[DecidedLine], gross: Decimal, inclusive: bool) -> dict[Decimal, str]:
    priced = sum((line.amount for line in lines), ZERO)
    values = {priced: "gross" if inclusive else "net", gross: "gross"}
    # Whether Pipedrive rounds each line is not documented: many fractional quantities add up to cents.
    unrounded = sum((line.priced.unrounded - line.priced.deal_discount for line in lines), ZERO)
    values.setdefault(cents(unrounded), "without rounding each line")
    return values


def _undiscounted_values(lines: Sequence[DecidedLine], inclusive: bool) -> dict[Decimal, str]:
    before = [(line.priced.before_deal_discounts, line.group.tax_rate) for line in lines]
    undiscounted = sum((amount for amount, _ in before), ZERO)
    if undiscounted == sum((line.amount for line in lines), ZERO):
        return {}
    values = {undiscounted: "before the deal's discounts"}
    if not inclusive:
        tax = sum((percent_of(amount, rate) for amount, rate in before), ZERO)
        values[undiscounted + cents(tax)] = "gross before the deal's discounts"
    return values
