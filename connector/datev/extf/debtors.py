"""Our debtors as master data (category 16, version 5).

Only the columns that we know are filled: DATEV keeps its own value where a column is empty.
"""

from collections.abc import Iterable

from connector.accounting.debtor import DebtorRecord
from connector.datev.extf.categories import DEBTORS
from connector.datev.extf.columns import record_problem
from connector.datev.extf.debtor_columns import DEBTOR_COLUMNS
from connector.datev.extf.header import BatchHeader
from connector.datev.extf.problems import FileProblem
from connector.datev.extf.rules import row_problems
from connector.datev.extf.terms import BatchTerms
from connector.datev.extf.writer import RowLayout, chunks

_FILLED = (1, 2, 4, 5, 7, 8, 9, 10, 15, 16, 18, 19, 20, 22, 26, 29, 33, 99, 102, 244)
_LAYOUT = RowLayout(DEBTOR_COLUMNS, _FILLED)

_COMPANY, _PERSON = "2", "1"


def render_debtors(header: BatchHeader, records: Iterable[DebtorRecord]) -> bytes:
    """Master data of debtors, ready for DATEV.

    Raises:
        DataError: with every problem of every record; a half file is never returned.
    """
    return b"".join(chunks(header, DEBTORS, _DebtorRows(header), records))


def longest_debtor_row(record: DebtorRecord) -> int:
    """Bytes that the row of a debtor takes at most: every quote doubled, the line end included."""
    contents = _contents(record)
    return _EMPTY_ROW + sum(map(len, contents)) + sum(content.count('"') for content in contents)


_EMPTY_ROW = sum(len(column.empty_cell) + 1 for column in DEBTOR_COLUMNS) + 1
"""254 empty cells, 253 separators, CR LF."""


class _DebtorRows:
    """Rows of one file; each account may stand in it once."""

    def __init__(self, header: BatchHeader) -> None:
        start = header.fiscal_year_start
        self._terms = BatchTerms(header.account_length, start, start, start)
        self._seen: set[int] = set()

    def line(self, record: DebtorRecord, number: int, problems: list[FileProblem]) -> str:
        """The line of one record; empty where something is wrong, which is added to ``problems``."""
        where = _where(record, number)
        contents = _contents(record)
        found = _LAYOUT.cell_problems(contents, where, number) + _record_problems(record, where, number)
        if record.account in self._seen:
            found.append(
                record_problem(
                    DEBTOR_COLUMNS,
                    "debtor_twice",
                    1,
                    f"{where} stands in this file already.",
                    "Send it once.",
                    number,
                )
            )
        self._seen.add(record.account)
        row = _LAYOUT.spread(contents, len(DEBTOR_COLUMNS))
        wrong = {problem.column for problem in found}
        found += [
            problem
            for problem in row_problems(DEBTOR_COLUMNS, DEBTORS.rules, row, self._terms, where, number)
            if problem.column not in wrong
        ]
        problems += found
        return "" if found else _LAYOUT.line(contents)

    def encoding_problems(self, record: DebtorRecord, number: int) -> list[FileProblem]:
        """The cells whose characters Windows-1252 lacks."""
        return _LAYOUT.encoding_problems(_contents(record), _where(record, number), number)


def _contents(record: DebtorRecord) -> tuple[str, ...]:
    address = record.address
    has_address = bool(address.street or address.city)
    company = record.is_organization
    return (
        str(record.account),
        record.name if company else "",
        "" if company else record.last_name,
        "" if company else record.first_name,
        _COMPANY if company else _PERSON,
        record.short_name,
        # Here the prefix has a column of its own; a posting (column 40) wants it with the number.
        record.vat_id[:2],
        record.vat_id[2:],
        "STR" if address.street else "",
        address.street,
        address.postal_code,
        address.city,
        address.country,
        address.extra,
        "1" if has_address else "",
        record.phone,
        record.email,
        record.customer_number,
        record.contact,
        record.name_rest,
    )


def _record_problems(record: DebtorRecord, where: str, number: int) -> list[FileProblem]:
    """What a file of any origin may have but ours may not: every debtor has a name, a VAT id is whole."""
    found = []
    if not (record.name if record.is_organization else record.last_name):
        found.append(
            record_problem(
                DEBTOR_COLUMNS,
                "debtor_without_name",
                2 if record.is_organization else 4,
                f"{where} has no name.",
                "Fill the name of the organization or person.",
                number,
            )
        )
    if 0 < len(record.vat_id) < 3:
        found.append(
            record_problem(
                DEBTOR_COLUMNS,
                "vat_id_incomplete",
                10,
                f"{where} VAT id {record.vat_id!r} has no number after the country.",
                "Correct the VAT id or leave it empty.",
                number,
            )
        )
    return found


def _where(record: DebtorRecord, number: int) -> str:
    return f"Row {number} (debtor {record.account}):"
