"""A German rate is charged only where it held on the day of the supply."""

import copy
from datetime import date
from decimal import Decimal

import pytest

from connector.accounting.party import CustomerStatus
from connector.accounting.sale import SupplyKind
from connector.accounting.tax import TaxDecision, TaxRules
from connector.errors import Problem, TableError
from tests.unit.accounting.samples import buyer, document, eu_rates, facts, line, rules, sale

CONSUMER = CustomerStatus.CONSUMER
AUSTRIAN = buyer("AT", status=CONSUMER, postal_code="1010")
CYPRIOT = buyer("CY", status=CONSUMER, postal_code="1010")


def decided(rate, first=None, last=None, supply=SupplyKind.SERVICE, oss=False, **changes):
    one = line(rate=rate, supply_kind=supply)
    dates = {"service_date": first, "service_period_end": last}
    return rules().decide(facts(one, sale(one, **dates | changes), oss=oss), chart_name="skr03")


@pytest.mark.parametrize("rate", ["19", "7"])
@pytest.mark.parametrize(
    ("first", "last", "held"),
    [
        (None, None, True),
        (date(2020, 6, 30), None, True),
        (date(2020, 7, 1), None, False),
        (date(2020, 12, 31), None, False),
        (date(2021, 1, 1), None, True),
        (date(2020, 1, 1), date(2020, 6, 30), True),
        (date(2020, 1, 1), date(2020, 12, 31), False),
        (date(2020, 12, 1), date(2021, 1, 31), True),
        (date(2007, 1, 1), None, True),
        (date(2006, 12, 31), None, True),
    ],
)
def test_the_end_of_the_supply_decides_whether_a_rate_held(rate, first, last, held):
    outcome = decided(rate, first, last)

    assert held == isinstance(outcome, TaxDecision)
    assert held or "rate_not_of_that_time" == outcome.code


@pytest.mark.parametrize("supply", [SupplyKind.SERVICE, SupplyKind.GOODS, SupplyKind.ELECTRONIC_SERVICE])
def test_a_consumer_abroad_who_is_taxed_in_germany_is_judged_alike(supply):
    assert "rate_not_of_that_time" == decided("19", date(2020, 8, 1), supply=supply, buyer=AUSTRIAN).code


def test_the_19_percent_of_another_state_are_none_of_germanys():
    assert (
        Decimal(19)
        == decided("19", date(2020, 8, 1), supply=SupplyKind.GOODS, buyer=CYPRIOT, oss=True).eu_rate
    )


def test_without_a_service_date_the_document_date_counts():
    assert "rate_not_of_that_time" == decided("19", document_date=date(2020, 8, 1)).code


def test_the_rates_of_2020_are_none_today():
    assert ["rate_not_german", "rate_not_german"] == [decided(rate).code for rate in ("16", "5")]


def test_the_reason_names_the_day_its_rates_and_the_law():
    assert Problem(
        "rate_not_of_that_time",
        "Line 1 (Beratung) is charged 19 % tax, but was supplied on 2020-10-31, when Germany's rates were "
        "16 % and 5 % (§ 28 (1), (2) UStG as of 2020).",
        field="tax",
        cure="Correct the service date, or the end of the service period; if it is right, correct the "
        "invoice and book this deal by hand at the rate of that day.",
    ) == decided("19", date(2020, 10, 1), date(2020, 10, 31))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rates": []}, 'rates: rates above 0 in quotes are wanted, such as "19".'),
        ({"rates": ["x"]}, 'rates: rates above 0 in quotes are wanted, such as "19".'),
        ({"from": "2020"}, "from: a date without quotes is wanted, such as 2026-01-01."),
        ({"until": "x"}, "until: nothing of this name is known."),
    ],
)
def test_a_wrong_row_is_refused(change, message):
    wrong = copy.deepcopy(document("tax_rules.toml"))
    wrong["german_rates"][0] |= change

    with pytest.raises(TableError) as caught:
        TaxRules.parse(wrong, eu_rates())

    assert f"tax_rules.german_rates[1].{message}" in [problem.message for problem in caught.value.problems]
