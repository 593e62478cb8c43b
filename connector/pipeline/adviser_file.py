"""The adviser's list as a file: DATEV's own export (EXTF category 16) or a table (CSV) of any program.

Everything that is wrong is told at once, with row and column; a file with a mistake gives nothing.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from connector.accounting.adviser_list import AdviserAccount
from connector.accounting.chart import creditor_range, debtor_range
from connector.accounting.countries import vat_prefix
from connector.accounting.party import Address
from connector.accounting.vat_ids import (
    FEWEST_DIGITS,
    canonical_vat_id,
    identifying_vat_id,
    normalise_vat_id,
)
from connector.datev.extf.cells import content_of
from connector.datev.extf.file import read_file
from connector.errors import DataError, Problem
from connector.pipedrive.countries import country_code
from connector.pipeline.adviser_columns import EXTF_POSITIONS, HEADINGS, Column
from connector.pipeline.adviser_table import HEADING_ROWS, find_table, open_quotes_at_the_top
from connector.tenants.config import TenantConfig

MAX_BYTES = 50 * 1024 * 1024
"""As much as DATEV's own import takes."""

MAX_PROBLEMS = 200
"""Told of one file; a wrong column would otherwise repeat the same sentence for every row."""

_DOS_END = b"\x1a"
"""Ctrl-Z, with which old programs end a text."""

_DEBTORS_AND_CREDITORS = "16"
_VAT_ID = re.compile(r"[A-Z]{2}[A-Z0-9+*]{2,13}", re.ASCII)
_THOUSANDS = re.compile(r"\d{1,3}(?:[.,'’]\d{3})+(?:[.,]0+)?")
_DECIMALS = re.compile(r"[.,]0+$")
_MARKS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)

Cells = Mapping[Column, str]


@dataclass(frozen=True, slots=True)
class _Row:
    """One row of either kind of file."""

    place: str
    """``Row 7`` or ``Line 9``, as a person counts."""
    cells: Cells
    headings: Mapping[Column, str]
    """What the file calls each column."""


def read_adviser_list(data: bytes, config: TenantConfig) -> list[AdviserAccount]:
    """The accounts of the file, by number.

    :raises DataError: with every mistake of the file: row, column, reason and cure.
    """
    if len(data) > MAX_BYTES:
        raise DataError([_unreadable("file_too_large", f"The file is larger than {MAX_BYTES} bytes.")])
    data = data.rstrip(_DOS_END)
    if not data.strip():
        raise DataError([_unreadable("file_empty", "The file is empty.")])
    text = _decoded(data)
    problems: list[Problem] = []
    of_datev = text.startswith(('"EXTF"', '"DTVF"', "EXTF", "DTVF"))
    rows = _extf_rows(data, config) if of_datev else _csv_rows(text, problems)
    found: dict[int, AdviserAccount] = {}
    places: dict[int, str] = {}
    for row in rows:
        entry = _entry(row, config.terms.account_length, problems)
        if entry is None:
            continue
        if entry.account in places:
            problems.append(_twice(row, entry.account, places[entry.account]))
        places.setdefault(entry.account, row.place)
        found[entry.account] = entry
    if not found and not problems:
        problems.append(_unreadable("no_accounts", "The file has headings, but no account below them."))
    if problems:
        raise DataError(_shortened(problems))
    return [found[account] for account in sorted(found)]


def parse_account(text: str) -> int | None:
    """A number as German and English programs write it: ``10001``, ``10.001``, ``10 001``, ``10001,00``."""
    compact = re.sub(r"\s", "", text)
    if _THOUSANDS.fullmatch(compact):
        compact = re.sub(r"[.,'’]", "", re.sub(r"[.,]0{1,2}$", "", compact))
    compact = _DECIMALS.sub("", compact)
    return int(compact) if re.fullmatch(r"\d{1,18}", compact, re.ASCII) else None


