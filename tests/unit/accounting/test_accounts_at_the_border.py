"""Account and key of a row, held against the client's chart before it leaves: every account of a chart."""

from dataclasses import replace

import pytest

from connector.accounting.bookings import build_postings
from connector.accounting.chart import AccountEntry, AccountFunction, Chart, scaled_account
from connector.accounting.individual_accounts import (
    IndividualAccount,
    IndividualFunction,
    with_individual_accounts,
)
from connector.accounting.invoice import TaxGroup
from connector.accounting.invoicing import build_invoice
from connector.accounting.posting import Posting
from connector.accounting.sale import CaseAccount, SaleLine
from connector.accounting.tax_overrides import TaxOverrides
from connector.errors import DataError
from tests.unit.accounting import samples
from tests.unit.accounting.invoices import D
from tests.unit.accounting.samples import GUID, austrian, line, sale

CHARTS = ("skr03", "skr04")
REVENUE = {"skr03": {19: 8400, 7: 8300, "plain": 8200}, "skr04": {19: 4400, 7: 4300, "plain": 4200}}


def entries(name: str) -> list[AccountEntry]:
    return list(samples.chart(name).entries)


def rows(chart: Chart, *, length: int = 4, tax_rate: str = "19", **group: object) -> tuple[Posting, ...]:
    """One row of an ordinary invoice, with something about its account changed."""
    terms = samples.terms(chart=chart.name, account_length=length)
    rules = samples.rules()
    invoice = build_invoice(
        sale(line("100.00", "19")), terms=terms, chart=samples.chart(chart.name), rules=rules
    )
    (made,) = invoice.tax_breakdown
    changed: TaxGroup = replace(made, tax_rate=D(tax_rate), **group)  # type: ignore[arg-type]
    return build_postings(
        replace(invoice, tax_breakdown=(changed,)),
        terms=terms,
        chart=chart,
        deal_id=4711,
        debtor_account=int("10001".ljust(length + 1, "0")),
        document_guid=GUID,
    )


def refusals(chart: Chart, **changes: object) -> list[str]:
    try:
        rows(chart, **changes)  # type: ignore[arg-type]
    except DataError as e:
        return [problem.code if problem.message and problem.cure else "" for problem in e.problems]
    return []


@pytest.mark.parametrize("length", [4, 6])
@pytest.mark.parametrize("name", CHARTS)
def test_every_account_of_the_chart_lets_pass_only_what_datev_books_rightly(name: str, length: int):
    """Each account with its own rate: no key, a key, and the key that lifts the automatic."""
    expected = {
        AccountFunction.AUTOMATIC_SALES_TAX: ([], ["key_on_automatic_account"]),
        AccountFunction.COLLECTIVE: (["account_collective"], ["account_collective"]),
        AccountFunction.RESERVED: (["account_reserved"], ["account_reserved"]),
        AccountFunction.GENERAL: ([], []),
        AccountFunction.NONE: (["key_missing_on_plain_account"], []),
    }
    wrong = []
    for entry in entries(name):
        for standard in {entry.first, entry.last}:
            account = scaled_account(standard, length)
            without, with_key = expected[entry.function]
            if entry.function is AccountFunction.NONE and not entry.key_required:
                without = []
            if entry.obsolete:
                without = with_key = ["account_obsolete"]
            common = {
                "length": length,
                "revenue_account": account,
                "tax_rate": str(entry.rate or 0),
                "eu_vat": "ATU13585627",
            }
            found = [refusals(samples.chart(name), **common, tax_key=key) for key in ("", "3")]
            if found != [without, with_key]:
                wrong.append((account, found))

    assert [] == wrong
    assert {*AccountFunction} - {entry.function for entry in entries(name)} == {
        AccountFunction.AUTOMATIC_INPUT_TAX
    }


@pytest.mark.parametrize("name", CHARTS)
def test_every_automatic_account_refuses_a_row_of_another_rate(name: str):
    wrong = [
        entry
        for entry in entries(name)
        if entry.function.is_automatic
        and not entry.obsolete
        and refusals(
            samples.chart(name),
            revenue_account=entry.first,
            tax_rate="5.5",
            eu_vat="ATU13585627",
        )
        != ["account_rate_differs"]
    ]

    assert [] == wrong


