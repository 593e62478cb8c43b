"""What DATEV's data centre checks in an EXTF file: the header record, size, encoding and row count, never the
columns.

Column errors show only when the adviser imports the batch, so the sandbox lets them pass as DATEV does.
Source: the error list of accounting:extf-files 3.0.1 and the field table of the DATEV-Format header.
"""

import csv
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from webapp.sandbox.datev_access import HELP, PROBLEM_TITLES
from webapp.sandbox.store import Record

HEADER_FIELDS = 31
MAX_HEADER_LENGTH = 1000
MAX_ROWS = 99_999
POSTING_BATCH = 21
DOCUMENT_LINK_COLUMN = "Beleglink"
LINK = re.compile(r'BEDI "([^"]+)"')

BYTE_ORDER_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
CODE_PAGE = "cp1252"
"""What DATEV assumes where a file has no byte order mark."""

FORMATS: Mapping[int, tuple[str, frozenset[int]]] = {
    16: ("Debitoren/Kreditoren", frozenset({4, 5})),
    20: ("Kontenbeschriftungen", frozenset({2, 3})),
    21: ("Buchungsstapel", frozenset({9, 10, 11, 12, 13})),
    46: ("Zahlungsbedingungen", frozenset({2})),
    48: ("Diverse Adressen", frozenset({2})),
    65: ("Wiederkehrende Buchungen", frozenset({4})),
}
"""Category → format name and the versions taken: only these triples are valid."""


@dataclass(frozen=True, slots=True)
class ExtfFile:
    """A read file: its header as named fields, its rows as heading → cell, and what DATEV has against it."""

    header: Record
    rows: list[Record]
    problem: Record | None
    """``validation_details`` of the job, or None."""


def _is_date(text: str) -> bool:
    try:
        datetime.strptime(text, "%Y%m%d")  # noqa: DTZ007 - a booked day has no time zone
    except ValueError:
        return False
    return len(text) == 8


def _is_stamp(text: str) -> bool:
    return re.fullmatch(r"20\d{15}", text) is not None and _is_date(text[:8])


def _between(low: int, high: int) -> Callable[[str], bool]:
    return lambda text: text.isdigit() and low <= int(text) <= high


def _empty(text: str) -> bool:
    return not text


RULES: tuple[tuple[int, str, Callable[[str], bool], str], ...] = (
    (1, "DATEV Format Label", lambda text: text == "EXTF", "must be EXTF"),
    (2, "Version Number", lambda text: text in ("510", "700"), "is invalid"),
    (3, "Data Category", lambda text: text.isdigit() and int(text) in FORMATS, "is invalid"),
    (4, "Format Name", lambda text: text in {name for name, _ in FORMATS.values()}, "is invalid"),
    (5, "Format Version", lambda text: text.isdigit(), "is invalid"),
    (6, "Created On", _is_stamp, "is invalid"),
    (7, "Imported", _empty, "is invalid"),
    (11, "Consultant", _between(1001, 9_999_999), "is invalid"),
    (12, "Client", _between(1, 99_999), "is invalid"),
    (13, "FY Begin", _is_date, "is invalid"),
    (14, "Length of Ledger Account", _between(4, 8), "is invalid"),
    *((number, "Reserved", _empty, "must be empty") for number in (23, 24, 25, 26, 29, 30)),
)
"""Field number, DATEV's name for it, the check, and the words of the refusal."""

NAMES = {
    1: "format_label",
    2: "version",
    3: "data_category",
    4: "format_name",
    5: "format_version",
    6: "created_on",
    11: "consultant_number",
    12: "client_number",
    13: "fiscal_year_begin",
    14: "account_length",
    15: "date_from",
    16: "date_to",
    17: "label",
    18: "dictation_code",
    19: "posting_type",
    21: "finalised",
    22: "currency",
    27: "chart",
    31: "application_information",
}


def _details(code: int, detail: str, elements: list[Record] | None = None) -> Record:
    body: Record = {"type": f"{HELP}{code}", "title": PROBLEM_TITLES[code], "detail": detail}
    return {**body, "affected_elements": elements} if elements else body


def _decode(raw: bytes) -> str | None:
    encoding = next((name for mark, name in BYTE_ORDER_MARKS if raw.startswith(mark)), CODE_PAGE)
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError:
        return None


def read_extf(raw: bytes, client_id: str) -> ExtfFile:
    """Read and check a file for the client ``<consultant>-<client>`` of the upload's path."""
    text = _decode(raw)
    if text is None:
        words = "Only Windows-1252, UTF-8, UTF16LE, and UTF16BE are supported"
        return ExtfFile({}, [], _details(1008833, words))
    records = list(csv.reader(text.splitlines(keepends=True), delimiter=";", quotechar='"', doublequote=True))
    header = records[0] if records else []
    named = {NAMES[number]: cell for number, cell in enumerate(header, 1) if number in NAMES}
    headings = records[1] if len(records) > 1 else []
    rows = [dict(zip(headings, cells, strict=False)) for cells in records[2:] if cells]
    return ExtfFile(named, rows, _problem(text, header, rows, client_id))


def _problem(text: str, header: list[str], rows: list[Record], client_id: str) -> Record | None:
    first_line = text.split("\n", 1)[0]
    if len(first_line) > MAX_HEADER_LENGTH:
        return _details(1008834, f"EXTF-header exceeds maximum length of {MAX_HEADER_LENGTH} characters")
    if len(header) < HEADER_FIELDS:
        return _details(1008834, "Missing columns in EXTF-header")
    wrong = [
        {"name": name, "reason": f"{words} ({number})"}
        for number, name, check, words in RULES
        if not check(header[number - 1])
    ]
    wrong += _wrong_period(header)
    if wrong:
        fields = "; ".join(f"Error in header field - {row['name']} - {row['reason']}" for row in wrong)
        return _details(1008834, fields, wrong)
    return _wrong_combination(header, client_id) or _wrong_payload(rows)


def _wrong_period(header: list[str]) -> list[Record]:
    """Fields 15 and 16: needed in a posting batch, empty or dates elsewhere."""
    needed = header[2] == str(POSTING_BATCH)
    fields = ((15, "Date From"), (16, "Date To"))
    return [
        {"name": name, "reason": f"is invalid ({number})"}
        for number, name in fields
        if not (_is_date(header[number - 1]) or (not needed and not header[number - 1]))
    ]


def _wrong_combination(header: list[str], client_id: str) -> Record | None:
    name, versions = FORMATS[int(header[2])]
    if header[3] != name or int(header[4]) not in versions:
        return _details(1008834, "Invalid combination of data category, format name and format version")
    if header[14] and header[15] and header[14] > header[15]:
        return _details(1008834, "DateFrom must not be greater than DateTo")
    consultant, _, client = client_id.partition("-")
    for field, wanted, word in ((header[10], consultant, "consultant"), (header[11], client, "client")):
        if int(field) != int(wanted):
            words = f"The {word}-number in the EXTF-header does not match with the upload request"
            return _details(1008834, words)
    return None


def _wrong_payload(rows: list[Record]) -> Record | None:
    if not rows:
        return _details(1008833, "No payload")
    if len(rows) > MAX_ROWS:
        return _details(1008833, f"More than {MAX_ROWS} postings")
    return None


def linked_guids(rows: list[Record]) -> list[str]:
    """The document GUIDs that the rows point to."""
    links = (LINK.search(row.get(DOCUMENT_LINK_COLUMN, "")) for row in rows)
    return [link[1].lower() for link in links if link]
