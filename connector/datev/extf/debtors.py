"""Our debtors as master data (category 16, version 5).

Only the columns that we know are filled: DATEV keeps its own value where a column is empty.
"""

from collections.abc import Iterable, Iterator

from connector.accounting.debtor import DebtorRecord
from connector.datev.extf.columns import column_name
from connector.datev.extf.debtor_columns import DEBTOR_COLUMNS
from connector.datev.extf.header import DEBTORS, BatchHeader
from connector.datev.extf.writer import Record, RowLayout, render
from connector.errors import Problem

_FILLED = (1, 2, 4, 5, 7, 8, 9, 10, 15, 16, 18, 19, 20, 22, 26, 29, 33, 99, 102)
_LAYOUT = RowLayout(DEBTOR_COLUMNS, _FILLED)

_COMPANY, _PERSON = "2", "1"


def render_debtors(header: BatchHeader, records: Iterable[DebtorRecord]) -> bytes:
    """Master data of debtors, ready for DATEV.

    Raises:
        DataError: with every problem of every record; a half file is never returned.
    """
    return render(header, DEBTORS, _records(header, records))


def _records(header: BatchHeader, records: Iterable[DebtorRecord]) -> Iterator[Record]:
    seen: set[int] = set()
    for number, record in enumerate(records, start=1):
        where = f"Row {number} (debtor {record.account}):"
        problems = _problems(record, header.account_length, where)
        if record.account in seen:
            problems.append(
                _problem(
                    "debtor_twice", 1, f"{where} the account stands in this file already.", "Send it once."
                )
            )
        seen.add(record.account)
        yield _LAYOUT, _contents(record), where, problems


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
    )


def _problems(record: DebtorRecord, account_length: int, where: str) -> list[Problem]:
    problems = []
    if len(str(record.account)) != account_length + 1:
        problems.append(
            _problem(
                "debtor_account_length",
                1,
                f"{where} a personal account must have {account_length + 1} digits, "
                "one more than the client's ledger accounts.",
                "Correct the debtor number or the account length of the tenant.",
            )
        )
    if not (record.name if record.is_organization else record.last_name):
        problems.append(
            _problem(
                "debtor_without_name",
                2 if record.is_organization else 4,
                f"{where} has no name.",
                "Fill the name of the organization or person.",
            )
        )
    if 0 < len(record.vat_id) < 3:
        problems.append(
            _problem(
                "vat_id_incomplete",
                10,
                f"{where} VAT id {record.vat_id!r} has no number after the country.",
                "Correct the VAT id or leave it empty.",
            )
        )
    return problems


def _problem(code: str, number: int, message: str, cure: str) -> Problem:
    return Problem(code, message, column_name(number - 1, DEBTOR_COLUMNS[number - 1]), cure)
