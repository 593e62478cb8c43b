"""From a tenant's file and a deal to rows and files: the client's own accounts, mappings, cost centres."""

import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connector.datev.validation.extf_files import check_extf
from connector.datev.validation.report import FileReport
from connector.datev.validation.zips import check_zip
from connector.pipeline.booking_tables import tenant_tables
from connector.pipeline.preview import POSTED, Preview, decide, preview_file
from connector.tenants.config import DatevFormat, TenantConfig
from connector.tenants.toml_file import read_tenant_file
from tests.unit.cli.deals import bundle, write_tenant

NOW = datetime(2027, 2, 4, 9, 30, tzinfo=UTC)
CATEGORY = {
    "field_code": "category",
    "field_name": "Kategorie",
    "field_type": "enum",
    "options": [{"id": 1, "label": "Wartung"}, {"id": 2, "label": "Bücher"}],
    "is_custom_field": False,
}
BOOKING = (
    'chart = "skr03"\naccount_length = {length}\nvalue_without_lines_means = "net"\nrate_without_lines = 19'
)
ACCOUNTS = """
[chart]
accounts = [
    {{ account = {wartung}, name = "Erlöse Wartung", like = 8400 }},
    {{ account = {books}, name = "Erlöse Bücher", function = "none", tax_cases = ["domestic_7"], key = "2" }},
]
[sale]
revenue_accounts_by_category = {{ "Wartung" = {wartung}, "Bücher" = {{ domestic_7 = {books} }} }}
revenue_accounts_by_pipeline = {{ "3" = 8401 }}
cost_centre_1 = "100"
cost_centre_2_by_pipeline = {{ "3" = "P/7 Süd" }}
"""


def own_account(standard: int, length: int) -> int:
    """8450 at 4 digits, 84501 and so on where there are more."""
    return standard if length == 4 else standard * 10 ** (length - 4) + 1


def tenant(folder: Path, length: int) -> TenantConfig:
    more = ACCOUNTS.format(wartung=own_account(8450, length), books=own_account(8451, length))
    path = write_tenant(folder, booking=BOOKING.format(length=length), more=more)
    return read_tenant_file(Path(path), {}, with_secrets=False).config


def deal(**changes: Any) -> dict[str, Any]:
    catalog = [{"id": 5, "category": 1, "custom_fields": {}}, {"id": 6, "category": 2, "custom_fields": {}}]
    return {**bundle(**changes), "catalog": catalog, "product_fields": [CATEGORY]}


def decided(content: dict[str, Any], config: TenantConfig) -> Preview:
    found = decide(content, config, tenant_tables(config), created_at=NOW)
    assert POSTED == found.outcome, found.reasons
    return found


@pytest.mark.parametrize("length", range(4, 9))
def test_a_client_s_own_accounts_arrive_in_both_files(tmp_path: Path, length: int):
    config = tenant(tmp_path, length)

    found = decided(deal(pipeline_id=3), config)

    maintenance, books = own_account(8450, length), own_account(8451, length)
    assert [(maintenance, "", "100", "P/7 Süd"), (books, "2", "100", "P/7 Süd")] == [
        (row.contra_account, row.tax_key, row.cost_centre_1, row.cost_centre_2) for row in found.postings
    ]
    assert [
        f"account {maintenance} by category Wartung → {maintenance}, no key: automatic account",
        f"account {books} by category Bücher → {books}, key 2: account without function",
    ] == [row.why[-1] for row in found.postings]
    extf, package = (preview_file(found, config, kind, created_at=NOW, xsd_dir=None) for kind in DatevFormat)
    reports = [FileReport("extf"), FileReport("dxso")]
    check_extf(io.BytesIO(extf), reports[0])
    check_zip(io.BytesIO(package), reports[1], None)
    assert [] == [finding for report in reports for finding in report.findings]
    assert f";{maintenance};".encode() in extf


def test_a_deal_without_lines_follows_its_pipeline(tmp_path: Path):
    config, content = tenant(tmp_path, 5), deal(pipeline_id=3, value=100)
    content["products"] = []

    (row,) = decided(content, config).postings

    assert (84010, "", "100", "P/7 Süd") == (
        row.contra_account,
        row.tax_key,
        row.cost_centre_1,
        row.cost_centre_2,
    )
    assert "account 84010 by pipeline 3 → 84010, no key: automatic account" == row.why[-1]


def test_what_no_mapping_names_goes_where_the_tax_case_says(tmp_path: Path):
    content = deal()
    content["catalog"][0]["category"] = None
    content["products"][1] |= {"product_id": 5}

    rows = decided(content, tenant(tmp_path, 6)).postings

    assert [(840000, "100", ""), (830000, "100", "")] == [
        (row.contra_account, row.cost_centre_1, row.cost_centre_2) for row in rows
    ]


@pytest.mark.parametrize("centre", ["K" * 37, "Łódź", "1\n2"])
def test_a_cost_centre_that_datev_s_files_cannot_carry_parks(tmp_path: Path, centre: str):
    path = write_tenant(tmp_path, more='[fields]\ncost_centre_2 = "KST"\n')
    config = read_tenant_file(Path(path), {}, with_secrets=False).config
    field = {"field_code": "k" * 40, "field_name": "KST", "field_type": "varchar", "is_custom_field": True}
    content = {**bundle(custom_fields={"k" * 40: centre}), "deal_fields": [field]}

    found = decide(content, config, tenant_tables(config), created_at=NOW)

    assert {"cost_centre_too_long" if len(centre) > 36 else "cost_centre_characters"} == {
        problem.code for problem in found.reasons
    }
    assert all("cost centre" in problem.message and problem.cure for problem in found.reasons)
