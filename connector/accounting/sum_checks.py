"""What the sums of a deal must agree with: its value, its instalments, its sign, and the space DATEV has.

Where a line's tax is not decided yet, its gross lies between two bounds, and only what is wrong whatever the
tax comes to is told: so nobody hears tomorrow what was wrong today, nor today what mending the tax will mend.
"""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from connector.accounting.installments import installment_sum_problem
from connector.accounting.money import AMOUNT_LIMIT, ZERO, cents, percent_of
from connector.accounting.pricing import PricedLine
from connector.accounting.sale import Sale, TaxMethod
from connector.accounting.sale_checks import combination_problem
from connector.accounting.terms import BookingTerms
from connector.accounting.totals import Totals, fraction_problems
from connector.errors import Problem

_HIGHEST_RATE = Decimal(27)
"""Percent: what a line will be taxed at lies between nothing and Hungary's rate, the highest of the EU."""


def total_problems(totals: Totals, sale: Sale, terms: BookingTerms, *, has_value: bool) -> list[Problem]:
    """Everything that is wrong about the sums of lines whose tax is decided.

    :param has_value: whether the deal states a value beside its lines; else its value is its one line.
    """
    problems = list(_sign_problems(totals.gross, sale, terms))
    if any(
        abs(amount) >= AMOUNT_LIMIT for amount in (totals.gross, *(group.gross for group in totals.groups))
    ):
        problems.append(_too_large(totals.gross))
    problems += fraction_problems(sale.currency, totals.groups)
    value_problem = _value_problem(totals, sale, terms) if has_value else None
    words = f"{totals.net} (net) or {totals.gross} (gross)"
    exact = [(totals.net, totals.net), (totals.gross, totals.gross)]
    return [
        *problems,
        *_beside(value_problem, installment_sum_problem(sale, terms, exact, words), sale, terms),
    ]


def undecided_problems(
    priced: Sequence[PricedLine], sale: Sale, terms: BookingTerms, *, has_value: bool
) -> list[Problem]:
    """What is wrong about the sums whatever the tax of the lines comes to.

    :param has_value: as above.
    """
    total = sum((line.amount for line in priced), ZERO)
    low, high = _gross_bounds([line.amount for line in priced], sale.tax_method)
    problems = list(_sign_problems(total, sale, terms)) if low > 0 or high < 0 else []
    if abs(total) >= AMOUNT_LIMIT:
        problems.append(_too_large(total))
    what = f"{total} ({'gross' if sale.tax_method is TaxMethod.INCLUSIVE else 'net'}), whatever their tax"
    value_problem = _undecided_value_problem(priced, sale, terms, what) if has_value else None
    net_low, net_high = _net_bounds([line.amount for line in priced], sale.tax_method)
    bounds = [(min(low, net_low), max(high, net_high))]
    return [
        *problems,
        *_beside(value_problem, installment_sum_problem(sale, terms, bounds, what), sale, terms),
    ]


def _beside(
    value: Problem | None, installments: Problem | None, sale: Sale, terms: BookingTerms
) -> Iterator[Problem]:
    """Instalments that come to the deal's value differ from the lines because the value does: told once."""
    if value:
        yield value
    total = sum((cents(one.amount) for one in sale.installments), ZERO)
    if installments and not (value and abs(total - sale.stated_value) <= terms.value_tolerance):
        yield installments


def _gross_bounds(amounts: Sequence[Decimal], method: TaxMethod) -> tuple[Decimal, Decimal]:
    """The lowest and the highest that lines with these amounts can come to with their tax."""
    total = sum(amounts, ZERO)
    if method is TaxMethod.INCLUSIVE:
        return total, total
    most = [cents(percent_of(amount, _HIGHEST_RATE)) for amount in amounts]
    return total + sum((tax for tax in most if tax < 0), ZERO), total + sum((t for t in most if t > 0), ZERO)


