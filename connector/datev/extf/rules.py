"""Rules between the cells of a row: what a rule is, and the rules that hold in every category."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from connector.datev.extf.columns import Column, Kind, column_name
from connector.datev.extf.problems import LINES_ABOVE, FileProblem, Severity
from connector.datev.extf.terms import BatchTerms


class Breach(NamedTuple):
    """One rule broken by one row."""

    code: str
    column: int
    """DATEV's number of the column to mend."""
    what: str
    """What is wrong, to follow "Row 7:"."""
    cure: str
    severity: Severity = Severity.ERROR


Contents = Sequence[str]
"""Contents of one row without quotes; index 0 is column 1."""
Rule = Callable[[Contents, BatchTerms], Iterable[Breach]]
"""Names every breach in one row; nothing (an empty tuple, cheaply) where all is right."""


def row_problems(
    columns: Sequence[Column],
    rules: Sequence[Rule],
    contents: Contents,
    terms: BatchTerms,
    where: str,
    row: int,
) -> list[FileProblem]:
    """Every breach of the category's rules in one row; ``where`` begins each sentence."""
    return [
        FileProblem(
            breach.code,
            f"{where} {breach.what}",
            column_name(breach.column - 1, columns[breach.column - 1]),
            breach.cure,
            severity=breach.severity,
            row=row,
            line=row + LINES_ABOVE,
            column=breach.column,
            heading=columns[breach.column - 1].heading,
        )
        for rule in rules
        for breach in rule(contents, terms)
    ]


def dates_exist(columns: Sequence[Column]) -> Rule:
    """The rule that every date of a category is one that a calendar has."""
    places = tuple(index for index, column in enumerate(columns) if column.kind is Kind.DATE)

    def rule(c: Contents, _terms: BatchTerms) -> Iterable[Breach]:
        return [
            Breach(
                "no_such_day", index + 1, f"{c[index]} is a day that no calendar has.", "Correct the date."
            )
            for index in places
            if c[index] and parse_date(c[index]) is None
        ]

    return rule


@lru_cache(maxsize=4000)
def parse_date(text: str) -> date | None:
    """TTMMJJJJ to a date; None where no calendar has that day."""
    if len(text) != len(Kind.DATE.value):
        return None
    try:
        return date(int(text[4:]), int(text[2:4]), int(text[:2]))
    except ValueError:
        return None
