"""A tenant's ``[[chart.accounts]]`` and mappings: taken over, or refused with line and cure."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from connector import codec
from connector.accounting.chart import AccountEntry, AccountFunction
from connector.accounting.individual_accounts import IndividualAccount, IndividualFunction
from connector.errors import TenantFileError
from connector.pipeline.booking_tables import booking_tables, tenant_tables
from connector.tenants.config import AccountMapping, MappedBy, TenantConfig
from connector.tenants.toml_file import read_tenant_file

FILE = """\
key = "muster"
name = "Muster GmbH"
go_live_at = 2027-01-01
[pipedrive]
auth = "oauth"
[receiver.basic]
user = "pipedrive"
[datev]
consultant_number = 455148
client_number = 1
format = "extf"
[booking]
chart = "skr03"
account_length = 5
[seller]
name = "Muster GmbH"
street = "Musterstraße 1"
postal_code = "90402"
city = "Nürnberg"
vat_id = "DE 136 695 976"
"""
FIRST_LINE = FILE.count("\n") + 2
"""Of the first key of what is added."""


def read(folder: Path, text: str) -> TenantConfig:
    file = folder / "muster.toml"
    file.write_text(text, encoding="utf-8")
    return read_tenant_file(file, {}).config


def account(*lines: str) -> str:
    return "\n".join(["[[chart.accounts]]", *lines, ""])


def complaints(folder: Path, text: str) -> list[tuple[str, str]]:
    with pytest.raises(TenantFileError) as caught:
        read(folder, text)
    assert all(problem.cure for problem in caught.value.problems)
    return [(problem.code, problem.field) for problem in caught.value.problems]


def test_own_accounts_reach_the_chart_of_this_tenant_alone(tmp_path):
    config = read(
        tmp_path,
        FILE
        + account("account = 84501", 'name = "Erlöse Wartung"', "like = 8400")
        + account("account = 84502", 'function = "automatic"', "rate = 7.0", 'tax_cases = ["domestic_7"]')
        + account("account = 84503", 'function = "none"', 'tax_cases = ["oss_goods"]', 'key = "241"')
        + account("account = 84504", 'function = "automatic"', "rate = 0", 'tax_cases = ["eu_service"]')
        + account("account = 83361", "like = 8336"),
    )

    chart = tenant_tables(config).chart

    am, d19, d7 = AccountFunction.AUTOMATIC_SALES_TAX, Decimal(19), Decimal(7)
    own = "the client's own account"
    assert (
        AccountEntry(84501, 84501, am, "Erlöse Wartung", rate=d19, tax_cases=("domestic_19",)),
        AccountEntry(84502, 84502, am, own, rate=d7, tax_cases=("domestic_7",)),
        AccountEntry(
            84503,
            84503,
            AccountFunction.NONE,
            own,
            key_required=True,
            tax_cases=("oss_goods",),
            needs="country",
            key="241",
        ),
        AccountEntry(84504, 84504, am, own, rate=Decimal(0), tax_cases=("eu_service",), needs="vat_id"),
        AccountEntry(
            83361,
            83361,
            am,
            "Services taxable in another EU country, reverse charge",
            rate=Decimal(0),
            tax_cases=("eu_service",),
            needs="vat_id",
        ),
    ) == chart.individual
    assert () == booking_tables("skr03").chart.individual
    assert config == codec.from_plain(json.loads(json.dumps(codec.to_plain(config))), TenantConfig)


def test_what_the_file_says_is_kept_as_it_says_it(tmp_path):
    config = read(
        tmp_path,
        FILE
        + account("account = 84502", 'function = "automatic"', "rate = 7", 'tax_cases = ["domestic_7"]')
        + '[sale]\nrevenue_accounts = { "A 1" = 8400, "B" = { domestic_19 = 8401, eu_service = 83360 } }\n'
        + 'revenue_accounts_by_category = { "Wartung" = 84001 }\n'
        + "revenue_accounts_by_pipeline = { 3 = 84502 }\n"
        + 'revenue_account_labels = { "Kurs" = 8402 }\n[fields]\nrevenue_account = "Konto"\n',
    )

    assert (
        IndividualAccount(
            84502, function=IndividualFunction.AUTOMATIC, rate=Decimal(7), tax_cases=("domestic_7",)
        ),
    ) == config.individual_accounts
    assert (("A 1", 8400),) == config.sale.revenue_accounts
    assert (
        AccountMapping(MappedBy.PRODUCT_CODE, "B", 8401, "domestic_19"),
        AccountMapping(MappedBy.PRODUCT_CODE, "B", 83360, "eu_service"),
        AccountMapping(MappedBy.LABEL, "Kurs", 8402),
        AccountMapping(MappedBy.CATEGORY, "Wartung", 84001),
        AccountMapping(MappedBy.PIPELINE, "3", 84502),
    ) == config.sale.account_mappings


LIKE = "like = 8400"
AUTOMATIC = ('function = "automatic"', "rate = 19", 'tax_cases = ["domestic_19"]')


@pytest.mark.parametrize(
    ("lines", "code", "key"),
    [
        (("account = 845001", LIKE), "account_personal", "account"),
        (("account = 8450", LIKE), "account_length", "account"),
        (("account = 8450001", LIKE), "account_length", "account"),
        (("account = 84201", LIKE), "account_reserved", "account"),
        (("account = 81950", LIKE), "account_reserved", "account"),
        (("account = 14001", LIKE), "account_collective", "account"),
        (("account = 84501",), "key_missing", "account"),
        (("account = 84501", LIKE, 'function = "none"'), "keys_disagree", "account"),
        (("account = 84501", "like = 8451"), "account_unknown", "like"),
        (("account = 84501", "like = 8420"), "account_not_for_revenue", "like"),
        (("account = 84501", "like = 8720"), "account_not_for_revenue", "like"),
        (("account = 84501", LIKE, "rate = 19"), "key_without_effect", "rate"),
        (("account = 84501", LIKE, 'key = "3"'), "key_on_automatic_account", "key"),
        (("account = 84501", *AUTOMATIC, 'key = "3"'), "key_on_automatic_account", "key"),
        (("account = 84501", "like = 8200", AUTOMATIC[2], 'key = "40"'), "key_lifts_nothing", "key"),
        (("account = 84501", AUTOMATIC[0], AUTOMATIC[2]), "key_missing", "rate"),
        (("account = 84501", *AUTOMATIC[:2]), "key_missing", "tax_cases"),
        (
            ("account = 84501", AUTOMATIC[0], "rate = 7", AUTOMATIC[2]),
            "rate_contradicts_tax_case",
            "tax_cases",
        ),
        (
            ("account = 84501", *AUTOMATIC[:2], 'tax_cases = ["oss_goods"]'),
            "rate_contradicts_tax_case",
            "tax_cases",
        ),
        (("account = 84501", *AUTOMATIC[:2], 'tax_cases = ["domestic"]'), "tax_case_unknown", "tax_cases"),
        (
            ("account = 84501", LIKE, 'tax_cases = ["domestic_7"]'),
            "account_contradicts_tax_case",
            "tax_cases",
        ),
        (("account = 84501", "like = 8200", 'key = "3"'), "tax_cases_missing", "key"),
        (
            ("account = 84501", "like = 8200", 'tax_cases = ["domestic_7"]', 'key = "3"'),
            "rate_contradicts_tax_case",
            "key",
        ),
        (
            ("account = 84501", "like = 8200", 'tax_cases = ["domestic_7", "eu_service"]', 'key = "999"'),
            "rate_contradicts_tax_case",
            "key",
        ),
        (("account = 84501", "like = 8200", 'key = "3a"'), "text_invalid", "key"),
        (
            ("account = 84000", *AUTOMATIC[:1], "rate = 7", 'tax_cases = ["domestic_7"]'),
            "account_of_tax_case",
            "tax_cases",
        ),
        (("account = 84000", "like = 8300"), "account_of_tax_case", "account"),
        ((LIKE,), "key_missing", "account"),
    ],
)
def test_a_contradiction_is_told_with_its_line(tmp_path, lines, code, key):
    # A missing key is told at the head of its section.
    line = next((n for n, text in enumerate(lines) if text.startswith(f"{key} ")), -1) + FIRST_LINE

    assert (code, f"line {line}, chart.accounts[1].{key}") in complaints(tmp_path, FILE + account(*lines))


def test_an_account_stands_once(tmp_path):
    section = account("account = 84501", LIKE)

    found = complaints(tmp_path, FILE + section + section)

    assert ["account_twice", "account_twice"] == [code for code, _ in found]


def test_everything_is_told_at_once(tmp_path):
    text = FILE + account("account = 84201", LIKE) + account("account = 84501", "like = 9999")
    text += '[sale]\nrevenue_accounts = { "A" = 84501 }\nrevenue_accounts_by_category = { "B" = 81951 }\n'

    assert [
        ("account_reserved", "line 22, chart.accounts[1].account"),
        ("account_unknown", "line 26, chart.accounts[2].like"),
        ("account_reserved", "line 29, sale.revenue_accounts_by_category.B"),
    ] == complaints(tmp_path, text)


def test_a_mapping_that_is_wrong_by_itself_hides_none_of_its_neighbours(tmp_path):
    text = FILE + '[sale]\nrevenue_accounts = { "A" = 84001, "B" = 1400, "C" = 99, "D" = 8195 }\n'

    assert [
        ("account_collective", "revenue_accounts.B"),
        ("account_reserved", "revenue_accounts.D"),
        ("number_out_of_range", "revenue_accounts.C"),
    ] == sorted((code, place.rpartition("sale.")[2]) for code, place in complaints(tmp_path, text))


@pytest.mark.parametrize(
    ("line", "code", "place"),
    [
        ('revenue_accounts = { "A" = 840001 }', "account_length", "revenue_accounts.A"),
        ('revenue_accounts = { "A" = 8195 }', "account_reserved", "revenue_accounts.A"),
        ('revenue_accounts = { "A" = 1400 }', "account_collective", "revenue_accounts.A"),
        ('revenue_accounts = { "A" = 1410 }', "account_not_for_revenue", "revenue_accounts.A"),
        ('revenue_accounts = { "A" = 8450 }', "account_unknown", "revenue_accounts.A"),
        ('revenue_accounts = { "A" = 83361 }', "account_unknown", "revenue_accounts.A"),
        ('revenue_accounts = { "A" = {} }', "wrong_type", "revenue_accounts.A"),
        (
            'revenue_accounts = { "A" = { domestic = 8400 } }',
            "tax_case_unknown",
            "revenue_accounts.A.domestic",
        ),
        (
            'revenue_accounts = { "A" = { domestic_7 = 8400 } }',
            "account_contradicts_tax_case",
            "revenue_accounts.A.domestic_7",
        ),
        ('revenue_accounts = { "A" = { domestic_7 = "x" } }', "wrong_type", "revenue_accounts.A.domestic_7"),
        (
            'revenue_accounts_by_category = { "a" = 8400, "A" = 8401 }',
            "mapping_ambiguous",
            "revenue_accounts_by_category.A",
        ),
        (
            'revenue_accounts_by_pipeline = { "Verkauf" = 8400 }',
            "values_invalid",
            "revenue_accounts_by_pipeline.Verkauf",
        ),
        (
            'cost_centre_1_by_pipeline = { "Verkauf" = "1" }',
            "values_invalid",
            "cost_centre_1_by_pipeline.Verkauf",
        ),
        (f'cost_centre_1 = "{"1" * 37}"', "text_too_long", "cost_centre_1"),
        ('cost_centre_2 = "Łódź"', "cost_centre_characters", "cost_centre_2"),
    ],
)
def test_a_mapping_that_cannot_book_is_told_with_its_line(tmp_path, line, code, place):
    assert (code, f"line {FIRST_LINE}, sale.{place}") in complaints(tmp_path, FILE + f"[sale]\n{line}\n")


def test_labels_without_their_field_are_told(tmp_path):
    text = FILE + '[sale]\nrevenue_account_labels = { "A" = 8400 }\n'

    assert [("key_missing", "line 1, fields.revenue_account")] == complaints(tmp_path, text)


def test_a_mapping_may_name_an_own_account_and_a_case_of_ones_own(tmp_path):
    rule = (
        '[[tax_rules]]\nname = "course_abroad"\nsource = "Adviser\'s letter of 2 December 2026"\n'
        'when = { country = ["EU"], customer = ["business"], supply = ["work_at_place"] }\n'
        'book = { charge = "0", account = { skr03 = 8339 }, because = "course held abroad" }\n'
    )
    own = account("account = 83391", 'function = "automatic"', "rate = 0", 'tax_cases = ["course_abroad"]')
    mapping = '[sale]\nrevenue_accounts = { "K" = { course_abroad = 83391 } }\n'

    config = read(tmp_path, FILE + mapping + own + rule)

    assert (
        AccountMapping(MappedBy.PRODUCT_CODE, "K", 83391, "course_abroad"),
    ) == config.sale.account_mappings
