"""The euro reference rates of the European Central Bank, read from its files.

The bank publishes ``eurofxref-daily.xml`` (the last day), ``eurofxref-hist-90d.xml`` and
``eurofxref-hist.xml`` (every day since 1999), and the same as CSV inside a ZIP. All say how many units of a
currency are 1 EUR. Days are written ``2026-11-20``, in the daily CSV ``20 November 2026``; a currency
without a rate on a day is ``N/A``.
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from lxml import etree

from connector.accounting.currencies import HOME_CURRENCY
from connector.accounting.exchange_rates import PublishedRate
from connector.errors import DataError, Problem

LARGEST_FILE = 64 * 1024 * 1024
"""Bytes; the whole history since 1999 has about 8 MB as XML."""

MOST_PROBLEMS = 50
"""Told of one file: more of them say only that it is another file."""

_NAMESPACE = "{http://www.ecb.int/vocabulary/2002-08-01/eurofxref}"
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
_NO_RATE = frozenset({"", "N/A"})
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_YEARS = range(1999, 2200)
"""The euro began in 1999."""

_CURE = "Fetch the file again from the European Central Bank: eurofxref-hist.xml or eurofxref-hist.csv."


@dataclass(frozen=True, slots=True)
class _Cell:
    """One rate as it is written."""

    line: int
    day: str
    currency: str
    rate: str


def read_ecb_rates(data: bytes, *, today: date | None = None) -> tuple[PublishedRate, ...]:
    """Every rate of the file, by day and currency.

    :param today: the bank publishes none in advance, so a later day is refused. A preview gives none: it may
        try what a deal of next month would be.
    :raises DataError: with every mistake of the file and its line.
    """
    if len(data) > LARGEST_FILE:
        raise DataError([_problem("it is larger than any file of the bank")])
    text = data.lstrip(b"\xef\xbb\xbf \t\r\n")
    if text.startswith(b"PK\x03\x04"):
        raise DataError([_problem("it is a ZIP", cure="Unpack it and import the CSV inside.")])
    cells = list(_xml_cells(text) if text.startswith(b"<") else _csv_cells(text))
    problems: list[Problem] = []
    found: dict[tuple[date, str], PublishedRate] = {}
    for cell in cells:
        rate = _rate(cell, today)
        if isinstance(rate, Problem):
            problems.append(rate)
            continue
        earlier = found.setdefault((rate.day, rate.currency), rate)
        if earlier.rate != rate.rate:
            what = f"{rate.currency} of {rate.day} stands twice, with {earlier.rate} and {rate.rate}"
            problems.append(_problem(f"line {cell.line}: {what}"))
    if problems:
        raise DataError(problems[:MOST_PROBLEMS])
    if not found:
        raise DataError([_problem("it holds no rates")])
    return tuple(found[key] for key in sorted(found))


def _rate(cell: _Cell, today: date | None) -> PublishedRate | Problem:
    day = _day(cell.day)
    if day is None:
        return _problem(f"line {cell.line}: {cell.day!r:.40} is no day")
    if today and day > today:
        return _problem(f"line {cell.line}: {day} lies in the future")
    if not _CURRENCY.fullmatch(cell.currency) or cell.currency == HOME_CURRENCY:
        return _problem(f"line {cell.line}: {cell.currency!r:.40} is no foreign currency")
    try:
        rate = Decimal(cell.rate) if len(cell.rate) <= 20 else Decimal("NaN")
    except InvalidOperation:
        rate = Decimal("NaN")
    if not rate.is_finite() or not Decimal("1e-6") <= rate < Decimal("1e9"):
        return _problem(f"line {cell.line}: {cell.currency} has the rate {cell.rate!r:.40}, which is none")
    return PublishedRate(cell.currency, day, rate)


def _day(text: str) -> date | None:
    written = re.fullmatch(r"(\d{1,2}) ([A-Z][a-z]+) (\d{4})", text, re.ASCII)
    if written and written[2] in _MONTHS:
        text = f"{written[3]}-{_MONTHS.index(written[2]) + 1:02}-{int(written[1]):02}"
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.year in _YEARS else None


def _xml_cells(data: bytes) -> Iterator[_Cell]:
    # No entities, no DTD, no network: the bank's files need none of them.
    parser = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False)
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as e:
        raise DataError([_problem(f"it is no well-formed XML: {e.msg}")]) from e
    if root.getroottree().docinfo.doctype:  # type: ignore[union-attr]  # the stubs name no type
        raise DataError([_problem("it has a document type declaration, which the bank's files never have")])
    for day in root.iter(f"{_NAMESPACE}Cube"):
        if "time" not in day.attrib:
            continue
        for cube in day.iterchildren(f"{_NAMESPACE}Cube"):
            attributes = {name: str(cube.get(name) or "") for name in ("currency", "rate")}
            line: int = cube.sourceline or 0  # type: ignore[assignment]  # the stubs name no type
            yield _Cell(line, str(day.get("time")), attributes["currency"], attributes["rate"])


def _csv_cells(data: bytes) -> Iterator[_Cell]:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as e:
        raise DataError([_problem("it is neither XML nor CSV")]) from e
    rows = csv.reader(text.splitlines())
    try:
        heading = [cell.strip() for cell in next(rows, [])]
        if not heading or heading[0] != "Date":
            raise DataError([_problem('it is neither XML nor a CSV whose first column is "Date"')])
        for row in rows:
            # Heading and rows of the bank end with a comma, which makes an empty last column.
            for currency, rate in zip(heading[1:], row[1:], strict=False):
                if currency and rate.strip() not in _NO_RATE:
                    yield _Cell(rows.line_num, row[0].strip(), currency, rate.strip())
    except csv.Error as e:
        raise DataError([_problem(f"line {rows.line_num} is no CSV: {e}")]) from e


def _problem(what: str, *, cure: str = _CURE) -> Problem:
    return Problem(
        "rates_unreadable",
        f"The file cannot be read as rates of the European Central Bank: {what}.",
        "FILE",
        cure,
    )
