"""Cells as they stand in the file, and lines made of them.

A cell is kept as written, quotes included: so an empty cell and a quoted-empty one stay apart,
numbers keep their written scale, and a file that is read and written again is the same file.
"""

import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal

SEPARATOR = ";"
LINE_END = "\r\n"

_CELL = re.compile(r'(?:^|(?<=;))("[^"]*(?:""[^"]*)*"(?=;|$)|[^;"]*(?=;|$))')
"""A cell from its beginning to its end; what it skips is a broken quote."""

_PLAIN_CELL = r'(?>"[^";]*+(?:""[^";]*+)*+"|[^";]*+)'
_PLAIN_LINE = re.compile(f"{_PLAIN_CELL}(?:;{_PLAIN_CELL})*+")
"""A line without a separator inside quotes, which nearly all are: it may be split blindly."""


def quote(content: str) -> str:
    """The content in quotes, quotes inside doubled."""
    return '"' + content.replace('"', '""') + '"'


def content_of(cell: str) -> str:
    """What a cell says, without quotes."""
    if len(cell) >= 2 and cell[0] == '"' and cell[-1] == '"':
        return cell[1:-1].replace('""', '"')
    return cell


def join_cells(cells: Iterable[str]) -> str:
    """One line, without its end."""
    return SEPARATOR.join(cells)


def split_cells(line: str) -> tuple[str, ...]:
    """The cells of one line.

    Raises:
        ValueError: a quoted cell is not closed, or goes on after its closing quote.
    """
    if _PLAIN_LINE.fullmatch(line):
        return tuple(line.split(SEPARATOR))
    found: list[str] = _CELL.findall(line)
    if sum(map(len, found)) + len(found) - 1 == len(line):
        return tuple(found)
    raise ValueError(_why_not(line))


def _why_not(line: str) -> str:
    """What is wrong with the quotes of a line."""
    parts = line.split(SEPARATOR)
    cells: list[str] = []
    open_cell: list[str] = []
    for part in parts:
        odd = part.count('"') % 2
        if open_cell:
            open_cell.append(part)
            if odd:
                cells.append(SEPARATOR.join(open_cell))
                open_cell = []
        elif odd:
            open_cell = [part]
        else:
            cells.append(part)
    wrong = [index for index, cell in enumerate(cells) if '"' in cell and not _well_quoted(cell)]
    if wrong or not open_cell:
        return f"cell {wrong[0] + 1 if wrong else len(cells)} has a quote where none may be"
    return f"the quote in cell {len(cells) + 1} is not closed"


def _well_quoted(cell: str) -> bool:
    """Either no quotes at all, or around the whole cell with those inside doubled."""
    if len(cell) < 2 or cell[0] != '"' or cell[-1] != '"':
        return False
    return '"' not in cell[1:-1].replace('""', "")


def decimal_text(value: Decimal, decimals: int) -> str:
    """A number with decimal comma and at least ``decimals`` decimals; never rounded.

    More decimals than that stay and are refused by the column: a silently rounded amount would be
    a wrong one.
    """
    plain = str(value)
    if plain[-1 - decimals : -decimals] == ".":
        # The usual case, said again because amounts are in every row.
        return plain.replace(".", ",")
    whole, _, fraction = format(value, "f").partition(".")
    if len(fraction) != decimals:
        fraction = fraction.rstrip("0").ljust(decimals, "0")
    return f"{whole},{fraction}"


def day_month(value: date) -> str:
    """TTMM: the year comes from the header."""
    return f"{value.day:02d}{value.month:02d}"


def full_date(value: date | None) -> str:
    """TTMMJJJJ; nothing for None."""
    return f"{value.day:02d}{value.month:02d}{value.year:04d}" if value else ""
