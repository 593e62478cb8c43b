"""What a screen would obey is written out; what people write stays."""

import json

import pytest

from connector.visible import written_out, written_out_in_json


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Workshop", "Workshop"),
        ("x\x1b]0;PWNED\x07\x1b[31mRED", r"x\x1b]0;PWNED\x07\x1b[31mRED"),
        ("a\u202eb\u2066c\u200fd", r"a\u202eb\u2066c\u200fd"),
        ("\x9b31m, \x7f, \x00", r"\x9b31m, \x7f, \x00"),
        ("one\ntwo\r\tthree", r"one\ntwo\r\tthree"),
        ("a\u2028b\u2029c", r"a\u2028b\u2029c"),
        ("half \ud800", r"half \ud800"),
        ("\ufeffmark, \U000e0041", r"\ufeffmark, \U000e0041"),
        ("1.190,00\u00a0€ \u202f – Größe", "1.190,00\u00a0€ \u202f – Größe"),
        ("\U0001f469\u200d\U0001f4bb", "\U0001f469\u200d\U0001f4bb"),
    ],
)
def test_what_a_screen_would_obey_is_written_out(text: str, shown: str) -> None:
    assert shown == written_out(text)


def test_white_space_stays_where_it_is_only_that() -> None:
    assert "one\n\ttwo\\x1b" == written_out("one\n\ttwo\x1b", lines=True)


def test_json_means_what_it_meant() -> None:
    value = {"title": "x\x1b[31m\u202e\x9b\n\U000e0041 ä€\U0001f469\u200d\U0001f4bb"}
    document = json.dumps(value, ensure_ascii=False, indent=2)

    shown = written_out_in_json(document)

    assert value == json.loads(shown)
    assert (
        '{\n  "title": "x\\u001b[31m\\u202e\\u009b\\n\\udb40\\udc41 ä€\U0001f469\u200d\U0001f4bb"\n}' == shown
    )
