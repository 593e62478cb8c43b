"""Check a whole EXTF file: header, headings, every cell, and the cells of a row against each other."""

import re

from connector.datev.extf.cells import content_of
from connector.datev.extf.columns import CELL_BREAK, Column, cell_problem, column_name
from connector.datev.extf.file import MAX_ROWS, ExtfFile, Row
from connector.datev.extf.header import CATEGORIES, header_problems
from connector.datev.extf.posting_rules import BatchTerms, row_problems
from connector.errors import Problem


def check_file(file: ExtfFile) -> list[Problem]:
    """Every problem of a file of any origin; empty where DATEV should import it without a warning.

    Rows are counted from 1 without the two lines above them.
    """
    header = [content_of(cell) for cell in file.header]
    problems = header_problems(header)
    if problems:
        return problems
    columns = _columns_of(header)
    if columns is None:
        return [
            Problem(
                "category_unknown",
                f"Category {header[2]} ({header[3]}) cannot be checked column by column.",
                "column 3 (Datenkategorie)",
                f"Known categories: {', '.join(str(number) for number in CATEGORIES)}.",
            )
        ]
    problems += _heading_problems(file.headings, columns)
    if len(file.rows) > MAX_ROWS:
        problems.append(too_many_rows(len(file.rows)))
    terms = BatchTerms.from_header(header) if CATEGORIES[int(header[2])].is_posting_batch else None
    right = Column.all_accept(columns)
    for number, row in enumerate(file.rows, start=1):
        problems += _row_problems(row, columns, right, terms, f"Row {number}:")
    return problems


def too_many_rows(count: int) -> Problem:
    """DATEV's import takes a limited number of records."""
    return Problem(
        "too_many_rows",
        f"The file has {count} records, DATEV takes {MAX_ROWS}.",
        "file",
        "Split the records over several files.",
    )


def _columns_of(header: list[str]) -> tuple[Column, ...] | None:
    category = CATEGORIES.get(int(header[2]))
    return category.columns(int(header[4])) if category else None


def _heading_problems(headings: Row, columns: tuple[Column, ...]) -> list[Problem]:
    expected = [column.heading for column in columns]
    found = [content_of(cell) for cell in headings]
    if len(found) != len(expected):
        return [
            Problem(
                "heading_count",
                f"The file has {len(found)} column headings, this version has {len(expected)}.",
                "line 2",
                "Export the file again in the version that its header names.",
            )
        ]
    return [
        Problem(
            "heading",
            f"The heading of column {number} is {is_!r} but must be {must!r}.",
            f"column {number}",
            "Write the headings exactly as DATEV spells them.",
        )
        for number, (is_, must) in enumerate(zip(found, expected, strict=True), start=1)
        if is_ != must
    ]


def _row_problems(
    row: Row, columns: tuple[Column, ...], right: re.Pattern[str], terms: BatchTerms | None, where: str
) -> list[Problem]:
    if len(row) != len(columns):
        return [
            Problem(
                "cell_count",
                f"{where} has {len(row)} cells, this version has {len(columns)}.",
                "line",
                "Write every column, also the empty ones.",
            )
        ]
    contents = ["" if cell == '""' else content_of(cell) for cell in row]
    problems = []
    if not right.fullmatch(CELL_BREAK.join(contents)):
        problems = [
            cell_problem(column, content, where=where, field=column_name(index, column))
            for index, (column, content) in enumerate(zip(columns, contents, strict=True))
            if not column.accepts(content)
        ]
    if terms:
        # A cell that is wrong by itself is reported once, not again by every rule that reads it.
        reported = {problem.field for problem in problems}
        problems += [found for found in row_problems(contents, terms, where) if found.field not in reported]
    return problems
