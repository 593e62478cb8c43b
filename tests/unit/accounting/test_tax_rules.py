"""Every row of config/tax_rules.toml: what it decides, and that nothing else would decide it."""

import copy
import itertools
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import pytest

from connector.accounting.party import CustomerStatus, Party
from connector.accounting.sale import SupplyKind, TaxMethod
from connector.accounting.tax import Park, TaxDecision, TaxRules
from connector.accounting.tax_facts import FACT_VALUES, TaxFacts, facts_of
from connector.errors import Problem
from tests.unit.accounting import samples
from tests.unit.accounting.samples import austrian, buyer

CONSUMER = CustomerStatus.CONSUMER
UNKNOWN = CustomerStatus.UNKNOWN
GOODS = SupplyKind.GOODS


@dataclass(frozen=True)
class Case:
    """One sale and what its line must become: an account per chart, or a code."""

    rule: str
    party: Party
    rate: str = "0"
    supply: SupplyKind = SupplyKind.SERVICE
    method: TaxMethod = TaxMethod.EXCLUSIVE
    marked: bool = False
    terms: dict[str, Any] = field(default_factory=dict)
    code: str = ""
    tax_case: str = ""
    charged: str = "0"
    accounts: tuple[int, int] = (0, 0)
    plain_key: str = ""
    eu_vat: str = ""
    note: str = ""


SMALL = {"small_business": True}
SWISS = buyer("CH", postal_code="8001")
BELFAST = buyer("GB", postal_code="BT1 5GS", vat_id="XI980780684")
BRITAIN = buyer("GB", postal_code="")
REVERSE_CHARGE = "Steuerschuldnerschaft des Leistungsempfängers"