def _net_bounds(amounts: Sequence[Decimal], method: TaxMethod) -> tuple[Decimal, Decimal]:
    """The same without their tax. Of a gross amount at most the highest rate of it is tax."""
    total = sum(amounts, ZERO)
    if method is not TaxMethod.INCLUSIVE:
        return total, total
    most = [cents(percent_of(amount, _HIGHEST_RATE)) for amount in amounts]
    return total - sum((tax for tax in most if tax > 0), ZERO), total - sum((t for t in most if t < 0), ZERO)


def _undecided_value_problem(
    priced: Sequence[PricedLine], sale: Sale, terms: BookingTerms, what: str
) -> Problem | None:
    after = [line.amount for line in priced]
    before = [line.before_deal_discounts for line in priced]
    unrounded = cents(sum((line.unrounded - line.deal_discount for line in priced), ZERO))
    for amounts in (after, before):
        known = (*_gross_bounds(amounts, sale.tax_method), sum(amounts, ZERO), unrounded)
        if min(known) - terms.value_tolerance <= sale.stated_value <= max(known) + terms.value_tolerance:
            return None
    return _differs(sale, what)


def _value_problem(totals: Totals, sale: Sale, terms: BookingTerms) -> Problem | None:
    """Compare the deal's value with its lines.

    Pipedrive documents neither whether the value of a deal with exclusive tax contains that tax,
    nor whether it contains the deal's own discounts. So any of these sums may stand there; what
    agrees with none of them is a forgotten or changed line.
    """
    plausible = totals.plausible_values | {
        value: name
        for value, name in totals.undiscounted_values.items()
        if value not in totals.plausible_values
    }
    if _agrees(sale.stated_value, totals.plausible_values, terms):
        return None
    if _agrees(sale.stated_value, plausible, terms):
        return combination_problem(sale, terms)
    return _differs(sale, " or ".join(f"{value} ({name})" for value, name in plausible.items()))


def _differs(sale: Sale, sums: str) -> Problem:
    return Problem(
        "value_differs_from_lines",
        f"The deal's value is {sale.stated_value}, but its lines come to {sums}.",
        field="value",
        cure="Correct the lines or the value of the deal, so that they agree.",
    )


def _agrees(stated: Decimal, values: Iterable[Decimal], terms: BookingTerms) -> bool:
    return any(abs(stated - value) <= terms.value_tolerance for value in values)


def _too_large(total: Decimal) -> Problem:
    return Problem(
        "amount_too_large",
        f"The invoice comes to {total}; DATEV holds at most 10 digits before the comma.",
        field="value",
        cure="Correct the lines of the deal, or split it.",
    )


def _sign_problems(gross: Decimal, sale: Sale, terms: BookingTerms) -> Iterator[Problem]:
    """Invoice or credit note: the total and what the deal says of itself must agree (§31 (5) UStDV)."""
    if gross == 0:
        yield Problem(
            "total_zero",
            "The deal comes to 0.00; DATEV takes no posting of nothing.",
            field="value",
            cure="Correct the lines of the deal, or ignore deals of value zero by a rule of the tenant.",
        )
    elif gross < 0 and terms.negative_total_means != "credit_note":
        yield Problem(
            "total_negative",
            f"The deal comes to {gross} {sale.currency}, less than nothing.",
            field="value",
            cure="Correct the lines; or let the tenant book such deals as credit notes "
            "(booking.negative_total_means).",
        )
    elif gross < 0 and not sale.corrects:
        yield Problem(
            "corrected_document_missing",
            f"The deal comes to {gross} {sale.currency}, a credit note, but does not name the invoice "
            "that it corrects (§31 (5) UStDV).",
            field="corrects_document",
            cure="Enter the number of the corrected invoice in the deal's field for it.",
        )
    elif gross < 0 and sale.corrects == sale.document_number:
        yield Problem(
            "corrects_itself",
            f"The credit note {sale.document_number} names itself as the invoice that it corrects.",
            field="corrects_document",
            cure="Enter the number of the invoice that is corrected.",
        )
    elif gross > 0 and sale.corrects:
        yield Problem(
            "correction_not_negative",
            f"The deal corrects the invoice {sale.corrects}, but comes to {gross} {sale.currency}.",
            field="corrects_document",
            cure="Enter what is taken back as negative lines; if it is an invoice, empty the field.",
        )
