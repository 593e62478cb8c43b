"""Check a whole EXTF file: header, headings, every cell, and the cells of a row against each other."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain

from connector.datev.extf.categories import CATEGORIES, Category
from connector.datev.extf.cells import content_of, join_cells
from connector.datev.extf.columns import CELL_BREAK, Column, Kind, cell_problem, column_name
from connector.datev.extf.file import ExtfFile
from connector.datev.extf.header import header_problems
from connector.datev.extf.limits import MAX_HEADER_CHARACTERS, MAX_ROWS, too_many_rows
from connector.datev.extf.problems import LINES_ABOVE, FileProblem, Severity
from connector.datev.extf.reader import Row
from connector.datev.extf.rules import Rule, row_problems
from connector.datev.extf.terms import BatchTerms

_READ_BY_THE_ROWS = {2, 3, 4, 5, 13, 14, 15, 16, 21}
"""Fields of the header that say how rows are checked: where one is wrong, the rows cannot be judged."""


def check_file(file: ExtfFile) -> list[FileProblem]:
    """Every problem of a file of any origin; empty where DATEV should import it without a warning.

    Rows are counted from 1 without the two lines above them.
    """
    return list(check_rows(file.header, file.headings, file.rows))


def check_rows(
    header: Row, headings: Row, rows: Iterable[Row], more_rules: Sequence[Rule] = ()
) -> Iterator[FileProblem]:
    """The same for rows that arrive one by one: nothing but the row at hand is kept.

    With :class:`~connector.datev.extf.reader.ExtfReader` a file of any size is checked in the same
    memory; what the reader raises at the end (lines it could not read) passes through.

    :param more_rules: asked of every row after those of its category.
    """
    contents = [content_of(cell) for cell in header]
    problems = _header_line_problems(header) + header_problems(contents)
    yield from problems
    wrong = {problem.column for problem in problems if problem.severity is Severity.ERROR}
    if None in wrong or wrong & _READ_BY_THE_ROWS:
        return
    category = CATEGORIES.get(int(contents[2]))
    columns = category.columns(int(contents[4])) if category else None
    if category is None or columns is None:
        yield _unknown_category(contents)
        return
    headless = _is_record(headings, columns)
    yield from [_headings_missing()] if headless else _heading_problems(headings, columns)
    count = 0
    check = _RowCheck(category, columns, BatchTerms.from_header(contents), more_rules)
    for count, row in enumerate(chain([headings], rows) if headless else rows, start=1):
        problems = check(row, count)
        yield from (_one_line_up(problem) for problem in problems) if headless else problems
    if count > MAX_ROWS:
        yield too_many_rows(count)
    if not count:
        yield FileProblem("no_rows", "The file has no records.", "file", "Send no file at all.")


def _header_line_problems(header: Row) -> list[FileProblem]:
    characters = len(join_cells(header))
    if characters <= MAX_HEADER_CHARACTERS:
        return []
    return [
        FileProblem(
            "header_too_long",
            f"The header record has {characters} characters, DATEV takes {MAX_HEADER_CHARACTERS}.",
            "header",
            "Shorten the texts of the header record.",
            line=1,
        )
    ]


def _unknown_category(header: Sequence[str]) -> FileProblem:
    return FileProblem(
        "category_unknown",
        f"Category {header[2]} ({header[3]}) cannot be checked column by column.",
        "column 3 (Datenkategorie)",
        "These categories can: "
        + ", ".join(f"{number} {CATEGORIES[number].name}" for number in CATEGORIES)
        + ".",
        line=1,
        column=3,
        heading="Datenkategorie",
    )


def _is_record(headings: Row, columns: tuple[Column, ...]) -> bool:
    """Whether a record stands in line 2: a number or date in its place, and no heading in its own.

    Headings in another language or spelling are still headings; none of them is a number.
    """
    cells = [(column, content_of(cell).strip()) for column, cell in zip(columns, headings, strict=False)]
    if any(content.casefold() == column.heading.casefold() for column, content in cells):
        return False
    return any(
        content and column.kind not in (Kind.TEXT, Kind.RESERVED) and column.accepts(content)
        for column, content in cells
    )


def _headings_missing() -> FileProblem:
    return FileProblem(
        "headings_missing",
        "Line 2 holds a record, not the column headings; DATEV skips that line, so the record would be lost.",
        "line 2",
        "Put the line of column headings between the header record and the first record.",
        line=2,
    )


def _one_line_up(problem: FileProblem) -> FileProblem:
    """The problem of a row, in a file whose records begin in line 2."""
    return replace(problem, line=problem.line - 1) if problem.line else problem


def _heading_problems(headings: Row, columns: tuple[Column, ...]) -> list[FileProblem]:
    expected = [column.heading for column in columns]
    found = [content_of(cell) for cell in headings]
    if len(found) != len(expected):
        return [
            FileProblem(
                "heading_count",
                f"The file has {len(found)} column headings, this version has {len(expected)}.",
                "line 2",
                "Export the file again in the version that its header names.",
                line=2,
            )
        ]
    return [
        FileProblem(
            "heading",
            f"The heading of column {number} is {is_!r} but must be {must!r}.",
            f"column {number} ({must})",
            "Write the headings in DATEV's order and spelling.",
            # Another column's heading means that the values stand in the wrong columns, too.
            severity=Severity.ERROR if is_ in expected else Severity.WARNING,
            line=2,
            column=number,
            heading=must,
        )
        for number, (is_, must) in enumerate(zip(found, expected, strict=True), start=1)
        if is_ != must
    ]


_QUOTED = f'(?:"[^{CELL_BREAK}]*+")?+'
_BARE = f'(?:[^"{CELL_BREAK}]*+|"")'
"""Cells as the table quotes them; an empty one may be written either way, as in DATEV's samples."""


