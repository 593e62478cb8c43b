"""Records to a finished file: all of it or none of it.

A record names the columns it fills; the layout folds all others into constant text once, so that a
row of 125 or 254 columns costs no more than the columns it uses.
"""

from collections.abc import Iterable, Sequence

from connector.datev.extf.cells import SEPARATOR, join_cells
from connector.datev.extf.columns import CELL_BREAK, Column, cell_problem, column_name
from connector.datev.extf.file import MAX_BYTES, MAX_ROWS, encodable, encode_lines
from connector.datev.extf.header import (
    HEADER_FIELDS,
    BatchHeader,
    Category,
    header_contents,
    header_problems,
)
from connector.datev.extf.validator import too_many_rows
from connector.errors import DataError, Problem


class RowLayout:
    """How records that fill the same columns become lines."""

    def __init__(self, columns: Sequence[Column], filled: Sequence[int]) -> None:
        """``filled``: the numbers of the columns that records of this layout fill, ascending, from 1."""
        self._fields = tuple((number - 1, columns[number - 1]) for number in filled)
        self._right = Column.all_accept([column for _, column in self._fields]).fullmatch
        slots = set(filled)
        cells = (
            column.cell("%s") if number in slots else column.empty_cell
            for number, column in enumerate(columns, start=1)
        )
        self._template = SEPARATOR.join(cells)

    def line(self, contents: Sequence[str], where: str, problems: list[Problem]) -> str:
        """The line of one record; empty where a cell is wrong, which is added to ``problems``."""
        joined = CELL_BREAK.join(contents)
        if not self._right(joined):
            problems += self._problems(contents, where)
            return ""
        # Only quoted columns accept a quote, so doubling all of them at once is right.
        return self._template % tuple(joined.replace('"', '""').split(CELL_BREAK))

    def encoding_problems(self, contents: Sequence[str], where: str) -> list[Problem]:
        """The cells whose characters cannot be written; called only when the whole file could not."""
        return [
            Problem(
                "not_in_encoding",
                f"{where} {column_name(index, column)} holds characters that Windows-1252 lacks: "
                + " ".join(sign for sign in dict.fromkeys(content) if not encodable(sign))
                + ".",
                column_name(index, column),
                "Transliterate the text before it is written.",
            )
            for (index, column), content in zip(self._fields, contents, strict=True)
            if not encodable(content)
        ]

    def _problems(self, contents: Sequence[str], where: str) -> list[Problem]:
        return [
            cell_problem(column, content, where=where, field=column_name(index, column))
            for (index, column), content in zip(self._fields, contents, strict=True)
            if not column.accepts(content)
        ]


Record = tuple[RowLayout, Sequence[str], str, list[Problem]]
"""Layout, contents in its order, how to call the record in a message, what is already wrong with it."""


def render(header: BatchHeader, category: Category, records: Iterable[Record]) -> bytes:
    """A complete file in Windows-1252 with CR LF.

    Raises:
        DataError: with every problem of header and records; nothing is written then.
    """
    columns = category.columns(category.version)
    if columns is None:
        raise ValueError(f"category {category.number} has no version {category.version}")
    contents = header_contents(header, category)
    problems = header_problems(contents)
    lines = [
        join_cells(field.cell(content) for field, content in zip(HEADER_FIELDS, contents, strict=True)),
        join_cells(column.heading for column in columns),
    ]
    written: list[Record] = []
    for record in records:
        layout, row, where, found = record
        problems += found
        lines.append(layout.line(row, where, problems))
        written.append(record)
    if len(written) > MAX_ROWS:
        problems.append(too_many_rows(len(written)))
    if not written:
        problems.append(Problem("no_rows", "The file has no records.", "file", "Send no file at all."))
    return _encode(lines, written, problems)


def _encode(lines: list[str], written: list[Record], problems: list[Problem]) -> bytes:
    data = b""
    try:
        data = encode_lines(lines)
    except DataError as error:
        found = [
            problem for layout, row, where, _ in written for problem in layout.encoding_problems(row, where)
        ]
        problems += found or error.problems
    if len(data) > MAX_BYTES:
        problems.append(
            Problem(
                "file_too_large",
                f"The file has {len(data)} bytes, DATEV takes {MAX_BYTES}.",
                "file",
                "Split the records over several files.",
            )
        )
    if problems:
        raise DataError(problems)
    return data
