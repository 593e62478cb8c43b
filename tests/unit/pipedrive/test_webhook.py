import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.errors import DataError
from connector.pipedrive.webhook import DealAction, DealChange, DealEvent, parse_delivery
from tests.unit.pipedrive.shared_data import deliveries, delivery, needs_shared_data


def v2(action: str = "change", data: Any = None, previous: Any = None, **meta: Any) -> dict[str, Any]:
    """A delivery of version 2: every id in meta is a string."""
    return {
        "data": data,
        "previous": previous,
        "meta": {
            "action": action,
            "entity": "deal",
            "entity_id": "17",
            "company_id": "80",
            "user_id": "12",
            "webhook_id": "47",
            "id": "df47d877-b58c-4886-91cd-1aa83e1d7366",
            "timestamp": "2026-03-04T15:11:55.724Z",
            "version": "2.0",
            "change_source": "app",
            "attempt": 1,
            **meta,
        },
    }


def v1(action: str = "updated", current: Any = None, previous: Any = None, **meta: Any) -> dict[str, Any]:
    """A delivery of version 1: ids are numbers, except that of the webhook."""
    return {
        "v": 1,
        "event": f"{action}.deal",
        "retry": 0,
        "current": current,
        "previous": previous,
        "meta": {
            "v": 1,
            "action": action,
            "object": "deal",
            "id": 17,
            "company_id": 80,
            "user_id": 12,
            "timestamp": 1680840600,
            "timestamp_micro": 1680840600882126,
            "change_source": "api",
            "webhook_id": "47",
            **meta,
        },
    }


def event(body: Any) -> DealEvent:
    found = parse_delivery(body)
    assert found is not None
    return found


WON_2 = {"id": 17, "status": "won", "won_time": "2026-03-04T15:11:55Z", "pipeline_id": 3, "currency": "EUR"}
WON_1 = {"id": 17, "status": "won", "won_time": "2026-03-04 15:11:55"}


def test_a_won_deal_of_version_2_is_told_whole():
    assert DealEvent(
        event_id="v2:47:df47d877-b58c-4886-91cd-1aa83e1d7366",
        version="2.0",
        deal_id=17,
        action=DealAction.CHANGED,
        status_now="won",
        status_before="open",
        became_won=True,
        won_time=datetime(2026, 3, 4, 15, 11, 55, tzinfo=UTC),
        first_won_time=None,
        merged_to=None,
        merged_from=None,
        change_source="app",
        actor_user_id=12,
        company_id=80,
        webhook_id="47",
        attempt=1,
        pipeline_id=3,
        currency="EUR",
        changed=("status", "won_time"),
        as_of=datetime(2026, 3, 4, 15, 11, 55, 724000, tzinfo=UTC),
    ) == event(v2("change", WON_2, {"status": "open", "won_time": None}))


@pytest.mark.parametrize(
    ("body", "as_of"),
    [
        (v2("change", {"update_time": "2026-03-04T15:11:54Z"}), datetime(2026, 3, 4, 15, 11, 54, tzinfo=UTC)),
        (v2("delete", None, {"status": "won"}), datetime(2026, 3, 4, 15, 11, 55, 724000, tzinfo=UTC)),
        (v2("change", {"update_time": "later"}, timestamp="9999-12-31T23:59:59Z"), None),
        (v2("change", {}, timestamp=1680840600), None),
        (v1("updated", {"update_time": "2023-04-07 04:09:58"}), datetime(2023, 4, 7, 4, 9, 58, tzinfo=UTC)),
        (v1("deleted", None, {}), datetime(2023, 4, 7, 4, 10, tzinfo=UTC)),
        (v1("deleted", None, {}, timestamp=10**18, timestamp_micro=1), None),
        (v1("deleted", None, {}, timestamp=True, timestamp_micro=1), None),
    ],
)
def test_an_event_says_up_to_when_it_tells_of_the_deal(body, as_of):
    assert as_of == event(body).as_of


@pytest.mark.parametrize(
    ("action", "previous", "changed"),
    [
        ("change", {"update_time": "x", "custom_fields": {"a" * 40: None}}, ("a" * 40, "update_time")),
        ("change", {"update_time": "x", "custom_fields": None}, ("update_time",)),
        ("change", None, ()),
        ("create", None, ()),
        ("delete", {"title": "x"}, ()),
        ("change", {"custom_fields": 5, "title": "x"}, ()),
        ("change", {"custom_fields": ["title"]}, ()),
        ("change", {"Straße 5\n": 1}, ()),
        ("change", {f"field_{number}": 1 for number in range(101)}, ()),
    ],
)
def test_version_2_names_what_was_changed(action, previous, changed):
    assert changed == event(v2(action, WON_2, previous)).changed


