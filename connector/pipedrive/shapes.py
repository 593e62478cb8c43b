"""The shapes that we rely on in what Pipedrive answers, asked of every value before it is used."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

from connector.errors import Problem

READ_AGAIN = "Read the deal again; if it stays so, ask Pipedrive's support."
"""The cure for what no person can have entered."""

LISTS = (
    *("products", "discounts", "installments", "catalog", "files"),
    *("deal_fields", "organization_fields", "person_fields", "product_fields"),
)
"""The parts of a bundle that are lists of records."""

YEARS = range(1900, 2200)
"""Years in which anything that we book can lie. Others are slips of the keyboard, and at the calendar's ends
(years 1 and 9999) every reckoning with days or time zones would fail."""


def id_of(value: Any) -> int | None:
    """An id, also where it is written as text; None if it is none (they count from 1 and fit 64 bits)."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    if isinstance(value, int) and not 0 < value < 10**18:
        return None
    return int(value) if re.fullmatch(r"[1-9]\d{0,17}", str(value), re.ASCII) else None


def is_list_of_records(value: Any) -> TypeGuard[list[Mapping[str, Any]]]:
    """Whether it is a list of objects; an empty list is one."""
    return isinstance(value, list) and all(isinstance(record, Mapping) for record in value)


def records_of(bundle: Mapping[str, Any], part: str) -> Sequence[Mapping[str, Any]]:
    """A list of a bundle; missing or null counts as empty."""
    found = bundle.get(part)
    return [record for record in found if isinstance(record, Mapping)] if isinstance(found, list) else []


def flag_of(value: Any) -> bool | None:
    """A yes or no, also where it is written as 1 or 0, as version 1 does; None if it is neither."""
    return bool(value) if isinstance(value, int) and value in (0, 1) else None


def list_problems(bundle: Mapping[str, Any]) -> list[Problem]:
    """The bundle's lists that are none, or whose items are no objects. Missing or null counts as empty.

    What cannot be read is not left out: a line would be missing on the invoice.
    """
    return [
        Problem("list_unreadable", f"The deal's {part} are no list of records.", part, READ_AGAIN)
        for part in LISTS
        if bundle.get(part) is not None and not is_list_of_records(bundle[part])
    ]


def custom_fields_problem(entity: str, record: Any) -> Problem | None:
    """Custom fields that are no object: taken for empty, defaults would decide the invoice."""
    if not isinstance(record, Mapping) or isinstance(record.get("custom_fields") or {}, Mapping):
        return None
    what = f"The {entity}'s custom fields are no object."
    return Problem("custom_fields_unreadable", what, f"{entity}.custom_fields", READ_AGAIN)


def custom_field_problems(bundle: Mapping[str, Any]) -> list[Problem]:
    """The same for every record of a bundle."""
    records = [(entity, bundle.get(entity)) for entity in ("deal", "organization", "person")]
    records += [("product", record) for record in records_of(bundle, "catalog")]
    found = [custom_fields_problem(entity, record) for entity, record in records]
    return [problem for problem in found if problem is not None]


def file_problems(files: Any) -> list[Problem]:
    """Files whose id, name or time cannot be read: the newest could not be told from the others."""
    return [
        Problem(
            "file_unreadable",
            f"The deal's file {record.get('name')!r:.60} has no readable id, name or time.",
            "files",
            "Attach the file again, or read the deal again.",
        )
        for record in (files if is_list_of_records(files) else ())
        if id_of(record.get("id")) is None
        or not all(
            isinstance(record.get(name), str | None)
            for name in ("name", "file_name", "file_type", "add_time")
        )
    ]


def visible(text: str) -> str:
    """Text without outer blanks and the signs that nobody sees (zero-width blanks, byte-order marks)."""
    return "".join(sign for sign in text if unicodedata.category(sign) != "Cf").strip()
