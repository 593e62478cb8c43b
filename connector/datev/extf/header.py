"""The header record of version 700: its 31 fields, the categories, and the header of our own batches."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from connector.datev.extf.columns import (
    LENGTH_UNLIMITED,
    Column,
    Kind,
    cell_problem,
    column_name,
    day,
    number,
    reserved,
    text,
)
from connector.datev.extf.debtor_columns import DEBTOR_COLUMNS
from connector.datev.extf.posting_columns import COLUMN_COUNT_BY_VERSION, POSTING_COLUMNS
from connector.errors import Problem

HEADER_VERSION = "700"
BERLIN = ZoneInfo("Europe/Berlin")
"""The header's creation time is the time on the wall of whoever imports the file."""

_LABEL = (r"[\w\-./ ]{1,30}", "letters, digits, blanks and _ . - / only, at most 30 characters")
_CONSULTANT = (r"(?!1000$)[1-9]\d{3,6}", "1001 to 9999999")
_TIMESTAMP = (r"(?:19|20)\d{15}", "17 digits JJJJMMTTHHMMSSmmm")

HEADER_FIELDS: tuple[Column, ...] = (
    text("DATEV-Format-KZ", 4, "EXTF|DTVF", "EXTF or DTVF", required=True),
    number("Versionsnummer", 3, pattern=HEADER_VERSION, rule=HEADER_VERSION, required=True),
    number("Datenkategorie", 2, required=True),
    text("Formatname", LENGTH_UNLIMITED, required=True),
    number("Formatversion", 3, required=True),
    number("Erzeugt am", 17, 0, *_TIMESTAMP),
    reserved("Importiert"),
    text("Herkunft", 2, "[A-Za-z]{2}", "two letters"),
    text("Exportiert von", 25),
    text("Importiert von", 25),
    number("Berater", 7, 0, *_CONSULTANT, required=True),
    number("Mandant", 5, 0, r"[1-9]\d{0,4}", "1 to 99999", required=True),
    day("Wirtschaftsjahr-Beginn", Kind.DATE_REVERSED, required=True),
    number("Sachkontennummernlänge", 1, 0, "[4-8]", "4 to 8", required=True),
    day("Datum von", Kind.DATE_REVERSED),
    day("Datum bis", Kind.DATE_REVERSED),
    text("Bezeichnung", 30, *_LABEL),
    text("Diktatkürzel", 2, "[A-Z]{2}", "two capitals"),
    number("Buchungstyp", 1, 0, "[12]", "1 (financial) or 2 (year-end)"),
    number("Rechnungslegungszweck", 2, 0, "0|30|40|50|64", "0, 30, 40, 50 or 64"),
    number("Festschreibung", 1, 0, "[01]", "0 (open) or 1 (locked)"),
    text("Währungskennzeichen", 3, "[A-Z]{3}", "a currency code of three capitals"),
    reserved("reserviert"),
    reserved("Derivatskennzeichen", quoted=True),
    reserved("reserviert"),
    reserved("reserviert"),
    text("SKR", 2, r"\d\d", "two digits such as 03 (not SKR03)"),
    number("Branchenlösungs-ID", 4),
    reserved("reserviert"),
    reserved("reserviert", quoted=True),
    text("Anwendungsinformation", 16),
)
"""Field n of DATEV's numbering is ``HEADER_FIELDS[n - 1]``."""


@dataclass(frozen=True, slots=True)
class Category:
    """One kind of EXTF file; number, name and version must be a triple that DATEV knows (error 1008834)."""

    number: int
    name: str
    version: int
    columns_by_version: tuple[tuple[int, tuple[Column, ...]], ...]
    """The versions we know column by column."""
    is_posting_batch: bool = False

    def columns(self, version: int) -> tuple[Column, ...] | None:
        """The columns of one version, None where we do not know it."""
        return dict(self.columns_by_version).get(version)


