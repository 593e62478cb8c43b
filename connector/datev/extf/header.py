"""The header record of version 700: its 31 fields, their checks, and the header of our own batches."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from connector.datev.extf.categories import CATEGORIES, OTHER_CATEGORIES, POSTING_BATCH, Category
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
from connector.datev.extf.problems import FileProblem, Severity
from connector.datev.extf.terms import year_after

HEADER_VERSION = "700"
BERLIN = ZoneInfo("Europe/Berlin")
"""The header's creation time is the time on the wall of whoever imports the file."""

_LABEL = (r"[\w\-./ ]{1,30}", "letters, digits, blanks and _ . - / only, at most 30 characters")
_CONSULTANT = (r"(?!1000$)[1-9][0-9]{3,6}", "1001 to 9999999")
_TIMESTAMP = (r"(?:19|20)[0-9]{15}", "17 digits JJJJMMTTHHMMSSmmm")

HEADER_FIELDS: tuple[Column, ...] = (
    text("DATEV-Format-KZ", 4, "EXTF|DTVF", "EXTF or DTVF", required=True),
    number("Versionsnummer", 3, pattern=HEADER_VERSION, rule=HEADER_VERSION, required=True),
    number("Datenkategorie", 2, required=True),
    text("Formatname", LENGTH_UNLIMITED, required=True),
    number("Formatversion", 3, required=True),
    number("Erzeugt am", 17, 0, *_TIMESTAMP),
    reserved("Importiert"),
    text("Herkunft", 2, "[A-Za-z0-9]{2}", "two letters or digits"),
    text("Exportiert von", 25),
    text("Importiert von", 25),
    number("Berater", 7, 0, *_CONSULTANT, required=True),
    number("Mandant", 5, 0, r"[1-9][0-9]{0,4}", "1 to 99999", required=True),
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
    text("SKR", 2, r"[0-9][0-9]", "two digits such as 03 (not SKR03)"),
    number("Branchenlösungs-ID", 4),
    reserved("reserviert"),
    reserved("reserviert", quoted=True),
    text("Anwendungsinformation", 16),
)
"""Field n of DATEV's numbering is ``HEADER_FIELDS[n - 1]``."""


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
    posting_batch_version: int = POSTING_BATCH.version
    """Field 5 of posting batches: 13, or 12 where the adviser's program is older (it lacks column 125)."""


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
        str(version_of(header, category)),
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


def version_of(header: BatchHeader, category: Category) -> int:
    """The version of the category that a file of this header is written in."""
    return header.posting_batch_version if category.is_posting_batch else category.version


def header_problems(contents: Sequence[str]) -> list[FileProblem]:
    """Check a header record field by field, then the fields against each other."""
    if len(contents) != len(HEADER_FIELDS):
        return [
            FileProblem(
                "header_field_count",
                f"The header record has {len(contents)} fields but must have {len(HEADER_FIELDS)}.",
                "header",
                "Write the header record again with all its fields.",
                line=1,
            )
        ]
    problems = [
        cell_problem(HEADER_FIELDS, index, content, "The header record:", None)
        for index, (field, content) in enumerate(zip(HEADER_FIELDS, contents, strict=True))
        if not field.accepts(content)
    ]
    wrong = {problem.column for problem in problems}
    if not wrong & {3, 4, 5}:
        problems += _triple_problems(contents)
    if not wrong & {3, 6, 13, 15, 16}:
        problems += _time_problems(contents)
    return problems


def _triple_problems(contents: Sequence[str]) -> list[FileProblem]:
    """Category, name and version: those we know must be one of DATEV's triples."""
    category = CATEGORIES.get(int(contents[2]))
    if category is None:
        return _other_category_problems(contents)
    version = int(contents[4])
    if contents[3] != category.name or category.columns(version) is None:
        return [
            _problem(
                "header_category",
                3,
                f"category {contents[2]}, name {contents[3]!r} and version {contents[4]} "
                "do not belong together.",
                f"Category {category.number} is {category.name!r} in version {category.versions}.",
            )
        ]
    if version < category.oldest_wanted:
        return [
            _problem(
                "old_version",
                5,
                f"version {version} of {category.name} can be read, but DATEV wants version "
                f"{category.oldest_wanted} or newer.",
                f"Export the file again in version {category.version}.",
                Severity.WARNING,
            )
        ]
    return []


def _other_category_problems(contents: Sequence[str]) -> list[FileProblem]:
    name = OTHER_CATEGORIES.get(int(contents[2]))
    if name == contents[3]:
        return []
    known = {number: category.name for number, category in CATEGORIES.items()} | OTHER_CATEGORIES
    return [
        _problem(
            "header_category",
            3,
            f"category {contents[2]} is not {contents[3]!r}.",
            "DATEV's categories are " + ", ".join(f"{n} {known[n]}" for n in sorted(known)) + ".",
        )
    ]


def _time_problems(contents: Sequence[str]) -> list[FileProblem]:
    """Moments and days that exist; a posting batch needs a period inside its fiscal year."""
    problems = []
    if contents[5] and not _is_moment(contents[5]):
        problems.append(
            _problem(
                "no_such_time",
                6,
                f"{contents[5]} is a moment that no calendar or clock has.",
                "Write the time of creation as JJJJMMTTHHMMSSmmm.",
            )
        )
    absent = [n for n in (13, 15, 16) if contents[n - 1] and _day(contents[n - 1]) is None]
    problems += [
        _problem("no_such_day", n, f"{contents[n - 1]} is a day that no calendar has.", "Correct the date.")
        for n in absent
    ]
    if absent:
        return problems
    if int(contents[2]) == POSTING_BATCH.number:
        return problems + _period_problems(contents)
    return problems + [
        _problem(
            "period_in_master_data",
            n,
            "has a period, which only posting batches have.",
            f"Leave field {n} empty.",
            Severity.WARNING,
        )
        for n in (15, 16)
        if contents[n - 1]
    ]


def _period_problems(contents: Sequence[str]) -> list[FileProblem]:
    start, first, last = (_day(contents[index]) for index in (12, 14, 15))
    if not (start and first and last):
        return [_period_problem("has no date from and to")]
    if first > last:
        return [_period_problem("ends before it begins")]
    if not start <= first <= last < year_after(start):
        return [_period_problem(f"leaves the fiscal year that begins on {start}")]
    return []


def _period_problem(what: str) -> FileProblem:
    return _problem(
        "header_period",
        15,
        f"the period of the posting batch {what}.",
        "Write one batch per month and fiscal year, with its first and last day.",
    )


def _problem(
    code: str, number: int, what: str, cure: str, severity: Severity = Severity.ERROR
) -> FileProblem:
    field = HEADER_FIELDS[number - 1]
    return FileProblem(
        code,
        f"The header record: {what}",
        column_name(number - 1, field),
        cure,
        severity=severity,
        line=1,
        column=number,
        heading=field.heading,
    )


def _day(content: str) -> date | None:
    """JJJJMMTT to a date; None where no calendar has that day."""
    try:
        return date.fromisoformat(content)
    except ValueError:
        return None


def _is_moment(content: str) -> bool:
    try:
        datetime.fromisoformat(f"{content[:8]}T{content[8:14]}")
    except ValueError:
        return False
    return True
