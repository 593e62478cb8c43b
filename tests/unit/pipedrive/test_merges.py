"""A delivery that tells of a merge: which buyer went up in which."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.errors import DataError
from connector.pipedrive.merges import PartyMerge, parse_merge


def delivery(**meta: Any) -> dict[str, Any]:
    return {"meta": {"entity": "organization", "action": "delete", "entity_id": "17", **meta}, "data": None}


@pytest.mark.parametrize(
    ("body", "merge"),
    [
        (delivery(merged_to_id="18"), PartyMerge("organization:17", "organization:18")),
        (delivery(merged_to_id=18, entity_id=17), PartyMerge("organization:17", "organization:18")),
        (delivery(action="change", merged_from_id="18"), PartyMerge("organization:18", "organization:17")),
        (delivery(entity="person", merged_to_id="4"), PartyMerge("person:17", "person:4")),
        (
            {"meta": {"object": "organization", "action": "merged", "id": 17, "merged_to_id": 18}},
            PartyMerge("organization:17", "organization:18"),
        ),
        (delivery(), None),
        (delivery(merged_to_id=None), None),
        (delivery(merged_to_id=0), None),
        (delivery(merged_to_id="0", merged_from_id="0"), None),
        (delivery(merged_to_id="17"), None),
        (delivery(entity="deal", merged_to_id="18"), None),
        ({"meta": []}, None),
        ([], None),
    ],
)
def test_a_merge_is_told_by_either_of_its_two_events(body: Any, merge: PartyMerge | None) -> None:
    assert merge == parse_merge(body)


@pytest.mark.parametrize("wrong", ["x", "-1", True, 1.5, [], "9" * 40])
def test_a_merge_into_nothing_is_refused(wrong: Any) -> None:
    with pytest.raises(DataError, match="ids are none"):
        parse_merge(delivery(merged_to_id=wrong))


@given(st.dictionaries(st.sampled_from(["entity", "entity_id", "merged_to_id", "merged_from_id"]), st.text()))
def test_whatever_comes_is_a_merge_none_or_a_refusal(meta: dict[str, str]) -> None:
    with contextlib.suppress(DataError):
        merge = parse_merge({"meta": {"entity": "person", **meta}})
        assert merge is None or merge.party != merge.into_party
