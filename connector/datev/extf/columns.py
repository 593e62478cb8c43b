"""What one column of an EXTF file may hold.

The tables of header and categories are made of these: heading, kind, length, decimals, whether it
is required, how it is quoted and, where DATEV is narrower than kind and length, a pattern. Writer,
reader and validator all work from them and from nothing else.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from connector.datev.extf.problems import LINES_ABOVE, FileProblem, Severity

CELL_BREAK = "\x1f"
"""Stands between contents that are matched together: a control character, so no content may hold it."""

LENGTH_UNLIMITED = 10_000
"""Stands for "no length named"; far above DATEV's 1,000 characters for a header line."""


class Kind(StrEnum):
    """How the content of a cell is written."""

    TEXT = "text"
    NUMBER = "number"
    DAY_MONTH = "TTMM"
    DATE = "TTMMJJJJ"
    DATE_REVERSED = "JJJJMMTT"
    RESERVED = "reserved"


@dataclass(frozen=True, slots=True)
class Column:
    """One column (or one field of the header record)."""

    heading: str
    """Exactly as DATEV's sample files spell it, irregular spellings included."""
    kind: Kind
    length: int
    """Most characters of a text; most digits before the comma of a number."""
    matcher: re.Pattern[str]
    """Matches every allowed content that is not empty."""
    rule: str
    """The pattern in words, to end the sentence "… must be"."""
    decimals: int = 0
    required: bool = False
    quoted: bool = False
    """Whether a canonical file writes the content in quotes (also when empty: ``""``)."""
    tolerated: re.Pattern[str] | None = None
    """What DATEV takes although it is not right; it is found as a warning, and we never write it."""
    tolerance: str = ""
    """What DATEV does with tolerated content, a sentence."""

    @property
    def empty_cell(self) -> str:
        """How the canonical file writes "nothing" here."""
        return '""' if self.quoted else ""

    def cell(self, content: str) -> str:
        """The content as the canonical file writes it."""
        if not self.quoted:
            return content
        return '"' + content.replace('"', '""') + '"'

    def accepts(self, content: str) -> bool:
        """Whether the content may stand here."""
        if not content:
            return not self.required
        return self.matcher.fullmatch(content) is not None

    @property
    def pattern(self) -> str:
        """What the column accepts, as a regular expression."""
        return f"(?:{self.matcher.pattern}){'' if self.required else '?'}"

    @staticmethod
    def all_accept(columns: Sequence["Column"]) -> re.Pattern[str]:
        """One pattern for a whole row, its contents joined by ``CELL_BREAK``.

        One call of the regular expression engine instead of one per column: rows are many, and
        nearly all of them are right.
        """
        return re.compile(CELL_BREAK.join(column.pattern for column in columns))


_NO_CONTROL = r"[^\x00-\x1f\x7f-\x9f]"
"""DATEV forbids line feeds and control characters inside a text."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_END = f"(?:{CELL_BREAK}|$)"
"""End of a content, alone or in a row; needed by patterns that look ahead."""
_DAY = r"(?:0[1-9]|[12][0-9]|3[01])"
_MONTH = r"(?:0[1-9]|1[0-2])"
_YEAR = r"(?:19|20)[0-9][0-9]"
_DATES = {
    Kind.DAY_MONTH: (_DAY + _MONTH, "a day and month as TTMM, with leading zeros"),
    Kind.DATE: (_DAY + _MONTH + _YEAR, "a date as TTMMJJJJ"),
    Kind.DATE_REVERSED: (_YEAR + _MONTH + _DAY, "a date as JJJJMMTT"),
}


def text(
    heading: str,
    length: int,
    pattern: str = "",
    rule: str = "",
    *,
    required: bool = False,
    quoted: bool = True,
    tolerated: str = "",
    tolerance: str = "",
) -> Column:
    """A column of text, quoted unless DATEV's sample leaves it bare."""
    matcher = re.compile(pattern or f"{_NO_CONTROL}{{1,{length}}}")
    return Column(
        heading,
        Kind.TEXT,
        length,
        matcher,
        rule or f"text of at most {length} characters without line breaks or control characters",
        required=required,
        quoted=quoted,
        tolerated=re.compile(tolerated) if tolerated else None,
        tolerance=tolerance,
    )


def cut_text(heading: str, length: int) -> Column:
    """A column of text that DATEV cuts with a warning where it is too long, instead of refusing it."""
    return text(heading, length, tolerated=f"{_NO_CONTROL}+", tolerance="DATEV cuts what is too long.")


