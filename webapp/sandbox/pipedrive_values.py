"""Custom-field values in Pipedrive's three shapes: REST v2 (how we store them), webhook v2, and v1."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from webapp.sandbox.store import Record

ADDRESS_PARTS = (
    "value",
    "country",
    "admin_area_level_1",
    "admin_area_level_2",
    "locality",
    "sublocality",
    "route",
    "street_number",
    "subpremise",
    "postal_code",
)
DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def is_number(value: Any) -> bool:
    """A JSON number (true and false are not)."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_integer(value: Any) -> bool:
    """A JSON integer (true and false are not)."""
    return isinstance(value, int) and not isinstance(value, bool)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_date(value: Any) -> bool:
    return isinstance(value, str) and DATE.fullmatch(value) is not None


def _is_id_list(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(is_integer(item) for item in value)


def _is_monetary(value: Any) -> bool:
    return isinstance(value, dict) and is_number(value.get("value")) and _is_text(value.get("currency"))


def _is_range(value: Any) -> bool:
    return isinstance(value, dict) and _is_text(value.get("value")) and _is_text(value.get("until"))


def _is_value_object(value: Any) -> bool:
    return isinstance(value, dict) and _is_text(value.get("value"))


CHECKS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "varchar": (_is_text, "a string"),
    "varchar_auto": (_is_text, "a string"),
    "text": (_is_text, "a string"),
    "phone": (_is_text, "a string"),
    "double": (is_number, "a number"),
    "int": (is_integer, "an integer"),
    "boolean": (lambda value: isinstance(value, bool), "a boolean"),
    "date": (_is_date, "a date YYYY-MM-DD"),
    "enum": (is_integer, "the integer id of an option"),
    "set": (_is_id_list, "a non-empty array of option ids"),
    "monetary": (_is_monetary, "an object with value and currency"),
    "address": (_is_value_object, "an object with value"),
    "daterange": (_is_range, "an object with value and until"),
    "timerange": (_is_range, "an object with value and until"),
    "time": (_is_value_object, "an object with value"),
    "user": (is_integer, "an integer id"),
    "org": (is_integer, "an integer id"),
    "people": (is_integer, "an integer id"),
}
"""What REST v2 takes for a field type, and the words for a refusal. null clears a field of any type."""


def problem_with(field: Record, value: Any) -> str:
    """Why REST v2 would refuse this value for this field; "" when it takes it."""
    if value is None:
        return ""
    check, words = CHECKS.get(field["field_type"], (_is_text, "a string"))
    if not check(value):
        return f"custom_fields.{field['field_code']}: must be {words}"
    known = {option["id"] for option in field.get("options") or []}
    wanted = value if field["field_type"] == "set" else [value] if field["field_type"] == "enum" else []
    unknown = [item for item in wanted if item not in known]
    return f"custom_fields.{field['field_code']}: unknown option {unknown[0]}" if unknown else ""


def webhook_v2(field: Record, value: Any) -> Record:
    """The typed object that a version 2.0 webhook carries (it is NOT the REST shape)."""
    kind = field["field_type"]
    if kind in ("enum", "user", "org", "people"):
        return {"type": kind, "id": value}
    if kind == "set":
        return {"type": kind, "values": [{"id": item} for item in value]}
    if kind in ("daterange", "timerange"):
        zone = {"timezone_id": value["timezone_id"]} if "timezone_id" in value else {}
        return {"type": kind, "from": value["value"], "until": value["until"], **zone}
    if kind == "address":
        return {"type": kind, **value, "formatted_address": value.get("formatted_address", value["value"])}
    if isinstance(value, dict):
        return {"type": kind, **value}
    return {"type": kind, "value": value}


def flat_v1(field: Record, value: Any) -> Record:
    """The flat keys that version 1 uses: ``hash``, ``hash_currency``, ``hash_until``, ``hash_<part>``."""
    code, kind = field["field_code"], field["field_type"]
    if value is None:
        return {code: None}
    if kind == "enum":
        return {code: str(value)}
    if kind == "set":
        return {code: ",".join(str(item) for item in value)}
    if isinstance(value, dict):
        rest = {f"{code}_{part}": content for part, content in value.items() if part != "value"}
        return {code: value["value"], **rest}
    return {code: value}


def complete_address(given: str | Mapping[str, Any] | None) -> Record | None:
    """An address object with every part (null where unknown), as REST v2 answers; None stays None."""
    if given is None:
        return None
    parts = {"value": given} if isinstance(given, str) else dict(given)
    if "value" not in parts:
        street = " ".join(str(parts[key]) for key in ("route", "street_number") if parts.get(key))
        town = " ".join(str(parts[key]) for key in ("postal_code", "locality") if parts.get(key))
        parts["value"] = ", ".join(part for part in (street, town, parts.get("country")) if part)
    return {part: parts.get(part) for part in ADDRESS_PARTS} | (
        {"formatted_address": parts["formatted_address"]} if "formatted_address" in parts else {}
    )
