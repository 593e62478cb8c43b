"""A tenant's own rules and keys, laid over the standard table."""

from decimal import Decimal

import pytest

from connector.accounting.bookings import build_postings
from connector.accounting.invoicing import build_invoice
from connector.accounting.sale import SupplyKind
from connector.accounting.tax import TaxDecision
from connector.accounting.tax_overrides import TaxOverrides
from connector.errors import DataError, Problem, TableError
from tests.unit.accounting import samples
from tests.unit.accounting.tax_case import Case
from tests.unit.accounting.tax_cases import AT, AT_C, DE, GOODS, OSS

COURSE = {
    "name": "course_abroad",
    "source": "Adviser's letter of 2 December 2026",
    "when": {"country": ["EU"], "customer": ["business"], "supply": ["work_at_place"]},
    "book": {"charge": "0", "account": {"skr03": 8339}, "because": "course held abroad"},
}
PARKED_EXPORT = {
    "name": "third_country_goods",
    "source": "Adviser's letter",
    "when": {"country": ["third"], "supply": ["goods"]},
    "park": {
        "code": "export_papers",
        "field": "documents",
        "reason": "{line} to {country} needs its export papers.",
        "cure": "Ask the warehouse.",
    },
}


def own(*rows, **more) -> TaxOverrides:
    return TaxOverrides.parse(rows, chart="skr03", **more)


def decide(case: Case, overrides: TaxOverrides):
    return samples.rules().with_overrides(overrides).decide(case.facts(), chart_name="skr03")


def test_a_rule_of_ones_own_is_asked_before_the_standard_ones():
    course = Case("", AT, supply=SupplyKind.WORK_AT_PLACE)

    decision = decide(course, own(COURSE, version="2027-01"))

    assert isinstance(decision, TaxDecision)
    assert ("course_abroad", 8339) == (decision.tax_case, decision.revenue_account)
    assert "course held abroad (rule course_abroad, the tenant's own, version 2027-01)" == decision.why[-1]
    assert "work_at_place" == decide(course, own()).code


def test_a_rule_with_the_name_of_a_standard_one_takes_its_place():
    rules = samples.rules()

    changed = rules.with_overrides(own(PARKED_EXPORT))

    assert [rule.name for rule in rules.rules] == [rule.name for rule in changed.rules]
    export = Case("", samples.buyer("CH", postal_code="8001"), supply=GOODS)
    problem = changed.decide(export.facts(), chart_name="skr03")
    assert isinstance(problem, Problem)
    assert ("export_papers", "Line 1 (Beratung) to CH needs its export papers.") == (
        problem.code,
        problem.message,
    )


def test_without_a_version_the_rules_are_told_apart_by_a_fingerprint():
    first, second = own(COURSE), own({**COURSE, "source": "Another letter of 2026"})

    assert first.rules[0].table.startswith("the tenant's own, version ")
    assert 34 == len(first.rules[0].table)
    assert first.rules[0].table == own(COURSE).rules[0].table
    assert first.rules[0].table != second.rules[0].table


def test_a_key_is_changed_for_every_rule_of_its_case():
    overrides = own(tax_keys=(("oss_goods", "241"), ("domestic_19", "103")))

    assert "241" == decide(Case("", AT_C, "20", GOODS, terms=OSS), overrides).plain_key
    assert "103" == decide(Case("", DE, "19"), overrides).plain_key
    assert "103" == decide(Case("", AT_C, "19"), overrides).plain_key
    assert "2" == decide(Case("", DE, "7"), overrides).plain_key


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ({**COURSE, "when": {}}, "tax_rules[1].when: without conditions it would decide every line."),
        ({**COURSE, "name": ""}, "tax_rules[1].name: a text is wanted."),
        (
            {**COURSE, "book": {**COURSE["book"], "account": {"skr04": 4339}}},
            "tax_rules[1].book.account: an account of 4 digits for each of skr03 is wanted.",
        ),
        (
            {**COURSE, "book": {**COURSE["book"], "charge": "all"}},
            'tax_rules[1].book.charge: a rate in quotes is wanted, such as "19", or "stated".',
        ),
        (
            {**COURSE, "book": {**COURSE["book"], "plain_key": "12345"}},
            "tax_rules[1].book.plain_key: a key has 1 to 4 digits, in quotes.",
        ),
        (
            {**COURSE, "book": {**COURSE["book"], "eu_rate": True}},
            'tax_rules[1].book.eu_rate: a foreign rate needs its country beside it: eu_vat = "country".',
        ),
        ({**COURSE, "wehn": {}}, "tax_rules[1].wehn: nothing of this name is known."),
        (
            {**COURSE, "when": {"customer": ["firm"]}},
            (
                "tax_rules[1].when: customer takes a list of its own values, not ['firm']; "
                'its values are "business", "consumer", "unknown".'
            ),
        ),
    ],
)
def test_a_wrong_rule_of_ones_own_is_refused_with_its_place(row, complaint):
    with pytest.raises(TableError) as caught:
        own(row)

    assert [complaint] == [problem.message for problem in caught.value.problems]


def test_two_own_rules_of_one_name_are_refused_both():
    with pytest.raises(TableError) as caught:
        own(COURSE, COURSE)

    assert ["tax_rules[1].name", "tax_rules[2].name"] == [p.field for p in caught.value.problems]


def _rows(sale, **terms):
    tables = {"terms": samples.terms(**terms), "chart": samples.chart()}
    invoice = build_invoice(sale, rules=samples.rules(), **tables)
    rows = build_postings(invoice, deal_id=1, debtor_account=10001, document_guid=samples.GUID, **tables)
    return invoice, rows


def test_an_invoice_by_one_stop_shop_adds_up_at_the_foreign_rates():
    lines = (
        samples.line("100.00", "20", supply_kind=GOODS),
        samples.line("33.33", "10", position=2, supply_kind=GOODS),
        samples.line("50.00", "19", position=3),
    )

    invoice, rows = _rows(samples.sale(*lines, buyer=AT_C), oss=True)

    assert (Decimal("183.33"), Decimal("32.83"), Decimal("216.16")) == (
        invoice.net,
        invoice.tax,
        invoice.gross,
    )
    assert [
        (Decimal("120.00"), 8320, "240", "AT", Decimal(20), "DE"),
        (Decimal("36.66"), 8320, "240", "AT", Decimal(10), "DE"),
        (Decimal("59.50"), 8400, "", "", None, ""),
    ] == [
        (row.amount, row.contra_account, row.tax_key, row.eu_vat, row.eu_rate, row.origin_country)
        for row in rows
    ]


@pytest.mark.parametrize(
    ("mapped", "account", "key"),
    [(8400, 8320, "240"), (8401, 8320, "240"), (8321, 8321, "240"), (8200, 8200, "240"), (None, 8320, "240")],
)
def test_a_products_account_gives_way_to_the_one_stop_shop_unless_it_carries_it(mapped, account, key):
    line = samples.line("100.00", "20", supply_kind=GOODS, revenue_account=mapped)

    _, (row,) = _rows(samples.sale(line, buyer=AT_C), oss=True)

    assert (account, key) == (row.contra_account, row.tax_key)


def test_a_product_mapped_to_an_account_for_other_states_is_not_sold_at_home_on_it():
    line = samples.line("100.00", "19", supply_kind=GOODS, revenue_account=8321)

    with pytest.raises(DataError, match="mapped to account 8321"):
        _rows(samples.sale(line))
