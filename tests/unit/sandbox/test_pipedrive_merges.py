"""Merging organizations: one goes, the other takes over its deals and fills its gaps, and hooks are told."""

from typing import Any

import pytest

from tests.unit.sandbox.driver import Driver

ORGANIZATIONS = "/pipedrive/accounts/acme/organizations"


@pytest.fixture
def two(acme: Driver) -> Driver:
    """Organization 50 with a deal, and 51 without address."""
    acme.seed(
        organizations=[
            {"id": 50, "name": "Gone GmbH", "address": "Weg 1, 50667 Köln, Germany"},
            {"id": 51, "name": "Stays GmbH"},
        ],
        deals=[{"id": 70, "title": "Deal", "org_id": 50}],
    )
    return acme


def merged(driver: Driver, **body: Any) -> Any:
    return driver.pipedrive("PUT", "/api/v1/organizations/50/merge", json=body)


def test_the_record_in_the_address_goes_and_the_other_stays_with_its_own_data(two: Driver) -> None:
    answer = merged(two, merge_with_id=51)

    assert (200, {"success": True, "data": {"id": 51}}) == (answer.status_code, answer.json)
    assert 404 == two.pipedrive("GET", "/api/v2/organizations/50").status_code
    survivor = two.pipedrive("GET", "/api/v2/organizations/51").json["data"]
    assert ("Stays GmbH", "Weg 1, 50667 Köln, Germany") == (survivor["name"], survivor["address"]["value"])
    assert 51 == two.pipedrive("GET", "/api/v2/deals/70").json["data"]["org_id"]


def test_the_deletion_names_the_survivor_and_the_change_the_other(two: Driver) -> None:
    two.subscribe(event_object="*")
    two.control(f"{ORGANIZATIONS}/50/merge", merge_with_id=51)

    told = [parcel["body"]["meta"] for parcel in two.arrivals()["deliveries"]]

    assert [
        ("delete", "organization", "50", "51", None),
        ("change", "organization", "51", None, "50"),
        ("change", "deal", "70", None, None),
    ] == [
        (
            meta["action"],
            meta["entity"],
            meta["entity_id"],
            meta.get("merged_to_id"),
            meta.get("merged_from_id"),
        )
        for meta in told
    ]


@pytest.mark.parametrize(
    ("body", "status"),
    [({}, 400), ({"merge_with_id": 50}, 400), ({"merge_with_id": "x"}, 400), ({"merge_with_id": 99}, 404)],
)
def test_a_merge_with_nothing_is_refused(two: Driver, body: dict[str, Any], status: int) -> None:
    assert status == merged(two, **body).status_code