CASES = [
    Case("foreign_seller", buyer(), "19", terms={"home_country": "AT"}, code="home_country_not_covered"),
    Case("country_unknown", buyer(""), "19", code="country_missing"),
    Case("country_unknown", buyer("Deutschland"), "19", code="country_missing"),
    Case("special_territory", buyer("DE", postal_code="78266"), "19", code="special_territory"),
    Case("special_territory", buyer("DE", postal_code="27498"), "0", code="special_territory"),
    Case("special_territory", buyer("ES", postal_code="35001"), code="special_territory"),
    Case("special_territory", buyer("MC", postal_code="98000"), code="special_territory"),
    Case("work_at_place", buyer(), "19", SupplyKind.WORK_AT_PLACE, code="work_at_place"),
    Case("small_business_shows_tax", buyer(), "19", terms=SMALL, code="small_business_shows_tax"),
    Case(
        "small_business",
        buyer(),
        terms=SMALL,
        tax_case="small_business",
        accounts=(8192, 4184),
        note="Steuerfreier Umsatz eines Kleinunternehmers nach § 19 UStG.",
    ),
    Case("small_business_marked_13b", buyer(), marked=True, terms=SMALL, code="small_business_marked_13b"),
    Case(
        "small_business_goods_abroad",
        austrian(),
        supply=GOODS,
        terms=SMALL,
        code="small_business_goods_abroad",
    ),
    Case("marked_13b_abroad", austrian(), marked=True, code="marked_13b_abroad"),
    Case("marked_13b_shows_tax", buyer(), "19", marked=True, code="rate_contradicts_reverse_charge"),
    Case("marked_13b_not_a_business", buyer(status=CONSUMER), marked=True, code="marked_13b_not_a_business"),
    Case("marked_13b_not_a_business", buyer(status=UNKNOWN), marked=True, code="marked_13b_not_a_business"),
    Case(
        "domestic_reverse_charge",
        buyer(),
        marked=True,
        tax_case="domestic_reverse_charge",
        accounts=(8337, 4337),
        plain_key="46",
        note=REVERSE_CHARGE,
    ),
    Case(
        "domestic_19",
        buyer(),
        "19",
        tax_case="domestic_19",
        charged="19",
        accounts=(8400, 4400),
        plain_key="3",
    ),
    Case(
        "domestic_19",
        buyer(status=CONSUMER),
        "19.00",
        GOODS,
        TaxMethod.INCLUSIVE,
        tax_case="domestic_19",
        charged="19",
        accounts=(8400, 4400),
        plain_key="3",
    ),
    Case(
        "domestic_7", buyer(), "7", tax_case="domestic_7", charged="7", accounts=(8300, 4300), plain_key="2"
    ),
    Case(
        "domestic_zero_rated",
        buyer(),
        terms={"zero_rate_means": "zero_rated"},
        tax_case="domestic_zero_rated",
        accounts=(8290, 4290),
        note="Nullsteuersatz nach § 12 Abs. 3 UStG",
    ),
    Case(
        "domestic_exempt",
        buyer(),
        terms={"zero_rate_means": "exempt"},
        tax_case="domestic_exempt",
        accounts=(8100, 4100),
        note="Umsatzsteuerfrei nach § 4 UStG",
    ),
    Case("domestic_zero_unclear", buyer(), code="zero_rate_unclear"),
    Case(
        "domestic_tax_method_none", buyer(), "19", method=TaxMethod.NONE, code="tax_method_contradicts_rate"
    ),
    Case("domestic_other_rate", buyer(), "16", code="rate_not_german"),
    Case("status_unknown_abroad", austrian(status=UNKNOWN), code="customer_status_unknown"),
    Case("status_unknown_abroad", buyer("US", status=UNKNOWN), code="customer_status_unknown"),
    Case(
        "eu_consumer", buyer("FR", status=CONSUMER, postal_code="75001"), "19", code="eu_consumer_not_covered"
    ),
    Case(
        "northern_ireland_consumer",
        buyer("GB", status=CONSUMER, postal_code="BT1 5GS"),
        supply=GOODS,
        code="xi_consumer_not_covered",
    ),
    Case("britain_goods_unclear", BRITAIN, supply=GOODS, code="postal_code_missing"),
    Case(
        "vat_id_of_eu_in_third_country", buyer("CH", vat_id="ATU13585627"), code="vat_id_contradicts_country"
    ),
    Case("eu_vat_id_missing", austrian(vat_id=""), code="vat_id_missing"),
    Case("eu_vat_id_invalid", austrian(vat_id="ATU13585628"), code="vat_id_invalid"),
    Case("eu_vat_id_invalid", austrian(vat_id="U13585627"), code="vat_id_invalid"),
    Case("eu_vat_id_of_other_country", austrian(vat_id="FR40303265045"), code="vat_id_contradicts_country"),
    Case(
        "northern_ireland_goods_vat_id",
        buyer("GB", postal_code="BT1 5GS", vat_id="GB980780684"),
        supply=GOODS,
        code="vat_id_missing",
    ),
    Case("eu_rate_contradicts", austrian(), "19", code="rate_contradicts_reverse_charge"),
    Case("northern_ireland_goods_rate_contradicts", BELFAST, "19", GOODS, code="rate_contradicts_exemption"),
    Case(
        "eu_goods",
        austrian(),
        supply=GOODS,
        tax_case="eu_goods",
        accounts=(8125, 4125),
        plain_key="231",
        eu_vat="ATU13585627",
        note="Steuerfreie innergemeinschaftliche Lieferung (§ 4 Nr. 1 Buchst. b UStG)",
    ),
    Case(
        "eu_goods",
        BELFAST,
        supply=GOODS,
        tax_case="eu_goods",
        accounts=(8125, 4125),
        plain_key="231",
        eu_vat="XI980780684",
        note="Steuerfreie innergemeinschaftliche Lieferung (§ 4 Nr. 1 Buchst. b UStG)",
    ),
    Case(
        "eu_service",
        austrian(),
        tax_case="eu_service",
        accounts=(8336, 4336),
        plain_key="47",
        eu_vat="ATU13585627",
        note=REVERSE_CHARGE,
    ),
    Case(
        "eu_service",
        buyer("GR", vat_id="GR 094259216", postal_code="10557"),
        "19",
        SupplyKind.ELECTRONIC_SERVICE,
        TaxMethod.NONE,
        tax_case="eu_service",
        accounts=(8336, 4336),
        plain_key="47",
        eu_vat="EL094259216",
        note=REVERSE_CHARGE,
    ),
    Case(
        "third_country_consumer_service",
        buyer("CH", status=CONSUMER),
        code="third_country_consumer_not_covered",
    ),
    Case("third_country_rate_contradicts", SWISS, "19", code="rate_contradicts_third_country"),
    Case(
        "third_country_goods",
        SWISS,
        supply=GOODS,
        tax_case="third_country_goods",
        accounts=(8120, 4120),
        note="Steuerfreie Ausfuhrlieferung (§ 4 Nr. 1 Buchst. a UStG)",
    ),
    *(
        Case(
            "third_country_service",
            party,
            tax_case="third_country_service",
            accounts=(8338, 4338),
            note="Nicht im Inland steuerbare Leistung (§ 3a Abs. 2 UStG)",
        )
        for party in (SWISS, BRITAIN, BELFAST, buyer("US", vat_id="12-3456789"))
    ),
    Case(
        "third_country_catalogue_service_consumer",
        buyer("CH", status=CONSUMER),
        supply=SupplyKind.CATALOGUE_SERVICE,
        tax_case="third_country_service",
        accounts=(8338, 4338),
        note="Nicht im Inland steuerbare Leistung (§ 3a Abs. 4 UStG)",
    ),
]


def _facts(case: Case):
    line = samples.line(rate=case.rate, supply_kind=case.supply)
    sale = samples.sale(line, buyer=case.party, tax_method=case.method, domestic_reverse_charge=case.marked)
    return facts_of(line, sale, samples.terms(**case.terms))


def _name(case: Case) -> str:
    return f"{case.rule}-{case.party.address.country}-{case.party.vat_id}"


def test_every_rule_has_a_case():
    without = {rule.name for rule in samples.rules().rules} - {case.rule for case in CASES}

    # The last rule catches what no other rule names; today the others leave nothing over.
    assert {"not_covered"} == without


