"""No rule can be changed without a case noticing: every rule, condition, value and outcome, one by one.

A change that no combination of facts can tell from the original is no change; that is worked out over
all of them, not believed.
"""

from collections.abc import Iterator
from dataclasses import fields, replace
from functools import cache
from typing import Any

import pytest

from connector.accounting.tax import TaxDecision, TaxRules
from connector.accounting.tax_facts import TaxFacts
from connector.accounting.tax_table import Booking, Park, TaxRule
from connector.errors import Problem
from tests.unit.accounting import samples
from tests.unit.accounting.tax_case import expected, outcome
from tests.unit.accounting.tax_cases import CASES
from tests.unit.accounting.tax_space import all_facts

_WORDS_ONLY = {"reason", "cure", "because"}
"""Texts for people; the case table in docs shows them and is compared with the rules."""


def _conditions_changed(rule: TaxRule) -> Iterator[tuple[str, TaxRule]]:
    for name, values in rule.when.items():
        others = {key: wanted for key, wanted in rule.when.items() if key != name}
        yield f"without {name}", replace(rule, when=others)
        for value in sorted(values, key=str):
            if len(values) > 1:
                yield f"{name} not {value}", replace(rule, when={**others, name: values - {value}})


def _outcomes_changed(rule: TaxRule) -> Iterator[tuple[str, TaxRule]]:
    yield "another tax case", replace(rule, tax_case="another")
    for one in fields(rule.outcome):
        if one.name in _WORDS_ONLY:
            continue
        for changed in _other_values(getattr(rule.outcome, one.name), one.name):
            yield (
                f"{one.name} = {changed}",
                replace(rule, outcome=replace(rule.outcome, **{one.name: changed})),
            )


def _other_values(value: Any, name: str) -> Iterator[Any]:
    if isinstance(value, bool):
        yield not value
    elif name == "accounts":
        for chart, account in value.items():
            yield {**value, chart: account + 1}
    elif name == "charge":
        yield samples.line(rate="1").tax_rate
    elif name == "eu_vat":
        yield from {"", "vat_id", "country"} - {value}
    else:
        yield "1234"


def _changes(rule: TaxRule) -> Iterator[tuple[str, TaxRule]]:
    yield from _conditions_changed(rule)
    if isinstance(rule.outcome, Booking):
        yield from _outcomes_changed(rule)
    else:
        for key in ("code", "field"):
            yield f"another {key}", replace(rule, outcome=replace(rule.outcome, **{key: "another"}))


def _somebody_notices(changed: TaxRules, rule: TaxRule) -> bool:
    own_first = sorted(CASES, key=lambda case: case.rule != rule.name)
    return any(expected(case) != outcome(case, changed) for case in own_first)


@cache
def _decided() -> tuple[str, ...]:
    rules = samples.rules()
    return tuple(rules.rule_for(facts).name for facts in all_facts())


def _is_no_change(changed: TaxRules, rule: TaxRule, mutant: TaxRule) -> bool:
    """Whether every combination of facts meets the same rule as before, and this one books it alike."""
    same_outcome = mutant.outcome == rule.outcome and mutant.tax_case == rule.tax_case
    for facts, name in zip(all_facts(), _decided(), strict=True):
        # Only where the one rule now fits and did not, or the other way round, can another rule be met.
        if mutant.fits(facts) != rule.fits(facts) and changed.rule_for(facts).name != name:
            return False
        if (
            name == rule.name
            and not same_outcome
            and _booked(changed, facts) != _booked(samples.rules(), facts)
        ):
            return False
    return True


def _booked(rules: TaxRules, facts: TaxFacts) -> TaxDecision | Problem:
    return rules.decide(facts, chart_name="skr03")


@pytest.mark.parametrize("rule", samples.rules().rules[:-1], ids=lambda rule: rule.name)
def test_no_change_of_a_rule_goes_unnoticed(rule):
    rules = samples.rules()
    unnoticed = []
    for what, mutant in _changes(rule):
        changed = replace(rules, rules=tuple(mutant if one is rule else one for one in rules.rules))
        if not _somebody_notices(changed, rule) and not _is_no_change(changed, rule, mutant):
            unnoticed.append(what)

    assert [] == unnoticed


@pytest.mark.parametrize("rule", samples.rules().rules[:-1], ids=lambda rule: rule.name)
def test_without_a_rule_all_its_cases_are_decided_differently(rule):
    rules = samples.rules()
    fewer = replace(rules, rules=tuple(one for one in rules.rules if one is not rule))
    cases = [case for case in CASES if case.rule == rule.name]

    assert cases
    assert [] == [case for case in cases if outcome(case, fewer) == expected(case)]


def test_each_rule_decides_something_that_no_other_would():
    assert {rule.name for rule in samples.rules().rules[:-1]} - {"foreign_seller", "special_scheme"} == set(
        _decided()
    )


def test_parks_and_bookings_are_both_changed():
    kinds = {type(rule.outcome) for rule in samples.rules().rules}

    assert {Booking, Park} == kinds