def test_a_won_deal_of_version_1_is_told_whole():
    found = event(v1("updated", WON_1, {"status": "open"}))
    assert "v1:47:deal:17:changed:1680840600882126" == found.event_id
    assert ("1.0", 17, True, 1) == (found.version, found.deal_id, found.became_won, found.attempt)
    assert datetime(2026, 3, 4, 15, 11, 55, tzinfo=UTC) == found.won_time


@pytest.mark.parametrize(
    ("body", "became_won", "change"),
    [
        (v2("change", WON_2, {"title": "old"}), False, DealChange.OTHER),
        (v2("change", WON_2, None), False, DealChange.OTHER),
        (v2("change", WON_2, {"status": None}), True, DealChange.WON),
        (v2("change", WON_2, {"status": "won"}), False, DealChange.OTHER),
        (v2("create", WON_2, None), True, DealChange.WON),
        (v2("create", {"status": "open"}, None), False, DealChange.OTHER),
        (v2("change", {"status": "open"}, {"status": "won"}), False, DealChange.REOPENED),
        (v2("change", {"status": "lost"}, {"status": "won"}), False, DealChange.LOST),
        (v2("change", {"status": "lost"}, {"status": "open"}), False, DealChange.OTHER),
        (v2("change", {"status": "deleted"}, {"status": "won"}), False, DealChange.DELETED),
        (v2("delete", None, WON_2), False, DealChange.DELETED),
        (v2("delete", None, WON_2, merged_to_id="99"), False, DealChange.MERGED),
        (v1("updated", WON_1, WON_1), False, DealChange.OTHER),
        (v1("added", WON_1, None), True, DealChange.WON),
        (v1("updated", {"status": "open"}, WON_1), False, DealChange.REOPENED),
        (v1("updated", {"status": "lost"}, WON_1), False, DealChange.LOST),
        (v1("deleted", None, WON_1), False, DealChange.DELETED),
        (v1("merged", WON_1, {"status": "open"}), False, DealChange.OTHER),
    ],
)
def test_only_a_changed_status_makes_a_won_deal(body, became_won, change):
    found = event(body)
    assert (became_won, change) == (found.became_won, found.change)


def test_a_merge_names_both_deals():
    loser = event(v2("delete", None, {"status": "open"}, merged_to_id="99"))
    winner = event(v2("change", {"status": "open"}, {}, merged_from_id=17, entity_id=99))
    assert (99, None) == (loser.merged_to, loser.merged_from)
    assert (99, 17) == (winner.deal_id, winner.merged_from)


@pytest.mark.parametrize("meta", [{"entity_id": 17, "user_id": 12, "webhook_id": 47, "company_id": 80}, {}])
def test_ids_are_taken_as_numbers_and_as_texts(meta):
    found = event(v2("change", WON_2, {"status": "open"}, **meta))
    assert (17, 12, "47", 80) == (found.deal_id, found.actor_user_id, found.webhook_id, found.company_id)


def test_a_repeated_delivery_has_the_same_event_id():
    first, again = v1("updated", WON_1, {"status": "open"}), v1("updated", WON_1, {"status": "open"})
    again["retry"] = 2
    assert event(first).event_id == event(again).event_id
    assert (1, 3) == (event(first).attempt, event(again).attempt)
    assert 4 == event(v2("change", WON_2, {}, attempt=4)).attempt


