"""Texts as PostgreSQL can keep them."""

import json

import pytest

from connector.storable import storable, storable_json, storable_value


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Muster GmbH", "Muster GmbH"),
        ("a\x00b", "a\ufffdb"),
        ("a\ud800b", "a\ufffdb"),
        ("\udfff", "\ufffd"),
        ("Gruß 🎉", "Gruß 🎉"),
        ("", ""),
    ],
)
def test_only_what_cannot_be_stored_is_replaced_and_visibly(text: str, kept: str) -> None:
    assert kept == storable(text)


def test_texts_are_found_in_everything_that_holds_others() -> None:
    value = {"a\x00": ["\ud800", ("b\x00",), 1, None, b"\x00"], "c": {"d": True}}
    assert {"a\ufffd": ["\ufffd", ("b\ufffd",), 1, None, b"\x00"], "c": {"d": True}} == storable_value(value)


@pytest.mark.parametrize(
    "value", [{"a": "b\x00"}, {"a\ud800": 1}, ["🎉", "\udc00"], {"plain": "Grüße"}, "\\u0000 as words"]
)
def test_json_holds_no_text_that_cannot_be_stored(value: object) -> None:
    assert storable_value(value) == json.loads(storable_json(value))
