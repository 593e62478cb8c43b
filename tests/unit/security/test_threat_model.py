"""The threat model cannot rot: every proof that it names exists, and every door stands in it."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "security.md"

_PROOF = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")

DOORS = (
    *("Receiver", "Login pages", "Desk", "Metrics", "Flower", "Redis", "PostgreSQL", "Calls to partners"),
    *("Downloads", "Files given to", "Command line", "Logs, files and backups"),
)


def _text() -> str:
    return PAGE.read_text("utf-8")


def _proofs() -> list[tuple[str, str]]:
    return _PROOF.findall(_text())


@cache
def _tests_of(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize(("file", "name"), sorted(set(_proofs())))
def test_every_proof_that_is_named_exists(file: str, name: str) -> None:
    assert (ROOT / file).is_file(), file
    assert name in _tests_of(file)


def test_nothing_looks_like_a_proof_without_being_read_as_one() -> None:
    assert len(_proofs()) == _text().count("::test_")
    assert len(_proofs()) > 60


def test_every_door_has_a_chapter() -> None:
    chapters = re.findall(r"^### (.+)$", _text(), re.MULTILINE)
    assert [] == [door for door in DOORS if not any(chapter.startswith(door) for chapter in chapters)]


def test_every_row_of_a_table_of_threats_names_a_proof() -> None:
    doors = _text().partition("## The doors")[2].partition("## What is left open")[0]
    rows = [line for line in doors.splitlines() if line.startswith("|") and not set(line) <= set("|- ")]
    heading = "| Threat | Measure | Proof |"
    assert [] == [row for row in rows if row != heading and not _PROOF.search(row)]