@pytest.mark.parametrize("case", CASES, ids=_name)
def test_a_line_is_decided_by_the_rule_that_names_it(case):
    assert case.rule == samples.rules().rule_for(_facts(case)).name


@pytest.mark.parametrize("case", [case for case in CASES if case.code], ids=_name)
def test_a_parked_line_says_what_where_and_the_cure(case):
    problem = samples.rules().decide(_facts(case), chart_name="skr03")

    assert isinstance(problem, Problem)
    assert case.code == problem.code
    assert problem.message.endswith(".")
    assert problem.cure.endswith(".")
    assert problem.field
    assert "{" not in problem.message + problem.cure


@pytest.mark.parametrize("position", [0, 1], ids=["skr03", "skr04"])
@pytest.mark.parametrize("case", [case for case in CASES if not case.code], ids=_name)
def test_a_booked_line_gets_account_key_country_and_sentence(case, position):
    chart = samples.chart(("skr03", "skr04")[position])

    decision = samples.rules().decide(_facts(case), chart_name=chart.name)

    assert isinstance(decision, TaxDecision)
    assert (case.tax_case, Decimal(case.charged)) == (decision.tax_case, decision.charged_rate)
    assert case.accounts[position] == decision.revenue_account
    assert case.plain_key == decision.plain_key
    assert case.eu_vat == decision.eu_vat
    assert ((case.note,) if case.note else ()) == decision.notes
    assert f"(rule {case.rule})" in decision.why[-1]


@pytest.mark.parametrize("name", ["skr03", "skr04"])
@pytest.mark.parametrize("case", [case for case in CASES if not case.code], ids=_name)
def test_the_account_of_a_case_is_automatic_and_the_chart_agrees(case, name):
    decision = samples.rules().decide(_facts(case), chart_name=name)
    entry = samples.chart(name).entry_of(decision.revenue_account)

    assert entry.function == "AM"
    assert decision.tax_case in entry.tax_cases
    assert decision.charged_rate == entry.rate
    assert ("vat_id" if decision.eu_vat else "") == entry.needs


@pytest.mark.parametrize("name", sorted({case.rule for case in CASES}))
def test_without_a_rule_its_lines_are_decided_differently(name):
    document = copy.deepcopy(samples.document("tax_rules.toml"))
    document["rules"] = [rule for rule in document["rules"] if rule["name"] != name]
    fewer = TaxRules.parse(document)
    cases = [case for case in CASES if case.rule == name]

    changed = [case for case in cases if _outcome(samples.rules(), case) != _outcome(fewer, case)]

    assert cases == changed


def _outcome(rules: TaxRules, case: Case):
    decided = rules.decide(_facts(case), chart_name="skr03")
    return decided if isinstance(decided, Problem) else replace(decided, why=(), source="")


def test_a_decision_explains_itself_fact_by_fact():
    case = next(case for case in CASES if case.rule == "eu_service")

    decision = samples.rules().decide(_facts(case), chart_name="skr03")

    assert (
        "customer in AT, business",
        "VAT id ATU13585627 (pattern and check digits right)",
        "service",
        "service to an EU business, reverse charge (rule eu_service)",
    ) == decision.why


def test_every_rule_names_its_source():
    assert [] == [rule.name for rule in samples.rules().rules if len(rule.source) < 15]


def test_parked_rules_all_have_a_cure():
    parks = [rule.outcome for rule in samples.rules().rules if isinstance(rule.outcome, Park)]

    assert len(parks) > 20
    assert all(park.cure for park in parks)


def _all_facts():
    """Every combination of facts that can reach the rules."""
    values = {name: sorted(known, key=str) for name, known in FACT_VALUES.items() if known is not None}
    values["rate"] = ["0", "19", "7", "16", "unstated"]
    # A line is taxed exactly if a rate above 0 stands on it and the tax method is not none.
    values["taxed"] = [None]
    words = dict.fromkeys(("country", "vat_id", "place", "rate", "line"), "x")
    for combination in itertools.product(*values.values()):
        facts = dict(zip(values, combination, strict=True))
        facts["taxed"] = facts["rate"] in ("19", "7", "16")
        yield TaxFacts(facts, "ATU13585627", words, ())


def test_no_combination_of_facts_books_what_nobody_may_guess():
    wrong = []
    for facts in _all_facts():
        decided = samples.rules().decide(facts, chart_name="skr03")
        if isinstance(decided, Problem):
            continue
        known = facts.values
        abroad = known["country"] != "DE"
        if (
            known["home"] != "DE"
            or known["country"] in ("unknown", "special")
            or known["supply"] == "work_at_place"
            or (known["taxed"] and str(decided.charged_rate) != known["rate"])
            or (not known["taxed"] and decided.charged_rate != 0)
            or (abroad and (known["customer"] == "unknown" or known["taxed"] or known["marked_13b"]))
            or (known["country"] == "EU" and (known["customer"] != "business" or known["vat_id"] != "valid"))
            or (known["small_business"] and decided.charged_rate != 0)
        ):
            wrong.append((known, decided.tax_case))

    assert [] == wrong
