"""What the cells of a posting row must be together (category 21).

DATEV's online service looks at the header only; a wrong row shows when the adviser imports the
batch. So every rule between columns is checked here. Columns are named by DATEV's numbers.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from connector.datev.extf.columns import column_name
from connector.datev.extf.header import year_after
from connector.datev.extf.posting_columns import PAIRS, POSTING_COLUMNS
from connector.errors import Problem

_HOME_CURRENCY = "EUR"


@dataclass(frozen=True, slots=True)
class BatchTerms:
    """What the header says and the rows must keep to."""

    account_length: int
    fiscal_year_start: date
    date_from: date
    date_to: date

    @classmethod
    def from_header(cls, contents: Sequence[str]) -> "BatchTerms":
        """From the contents of a header record that has been checked."""
        start, first, last = (date.fromisoformat(contents[index]) for index in (12, 14, 15))
        return cls(int(contents[13]), start, first, last)


Contents = Sequence[str]
"""Contents of one row without quotes; index 0 is column 1."""
Rule = Callable[[Contents, BatchTerms], Iterator[tuple[str, int, str, str]]]
"""Yields (code, column number, what is wrong, cure)."""


def row_problems(contents: Contents, terms: BatchTerms, where: str) -> list[Problem]:
    """Every breach of a rule between columns in one row."""
    return [
        Problem(code, f"{where} {what}", column_name(number - 1, POSTING_COLUMNS[number - 1]), cure)
        for rule in RULES
        for code, number, what, cure in rule(contents, terms)
    ]


def _accounts_fit_the_length(c: Contents, terms: BatchTerms) -> Iterator[tuple[str, int, str, str]]:
    for number in (7, 8):
        if len(c[number - 1].lstrip("0")) > terms.account_length + 1:
            yield (
                "account_too_long",
                number,
                f"account {c[number - 1]} has more digits than the client's personal accounts.",
                "Use an account of the client's length.",
            )


def _document_date_lies_in_the_period(c: Contents, terms: BatchTerms) -> Iterator[tuple[str, int, str, str]]:
    if document_date_of(c[9], terms) is None:
        yield (
            "document_date_outside_period",
            10,
            f"document date {c[9]} does not lie between {terms.date_from} and {terms.date_to}.",
            "Put the row into the batch of its own month and fiscal year.",
        )


def _foreign_currency_is_complete(c: Contents, _terms: BatchTerms) -> Iterator[tuple[str, int, str, str]]:
    currency, *rest = c[2:6]
    if currency in ("", _HOME_CURRENCY):
        if any(rest):
            yield (
                "currency_without_code",
                3,
                "has an exchange rate or base amount but is not in a foreign currency.",
                "Leave columns 4 to 6 empty or name the foreign currency in column 3.",
            )
    elif not all(rest):
        yield (
            "currency_incomplete",
            4,
            f"is in {currency} but exchange rate, base amount and base currency are not all there.",
            "Fill columns 4, 5 and 6, or leave columns 3 to 6 empty.",
        )


def _pairs_are_whole(c: Contents, _terms: BatchTerms) -> Iterator[tuple[str, int, str, str]]:
    # Nearly all rows are right, so the halves are first compared as a whole.
    if [*map(bool, c[20:36:2])] == [*map(bool, c[21:36:2])] and (
        [*map(bool, c[47:87:2])] == [*map(bool, c[48:87:2])]
    ):
        return
    for kind, content in PAIRS:
        if bool(c[kind - 1]) != bool(c[content - 1]):
            yield (
                "half_pair",
                kind,
                f"columns {kind} and {content} belong together but only one is filled.",
                "Fill both or neither.",
            )


def _lock_is_explicit(c: Contents, _terms: BatchTerms) -> Iterator[tuple[str, int, str, str]]:
    if not c[113]:
        yield (
            "lock_not_explicit",
            114,
            "says nothing about the lock, which DATEV reads as locked.",
            "Write 0 (open) or 1 (locked).",
        )


def _due_date_needs_a_personal_account(c: Contents, terms: BatchTerms) -> Iterator[tuple[str, int, str, str]]:
    if c[116] and not any(len(c[n - 1]) > terms.account_length for n in (7, 8)):
        yield (
            "due_date_without_personal_account",
            117,
            "has a due date but no debtor or creditor, so DATEV would discard it.",
            "Leave the due date empty or post against a personal account.",
        )


def _dates_exist(c: Contents, _terms: BatchTerms) -> Iterator[tuple[str, int, str, str]]:
    for number in (93, 104, 111, 115, 116, 117):
        if c[number - 1] and parse_date(c[number - 1]) is None:
            yield (
                "no_such_day",
                number,
                f"{c[number - 1]} is a day that no calendar has.",
                "Correct the date.",
            )


RULES: tuple[Rule, ...] = (
    _accounts_fit_the_length,
    _document_date_lies_in_the_period,
    _foreign_currency_is_complete,
    _pairs_are_whole,
    _lock_is_explicit,
    _due_date_needs_a_personal_account,
    _dates_exist,
)


@lru_cache(maxsize=400)
def document_date_of(day_month: str, terms: BatchTerms) -> date | None:
    """The day that TTMM means in this batch; None where the period has no such day.

    Field 10 has no year: it is the year of the period in which the day falls.
    """
    for year in range(terms.date_from.year, terms.date_to.year + 1):
        found = parse_date(f"{day_month}{year:04d}")
        if found and terms.date_from <= found <= terms.date_to < year_after(terms.fiscal_year_start):
            return found
    return None


@lru_cache(maxsize=4000)
def parse_date(text: str) -> date | None:
    """TTMMJJJJ to a date; None where no calendar has that day."""
    try:
        return date(int(text[4:]), int(text[2:4]), int(text[:2]))
    except ValueError:
        return None
