"""The value of one custom field, decoded by its type (REST v2 shapes)."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from connector.pipedrive.shapes import YEARS


@dataclass(frozen=True, slots=True)
class Money:
    """A monetary field."""

    amount: Decimal
    currency: str

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"


@dataclass(frozen=True, slots=True)
class DateRange:
    """A date range, both days included."""

    start: date
    end: date

    def __str__(self) -> str:
        return f"{self.start}/{self.end}"


@dataclass(frozen=True, slots=True)
class TimeOfDay:
    """A time, or a range of times, as written; ``until`` is empty for a single time."""

    value: str
    until: str = ""
    timezone: str = ""

    def __str__(self) -> str:
        return f"{self.value}-{self.until}" if self.until else self.value


@dataclass(frozen=True, slots=True)
class PostalParts:
    """An address field; every part may be empty, the country is a free name."""

    value: str = ""
    country: str = ""
    admin_area_level_1: str = ""
    admin_area_level_2: str = ""
    locality: str = ""
    sublocality: str = ""
    route: str = ""
    street_number: str = ""
    subpremise: str = ""
    postal_code: str = ""

    def __str__(self) -> str:
        return self.value


FieldValue = (
    str | int | bool | Decimal | date | Money | DateRange | TimeOfDay | PostalParts | tuple[str, ...] | None
)
"""enum → label; set → labels; user, org, people → id; None where the field is empty."""


LONGEST_NUMBER = 60
"""Characters: no number that a person or Pipedrive writes comes near; a hostile one is not even converted."""

MAGNITUDES = range(-30, 18)
"""Powers of ten: wider than any price, quantity or rate, and narrow enough that no sum of them overflows."""


class UnreadableValueError(Exception):
    """A value has not the shape of its type; the text says what is wrong with it."""


def decode(field_type: str, options: Mapping[str, str], value: Any) -> FieldValue:
    """The value in our words.

    :param options: option id (as text) → label.
    :raises UnreadableValueError: not the shape of the type, or an option that the definitions do not know.
    """
    if value is None or value in ("", [], {}):
        return None
    if field_type == "enum":
        return _label(options, value)
    if field_type == "set":
        items = value if isinstance(value, list) else str(value).split(",")
        return tuple(_label(options, item) for item in items)
    decoder = DECODERS.get(field_type, _text)
    return decoder(value)


def number(value: Any) -> Decimal:
    """A number from JSON, or as a person writes it (``1.234,56`` or ``1,234.56`` or ``1234.56``).

    A lone separator parts decimals, as it does in JSON: ask :func:`is_ambiguous` of what a person wrote.

    :raises UnreadableValueError: no number, or one beyond all reason (``1e999999``).
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise UnreadableValueError(f"{value!r:.60} is no number")
    if isinstance(value, int) and abs(value) >= 10**MAGNITUDES.stop:
        raise UnreadableValueError("the number is too large")
    if isinstance(value, str) and len(value) > LONGEST_NUMBER:
        raise UnreadableValueError(f"{value!r:.60} is too long for a number")
    try:
        result = Decimal(_plain(str(value).strip()))
    except InvalidOperation:
        raise UnreadableValueError(f"{value!r:.60} is no number") from None
    if not result.is_finite():
        raise UnreadableValueError(f"{value!r:.60} is no number")
    if result and result.adjusted() not in MAGNITUDES:
        raise UnreadableValueError(f"{value!r:.60} is too {'large' if result.adjusted() > 0 else 'small'}")
    return result or Decimal(0)


def is_ambiguous(text: str) -> bool:
    """Whether a text such as ``1.234`` or ``1,234`` may mean a thousand times as much elsewhere."""
    return _AMBIGUOUS.fullmatch(text.strip()) is not None


_AMBIGUOUS = re.compile(r"[+-]?[1-9][0-9]{0,2}[.,][0-9]{3}")
_PLAIN = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
"""As JSON and Python write numbers; Python's own reading takes ``1_0`` and Arabic digits as well."""
_COMMA = re.compile(r"[+-]?([0-9]+|[0-9]{1,3}(\.[0-9]{3})+),[0-9]+")
_GROUPED = re.compile(r"[+-]?[0-9]{1,3}(,[0-9]{3})+\.[0-9]+")
_BLANKS = re.compile(r"[+-]?[0-9]{1,3}([ \u00a0\u202f'\u2019][0-9]{3})+([.,][0-9]+)?")