def _decoded(data: bytes) -> str:
    """The text, by its byte-order mark; without one UTF-8 where it is that, else what Windows writes."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            try:
                return data[len(mark) :].decode(encoding)
            except UnicodeDecodeError as e:
                raise DataError([_not_text(encoding)]) from e
    # UTF-16 without its mark: every other byte of plain letters is zero.
    if data[1:2] == b"\0":
        return data.decode("utf-16-le", errors="replace")
    if data[:1] == b"\0":
        return data.decode("utf-16-be", errors="replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError as e:
        raise DataError([_not_text("UTF-8, UTF-16 or windows-1252")]) from e


def _extf_rows(data: bytes, config: TenantConfig) -> Iterator[_Row]:
    file = read_file(data)
    header = [content_of(cell) for cell in file.header]
    problems = _header_problems(header, config)
    if problems:
        raise DataError(problems)
    headings = dict(enumerate(map(content_of, file.headings)))
    names = {column: headings.get(place - 1, "") for column, place in EXTF_POSITIONS.items()}
    for number, row in enumerate(file.rows, start=1):
        cells = {
            column: _clean(content_of(row[place - 1]))
            for column, place in EXTF_POSITIONS.items()
            if place <= len(row)
        }
        if any(cells.values()):
            yield _Row(f"Row {number}", cells, names)


def _header_problems(header: Sequence[str], config: TenantConfig) -> list[Problem]:
    """Another client's list would give every customer a stranger's account."""
    if header[2] != _DEBTORS_AND_CREDITORS:
        return [
            Problem(
                "wrong_category",
                f"The file holds category {header[2]} ({header[3]}), not 16 (Debitoren/Kreditoren).",
                "header field 3",
                "Export the master data of debtors and creditors (Debitoren/Kreditoren) from DATEV.",
            )
        ]
    datev = config.datev
    expected = (
        (11, "Beraternummer", str(datev.consultant_number)),
        (12, "Mandantennummer", str(datev.client_number)),
        (14, "Sachkontenlänge", str(config.terms.account_length)),
    )
    return [
        Problem(
            "other_client",
            f"The file's {name} is {found}, the tenant's is {wanted}.",
            f"header field {place} ({name})",
            "Export the list of the right client, or correct the tenant's file.",
        )
        for place, name, wanted in expected
        if (found := header[place - 1] if place <= len(header) else "") and found.lstrip("0") != wanted
    ]


def _csv_rows(text: str, problems: list[Problem]) -> Iterator[_Row]:
    table = find_table(text)
    if table is None:
        raise DataError(
            [
                Problem(
                    "headings_missing",
                    f"None of the first {HEADING_ROWS} rows has the heading of an account column.",
                    "file",
                    f"Write headings over the columns, like {', '.join(HEADINGS[Column.ACCOUNT][:3])}, Name.",
                ),
                *open_quotes_at_the_top(text),
            ]
        )
    names = {column: table.headings[place] for column, place in table.columns.items()}
    for number, row in table.rows(problems):
        cells = {
            column: _clean(row[place]) if place < len(row) else "" for column, place in table.columns.items()
        }
        yield _Row(f"Line {number}", cells, names)


def _entry(row: _Row, account_length: int, problems: list[Problem]) -> AdviserAccount | None:
    """The account of one row; None where it has no usable number. What is wrong is added to the problems."""
    cells = row.cells
    account = parse_account(cells.get(Column.ACCOUNT, ""))
    if account is None:
        problems.append(_no_number(row))
        return None
    ranges = (debtor_range(account_length), creditor_range(account_length))
    if not any(account in allowed for allowed in ranges):
        problems.append(_out_of_range(row, account, account_length))
    return AdviserAccount(
        account=account,
        name=_name(cells),
        vat_id=_vat_id(row, problems),
        postal_code=cells.get(Column.POSTAL_CODE, ""),
        city=cells.get(Column.CITY, ""),
        country=_country(row, problems),
        customer_number=cells.get(Column.CUSTOMER_NUMBER, ""),
    )


def _clean(cell: str) -> str:
    """On one line, and without the zero that no database keeps in a text."""
    return " ".join(cell.replace("\0", " ").split())


def _name(cells: Cells) -> str:
    """A company's name, or a person's in the order in which it is spoken."""
    company = cells.get(Column.NAME) or cells.get(Column.NAME_UNSPECIFIED, "")
    person = f"{cells.get(Column.FIRST_NAME, '')} {cells.get(Column.LAST_NAME, '')}"
    return (company or person).strip()


def _vat_id(row: _Row, problems: list[Problem]) -> str:
    """With prefix; DATEV keeps country and number in two columns. Words as ``keine`` are no number.

    Where the list has no such column, a number without its country is one of the row's country.
    """
    written = row.cells.get(Column.VAT_ID, "")
    vat_id = normalise_vat_id(written)
    if sum(sign.isdigit() for sign in vat_id) < FEWEST_DIGITS and canonical_vat_id(vat_id) is None:
        return ""
    if vat_id and not vat_id[:2].isalpha():
        country = normalise_vat_id(row.cells.get(Column.VAT_COUNTRY, ""))
        vat_id = country + vat_id if country else identifying_vat_id(written, _vat_prefix(row)) or vat_id
    if vat_id and not _VAT_ID.fullmatch(vat_id):
        problems.append(
            _problem(
                row,
                Column.VAT_ID,
                "vat_id_invalid",
                f"{written!r} is no VAT id with its country.",
                "Correct it to the form DE123456789, or leave the cell empty.",
            )
        )
    return vat_id


def _vat_prefix(row: _Row) -> str:
    """What VAT ids of the row's country begin with; empty where it tells none."""
    code = country_code(row.cells.get(Column.COUNTRY, "")) or ""
    return vat_prefix(Address(country=code, postal_code=row.cells.get(Column.POSTAL_CODE, "")))


