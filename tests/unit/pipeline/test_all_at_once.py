"""All problems of a deal in one round: in the preview and where the pipeline resolves it."""

import copy
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from connector.errors import DataError
from connector.pipeline.booking_tables import tenant_tables
from connector.pipeline.drafting import RunIdentity, decide_invoice, plan_deal, read_draft_sale
from connector.pipeline.preview import decide
from connector.tenants.config import TenantConfig
from connector.tenants.toml_file import read_tenant_file
from tests.unit.cli.deals import bundle, write_tenant

NOW = datetime(2027, 2, 4, 9, 30, tzinfo=UTC)


@pytest.fixture
def config(tmp_path: Path) -> TenantConfig:
    path = write_tenant(tmp_path, numbers='pattern = "PD-{deal_id}-{part}"')
    return read_tenant_file(Path(path), {}, with_secrets=False).config


def line(tax: int | str = 19, **more: Any) -> dict[str, Any]:
    return {
        "id": 1,
        "product_id": 5,
        "name": "Beratung",
        "item_price": 100,
        "quantity": 1,
        "tax": tax,
        "tax_method": "exclusive",
        "is_enabled": True,
        **more,
    }


def deal(*lines: dict[str, Any], city: str = "Berlin", value: int = 100, **parts: Any) -> dict[str, Any]:
    made = copy.deepcopy(bundle(value=value)) | {"products": list(lines), **parts}
    made["organization"]["address"]["locality"] = city
    return made


def rates(*rows: tuple[int, str]) -> list[dict[str, Any]]:
    return [
        {"id": number, "amount": amount, "billing_date": day}
        for number, (amount, day) in enumerate(rows, start=1)
    ]


def previewed(content: dict[str, Any], config: TenantConfig) -> set[str]:
    return {reason.code for reason in decide(content, config, tenant_tables(config), created_at=NOW).reasons}


def resolved(content: dict[str, Any], config: TenantConfig) -> set[str]:
    """What the step that resolves a deal raises: of its plan, or of its one invoice."""
    tables, identity = tenant_tables(config), RunIdentity("muster", 42, "invoice", 0, 0)
    try:
        if not plan_deal(content, config, tables, identity, today=date(2027, 2, 4)):
            decide_invoice(read_draft_sale(content, config, identity), config, tables, draft=True)
    except DataError as e:
        return {problem.code for problem in e.problems}
    return set()


ONE_ROUND = [
    pytest.param(
        deal(line(5), value=500, city="", installments=rates((50, "2027-03-10"), (-5, "2027-04-10"))),
        {
            "rate_not_german",
            "value_differs_from_lines",
            "installment_not_positive",
            "installments_differ",
            "buyer_city_missing",
        },
        id="rate, value, instalments and city",
    ),
    pytest.param(
        deal(line(19), city="", value=500),
        {"value_differs_from_lines", "buyer_city_missing"},
        id="value, city",
    ),
    pytest.param(
        deal(line(5, name=" "), city=""),
        {"rate_not_german", "buyer_city_missing", "line_name_missing"},
        id="rate, city and name of a line",
    ),
    pytest.param(
        deal(line(5), city="", installments=rates((50, "2027-03-10"), (-5, "2062-04-10"))),
        {
            "installment_date_far",
            "rate_not_german",
            "installment_not_positive",
            "installments_differ",
            "buyer_city_missing",
        },
        id="a plan that cannot be told, and all else",
    ),
    pytest.param(
        deal(
            line(5, billing_frequency="monthly", billing_frequency_cycles=2, billing_start_date="2062-01-01")
        ),
        {"billing_start_far_ahead", "rate_not_german"},
        id="a start far ahead, and a rate",
    ),
    pytest.param(
        deal(
            line(
                19, billing_frequency="monthly", billing_frequency_cycles=2, billing_start_date="2062-01-01"
            ),
            value=777,
        ),
        {"billing_start_far_ahead"},
        id="the value of recurring lines is not compared",
    ),
    pytest.param(
        deal(
            line(5, billing_frequency="monthly", billing_frequency_cycles=2),
            city="",
            installments=rates((70, "2027-03-10")),
        ),
        {"installments_and_recurring_lines", "rate_not_german", "buyer_city_missing"},
        id="what instalments beside recurring lines should come to is open",
    ),
    pytest.param(
        deal(
            line("x"),
            installments=rates((50, "2027-03-10"), (-5, "2027-04-10")),
        ),
        {"line_unreadable", "installment_not_positive"},
        id="an unreadable line and an instalment",
    ),
]


@pytest.mark.parametrize(("content", "told"), ONE_ROUND)
def test_the_preview_tells_everything_in_one_round(
    content: dict[str, Any], told: set[str], config: TenantConfig
) -> None:
    assert told == previewed(content, config)


@pytest.mark.parametrize(("content", "told"), ONE_ROUND)
def test_the_pipeline_tells_everything_in_one_round(
    content: dict[str, Any], told: set[str], config: TenantConfig
) -> None:
    assert told == resolved(content, config)


def test_a_missing_vat_id_a_wrong_value_and_a_missing_city_are_one_round(config: TenantConfig) -> None:
    foreign = deal(line(0), value=500, city="")
    foreign["organization"]["address"] |= {"country": "Österreich", "postal_code": "1010"}
    told = {"vat_id_missing", "value_differs_from_lines", "buyer_city_missing"}

    assert (told, told) == (previewed(foreign, config), resolved(foreign, config))


def test_letters_that_cannot_be_printed_are_told_beside_a_wrong_rate(config: TenantConfig) -> None:
    made = deal(line(5))
    made["organization"]["name"] = "李 GmbH"
    told = {"rate_not_german", "not_printable"}

    assert (told, told) == (previewed(made, config), resolved(made, config))


def test_the_debtor_is_looked_at_although_the_plan_cannot_be_told(tmp_path: Path) -> None:
    path = write_tenant(
        tmp_path,
        numbers='pattern = "PD-{deal_id}-{part}"',
        debtors='strategy = "field"',
        more='[fields]\ndebtor_number = "Debitor"',
    )
    by_field = read_tenant_file(Path(path), {}, with_secrets=False).config
    made = deal(line(19), installments=rates((50, "2027-03-10"), (50, "2062-04-10")))
    definition = {
        "field_code": "d" * 40,
        "field_name": "Debitor",
        "field_type": "varchar",
        "is_custom_field": True,
    }
    made["organization_fields"] = [definition]

    assert {"installment_date_far", "debtor_number_missing"} == previewed(made, by_field)


def test_a_missing_city_is_told_beside_a_country_that_nobody_knows(config: TenantConfig) -> None:
    made = deal(line(19), city="")
    made["organization"]["address"]["country"] = "Absurdistan"
    told = {"country_unknown", "buyer_city_missing"}

    assert (told, told) == (previewed(made, config), resolved(made, config))


def test_an_address_of_nothing_is_told_once(config: TenantConfig) -> None:
    made = deal(line(19))
    made["organization"]["address"] = None

    assert ({"country_missing"}, {"country_missing"}) == (previewed(made, config), resolved(made, config))
