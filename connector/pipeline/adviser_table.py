"""A text of any program cut into the rows of a table, and what of it cannot be cut.

Each line is cut for itself. A cell cannot go on over several lines then: a single stray quotation mark would
else make one cell of the rest of the file, and its accounts would be missing without a word.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from connector.errors import Problem
from connector.pipeline.adviser_columns import Column, column_of

HEADING_ROWS = 20
"""Exports put a title, a date and the client's name above the headings."""

_DELIMITERS = (";", ",", "\t")
_LONGEST_CELL = csv.field_size_limit()
"""What Python's csv takes; no name is longer."""


@dataclass(frozen=True, slots=True)
class Table:
    """A text whose headings were found."""

    delimiter: str
    headings: Sequence[str]
    columns: Mapping[Column, int]
    """Where the columns that mean something to us stand."""
    first_line: int
    """Number of the line below the headings, as a person counts."""
    lines: Sequence[str]
    """The lines below the headings."""

    def rows(self, problems: list[Problem]) -> Iterator[tuple[int, Sequence[str]]]:
        """Line number and cells of each row that holds anything; lines that cannot be cut become problems."""
        for number, line in enumerate(self.lines, start=self.first_line):
            try:
                cells = _cut(line, self.delimiter)
            except csv.Error:
                problems.append(_not_cut(number, line))
                continue
            if any(cell.strip() for cell in cells[len(self.headings) :]):
                problems.append(self._surplus(number, cells))
            elif any(cell.strip() for cell in cells):
                yield number, cells

    def _surplus(self, number: int, cells: Sequence[str]) -> Problem:
        return Problem(
            "cells_surplus",
            f"Line {number}: has {len(cells)} cells, but there are {len(self.headings)} headings: what "
            "stands in which column is open.",
            "row",
            f"Put a cell that holds {self.delimiter!r} into quotation marks, or give every column a heading.",
        )


def find_table(text: str) -> Table | None:
    """The table by the delimiter that makes the most known headings; None where none makes an account's."""
    lines = _lines(text)
    found = [table for delimiter in _DELIMITERS if (table := _table(lines, delimiter))]
    return max(found, key=lambda table: len(table.columns), default=None)


def open_quotes_at_the_top(text: str) -> list[Problem]:
    """What may have hidden the headings: lines that a quotation mark leaves open, as one within a heading."""
    top = enumerate(_lines(text)[:HEADING_ROWS], start=1)
    return [_not_cut(number, line) for number, line in top if line.count('"') % 2]


def _lines(text: str) -> list[str]:
    """Lines by any kind of end; str.splitlines would cut at signs that may stand inside of a name."""
    return [line.removesuffix("\n") for line in io.StringIO(text, newline=None)]


def _table(lines: Sequence[str], delimiter: str) -> Table | None:
    for number, line in enumerate(lines[:HEADING_ROWS], start=1):
        try:
            headings = _cut(line, delimiter)
        except csv.Error:
            continue
        columns: dict[Column, int] = {}
        for place, heading in enumerate(headings):
            column = column_of(heading)
            if column is not None:
                columns.setdefault(column, place)
        if Column.ACCOUNT in columns and len(columns) > 1:
            return Table(delimiter, headings, columns, number + 1, lines[number:])
    return None


def _cut(line: str, delimiter: str) -> list[str]:
    """The cells of one line.

    :raises csv.Error: a quotation mark is not closed, or closed before its cell ends; a cell is too long.
    """
    return next(csv.reader([line], delimiter=delimiter, strict=True), [])


def _not_cut(number: int, line: str) -> Problem:
    if len(line) > _LONGEST_CELL:
        return Problem(
            "line_too_long",
            f"Line {number}: has {len(line)} characters.",
            "row",
            "Export the list again with one account on each line.",
        )
    if line.count('"') % 2:
        return Problem(
            "quote_not_closed",
            f"Line {number}: a quotation mark opens a cell, and none on this line closes it.",
            "row",
            "Take the mark out, or close it; write a cell that goes on over several lines on one.",
        )
    return Problem(
        "quote_misplaced",
        f"Line {number}: a quotation mark closes a cell, and the cell goes on behind it.",
        "row",
        "Write a quotation mark inside of a quoted cell twice, or take it out.",
    )
