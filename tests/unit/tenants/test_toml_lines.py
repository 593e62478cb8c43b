"""Every key of a TOML text is found on its line."""

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.tenants.toml_lines import Path, lines_of

EVERYTHING = '''\
top = 1
"quoted key" = 2          # a comment with [brackets] = and "quotes"
dotted.a . "b c" = 3

[plain]
text = "a # is no comment here"
many = """
[not.a.table]
x = "y" \\""" still inside
ends with two quotes"""""
literal = \'\'\'
C:\\no\\escape\\ 'quoted'
\'\'\'
after = 14

[plain.deeper.still]
a = 17
list = [
  18, # comment, with ] and ,
  "19]",

  [22, [ 22 ]],
  { x = 23, y = { z = 23 } },
]
empty = []
nothing = {}
when = 1979-05-27 07:32:00
last = 28

[[rows]]
a = 31
[rows.sub]
b = 33
[[rows.inner]]
c = 35
[[rows.inner]]
c = 37

[[rows]]
a = 40
[[rows.inner]]
c = 42
'''


def paths_of(value: Any, path: Path = ()) -> Iterator[Path]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in inner:
        yield (*path, key)
        yield from paths_of(below, (*path, key))


def test_every_path_of_the_document_has_a_line_and_nothing_else_has() -> None:
    assert set(paths_of(tomllib.loads(EVERYTHING))) == set(lines_of(EVERYTHING))


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("top",), 1),
        (("quoted key",), 2),
        (("dotted",), 3),
        (("dotted", "a", "b c"), 3),
        (("plain",), 5),
        (("plain", "many"), 7),
        (("plain", "literal"), 11),
        (("plain", "after"), 14),
        (("plain", "deeper"), 16),
        (("plain", "deeper", "still", "a"), 17),
        (("plain", "deeper", "still", "list"), 18),
        (("plain", "deeper", "still", "list", 0), 19),
        (("plain", "deeper", "still", "list", 1), 20),
        (("plain", "deeper", "still", "list", 2), 22),
        (("plain", "deeper", "still", "list", 2, 1, 0), 22),
        (("plain", "deeper", "still", "list", 3, "y", "z"), 23),
        (("plain", "deeper", "still", "last"), 28),
        (("rows",), 30),
        (("rows", 0, "a"), 31),
        (("rows", 0, "sub", "b"), 33),
        (("rows", 0, "inner", 0, "c"), 35),
        (("rows", 0, "inner", 1, "c"), 37),
        (("rows", 1), 39),
        (("rows", 1, "a"), 40),
        (("rows", 1, "inner", 0, "c"), 42),
    ],
)
def test_a_key_is_found_on_its_line(path: Path, line: int) -> None:
    assert line == lines_of(EVERYTHING)[path]


def test_windows_line_ends_count_once() -> None:
    assert {("a",): 1, ("b",): 3} == lines_of("a = 1\r\n\r\nb = 2\r\n")


def test_a_comment_may_be_the_last_thing() -> None:
    assert {("a",): 2} == lines_of("# one\na = [] # end")


BLANKS = st.text("\n \t", max_size=3).map(lambda text: text + "# x = [\n")
STRINGS = st.sampled_from(['"a"', "'a'", '"""\na\n"""', "'''\na''b\n'''", '"\\""', '""', '"""a"""""', "'#'"])


@given(st.lists(st.tuples(BLANKS, STRINGS, st.booleans(), st.booleans()), max_size=12))
def test_lines_are_right_whatever_stands_in_between(pieces: list[tuple[str, str, bool, bool]]) -> None:
    text, expected = "", {}
    for number, (blank, value, as_table, as_list) in enumerate(pieces):
        text += blank
        name = f"k{number}"
        expected[name] = text.count("\n") + 1
        text += f"[[{name}]]\n" if as_table else f"{name} = " + (f"[{value}]\n" if as_list else f"{value}\n")

    tables = tomllib.loads(text)
    lines = lines_of(text)

    assert set(paths_of(tables)) == set(lines)
    assert expected == {path[-1]: line for path, line in lines.items() if path[-1] in expected}
