"""What a bundle may hold in place of ids, flags and states: the preview judges it as the pipeline does."""

import copy
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connector.pipeline.booking_tables import tenant_tables
from connector.pipeline.preview import Preview, decide
from connector.tenants.config import TenantConfig
from connector.tenants.toml_file import read_tenant_file
from tests.unit.cli.deals import bundle, write_tenant

NOW = datetime(2027, 2, 4, 9, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> TenantConfig:
    """A tenant whose mapping and rules look at pipelines and labels."""
    rules = (
        '[[ignore]]\nname = "other pipeline"\nby = "pipeline"\nvalues = [9]\n'
        '[[ignore]]\nname = "own"\nby = "label"\nvalues = [5]'
    )
    path = write_tenant(tmp_path_factory.mktemp("tenant"), more=rules)
    return read_tenant_file(Path(path), {}, with_secrets=False).config


def decided(config: TenantConfig, **deal: Any) -> Preview:
    made = copy.deepcopy(bundle())
    made["deal"] |= deal
    return decide(json.loads(json.dumps(made)), config, tenant_tables(config), created_at=NOW)


def codes(found: Preview) -> list[tuple[str, str]]:
    return [(reason.code, reason.field) for reason in found.reasons]


@pytest.mark.parametrize("digits", [19, 4301, 6000])
def test_an_id_with_thousands_of_digits_is_no_id(config: TenantConfig, digits: int) -> None:
    assert [("deal_id_missing", "deal.id")] == codes(decided(config, id="9" * digits))


@pytest.mark.parametrize("status", ["", None, True, [], {}, 5, "WON", "won ", " won", "archived"])
def test_a_status_that_pipedrive_does_not_have_waits_for_a_person(config: TenantConfig, status: Any) -> None:
    found = decided(config, status=status)

    assert ("needs_attention", [("status_unreadable", "status")]) == (found.outcome, codes(found))


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("open", ("deal_not_won", "status")),
        ("lost", ("deal_not_won", "status")),
        ("deleted", ("deal_deleted", "is_deleted")),
    ],
)
def test_a_deal_that_is_not_won_is_left_alone(
    config: TenantConfig, status: str, code: tuple[str, str]
) -> None:
    found = decided(config, status=status)

    assert ("ignored", [code]) == (found.outcome, codes(found))


def test_a_bundle_of_ones_own_may_leave_the_status_out(config: TenantConfig) -> None:
    made = bundle()
    del made["deal"]["status"]

    assert "posted" == decide(made, config, tenant_tables(config), created_at=NOW).outcome


@pytest.mark.parametrize("pipeline", [9.0, "9.0", True, [], [9], "abc", -9, {"id": 9}])
def test_a_pipeline_that_is_no_id_is_told_instead_of_matching_no_rule(
    config: TenantConfig, pipeline: Any
) -> None:
    found = decided(config, pipeline_id=pipeline)

    assert ("needs_attention", [("link_unreadable", "pipeline_id")]) == (found.outcome, codes(found))


@pytest.mark.parametrize("labels", [[5.0], ["5.0"], [{"id": 5}], [[5]], [5, None], [True], {"id": 5}, "5"])
def test_labels_that_are_no_ids_are_told_instead_of_matching_no_rule(
    config: TenantConfig, labels: Any
) -> None:
    found = decided(config, label_ids=labels)

    assert ("needs_attention", [("labels_unreadable", "label_ids")]) == (found.outcome, codes(found))


@pytest.mark.parametrize("pipeline", [9, "9"])
def test_an_id_as_text_matches_the_rules_as_the_number_does(config: TenantConfig, pipeline: Any) -> None:
    assert ["ignored"] * 2 == [
        decided(config, pipeline_id=pipeline).outcome,
        decided(config, label_ids=[3, "5"]).outcome,
    ]


@pytest.mark.parametrize(
    "written", ["2027-02-30T10:00:00Z", "2027-02-04 10:00:00", "9999-12-31T23:59:59Z", 5, ["x"]]
)
def test_an_odd_time_of_winning_is_told_once(config: TenantConfig, written: Any) -> None:
    assert [("time_unreadable", "won_time")] == codes(decided(config, won_time=written))


@pytest.mark.parametrize("address", [5, [], ["Berlin"], {"value": ["x"], "country": "DE"}])
def test_an_address_that_cannot_be_read_is_not_told_as_lacking_its_country_too(
    config: TenantConfig, address: Any
) -> None:
    made = copy.deepcopy(bundle())
    made["organization"]["address"] = address
    found = decide(made, config, tenant_tables(config), created_at=NOW)

    assert [("address_unreadable", "address")] == codes(found)
