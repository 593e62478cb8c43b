"""How results are shown: text for people, JSON for machines (alone on stdout; messages go to stderr).

Titles, names and answers are other people's texts: what a terminal would obey in them is written out, here,
for every line of every command.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import click

from connector.clock import BERLIN
from connector.visible import written_out, written_out_in_json

TEXT = "text"
JSON = "json"

format_option = click.option(
    "--format",
    "fmt",
    type=click.Choice([TEXT, JSON]),
    default=TEXT,
    show_default=True,
    help="json: for machines, alone on stdout.",
)


def show(fmt: str, value: Any, lines: Callable[[Any], Iterable[str]]) -> None:
    """Print a plain value as JSON, or what ``lines`` makes of it."""
    if fmt == JSON:
        click.echo(written_out_in_json(json.dumps(value, ensure_ascii=False, indent=2)))
        return
    for line in lines(value):
        tell(line)


def tell(line: str) -> None:
    """A line of the result."""
    click.echo(written_out(line))


def say(message: str) -> None:
    """A message beside the result."""
    click.echo(written_out(message), err=True)


def table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], *, empty: str) -> list[str]:
    """Rows below each other, every column as wide as it needs; ``empty`` is said where there is none."""
    if not rows:
        return [empty]
    cells = [[_cell(row[column]) for column in columns] for row in rows]
    headings = [column.replace("_", " ").upper() for column in columns]
    widths = [max(map(len, column)) for column in zip(headings, *cells, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in [headings, *cells]
    ]


def facts(pairs: Iterable[tuple[str, Any]]) -> list[str]:
    """Names and values below each other; what has no value is left out."""
    shown = [(name, _cell(value)) for name, value in pairs if value not in (None, "", [])]
    width = max((len(name) for name, _value in shown), default=0)
    return [f"{name.ljust(width)}  {value}" for name, value in shown]


def local_time(moment: datetime | str | None) -> str:
    """A moment as it is told to people: Berlin time."""
    if not moment:
        return ""
    given = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return f"{given.astimezone(BERLIN):%Y-%m-%d %H:%M:%S}"


def moment_text(moment: datetime | None) -> str | None:
    """A moment for machines: ISO 8601 with its zone."""
    return moment.isoformat() if moment else None


def _cell(value: Any) -> str:
    """As it will be shown: the width of a column is that of what stands there in the end."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return written_out(", ".join(map(str, value)))
    return written_out(str(value))
