"""``config/env.example`` names every variable that the code reads, each with a sentence, and no other."""

import ast
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from connector import settings

REPOSITORY = Path(__file__).parents[2]
EXAMPLE = REPOSITORY / "config" / "env.example"
SOURCES = ("connector", "tasks", "webapp", "config")

NOT_OURS = {"PATH", "NO_COLOR", "CONTENT_LENGTH"}
"""Set by the system, by convention for every program, or by WSGI; nobody sets them for this product."""

_READING_METHODS = {"get", "getenv", "text", "url", "choice", "parsed", "redis", "folder"}
"""``environ.get`` and the methods of the reader in ``connector.settings``."""

_VARIABLE = re.compile(r"#?([A-Z][A-Z0-9_]+)=(.*)")


def variables_read_by(source: str) -> Iterator[str]:
    """Names of environment variables that a piece of Python reads."""
    for node in ast.walk(ast.parse(source)):
        found: ast.expr | None = None
        if isinstance(node, ast.Call) and node.args:
            name = node.func.attr if isinstance(node.func, ast.Attribute) else None
            found = node.args[0] if name in _READING_METHODS else None
        elif isinstance(node, ast.Subscript) and "environ" in ast.unparse(node.value):
            found = node.slice
        elif isinstance(node, ast.Compare) and "environ" in ast.unparse(node.comparators[0]):
            found = node.left
        if (
            isinstance(found, ast.Constant)
            and isinstance(found.value, str)
            and re.fullmatch(r"[A-Z][A-Z0-9_]+", found.value)
        ):
            yield found.value


def read_by_the_code() -> set[str]:
    files = [path for folder in SOURCES for path in (REPOSITORY / folder).rglob("*.py")]
    return {name for path in files for name in variables_read_by(path.read_text("utf-8"))} - NOT_OURS


def lines() -> list[str]:
    return EXAMPLE.read_text("utf-8").splitlines()


def listed() -> dict[str, str]:
    return {found[1]: found[2] for line in lines() if (found := _VARIABLE.fullmatch(line))}


def test_the_search_finds_every_way_of_reading() -> None:
    source = """
os.environ.get("A_A"); os.getenv("B_B"); os.environ["C_C"]; "D_D" in environ
read.text("E_E"); read.parsed("F_F", "1", int, "x"); request.headers["G_G"]; table.get("no")
"""

    assert {"A_A", "B_B", "C_C", "D_D", "E_E", "F_F"} == set(variables_read_by(source))


def test_the_example_and_the_code_name_the_same_variables() -> None:
    assert read_by_the_code() == set(listed())


def test_each_variable_is_explained_by_a_sentence_above_it() -> None:
    bare = [after for before, after in pairwise(lines()) if _VARIABLE.fullmatch(after) and before[:2] != "# "]

    assert bare == []


DEFAULTS = {
    "MLC_VAR_DIR",
    "MLC_PUBLIC_URL",
    "MLC_WEB_BIND",
    "WEB_CONCURRENCY",
    "MLC_WEB_THREADS",
    "MLC_WEB_MAX_REQUESTS",
    "FLOWER_PORT",
    "FLOWER_ADDRESS",
    "MLC_LOG_LEVEL",
    "MLC_LOG_FORMAT",
    "MLC_TIME_SCALE",
    "PIPEDRIVE_OAUTH_BASE_URL",
    "VAT_VIES_BASE_URL",
    "VAT_BZST_BASE_URL",
    "MLC_KEEP_VOUCHERS_YEARS",
    "MLC_KEEP_BOOKS_YEARS",
    "MLC_KEEP_LETTERS_YEARS",
    "MLC_KEEP_HTTP_LOG_DAYS",
    "MLC_KEEP_INBOX_DAYS",
    "MLC_KEEP_UNBOOKED_DAYS",
    "DATEV_ENVIRONMENT",
    "DATEV_CLIENT_AUTH",
}
"""Shown with their default, which is another value than none."""


def test_a_copy_of_the_example_changes_nothing_by_itself() -> None:
    assert [] == [line for line in lines() if re.match("[A-Z]", line)]


def test_the_values_that_are_shown_are_the_defaults() -> None:
    shown = {name: value for name, value in listed().items() if name in DEFAULTS}

    assert DEFAULTS == set(shown)
    assert settings.load({}) == settings.load(shown)


def test_the_addresses_in_comments_are_the_defaults_of_production() -> None:
    shown = {name: value for name, value in listed().items() if name.startswith("DATEV_") and "_URL" in name}

    assert len(shown) == 6
    assert settings.load({}).datev == settings.load(shown).datev
