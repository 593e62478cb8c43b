"""Lines with tax case, account and key: the step between prices and totals."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from connector.accounting.chart import Chart
from connector.accounting.pricing import PricedLine
from connector.accounting.revenue_accounts import (
    RevenueAccount,
    choose_revenue_account,
    mapped_account_problem,
)
from connector.accounting.sale import Sale, SaleLine
from connector.accounting.tax import TaxDecision, TaxRules
from connector.accounting.tax_facts import facts_of
from connector.accounting.tax_table import Booking
from connector.accounting.terms import BookingTerms
from connector.errors import Problem


@dataclass(frozen=True, slots=True)
class GroupKey:
    """What lines must share to be booked in one row."""

    tax_case: str
    tax_rate: Decimal
    revenue_account: int
    tax_key: str
    eu_vat: str
    eu_rate: Decimal | None
    origin_country: str
    cost_centre_1: str
    cost_centre_2: str


@dataclass(frozen=True, slots=True)
class DecidedLine:
    """A priced line and the group it belongs to."""

    priced: PricedLine
    group: GroupKey
    notes: tuple[str, ...]
    why: tuple[str, ...]

    @property
    def line(self) -> SaleLine:
        """The line as it was sold."""
        return self.priced.line

    @property
    def amount(self) -> Decimal:
        """In the price basis of the deal."""
        return self.priced.amount


def decide_lines(
    priced_lines: Sequence[PricedLine],
    sale: Sale,
    problems: list[Problem],
    *,
    terms: BookingTerms,
    chart: Chart,
    rules: TaxRules,
) -> tuple[DecidedLine, ...]:
    """Decide every line, noting those that no rule books in ``problems``.

    Lines of amount zero follow the others and park nothing. Beside a line without a tax case stands what is
    wrong with its mapped account in any case.
    """
    outcomes = [_decide(priced, sale, terms, chart, rules) for priced in priced_lines]
    for priced, outcome in zip(priced_lines, outcomes, strict=True):
        if isinstance(outcome, Problem) and priced.amount:
            problems.append(outcome)
            mapped = mapped_account_problem(
                priced.line, _revenue_accounts(rules, chart), chart=chart, account_length=terms.account_length
            )
            if mapped and mapped != outcome:
                problems.append(mapped)
    booked = [outcome for outcome in outcomes if isinstance(outcome, DecidedLine) and outcome.amount]
    return tuple(
        _beside(priced, outcome, booked)
        for priced, outcome in zip(priced_lines, outcomes, strict=True)
        if booked or isinstance(outcome, DecidedLine)
    )


def _revenue_accounts(rules: TaxRules, chart: Chart) -> frozenset[int]:
    """The accounts of all tax cases that are booked, as the rules name them."""
    return frozenset(
        rule.outcome.accounts[chart.name] for rule in rules.rules if isinstance(rule.outcome, Booking)
    )


def _beside(priced: PricedLine, outcome: DecidedLine | Problem, booked: Sequence[DecidedLine]) -> DecidedLine:
    """A free line is printed, not booked: it must not open a tax group of its own."""
    if isinstance(outcome, DecidedLine) and (not booked or outcome.group in {line.group for line in booked}):
        return outcome
    first = booked[0]
    return DecidedLine(priced, first.group, first.notes, first.why)


def _decide(
    priced: PricedLine, sale: Sale, terms: BookingTerms, chart: Chart, rules: TaxRules
) -> DecidedLine | Problem:
    line = priced.line
    decision = rules.decide(facts_of(line, sale, terms, rules.eu_rates), chart_name=chart.name)
    if isinstance(decision, Problem):
        return decision
    chosen = choose_revenue_account(decision, line, chart=chart, account_length=terms.account_length)
    if isinstance(chosen, Problem):
        return chosen
    return _decided(priced, decision, chosen)


def _decided(priced: PricedLine, decision: TaxDecision, chosen: RevenueAccount) -> DecidedLine:
    return DecidedLine(
        priced=priced,
        group=GroupKey(
            tax_case=decision.tax_case,
            tax_rate=decision.charged_rate,
            revenue_account=chosen.account,
            tax_key=chosen.tax_key,
            eu_vat=decision.eu_vat,
            eu_rate=decision.eu_rate,
            origin_country=decision.origin_country,
            cost_centre_1=priced.line.cost_centre_1,
            cost_centre_2=priced.line.cost_centre_2,
        ),
        notes=decision.notes,
        why=(*decision.why, chosen.why),
    )