@pytest.mark.parametrize("name", CHARTS)
def test_key_40_lifts_the_automatic_and_with_it_the_tax(name: str):
    account, chart = REVENUE[name], samples.chart(name)

    assert [] == refusals(chart, revenue_account=account[19], tax_key="40", tax_rate="0")
    assert ["account_rate_differs"] == refusals(chart, revenue_account=account[19], tax_key="40")
    assert ["key_lifts_nothing"] == refusals(chart, revenue_account=account["plain"], tax_key="40")


@pytest.mark.parametrize("name", CHARTS)
@pytest.mark.parametrize(
    ("account", "code"), [(1, "account_length"), (84000, "account_length"), (9999, "account_unknown")]
)
def test_what_is_no_account_of_the_chart_never_leaves(name: str, account: int, code: str):
    assert [code] == refusals(samples.chart(name), revenue_account=account)


@pytest.mark.parametrize(
    ("account", "tax_key", "codes"),
    [
        (84001, "", []),
        (84199, "", []),
        (84001, "3", ["key_on_automatic_account"]),
        (83361, "", ["account_unknown"]),
        (82001, "3", ["account_unknown"]),
        (84201, "", ["account_reserved"]),
        (81951, "", ["account_reserved"]),
        (14001, "", ["account_collective"]),
        (87311, "", ["account_collective"]),
    ],
)
def test_a_further_account_behaves_like_its_range_or_is_unknown(account: int, tax_key: str, codes: list[str]):
    assert codes == refusals(samples.chart(), length=5, revenue_account=account, tax_key=tax_key)


# --- accounts of the client's own ----------------------------------------------------------------

OWN = with_individual_accounts(
    samples.chart(),
    (
        IndividualAccount(83361, like=8336),
        IndividualAccount(84501, "Erlöse Wartung", like=8400),
        IndividualAccount(84502, function=IndividualFunction.NONE, tax_cases=("domestic_19",), key="103"),
        IndividualAccount(84503, function=IndividualFunction.NONE, tax_cases=("domestic_19", "domestic_7")),
        # In the range that the standard chart calls automatic.
        IndividualAccount(84001, function=IndividualFunction.NONE, tax_cases=("domestic_19",)),
    ),
)


@pytest.mark.parametrize(
    ("account", "tax_key", "codes"),
    [
        (84501, "", []),
        (84501, "3", ["key_on_automatic_account"]),
        (84502, "103", []),
        (84502, "", ["key_missing_on_plain_account"]),
        (84502, "3", ["key_contradicts_account"]),
        (84503, "3", []),
        (84001, "3", []),
        (84001, "", ["key_missing_on_plain_account"]),
        (84000, "", []),
        (84504, "", ["account_unknown"]),
        (83361, "", ["vat_id_missing", "account_rate_differs"]),
    ],
)
def test_an_individual_account_is_judged_by_its_own_function(account: int, tax_key: str, codes: list[str]):
    assert codes == refusals(OWN, length=5, revenue_account=account, tax_key=tax_key)


def booked(one: SaleLine, **changes: object) -> tuple[int, str, str]:
    """Account, key and the last reason of a line, decided with the client's own chart."""
    invoice = build_invoice(
        sale(one, **changes),
        terms=samples.terms(account_length=5),
        chart=OWN,
        rules=samples.rules(),
    )
    (group,) = invoice.tax_breakdown
    return group.revenue_account, group.tax_key, group.why[-1]