@pytest.mark.parametrize(
    "body",
    [
        {"meta": {"entity": "person", "action": "create"}},
        {"meta": {"entity": "deal_product", "action": "strange"}},
        {"meta": {"object": "user"}, "current": [], "previous": []},
    ],
)
def test_other_objects_are_nobody_s_business(body):
    assert parse_delivery(body) is None


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ([], "body"),
        (None, "body"),
        ({}, "meta"),
        ({"meta": []}, "meta"),
        ({"meta": {}}, "meta.entity"),
        (v2("explode"), "meta.action"),
        (v2(["change"]), "meta.action"),
        (v2(entity_id=None), "meta.entity_id"),
        (v2(entity_id="0"), "meta.entity_id"),
        (v2(entity_id=True), "meta.entity_id"),
        (v2(entity_id="17 OR 1=1"), "meta.entity_id"),
        (v2(entity_id="١٧"), "meta.entity_id"),
        (v2(entity_id="9" * 19), "meta.entity_id"),
        (v2(entity_id=-4), "meta.entity_id"),
        (v2(id=None), "meta.id"),
        (v2(id="a\u0000b"), "meta.id"),
        (v2(id="x" * 81), "meta.id"),
        (v2(webhook_id={}), "meta.webhook_id"),
        (v2(attempt="one"), "meta.attempt"),
        (v2(data=[1]), "data"),
        (v2(data={"status": 5}), "data.status"),
        (v2(merged_to_id="17 OR 1=1"), "meta.merged_to_id"),
        (v1(id="x"), "meta.id"),
        (v1(timestamp_micro=None), "meta.timestamp_micro"),
        (v1(current="x"), "current"),
        (v1(previous={"status": []}), "previous.status"),
    ],
)
def test_a_malformed_delivery_names_the_field(body, field):
    with pytest.raises(DataError) as caught:
        parse_delivery(body)
    assert ("delivery_malformed", field) == (caught.value.code, caught.value.field)


@pytest.mark.parametrize(
    "strange", ["yesterday", 5, {"a": 1}, ["x"], "9999-12-31T23:59:59Z", "0000-00-00", "0001-01-01T00:00:00Z"]
)
@pytest.mark.parametrize("name", ["won_time", "first_won_time"])
def test_a_time_that_cannot_be_read_leaves_the_win_to_the_deal_itself(name, strange):
    found = event(v2("change", {"status": "won", name: strange}, {"status": "open"}))
    assert (DealChange.WON, None, None) == (found.change, found.won_time, found.first_won_time)


@pytest.mark.parametrize("nobody", [0, "0", None, "", 17, "17"])
def test_a_deal_is_merged_neither_into_nothing_nor_into_itself(nobody):
    won = event(v2("change", WON_2, {"status": "open"}, merged_to_id=nobody, merged_from_id=nobody))
    assert (17, None, None, DealChange.WON) == (won.deal_id, won.merged_to, won.merged_from, won.change)
    gone = event(v2("delete", None, WON_2, merged_to_id=nobody))
    assert DealChange.DELETED is gone.change


def test_a_currency_of_the_company_s_own_is_no_reason_to_refuse():
    assert "" == event(v2("change", {"status": "won", "currency": "Bonus €"}, {})).currency


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["won", "deal"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
META = (
    "action",
    "entity",
    "object",
    "id",
    "entity_id",
    "webhook_id",
    "timestamp_micro",
    "user_id",
    "attempt",
)
STATE = ("status", "won_time", "pipeline_id", "currency")


def some_of(names: tuple[str, ...], values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.dictionaries(st.sampled_from(names), values, max_size=len(names))


meta_values = json_values | st.sampled_from(["deal", "change", "updated", "create", "17", 17, "won"])
almost_deliveries = st.fixed_dictionaries(
    {"meta": some_of(META, meta_values)},
    optional={name: some_of(STATE, meta_values) for name in ("data", "current", "previous")},
)


@settings(deadline=None)
@given(json_values | almost_deliveries)
def test_whatever_comes_is_an_event_or_nothing_or_a_data_error(body):
    try:
        found = parse_delivery(body)
    except DataError:
        return
    assert found is None or (0 < found.deal_id < 2**63 and len(found.event_id) <= 200)


@needs_shared_data
def test_every_recorded_delivery_of_version_1_is_read():
    for name in deliveries("webhooks_v1"):
        body = delivery("webhooks_v1", name)["body"]
        found = parse_delivery(body)
        assert (".deal." in name) == (found is not None), name
        assert found is None or (not found.became_won and str(body["meta"]["id"]) == str(found.deal_id))


@needs_shared_data
def test_every_official_delivery_of_version_2_is_read():
    for name in deliveries("webhooks_v2"):
        if name == "custom_fields_by_type.json":
            continue
        found = parse_delivery(delivery("webhooks_v2", name))
        assert (".deal." in name) == (found is not None), name
        assert found is None or not found.became_won, name


@needs_shared_data
def test_an_official_change_with_a_new_status_is_a_won_deal():
    body = delivery("webhooks_v2", "change.deal.json")
    body["data"]["status"] = "won"
    body["previous"]["status"] = "open"
    found = event(json.loads(json.dumps(body)))
    assert (DealChange.WON, 8) == (found.change, found.deal_id)