def _country(row: _Row, problems: list[Problem]) -> str:
    written = row.cells.get(Column.COUNTRY, "")
    if not written:
        return ""
    code = country_code(written)
    if code is None:
        problems.append(
            _problem(
                row,
                Column.COUNTRY,
                "country_unknown",
                f"the country {written!r} is not known.",
                "Write its name or its two-letter ISO code, or leave the cell empty.",
            )
        )
    return code or ""


def _no_number(row: _Row) -> Problem:
    written = row.cells.get(Column.ACCOUNT, "")
    return _problem(
        row,
        Column.ACCOUNT,
        "account_not_a_number",
        f"{written!r} is no account number." if written else "the account number is missing.",
        "Write the account with digits only, such as 10001.",
    )


def _out_of_range(row: _Row, account: int, account_length: int) -> Problem:
    debtors, creditors = debtor_range(account_length), creditor_range(account_length)
    return _problem(
        row,
        Column.ACCOUNT,
        "account_out_of_range",
        f"{account} is no personal account: with ledger accounts of {account_length} digits, debtors are "
        f"{debtors.start} to {debtors.stop - 1} and creditors {creditors.start} to {creditors.stop - 1}.",
        "Export debtors and creditors only, or correct booking.account_length in the tenant's file.",
    )


def _twice(row: _Row, account: int, first: str) -> Problem:
    return _problem(
        row,
        Column.ACCOUNT,
        "account_twice",
        f"the account {account} stands in {first.lower()} already.",
        "Leave one of the two rows out.",
    )


def _problem(row: _Row, column: Column, code: str, message: str, cure: str) -> Problem:
    return Problem(code, f"{row.place}: {message}", row.headings.get(column, column.value), cure)


def _unreadable(code: str, message: str) -> Problem:
    return Problem(code, message, "file", "Export the list again from the program that keeps it.")


def _not_text(encoding: str) -> Problem:
    return _unreadable("bad_encoding", f"The file is not valid {encoding}.")


def _shortened(problems: Iterable[Problem]) -> list[Problem]:
    """What a person can read; the rest is counted."""
    told = list(problems)
    more = len(told) - MAX_PROBLEMS
    if more <= 0:
        return told
    return [
        *told[:MAX_PROBLEMS],
        Problem("more_problems", f"{more} more problems are not shown.", "file", "Mend these first."),
    ]
