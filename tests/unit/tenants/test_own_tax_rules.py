"""A tenant's ``[[tax_rules]]`` and ``booking.tax_keys``: taken over, or refused with line and cure."""

from pathlib import Path

import pytest

from connector.errors import TenantFileError
from connector.pipeline.booking_tables import booking_tables, tenant_tables
from connector.tenants.config import TenantConfig
from connector.tenants.toml_file import read_tenant_file

FILE = """\
key = "muster"
name = "Muster GmbH"
go_live_at = 2027-01-01
tax_rules_version = "2027-01"
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
tax_keys = { oss_goods = "241" }
[seller]
name = "Muster GmbH"
street = "Musterstraße 1"
postal_code = "90402"
city = "Nürnberg"
vat_id = "DE 136 695 976"
[[tax_rules]]
name = "course_abroad"
source = "Adviser's letter of 2 December 2026"
when = { country = ["EU"], customer = ["business"], supply = ["work_at_place"] }
book = { charge = "0", account = { skr03 = 8339 }, because = "course held abroad" }
"""


def read(folder: Path, text: str) -> TenantConfig:
    file = folder / "muster.toml"
    file.write_text(text, encoding="utf-8")
    return read_tenant_file(file, {}).config


def complaints(folder: Path, text: str) -> list[tuple[str, str, str]]:
    with pytest.raises(TenantFileError) as caught:
        read(folder, text)
    assert all(problem.cure for problem in caught.value.problems)
    return [(problem.code, problem.field, problem.message) for problem in caught.value.problems]


def test_rules_and_keys_reach_the_tables_that_book(tmp_path):
    rules = tenant_tables(read(tmp_path, FILE)).rules

    assert "course_abroad" == rules.rules[0].name
    assert "the tenant's own, version 2027-01" == rules.rules[0].table
    assert {"241"} == {rule.outcome.plain_key for rule in rules.rules if rule.tax_case == "oss_goods"}
    assert "course_abroad" not in {rule.name for rule in booking_tables("skr03").rules.rules}


def test_without_any_the_tables_are_the_standard_ones(tmp_path):
    text = FILE[: FILE.index("[[tax_rules]]")].replace('tax_rules_version = "2027-01"\n', "")
    config = read(tmp_path, text.replace('tax_keys = { oss_goods = "241" }\n', ""))

    assert booking_tables("skr03") == tenant_tables(config)


@pytest.mark.parametrize(
    ("right", "wrong", "complaint"),
    [
        (
            '["work_at_place"]',
            '["fair"]',
            (
                "tax_rule_wrong",
                "line 25, tax_rules[1].when",
                (
                    "tax_rules[1].when is wrong: supply takes a list of its own values, not ['fair']; its "
                    'values are "catalogue_service", "electronic_service", "goods", "service", '
                    '"work_at_place".'
                ),
            ),
        ),
        (
            "skr03 = 8339",
            "skr04 = 4339",
            (
                "tax_rule_wrong",
                "line 26, tax_rules[1].book.account",
                "tax_rules[1].book.account is wrong: an account of 4 digits for each of skr03 is wanted.",
            ),
        ),
        (
            "skr03 = 8339",
            "skr03 = 8195",
            (
                "account_reserved",
                "line 26, tax_rules[1].book.account",
                (
                    "tax_rules[1].book.account will not do: Account 8195 (Formerly revenue of a small "
                    "business) is reserved by DATEV and must not be posted."
                ),
            ),
        ),
        (
            "skr03 = 8339",
            "skr03 = 8200",
            (
                "key_missing_on_plain_account",
                "line 26, tax_rules[1].book.account",
                (
                    "tax_rules[1].book.account will not do: Account 8200 (Revenue without a tax function) "
                    "has no tax function; without a key DATEV books no tax."
                ),
            ),
        ),
        (
            "skr03 = 8339",
            "skr03 = 8450",
            (
                "account_unknown",
                "line 26, tax_rules[1].book.account",
                (
                    "tax_rules[1].book.account will not do: Account 8450 is not in our table of SKR03 2026, "
                    "so nobody can say whether it needs a key."
                ),
            ),
        ),
        (
            "skr03 = 8339",
            "skr03 = 8400",
            (
                "account_rate_differs",
                "line 26, tax_rules[1].book.account",
                (
                    "tax_rules[1].book.account will not do: Account 8400 (Revenue 19 %) books 19 % tax, but "
                    "the rule charges 0 %."
                ),
            ),
        ),
        (
            "source = ",
            "sauce = ",
            (
                "tax_rule_wrong",
                "line 22, tax_rules[1].source",
                "tax_rules[1].source is wrong: a text is wanted.",
            ),
        ),
        (
            "oss_goods =",
            "oss_gods =",
            (
                "tax_case_unknown",
                "line 15, booking.tax_keys.oss_gods",
                "booking.tax_keys.oss_gods is no tax case that is booked.",
            ),
        ),
        (
            '"241"',
            '"24a"',
            (
                "tax_key_invalid",
                "line 15, booking.tax_keys.oss_goods",
                "booking.tax_keys.oss_goods is '24a'; a key has 1 to 4 digits.",
            ),
        ),
        (
            "[[tax_rules]]",
            "[tax_rules]",
            ("wrong_type", "line 22, tax_rules", "tax_rules is a table; it must be a list of tables."),
        ),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path, right, wrong, complaint):
    assert FILE.count(right)

    assert complaint in complaints(tmp_path, FILE.replace(right, wrong))


def test_a_key_for_a_case_of_ones_own_rule_is_right(tmp_path):
    text = FILE.replace("oss_goods =", "course_abroad =")

    assert "241" == tenant_tables(read(tmp_path, text)).rules.rules[0].outcome.plain_key


def test_a_version_of_nothing_is_told(tmp_path):
    text = FILE[: FILE.index("[[tax_rules]]")].replace('tax_keys = { oss_goods = "241" }\n', "")

    assert [
        (
            "key_without_effect",
            "line 4, tax_rules_version",
            "tax_rules_version has no effect without [[tax_rules]].",
        )
    ] == complaints(tmp_path, text)


def test_a_rule_may_book_on_an_account_of_the_client_s_own(tmp_path):
    own = (
        '[[chart.accounts]]\naccount = 8450\nfunction = "automatic"\n'
        'rate = 0\ntax_cases = ["course_abroad"]\n'
    )

    config = read(tmp_path, FILE.replace("skr03 = 8339", "skr03 = 8450") + own)

    assert 8450 == tenant_tables(config).rules.rules[0].outcome.accounts["skr03"]


def test_a_rule_may_name_an_own_account_in_full_length(tmp_path):
    own = (
        '[[chart.accounts]]\naccount = 83391\nfunction = "automatic"\n'
        'rate = 0\ntax_cases = ["course_abroad"]\n'
    )
    text = FILE.replace('chart = "skr03"', 'chart = "skr03"\naccount_length = 5')

    config = read(tmp_path, text.replace("skr03 = 8339", "skr03 = 83391") + own)

    assert 83391 == tenant_tables(config).rules.rules[0].outcome.accounts["skr03"]
    assert ["account_length"] == [
        code for code, _, _ in complaints(tmp_path, text.replace("skr03 = 8339", "skr03 = 833910"))
    ]
