"""Cells as they stand in the file, and lines made of them.

A cell is kept as written, quotes included: so an empty cell and a quoted-empty one stay apart,
numbers keep their written scale, and a file that is read and written again is the same file.
"""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

SEPARATOR = ";"
LINE_END = "\r\n"


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
    parts = line.split(SEPARATOR)
    if '"' not in line:
        return tuple(parts)
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
    if open_cell:
        raise ValueError(f"the quote in cell {len(cells) + 1} is not closed")
    for index, cell in enumerate(cells):
        if '"' in cell and not _well_quoted(cell):
            raise ValueError(f"cell {index + 1} has a quote where none may be")
    return tuple(cells)


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
