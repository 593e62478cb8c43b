"""From a sale to an invoice: every tax decided, every cent in its place, or every problem named."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from connector.accounting.chart import Chart
from connector.accounting.countries import CountryGroup, country_group
from connector.accounting.currencies import HOME_CURRENCY
from connector.accounting.decided_lines import decide_lines
from connector.accounting.installments import installment_amount_problems, installment_group_problems
from connector.accounting.invoice import Invoice
from connector.accounting.pricing import price_lines
from connector.accounting.sale import Sale, SaleLine, TaxMethod
from connector.accounting.sale_checks import RATE_STEP, sale_problems
from connector.accounting.sum_checks import total_problems, undecided_problems
from connector.accounting.tax import TaxDecision, TaxRules
from connector.accounting.tax_facts import facts_of
from connector.accounting.terms import BookingTerms
from connector.accounting.totals import Totals, add_up
from connector.errors import DataError, Problem

_ONLY_LINE = re.compile(r"^Line 1 \(.*?\)(?= )", re.DOTALL)
"""How a sentence begins that speaks of the line of a deal without lines."""


def build_invoice(
    sale: Sale, *, terms: BookingTerms, chart: Chart, rules: TaxRules, draft: bool = False
) -> Invoice:
    """Turn a resolved sale into a complete invoice.

    A ``draft`` may go without a document number, or with the place of the sequence in it.

    Raises:
        DataError: with all problems that can be told apart at once. Sums are only compared when every line
            has a price, and as far as they are known while a line has no tax case.
        ValueError: the chart is not that of the terms, a fault of the caller.
    """
    if terms.chart != chart.name:
        raise ValueError(f"the tenant books by {terms.chart}, not by {chart.name}")
    problems = list(sale_problems(sale, terms, draft=draft))
    has_lines = bool(sale.lines)
    unclear: list[Problem] = []
    sale = _with_lines(sale, unclear, terms=terms, chart=chart, rules=rules)
    unpriced: list[Problem] = []
    priced = price_lines(sale, unpriced)
    lines = decide_lines(priced, sale, unclear, terms=terms, chart=chart, rules=rules)
    problems += [*unpriced, *unclear, *installment_amount_problems(sale.installments)]
    if unpriced:
        raise _refusal(problems, has_lines)
    if unclear:
        problems += undecided_problems(priced, sale, terms, has_value=has_lines)
        raise _refusal(problems, has_lines)
    totals = add_up(lines, sale.tax_method)
    problems += total_problems(totals, sale, terms, has_value=has_lines)
    if sale.installments:
        problems += installment_group_problems(totals.groups)
    if problems:
        raise _refusal(problems, has_lines)
    return Invoice(
        document_number=sale.document_number,
        document_date=sale.document_date,
        service_date=sale.service_date,
        service_period_end=sale.service_period_end,
        due_date=_due_date(sale, terms, totals),
        currency=sale.currency,
        exchange_rate=_exchange_rate(sale),
        buyer=sale.buyer,
        title=sale.title,
        order_number=sale.order_number,
        lines=totals.lines,
        discount_total=totals.deal_discount,
        tax_breakdown=totals.groups,
        net=totals.net,
        tax=totals.tax,
        gross=totals.gross,
        corrects=sale.corrects,
        why=sale.why,
    )


def _refusal(problems: list[Problem], has_lines: bool) -> DataError:
    return DataError(dict.fromkeys(problems if has_lines else map(_of_the_deal, problems)))


def _with_lines(
    sale: Sale, problems: list[Problem], *, terms: BookingTerms, chart: Chart, rules: TaxRules
) -> Sale:
    """A deal without lines becomes a deal of one line, where the tenant has said what its value is."""
    if sale.lines:
        return sale
    # Without a rate the deal is parked below; any German rate then serves to hear what else is wrong.
    rate = Decimal(19) if terms.rate_without_lines is None else terms.rate_without_lines
    line = SaleLine(
        position=1,
        name=sale.title,
        quantity=Decimal(1),
        unit_price=sale.stated_value,
        tax_rate=rate,
        supply_kind=sale.supply_kind or terms.default_supply_kind,
        revenue_account=sale.allocation.revenue_account,
        mapped_by=sale.allocation.mapped_by,
        case_accounts=sale.allocation.case_accounts,
        cost_centre_1=sale.allocation.cost_centre_1,
        cost_centre_2=sale.allocation.cost_centre_2,
    )
    method = TaxMethod.INCLUSIVE if terms.value_without_lines_means == "gross" else TaxMethod.EXCLUSIVE
    taxed = replace(sale, lines=(line,), tax_method=method)
    charges_tax = _charges_german_tax(line, taxed, terms, chart, rules)
    problems += _problems_without_lines(sale, terms, charges_tax=charges_tax)
    return taxed if charges_tax else replace(taxed, lines=(replace(line, tax_rate=Decimal(0)),))


def _charges_german_tax(
    line: SaleLine, sale: Sale, terms: BookingTerms, chart: Chart, rules: TaxRules
) -> bool:
    """Whether the tenant's rate, that of its ordinary sale, counts for the line that holds it.

    At home it does, unless no tax is shown at all; abroad it does where the tax rules book the line at a
    German rate: an ordinary service to a consumer, or goods into the EU below the threshold.
    """
    if country_group(sale.buyer.address) is CountryGroup.DOMESTIC:
        return not terms.small_business and not sale.domestic_reverse_charge
    decision = rules.decide(facts_of(line, sale, terms, rules.eu_rates), chart_name=chart.name)
    return isinstance(decision, TaxDecision) and decision.charged_rate != 0 and decision.eu_rate is None


def _of_the_deal(problem: Problem) -> Problem:
    """A problem of the one line that stands for a deal without lines, said of the deal."""
    return replace(problem, message=_ONLY_LINE.sub("The deal", problem.message, count=1))


def _problems_without_lines(sale: Sale, terms: BookingTerms, *, charges_tax: bool) -> Iterator[Problem]:
    # A value of zero is zero with and without tax; that nothing is to be booked is said of the total.
    if sale.stated_value and terms.value_without_lines_means not in ("net", "gross"):
        yield Problem(
            "value_without_lines_unclear",
            "The deal has no lines, and nothing says whether its value is net or gross.",
            field="value",
            cure="Add products to the deal, or set for the tenant what a value without lines means.",
        )
    if sale.stated_value and charges_tax and terms.rate_without_lines is None:
        yield Problem(
            "rate_without_lines_missing",
            "The deal has no lines, and nothing says at which rate its value is taxed.",
            field="tax",
            cure="Add products to the deal, or set the tax rate of deals without lines for the tenant.",
        )
    if sale.discounts:
        yield Problem(
            "discounts_without_lines",
            "The deal has discounts but no lines that they could reduce.",
            field="discount",
            cure="Add products to the deal, or remove its discounts.",
        )


def _due_date(sale: Sale, terms: BookingTerms, totals: Totals) -> date | None:
    """Nobody has to pay a credit note by a day."""
    if totals.gross < 0:
        return None
    if sale.due_date or terms.payment_days is None:
        return sale.due_date
    return sale.document_date + timedelta(days=terms.payment_days)


def _exchange_rate(sale: Sale) -> Decimal | None:
    if sale.currency == HOME_CURRENCY or sale.exchange_rate is None:
        return None
    return sale.exchange_rate.quantize(RATE_STEP)
