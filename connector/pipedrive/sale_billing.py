"""When a deal's lines and amounts are billed: instalments, and lines that recur."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from connector.accounting.billing import MOST_CYCLES, Frequency, Installment, Recurrence
from connector.pipedrive.field_reader import FieldReader
from connector.pipedrive.field_values import UnreadableValueError, day, number
from connector.pipedrive.shapes import READ_AGAIN, id_of, records_of

ONE_TIME = "one-time"


def read_installments(bundle: Mapping[str, Any], reader: FieldReader) -> tuple[Installment, ...]:
    """The deal's instalments by billing date; what cannot be read goes to the reader."""
    found = [_installment(record, reader) for record in records_of(bundle, "installments")]
    return tuple(sorted(filter(None, found), key=lambda one: (one.billing_date, one.id)))


def read_recurrence(record: Mapping[str, Any], reader: FieldReader) -> Recurrence | None:
    """How a line of the deal recurs; None: it is billed once, or what it says goes to the reader."""
    written = record.get("billing_frequency")
    if written in (None, "", ONE_TIME):
        return None
    name = f"{record.get('name')!r:.60}"
    try:
        frequency = Frequency(str(written))
    except ValueError:
        reader.report(
            "billing_frequency_unknown",
            f"The line {name} is billed {written!s:.60}, which is not known.",
            "products.billing_frequency",
            f"Choose one of {ONE_TIME}, {', '.join(Frequency)}.",
        )
        return None
    return Recurrence(frequency, _cycles(record, frequency, name, reader), _start(record, name, reader))


def _installment(record: Mapping[str, Any], reader: FieldReader) -> Installment | None:
    known = id_of(record.get("id"))
    if known is None:
        reader.report(
            "installment_unreadable", "An instalment of the deal has no id.", "installments.id", READ_AGAIN
        )
    amount = _amount(record, reader)
    billing_date = _billing_date(record, reader)
    description = reader.written(record, "description", "instalment's description")
    if known is None or amount is None or billing_date is None:
        return None
    return Installment(known, amount, billing_date, description)


def _amount(record: Mapping[str, Any], reader: FieldReader) -> Decimal | None:
    try:
        return number(record.get("amount"))
    except UnreadableValueError as e:
        reader.report(
            "installment_unreadable",
            f"The amount of an instalment cannot be read: {e}.",
            "installments.amount",
            "Enter the instalment again.",
        )
        return None


def _billing_date(record: Mapping[str, Any], reader: FieldReader) -> date | None:
    written = record.get("billing_date")
    if written in (None, ""):
        reader.report(
            "installment_date_missing",
            f"The instalment {record.get('description') or record.get('id')!s:.60} has no billing date.",
            "installments.billing_date",
            "Enter in Pipedrive when the instalment is billed.",
        )
        return None
    try:
        return day(written)
    except UnreadableValueError as e:
        reader.report(
            "installment_unreadable",
            f"The billing date of an instalment cannot be read: {e}.",
            "installments.billing_date",
            "Enter the instalment again.",
        )
        return None


def _cycles(record: Mapping[str, Any], frequency: Frequency, name: str, reader: FieldReader) -> int | None:
    """Pipedrive: null is without end, which lines that recur by the week cannot be."""
    written = record.get("billing_frequency_cycles")
    if written is None and frequency is not Frequency.WEEKLY:
        return None
    found = id_of(written)
    if found is not None and found <= MOST_CYCLES:
        return found
    reader.report(
        "billing_cycles_unclear",
        f"How often the line {name} is billed cannot be told: its number of cycles is {written!r:.60}.",
        "products.billing_frequency_cycles",
        f"Enter a number of cycles from 1 to {MOST_CYCLES}.",
    )
    return None


def _start(record: Mapping[str, Any], name: str, reader: FieldReader) -> date | None:
    written = record.get("billing_start_date")
    if written in (None, ""):
        return None
    try:
        return day(written)
    except UnreadableValueError as e:
        reader.report(
            "billing_start_unreadable",
            f"From when the line {name} is billed cannot be read: {e}.",
            "products.billing_start_date",
            "Enter the start of the line again.",
        )
        return None