def number(
    heading: str,
    digits: int,
    decimals: int = 0,
    pattern: str = "",
    rule: str = "",
    *,
    required: bool = False,
    quoted: bool = False,
) -> Column:
    """A column of digits: at most ``digits`` before and ``decimals`` after the decimal comma."""
    fraction = f"(?:,[0-9]{{1,{decimals}}})?" if decimals else ""
    matcher = re.compile(pattern or f"[0-9]{{1,{digits}}}{fraction}")
    after = f" and {decimals} after the decimal comma" if decimals else ""
    rule = rule or f"a number without sign, at most {digits} digits{' before' if decimals else ''}{after}"
    return Column(
        heading, Kind.NUMBER, digits, matcher, rule, decimals=decimals, required=required, quoted=quoted
    )


def amount(heading: str, digits: int, decimals: int = 2, *, required: bool = False) -> Column:
    """An amount: positive and never zero, because the side is told by field 2 and DATEV refuses 0,00."""
    pattern = f"(?!0+(?:,0*)?{_END})[0-9]{{1,{digits}}}(?:,[0-9]{{1,{decimals}}})?"
    rule = (
        f"a positive amount, not zero, at most {digits} digits before and {decimals} after the decimal comma"
    )
    return number(heading, digits, decimals, pattern, rule, required=required)


def account(heading: str, digits: int = 9, *, required: bool = False) -> Column:
    """An account number."""
    return number(
        heading,
        digits,
        pattern=f"(?!0+{_END})[0-9]{{1,{digits}}}",
        rule=f"an account number of at most {digits} digits, not zero",
        required=required,
    )


def day(heading: str, kind: Kind = Kind.DATE, *, required: bool = False) -> Column:
    """A date in one of DATEV's spellings."""
    pattern, rule = _DATES[kind]
    return Column(heading, kind, len(kind.value), re.compile(pattern), rule, required=required)


def reserved(heading: str, *, quoted: bool = False) -> Column:
    """A column that DATEV keeps for itself: a value in it is refused."""
    return Column(heading, Kind.RESERVED, 0, re.compile(r"(?!)"), "empty (reserved by DATEV)", quoted=quoted)


def column_name(index: int, column: Column) -> str:
    """``column 14 (Buchungstext)``, the way problems name a column; ``index`` counts from 0."""
    return f"column {index + 1} ({column.heading})"


def record_problem(
    columns: Sequence[Column], code: str, column: int, message: str, cure: str, row: int
) -> FileProblem:
    """What is wrong with record ``row`` of ours in field ``column``; both count from 1, as DATEV does."""
    described = columns[column - 1]
    return FileProblem(
        code,
        message,
        column_name(column - 1, described),
        cure,
        row=row,
        line=row + LINES_ABOVE,
        column=column,
        heading=described.heading,
    )


def cell_problem(
    columns: Sequence[Column], index: int, content: str, where: str, row: int | None
) -> FileProblem:
    """Say why ``content`` may not stand in a column; call it only when :meth:`Column.accepts` said no.

    ``where`` begins the sentence; ``row`` is None for the header record.
    """
    column = columns[index]
    code, wrong, cure = _why_not(column, content)
    tolerated = bool(content and column.tolerated and column.tolerated.fullmatch(content))
    field = column_name(index, column)
    return FileProblem(
        code,
        f"{where} {field} {wrong}" + (f" {column.tolerance}" if tolerated else ""),
        field,
        cure,
        severity=Severity.WARNING if tolerated else Severity.ERROR,
        row=row,
        line=1 if row is None else row + LINES_ABOVE,
        column=index + 1,
        heading=column.heading,
    )


def _why_not(column: Column, content: str) -> tuple[str, str, str]:
    """Rule, what is wrong, cure."""
    if not content:
        return "required_cell_empty", "is empty but required.", f"Fill {column.heading}."
    if column.kind is Kind.TEXT and len(content) > column.length:
        return (
            "text_too_long",
            f"has {len(content)} characters, DATEV takes {column.length}.",
            f"Shorten {column.heading} to {column.length} characters.",
        )
    code = "control_character" if _CONTROL.search(content) else f"bad_{column.kind.name.lower()}"
    shown = content if len(content) <= 40 else content[:39] + "…"
    return code, f"is {shown!r} but must be {column.rule}.", f"Correct {column.heading}."