POSTING_BATCH = Category(
    21,
    "Buchungsstapel",
    13,
    tuple((version, POSTING_COLUMNS[:count]) for version, count in COLUMN_COUNT_BY_VERSION.items()),
    is_posting_batch=True,
)
DEBTORS = Category(16, "Debitoren/Kreditoren", 5, ((5, DEBTOR_COLUMNS),))
CATEGORIES = {category.number: category for category in (POSTING_BATCH, DEBTORS)}


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchHeader:
    """What a batch says about itself; field numbers are those of the header record."""

    consultant_number: int
    """Field 11; must equal the number in the API path."""
    client_number: int
    """Field 12; must equal the number in the API path."""
    fiscal_year_start: date
    """Field 13."""
    account_length: int
    """Field 14: digits of a ledger account, 4–8."""
    chart: str
    """Field 27: ``skr03`` or ``skr04``."""
    created_at: datetime
    """Field 6; with a time zone."""
    date_from: date | None = None
    """Field 15, posting batches only: first day that may be booked."""
    date_to: date | None = None
    """Field 16, posting batches only."""
    label: str = ""
    """Field 17, posting batches only."""
    origin: str = "RE"
    """Field 8; DATEV overwrites it on import."""
    dictation_mark: str = ""
    """Field 18, posting batches only."""
    finalise: bool = False
    """Field 21 and column 114: off unless the adviser asks for it, because it cannot be undone."""


def header_contents(header: BatchHeader, category: Category) -> tuple[str, ...]:
    """The 31 fields as plain text, in order.

    Dates, label, mark, booking type, purpose, lock and currency stand in posting batches only:
    DATEV's sample of master data leaves them empty.
    """
    created = header.created_at.astimezone(BERLIN)
    batch = category.is_posting_batch
    return (
        "EXTF",
        HEADER_VERSION,
        str(category.number),
        category.name,
        str(category.version),
        f"{created:%Y%m%d%H%M%S}{created.microsecond // 1000:03d}",
        "",
        header.origin,
        "",
        "",
        str(header.consultant_number),
        str(header.client_number),
        f"{header.fiscal_year_start:%Y%m%d}",
        str(header.account_length),
        f"{header.date_from:%Y%m%d}" if batch and header.date_from else "",
        f"{header.date_to:%Y%m%d}" if batch and header.date_to else "",
        header.label if batch else "",
        header.dictation_mark if batch else "",
        "1" if batch else "",
        "0" if batch else "",
        str(int(header.finalise)) if batch else "",
        "EUR" if batch else "",
        "",
        "",
        "",
        "",
        header.chart.removeprefix("skr"),
        "",
        "",
        "",
        "",
    )


def header_problems(contents: Sequence[str]) -> list[Problem]:
    """Check a header record field by field, then the fields against each other."""
    if len(contents) != len(HEADER_FIELDS):
        return [
            Problem(
                "header_field_count",
                f"The header record has {len(contents)} fields but must have {len(HEADER_FIELDS)}.",
                "header",
                "Write the header record again with all its fields.",
            )
        ]
    problems = [
        cell_problem(field, content, where="The header record:", field=column_name(index, field))
        for index, (field, content) in enumerate(zip(HEADER_FIELDS, contents, strict=True))
        if not field.accepts(content)
    ]
    if not problems:
        problems += _triple_problems(contents) + _period_problems(contents)
    return problems


def _triple_problems(contents: Sequence[str]) -> list[Problem]:
    """Category, name and version: those we know must be one of DATEV's triples."""
    category = CATEGORIES.get(int(contents[2]))
    if category is None:
        return []
    if contents[3] == category.name and category.columns(int(contents[4])) is not None:
        return []
    versions = ", ".join(str(version) for version, _ in category.columns_by_version)
    return [
        Problem(
            "header_category",
            f"The header record: category {contents[2]}, name {contents[3]!r} and version {contents[4]} "
            "do not belong together.",
            "column 3 (Datenkategorie)",
            f"Category {category.number} is {category.name!r} in version {versions}.",
        )
    ]


def _period_problems(contents: Sequence[str]) -> list[Problem]:
    """A posting batch needs a period inside its fiscal year; master data must have none."""
    if int(contents[2]) != POSTING_BATCH.number:
        return []
    if not (contents[14] and contents[15]):
        return [_period_problem("has no date from and to")]
    try:
        start, first, last = (date.fromisoformat(contents[index]) for index in (12, 14, 15))
    except ValueError:
        return [_period_problem("names a day that no calendar has")]
    if first > last:
        return [_period_problem("ends before it begins")]
    if not start <= first <= last < year_after(start):
        return [_period_problem(f"leaves the fiscal year that begins on {start}")]
    return []


def _period_problem(what: str) -> Problem:
    return Problem(
        "header_period",
        f"The header record: the period of the posting batch {what}.",
        "column 15 (Datum von)",
        "Write one batch per month and fiscal year, with its first and last day.",
    )


def year_after(start: date) -> date:
    """First day of the fiscal year after the one that begins on ``start``."""
    if (start.month, start.day) == (2, 29):
        return date(start.year + 1, 3, 1)
    return start.replace(year=start.year + 1)
