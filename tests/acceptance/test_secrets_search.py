"""The search for leaked values finds them: without this, finding nothing would prove nothing."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.acceptance.canaries import files, found_in, leaks

VALUE = "kanarienvögel/+?&=7f3a91c2"
CANARIES = {"token": VALUE}

DISGUISES: dict[str, Callable[[str], bytes]] = {
    "plain": str.encode,
    "upper case": lambda value: value.upper().encode(),
    "JSON": lambda value: json.dumps({"a": value}).encode(),
    "address": lambda value: f"https://host/?code={quote(value, safe='')}".encode(),
    "hex": lambda value: b"\\x" + value.encode().hex().encode(),
    "HTTP Basic": lambda value: base64.b64encode(f"pipedrive:{value}".encode()),
    "HTTP Basic of another user": lambda value: base64.b64encode(f"a:{value}".encode()),
    "base64": lambda value: base64.b64encode(value.encode()),
    "message of a queue": lambda value: json.dumps(
        {"body": base64.b64encode(json.dumps([[value], {}], ensure_ascii=False).encode()).decode()}
    ).encode(),
    "bytes as Python prints them": lambda value: repr({"a": value}).encode(),
}


@pytest.mark.parametrize("disguise", DISGUISES)
def test_a_planted_value_is_found_in_every_disguise(disguise: str) -> None:
    content = b"before " + DISGUISES[disguise](VALUE) + b" after"
    assert ["token"] == found_in(content, CANARIES)


@pytest.mark.parametrize("disguise", DISGUISES)
def test_another_value_in_the_same_disguise_is_not_found(disguise: str) -> None:
    content = b"before " + DISGUISES[disguise]("kanarienvögel/+?&=7e2b80d1") + b" after"
    assert [] == found_in(content, CANARIES)


def test_a_file_that_somebody_wrote_a_secret_into_is_named(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "web.log").write_text(f'{{"event": "x", "url": "redis://:{quote(VALUE)}@h"}}')
    (tmp_path / "clean.log").write_text('{"event": "x"}')
    assert [f"token in {tmp_path}/deep/web.log"] == leaks(files(tmp_path), {"token": quote(VALUE)})


def test_a_value_that_would_be_found_by_chance_is_refused() -> None:
    with pytest.raises(ValueError, match="by chance"):
        found_in(b"anything", {"short": "1234567"})