@pytest.mark.parametrize(
    ("mapped", "expected"),
    [
        (84501, (84501, "", "account 84501 by category Wartung → 84501, no key: automatic account")),
        (
            84502,
            (84502, "103", "account 84502 by category Wartung → 84502, key 103: account without function"),
        ),
        (84503, (84503, "3", "account 84503 by category Wartung → 84503, key 3: account without function")),
        (8401, (84010, "", "account 84010 by category Wartung → 84010, no key: automatic account")),
        (8400, (84000, "", "→ 84000, no key: automatic account")),
    ],
)
def test_a_mapped_account_is_booked_as_the_client_s_chart_wants_it(
    mapped: int, expected: tuple[int, str, str]
):
    assert expected == booked(line(revenue_account=mapped, mapped_by="category Wartung"))


def test_a_mapping_for_the_ordinary_sale_steps_back_abroad_and_says_so():
    one = line("10.00", "0", revenue_account=84501, mapped_by="pipeline 3")

    assert (
        83360,
        "",
        "mapped account 84501 (by pipeline 3) does not carry this case → 83360, no key: automatic account",
    ) == booked(one, buyer=austrian())


def test_a_mapping_for_the_case_goes_before_the_one_for_all():
    cases = (
        CaseAccount("eu_service", 83361, "product code A"),
        CaseAccount("domestic_7", 84503, "category B"),
    )
    one = {"revenue_account": 84501, "mapped_by": "pipeline 3", "case_accounts": cases}

    assert 83361 == booked(line("10.00", "0", **one), buyer=austrian())[0]
    assert (84503, "2") == booked(line("10.00", "7", **one))[:2]
    assert 84501 == booked(line("10.00", "19", **one))[0]


@pytest.mark.parametrize(
    ("cases", "code"),
    [
        ((CaseAccount("eu_service", 84501, "product code A"),), "account_contradicts_tax_case"),
        ((CaseAccount("eu_service", 83362, "product code A"),), "account_unknown"),
        ((CaseAccount("eu_service", 840001, "product code A"),), "account_length"),
    ],
)
def test_a_mapping_for_the_case_never_steps_back(cases: tuple[CaseAccount, ...], code: str):
    with pytest.raises(DataError) as caught:
        booked(line("10.00", "0", case_accounts=cases), buyer=austrian())

    assert [code] == [problem.code for problem in caught.value.problems]


def test_an_account_turned_plain_takes_the_key_of_its_tax_case():
    chart = with_individual_accounts(
        samples.chart(),
        (IndividualAccount(8400, function=IndividualFunction.NONE, tax_cases=("domestic_19",)),),
    )

    invoice = build_invoice(sale(line()), terms=samples.terms(), chart=chart, rules=samples.rules())

    assert [(8400, "3")] == [(group.revenue_account, group.tax_key) for group in invoice.tax_breakdown]


def test_a_tenant_s_own_rule_cannot_book_another_rate_than_its_account():
    """The border holds whatever the rules say: 8339 is an account of 0 %."""
    own = TaxOverrides.parse(
        [
            {
                "name": "fair",
                "source": "A slip of the adviser's pen",
                "when": {"supply": ["service"]},
                "book": {"charge": "19", "account": {"skr03": 8339}, "because": "a fair"},
            }
        ],
        chart="skr03",
    )
    terms, rules = samples.terms(), samples.rules().with_overrides(own)
    invoice = build_invoice(sale(line()), terms=terms, chart=samples.chart(), rules=rules)

    with pytest.raises(DataError) as caught:
        build_postings(
            invoice,
            terms=terms,
            chart=samples.chart(),
            deal_id=1,
            debtor_account=10001,
            document_guid=GUID,
        )

    assert ["account_rate_differs"] == [problem.code for problem in caught.value.problems]


@pytest.mark.parametrize("key", ["103", "3"])
def test_a_tenant_s_own_key_stands_on_accounts_without_function_alone(key: str):
    own = TaxOverrides.parse([], chart="skr03", tax_keys=(("domestic_19", key),))
    rules = samples.rules().with_overrides(own)

    def key_on(account: int | None) -> str:
        invoice = build_invoice(
            sale(line(revenue_account=account)), terms=samples.terms(), chart=samples.chart(), rules=rules
        )
        return invoice.tax_breakdown[0].tax_key

    assert ("", "", key) == (key_on(None), key_on(8401), key_on(8200))
