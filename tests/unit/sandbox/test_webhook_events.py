"""What a change of a deal puts into the outgoing queue, in both versions."""

import base64
import hashlib
import hmac
from typing import Any

import pytest

from tests.unit.sandbox.driver import Driver
from webapp.sandbox import courier

DEALS = "/pipedrive/accounts/acme/deals"


def bodies(driver: Driver) -> list[Any]:
    return [parcel["body"] for parcel in driver.arrivals()["deliveries"]]


def test_winning_sends_a_sparse_previous_with_the_key_status(acme: Driver) -> None:
    acme.subscribe()
    acme.control(f"{DEALS}/1/win")
    body = bodies(acme)[0]
    assert ("won", "open") == (body["data"]["status"], body["previous"]["status"])
    assert "title" not in body["previous"]
    assert ("change", "deal", "1", "2.0", "app", "general") == tuple(
        body["meta"][name] for name in ("action", "entity", "entity_id", "version", "change_source", "type")
    )


def test_ids_in_the_meta_of_version_2_are_strings(acme: Driver) -> None:
    acme.subscribe()
    acme.control(f"{DEALS}/1/win")
    body = bodies(acme)[0]
    names = ("company_id", "entity_id", "user_id", "webhook_id", "webhook_owner_id")
    assert {str} == {type(body["meta"][name]) for name in names}
    assert {str} == {type(item) for item in body["meta"]["permitted_user_ids"]}
    assert ("3", 1) == (body["data"]["visible_to"], body["meta"]["attempt"])


def test_custom_fields_of_version_2_are_typed_objects_and_unset_ones_absent(acme: Driver) -> None:
    acme.subscribe()
    acme.control(f"{DEALS}/1/win")
    values = sorted(bodies(acme)[0]["data"]["custom_fields"].values(), key=str)
    assert [{"id": 2, "type": "enum"}, {"type": "set", "values": [{"id": 3}]}] == values


def test_an_ordinary_edit_has_no_status_in_previous(acme: Driver) -> None:
    acme.control(f"{DEALS}/1/win")
    acme.subscribe()
    acme.control(f"{DEALS}/1/update", title="Neuer Titel")
    body = bodies(acme)[0]
    assert ("won", "Beratung Q1") == (body["data"]["status"], body["previous"]["title"])
    assert "status" not in body["previous"]


def test_deleting_sends_no_data_and_the_last_state(acme: Driver) -> None:
    acme.subscribe()
    acme.control(f"{DEALS}/1/delete")
    body = bodies(acme)[0]
    assert ("delete", None, "Beratung Q1") == (
        body["meta"]["action"],
        body["data"],
        body["previous"]["title"],
    )


def test_a_deal_created_won_is_one_create_event(acme: Driver) -> None:
    acme.subscribe()
    acme.control(DEALS, deal={"title": "Sofort", "status": "won"})
    body = bodies(acme)[0]
    assert ("create", "won", None) == (body["meta"]["action"], body["data"]["status"], body["previous"])


def test_version_1_is_flat_and_full_with_integer_ids(acme: Driver) -> None:
    acme.subscribe(version="1.0")
    acme.control(f"{DEALS}/1/win", won_time="2026-01-15T10:00:00Z")
    body = bodies(acme)[0]
    assert ("updated.deal", 1, 0, 1) == (body["event"], body["v"], body["retry"], body["meta"]["id"])
    assert ("won", "open", "2026-01-15 10:00:00", "3") == (
        body["current"]["status"],
        body["previous"]["status"],
        body["current"]["won_time"],
        body["current"]["visible_to"],
    )
    assert "Beratung Q1" == body["previous"]["title"]
    assert {"2", "3"} <= {value for value in body["current"].values() if isinstance(value, str)}


def test_monetary_values_of_version_1_are_two_keys(acme: Driver) -> None:
    fields = acme.pipedrive("GET", "/api/v2/dealFields").json["data"]
    code = next(field["field_code"] for field in fields if field["field_name"] == "Budget")
    acme.subscribe(version="1.0")
    acme.control(f"{DEALS}/1/update", custom_fields={code: {"value": 12.5, "currency": "EUR"}})
    current = bodies(acme)[0]["current"]
    assert (12.5, "EUR") == (current[code], current[f"{code}_currency"])


@pytest.mark.parametrize(
    ("subscription", "events"),
    [
        ({"event_action": "change"}, 2),
        ({"event_action": "delete"}, 1),
        ({"event_action": "create"}, 0),
        ({"event_object": "organization"}, 0),
        ({"event_object": "*"}, 3),
    ],
)
def test_a_hook_gets_what_it_asked_for(acme: Driver, subscription: dict[str, str], events: int) -> None:
    acme.subscribe(**subscription)
    for action in ("win", "reopen", "delete"):
        acme.control(f"{DEALS}/1/{action}")
    assert events == len(bodies(acme))


def test_our_own_patch_comes_back_with_change_source_api(acme: Driver) -> None:
    acme.subscribe()
    assert 200 == acme.pipedrive("PATCH", "/api/v2/deals/1", json={"title": "Von uns"}).status_code
    assert "api" == bodies(acme)[0]["meta"]["change_source"]
    assert [{"title": "Von uns"}] == [row["body"] for row in acme.arrivals()["patched_deals"]]


def test_reopening_keeps_the_first_won_time(acme: Driver) -> None:
    acme.control(f"{DEALS}/1/win", won_time="2026-01-15T10:00:00Z")
    acme.control(f"{DEALS}/1/reopen")
    deal = acme.pipedrive("GET", "/api/v2/deals/1?include_fields=first_won_time").json["data"]
    assert (None, "2026-01-15T10:00:00Z") == (deal["won_time"], deal["first_won_time"])


@pytest.mark.parametrize("encoding", ["hex", "base64"])
def test_the_signing_proxy_signs_the_raw_body(encoding: str) -> None:
    signing = {"header": "X-Signature", "key": "schlüssel", "encoding": encoding, "prefix": "sha256="}
    mac = hmac.new("schlüssel".encode(), b"{}", hashlib.sha256).digest()
    text = mac.hex() if encoding == "hex" else base64.b64encode(mac).decode()
    assert {"X-Signature": f"sha256={text}"} == courier._signature(signing, b"{}")
    assert {} == courier._signature(None, b"{}")
