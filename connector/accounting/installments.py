"""Instalments: the deal's one invoice shared out over several, each with its own tax.

Their own amounts (net or gross, as Pipedrive holds them) add up to the whole in every group (tax case, rate,
account, key, cost centres). The other two of net, tax and gross are reckoned on each invoice anew, because
each is an invoice of its own and its tax must be that of its net amount (§ 14 (4) no. 8 UStG, EN 16931
BR-CO-17); over all of them they may be cents away from the whole.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from connector.accounting.billing import Installment
from connector.accounting.invoice import Invoice, InvoiceLine, TaxGroup
from connector.accounting.money import ZERO, cents, distribute
from connector.accounting.sale import Sale
from connector.accounting.terms import BookingTerms
from connector.accounting.totals import fraction_problems, taxes_by_rate
from connector.errors import DataError, Problem

_MOST_NAMES = 200
"""Characters of the names of lines that an instalment's line lists."""


def installment_key(installment_id: int) -> str:
    """The key of the part that an instalment is."""
    return f"installment:{installment_id}"


def installment_amount_problems(installments: Iterable[Installment]) -> list[Problem]:
    """Instalments that are nothing to bill."""
    return [
        Problem(
            "installment_not_positive",
            f"The instalment of {one.billing_date} comes to {one.amount}; only amounts above 0 are billed.",
            "installments.amount",
            "Correct or remove the instalment in Pipedrive.",
        )
        for one in installments
        if cents(one.amount) <= 0
    ]


def installment_group_problems(groups: Iterable[TaxGroup]) -> list[Problem]:
    """Why the invoice of a deal with instalments cannot be shared out over them."""
    if all(group.gross >= 0 for group in groups):
        return []
    return [
        Problem(
            "installments_of_negative_lines",
            "The deal has instalments, and lines below nothing that cannot be shared out over them.",
            "products",
            "Give a discount on the other lines instead of a negative line.",
        )
    ]


def installment_sum_problem(
    sale: Sale, terms: BookingTerms, sums: Iterable[tuple[Decimal, Decimal]], words: str
) -> Problem | None:
    """Instalments that do not come to the lines.

    :param sums: what the lines come to, each from a lowest to a highest.
    :param words: the same for people.
    """
    total = sum((cents(one.amount) for one in sale.installments), ZERO)
    off = [max(low - total, total - high) for low, high in sums]
    if not sale.installments or min(off) <= terms.value_tolerance:
        return None
    return Problem(
        "installments_differ",
        f"The instalments come to {total}, but the deal's lines to {words}.",
        "installments",
        "Correct the instalments or the lines in Pipedrive, so that they agree.",
    )


def installment_invoice(invoice: Invoice, sale: Sale) -> Invoice:
    """The invoice of one instalment, out of that of the whole deal.

    :param sale: from :func:`sale_of_part`.
    :param invoice: its instalments were checked with it: it is their sum, net or gross.
    :raises DataError: it comes to parts of a unit that its currency does not have.
    """
    billed_amounts = [cents(one.amount) for one in sale.installments]
    of_gross = abs(sum(billed_amounts, ZERO) - invoice.gross) <= abs(sum(billed_amounts, ZERO) - invoice.net)
    amounts = distribute(invoice.gross if of_gross else invoice.net, billed_amounts)
    whole = [group.gross if of_gross else group.net for group in invoice.tax_breakdown]
    rows = _rows(amounts, whole)
    number = [installment_key(one.id) for one in sale.installments].index(sale.installment)
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
