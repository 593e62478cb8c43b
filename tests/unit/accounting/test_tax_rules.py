"""Every row of config/tax_rules.toml: what it decides, and that no combination of facts is booked wrongly."""

from decimal import Decimal

import pytest

from connector.accounting.chart import AccountFunction
from connector.accounting.revenue_accounts import RevenueAccount, choose_revenue_account
from connector.accounting.tax import TaxDecision
from connector.accounting.tax_facts import TaxFacts
from connector.accounting.tax_table import Park
from connector.errors import Problem
from tests.unit.accounting import samples, tax_cases
from tests.unit.accounting.tax_case import expected, outcome
from tests.unit.accounting.tax_cases import BOOKED, CASES, PARKED
from tests.unit.accounting.tax_space import all_facts

D = Decimal


def test_every_rule_has_a_case():
    without = {rule.name for rule in samples.rules().rules} - {case.rule for case in CASES}

    # The last rule catches what no other rule names; today the others leave nothing over.
    assert {"not_covered"} == without


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_line_becomes_what_the_case_list_says(case):
    assert expected(case) == outcome(case, samples.rules())


@pytest.mark.parametrize("case", PARKED, ids=str)
def test_a_parked_line_says_what_where_and_the_cure(case):
    problem = samples.rules().decide(case.facts(), chart_name="skr03")

    assert isinstance(problem, Problem)
    assert problem.message.endswith(".")
    assert problem.cure.endswith(".")
    assert "{" not in problem.message + problem.cure


@pytest.mark.parametrize("name", ["skr03", "skr04"])
@pytest.mark.parametrize("case", BOOKED, ids=str)
def test_the_chart_agrees_with_the_account_of_a_case(case, name):
    decision = samples.rules().decide(case.facts(), chart_name=name)
    entry = samples.chart(name).entry_of(decision.revenue_account)

    assert decision.tax_case in entry.tax_cases
    if entry.function is AccountFunction.NONE:
        assert entry.key_required
        assert decision.plain_key
    else:
        assert (AccountFunction.AUTOMATIC_SALES_TAX, decision.charged_rate) == (entry.function, entry.rate)
    if decision.eu_vat:
        assert ("country" if len(decision.eu_vat) == 2 else "vat_id") == entry.needs
    else:
        assert "" == entry.needs


def test_a_decision_explains_itself_fact_by_fact():
    case = next(case for case in CASES if case.rule == "eu_service")

    decision = samples.rules().decide(case.facts(), chart_name="skr03")

    assert (
        "customer in AT, business",
        "VAT id ATU13585627 (pattern and check digits right)",
        "service",
        "service to an EU business, reverse charge (rule eu_service, table 2026-11.7)",
    ) == decision.why


def test_a_rate_of_another_state_is_answered_with_the_rates_of_the_right_one():
    case = next(case for case in CASES if case.rule == "oss_rate_of_another_state" and case.rate == "19")

    problem = samples.rules().decide(case.facts(), chart_name="skr03")

    assert (
        "Line 1 (Beratung) states 19 % tax, but is taxed in the consumer's state AT, "
        "whose rates are 20, 13, 10, 4.9 %."
    ) == problem.message


def test_every_rule_names_its_source():
    assert [] == [rule.name for rule in samples.rules().rules if len(rule.source) < 15]


def test_parked_rules_all_have_a_cure():
    parks = [rule.outcome for rule in samples.rules().rules if isinstance(rule.outcome, Park)]

    assert len(parks) > 20
    assert all(park.cure for park in parks)


def _contradictions(facts: TaxFacts, decision: TaxDecision) -> list[str]:
    """Which of the things that hold whatever the table says do not hold."""
    known, charged = facts.values, decision.charged_rate
    abroad, consumer = known["country"] != "DE", known["customer"] == "consumer"
    destination = decision.eu_rate is not None
    german = charged > 0 and not destination
    goods_as_eu = known["country"] in ("EU", "XI") and (
        known["country"] == "EU" or known["supply"] == "goods"
    )
    promises = {
        "special, unknown and work at a place park": known["country"] not in ("special", "unknown")
        and known["supply"] != "work_at_place",
        "what is charged is what the line states": charged == (facts.rate if known["taxed"] else 0),
        "a small business charges nothing": not (known["small_business"] and charged),
        "an unknown status parks abroad": not (abroad and known["customer"] == "unknown"),
        "§ 13b is of Germany and businesses": not known["marked_13b"]
        or (not abroad and not charged and known["customer"] == "business"),
        "German rates are 19 and 7": not german or charged in (D(19), D(7)),
        "German tax abroad is for consumers": not (german and abroad and not consumer),
        "EU businesses are booked by a valid VAT id": not (goods_as_eu and not consumer)
        or (known["vat_id"] == "valid" and decision.eu_vat == facts.vat_id),
        "nobody with a VAT id is a consumer abroad": not (abroad and consumer)
        or known["vat_id"] == "missing",
        "a foreign rate is a rate of the state": not destination
        or (known["member_rate"] != "none" and decision.eu_rate == charged),
        "a foreign rate needs the one-stop shop": not destination
        or (known["oss"] and consumer and goods_as_eu),
        "a foreign rate names both countries": not destination
        or (decision.eu_vat == facts.vat_prefix and decision.origin_country == "DE"),
        "goods and electronic services go to the destination once over the threshold": not (
            known["oss"] and consumer and known["supply"] in ("goods", "electronic_service") and goods_as_eu
        )
        or destination,
        "0 % in Germany has a reason": not (known["country"] == "DE" and not charged)
        or known["small_business"]
        or known["marked_13b"]
        or known["zero_rate_means"] != "",
        "what is not taxed abroad says so on the invoice": not (abroad and not charged)
        or bool(decision.notes),
    }
    return [promise for promise, kept in promises.items() if not kept]


@pytest.mark.parametrize("name", ["skr03", "skr04"])
def test_no_combination_of_facts_is_booked_against_the_law_or_the_chart(name):
    rules, chart = samples.rules(), samples.chart(name)
    line = samples.line()
    wrong, booked = [], 0
    accounts: dict[TaxDecision, object] = {}
    for facts in all_facts():
        decision = rules.decide(facts, chart_name=name)
        if isinstance(decision, Problem):
            continue
        booked += 1
        found = _contradictions(facts, decision)
        if decision not in accounts:
            accounts[decision] = choose_revenue_account(decision, line, chart=chart, account_length=4)
        if found or not isinstance(accounts[decision], RevenueAccount):
            wrong.append((found, accounts[decision], facts.values))

    assert [] == wrong[:3]
    assert booked > 2_500


def test_the_cases_are_of_different_sales():
    assert len({str(case) + str(case.terms) + case.scheme for case in CASES}) == len(CASES) > 200
    assert len(tax_cases.BOOKED) > 80


def test_a_vat_id_that_lacks_only_its_prefix_is_told_which():
    case = next(case for case in CASES if case.rule == "eu_vat_id_invalid" and case.party.vat_id[0] == "U")

    problem = samples.rules().decide(case.facts(), chart_name="skr03")

    assert (
        "The VAT id U13585627 (AT is missing before it) of the customer in AT is not well-formed "
        "(pattern or check digits)."
    ) == problem.message
