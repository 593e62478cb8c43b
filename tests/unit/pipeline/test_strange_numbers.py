"""Whatever JSON stands where a number belongs: it is booked, or it is a problem with a place and a cure."""

import copy
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.errors import DataError
from connector.pipedrive.bundle import deal_problems, json_safe
from connector.pipeline.booking_tables import booking_tables
from connector.pipeline.drafting import RunIdentity, decide_invoice, read_draft_sale
from connector.pipeline.preview import preview
from connector.pipeline.steps.resolve import facts_of
from connector.tenants.config import TenantConfig
from connector.tenants.toml_file import read_tenant_file
from tests.unit.cli.deals import bundle, write_tenant

NOW = datetime(2027, 2, 4, 9, tzinfo=UTC)

NUMBERS = st.one_of(
    st.integers(),
    st.floats(),
    st.decimals(),
    st.sampled_from(["abc", "x", "", "NaN", "Infinity", "1e999999", "-1e-999999", "1.234,56", "9" * 5000]),
    st.sampled_from([Decimal("1e999999"), Decimal("-1e-999999"), Decimal("0e999999"), 10**4000]),
    st.text(max_size=20),
)
ANY_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
PLACES = [
    ("deal", "value"),
    ("deal", "id"),
    ("deal", "label_ids"),
    ("deal", "pipeline_id"),
    ("deal", "won_time"),
    ("deal", "first_won_time"),
    ("line", "item_price"),
    ("line", "quantity"),
    ("line", "tax"),
    ("line", "discount"),
    ("line", "product_id"),
    ("line", "order_nr"),
    ("line", "billing_frequency"),
    ("discount", "amount"),
    ("discount", "type"),
]


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> TenantConfig:
    """A tenant with ignore rules, so that they read the deal, too."""
    rule = (
        '[[ignore]]\nname = "own"\nby = "label"\nvalues = [3]\n[[ignore]]\nname = "free"\nby = "value_zero"'
    )
    path = write_tenant(tmp_path_factory.mktemp("tenant"), more=rule)
    return read_tenant_file(Path(path), {}, with_secrets=False).config


def _with(place: tuple[str, str], value: Any) -> dict[str, Any]:
    made = copy.deepcopy(bundle())
    made["discounts"] = [{"id": "d", "type": "percentage", "amount": 5}]
    record = {"deal": made["deal"], "line": made["products"][0], "discount": made["discounts"][0]}[place[0]]
    record[place[1]] = value
    return made


def _resolved(deal_bundle: Mapping[str, Any], config: TenantConfig) -> None:
    """The decisions of the step that resolves a deal, on what :func:`read_bundle` lets through."""
    problems = deal_problems(deal_bundle["deal"])
    if problems:
        raise DataError(problems)
    safe = json_safe(deal_bundle)
    facts_of(safe["deal"])
    sale = read_draft_sale(safe, config, RunIdentity("t", 1, "invoice", 0, 0))
    decide_invoice(sale, config, booking_tables(config.terms.chart), draft=True)


@pytest.mark.parametrize("place", PLACES, ids=".".join)
@settings(max_examples=40, deadline=None)
@given(value=ANY_JSON)
def test_any_json_in_place_of_a_number_is_read_or_refused_with_a_problem(
    place: tuple[str, str], value: Any, config: TenantConfig
) -> None:
    deal_bundle = _with(place, value)

    shown = preview(deal_bundle, config, booking_tables(config.terms.chart), created_at=NOW)

    assert shown["outcome"] in {"posted", "ignored", "needs_attention"}
    assert all(reason["message"] and reason["cure"] for reason in shown["reasons"])
    json.dumps(shown, allow_nan=False)
    try:
        _resolved(deal_bundle, config)
    except DataError as e:
        assert e.problems  # noqa: PT017 - either end is right; nothing else may be raised


@pytest.mark.parametrize(
    ("place", "value", "field"),
    [
        (("deal", "value"), "abc", "value"),
        (("deal", "value"), True, "value"),
        (("deal", "value"), float("nan"), "value"),
        (("deal", "value"), Decimal("1e999999"), "value"),
        (("line", "item_price"), "x", "products.item_price"),
        (("line", "quantity"), float("inf"), "products.quantity"),
        (("line", "tax"), False, "products.tax"),
        (("line", "item_price"), Decimal("1e999999"), "products.item_price"),
    ],
)
def test_a_bad_number_is_one_reason_that_names_the_field(
    place: tuple[str, str], value: Any, field: str, config: TenantConfig
) -> None:
    shown = preview(_with(place, value), config, booking_tables(config.terms.chart), created_at=NOW)

    assert ("needs_attention", [field]) == (
        shown["outcome"],
        [reason["field"] for reason in shown["reasons"]],
    )
    assert place[0] != "line" or "'Workshop'" in shown["reasons"][0]["message"]