class _RowCheck:
    """The check of one row, with all that is the same for every row made ready once."""

    def __init__(
        self,
        category: Category,
        columns: tuple[Column, ...],
        terms: BatchTerms,
        more_rules: Sequence[Rule],
    ) -> None:
        newest = category.newest_columns
        self._columns = columns
        self._newest = newest
        self._missing = [""] * (len(newest) - len(columns))
        self._rules = (*category.rules, *more_rules)
        self._terms = terms
        self._right = Column.all_accept(columns)
        self._quoted_right = re.compile(CELL_BREAK.join(_QUOTED if c.quoted else _BARE for c in columns))
        self._told: set[int] = set()
        """Columns whose quotes have been told: a program that quotes differently does so in every row."""

    def __call__(self, row: Row, number: int) -> list[FileProblem]:
        where = f"Row {number}:"
        if len(row) != len(self._columns):
            return [
                FileProblem(
                    "cell_count",
                    f"{where} has {len(row)} cells, this version has {len(self._columns)}.",
                    "line",
                    "Write every column, also the empty ones.",
                    row=number,
                    line=number + LINES_ABOVE,
                )
            ]
        problems = []
        contents = ["" if cell == '""' else content_of(cell) for cell in row]
        if not self._right.fullmatch(CELL_BREAK.join(contents)):
            problems = [
                cell_problem(self._columns, index, content, where, number)
                for index, (column, content) in enumerate(zip(self._columns, contents, strict=True))
                if not column.accepts(content)
            ]
        broken = row_problems(self._newest, self._rules, contents + self._missing, self._terms, where, number)
        # A cell that is wrong by itself is reported once, not again by every rule that reads it.
        wrong = {problem.column for problem in problems}
        problems += [problem for problem in broken if problem.column not in wrong]
        return problems + self._quoting_problems(row, where, number)

    def _quoting_problems(self, row: Row, where: str, number: int) -> list[FileProblem]:
        if self._quoted_right.fullmatch(CELL_BREAK.join(row)):
            return []
        differing = [
            (index, column)
            for index, (column, cell) in enumerate(zip(self._columns, row, strict=True))
            if cell not in ("", '""') and (cell[0] == '"') is not column.quoted and index not in self._told
        ]
        self._told.update(index for index, _ in differing)
        return [
            FileProblem(
                "quotes",
                f"{where} {column_name(index, column)} is {'bare' if column.quoted else 'quoted'}; "
                "DATEV writes texts in quotes and all else bare. Further rows are not listed.",
                column_name(index, column),
                f"Write {column.heading} {'in' if column.quoted else 'without'} quotes.",
                severity=Severity.WARNING,
                row=number,
                line=number + LINES_ABOVE,
                column=index + 1,
                heading=column.heading,
            )
            for index, column in differing
        ]
