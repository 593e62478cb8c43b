"""From a sale to an invoice: every tax decided, every cent in its place, or every problem named."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from connector.accounting.chart import Chart
from connector.accounting.countries import CountryGroup, country_group
from connector.accounting.currencies import HOME_CURRENCY
from connector.accounting.decided_lines import DecidedLine, decide_lines
from connector.accounting.invoice import Invoice
from connector.accounting.money import AMOUNT_LIMIT
from connector.accounting.pricing import price_lines
from connector.accounting.sale import Sale, SaleLine, TaxMethod
from connector.accounting.sale_checks import RATE_STEP, combination_problem, sale_problems
from connector.accounting.tax import TaxDecision, TaxRules
from connector.accounting.tax_facts import facts_of
from connector.accounting.terms import BookingTerms
from connector.accounting.totals import Totals, add_up, fraction_problems
from connector.errors import DataError, Problem

_ONLY_LINE = re.compile(r"^Line 1 \(.*?\)(?= )", re.DOTALL)
"""How a sentence begins that speaks of the line of a deal without lines."""


def build_invoice(
    sale: Sale, *, terms: BookingTerms, chart: Chart, rules: TaxRules, draft: bool = False
) -> Invoice:
    """Turn a resolved sale into a complete invoice.

    A ``draft`` may go without a document number, or with the place of the sequence in it.

    Raises:
        DataError: with all problems that can be told apart at once. Totals are only compared
            when every line has a price and a tax case.
        ValueError: the chart is not that of the terms, a fault of the caller.
    """
    if terms.chart != chart.name:
        raise ValueError(f"the tenant books by {terms.chart}, not by {chart.name}")
    problems = list(sale_problems(sale, terms, draft=draft))
    has_lines = bool(sale.lines)
    sale = _with_lines(sale, problems, terms=terms, chart=chart, rules=rules)
    priced = price_lines(sale, problems)
    lines = decide_lines(priced, sale, problems, terms=terms, chart=chart, rules=rules)
    if problems:
        raise DataError(dict.fromkeys(problems if has_lines else map(_of_the_deal, problems)))
    totals = _checked_totals(lines, sale, terms)
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


def _checked_totals(lines: tuple[DecidedLine, ...], sale: Sale, terms: BookingTerms) -> Totals:
    """Totals, if they are those of an invoice or a credit note, and what the deal says.

    Raises:
        DataError: with everything that is wrong about the sums.
    """
    totals = add_up(lines, sale.tax_method)
    problems = list(_sign_problems(totals.gross, sale, terms))
    if any(
        abs(amount) >= AMOUNT_LIMIT for amount in (totals.gross, *(group.gross for group in totals.groups))
    ):
        problems.append(
            Problem(
                "amount_too_large",
                f"The invoice comes to {totals.gross}; DATEV holds at most 10 digits before the comma.",
                field="value",
                cure="Correct the lines of the deal, or split it.",
            )
        )
    problems += fraction_problems(sale.currency, totals.groups)
    value_problem = _value_problem(totals, sale, terms)
    if value_problem:
        problems.append(value_problem)
    if problems:
        raise DataError(problems)
    return totals


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
    sums = " or ".join(f"{value} ({name})" for value, name in plausible.items())
    return Problem(
        "value_differs_from_lines",
        f"The deal's value is {sale.stated_value}, but its lines come to {sums}.",
        field="value",
        cure="Correct the lines or the value of the deal, so that they agree.",
    )


def _agrees(stated: Decimal, values: Iterable[Decimal], terms: BookingTerms) -> bool:
    return any(abs(stated - value) <= terms.value_tolerance for value in values)


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