def _plain(text: str) -> str:
    """The same number as Python writes it; empty if it is none."""
    if _BLANKS.fullmatch(text):
        text = re.sub(r"[ \u00a0\u202f'\u2019]", "", text)
    if _COMMA.fullmatch(text):
        text = text.replace(".", "").replace(",", ".")
    elif _GROUPED.fullmatch(text):
        text = text.replace(",", "")
    return text if _PLAIN.fullmatch(text) else ""


def day(value: Any) -> date:
    """A date as ISO (a time after it is cut off) or as Germans write it (31.12.2026).

    :raises UnreadableValueError: neither, no day of the calendar, or not within :data:`YEARS`.
    """
    found = _calendar_day(str(value).strip(), value)
    if found.year not in YEARS:
        raise UnreadableValueError(f"{value!r:.60} lies beyond all reason")
    return found


def _calendar_day(text: str, value: Any) -> date:
    german = re.fullmatch(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", text)
    try:
        if german:
            return date(int(german[3]), int(german[2]), int(german[1]))
        return date.fromisoformat(text[:10] if re.match(r"\d{4}-\d{2}-\d{2}([T ]|$)", text) else text)
    except ValueError:
        raise UnreadableValueError(f"{value!r:.60} is no date") from None


def postal_parts(value: Any) -> PostalParts:
    """An address object; a bare text is its ``value``."""
    if isinstance(value, str):
        return PostalParts(value=value.strip())
    if not isinstance(value, Mapping):
        raise UnreadableValueError(f"{value!r:.60} is no address")
    return PostalParts(
        **{
            name: _text(value[name])
            for name in PostalParts.__dataclass_fields__
            if value.get(name) is not None
        }
    )


def _label(options: Mapping[str, str], value: Any) -> str:
    if isinstance(value, Mapping):
        # include_option_labels was asked for: {"id": 3, "label": "…"}.
        if isinstance(value.get("label"), str):
            return str(value["label"])
        value = value.get("id")
    label = options.get(str(value).strip())
    if label is None:
        raise UnreadableValueError(f"the option {value!r} is not defined (any more)")
    return label


def _part(value: Any, name: str) -> Any:
    if not isinstance(value, Mapping) or value.get(name) is None:
        raise UnreadableValueError(f"{value!r:.60} has no {name!r}")
    return value[name]


def _text(value: Any) -> str:
    if isinstance(value, Mapping | list):
        raise UnreadableValueError(f"{value!r:.60} is no text")
    return str(value).strip()


def _money(value: Any) -> Money:
    return Money(number(_part(value, "value")), _text(_part(value, "currency")))


def _date_range(value: Any) -> DateRange:
    found = DateRange(day(_part(value, "value")), day(_part(value, "until")))
    if found.end < found.start:
        raise UnreadableValueError(f"the range ends ({found.end}) before it begins ({found.start})")
    return found


def _time(value: Any) -> TimeOfDay:
    if isinstance(value, str):
        return TimeOfDay(value)
    zone = value.get("timezone_name") or "" if isinstance(value, Mapping) else ""
    return TimeOfDay(_text(_part(value, "value")), _text(value.get("until") or ""), _text(zone))


def _id(value: Any) -> int:
    inner = value.get("id") if isinstance(value, Mapping) else value
    if (
        isinstance(inner, bool)
        or not isinstance(inner, int | str)
        or not re.fullmatch(r"\d{1,19}", str(inner))
    ):
        raise UnreadableValueError(f"{value!r:.60} is no id")
    return int(inner)


def _flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if value in (0, 1, "0", "1"):
        return value in (1, "1")
    raise UnreadableValueError(f"{value!r:.60} is neither true nor false")


DECODERS: Mapping[str, Callable[[Any], FieldValue]] = {
    "int": number,
    "double": number,
    "boolean": _flag,
    "monetary": _money,
    "date": day,
    "daterange": _date_range,
    "time": _time,
    "timerange": _time,
    "address": postal_parts,
    "user": _id,
    "org": _id,
    "people": _id,
}
"""Field type → decoder; every other type is text. ``enum`` and ``set`` need the options and stand apart."""
