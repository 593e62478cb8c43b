"""Frozen dataclasses to JSON-safe values and back, exactly.

The store keeps configurations, sales, invoices and postings as ``jsonb``. What was written is
what is read: Decimals travel as text (``"1.50"`` stays ``1.50``, no float in between), moments
as ISO text in UTC, enums as their values, tuples as lists. Reading is strict: no text is taken
for a number, no unknown key is dropped, because a document that does not fit its type was
written by another version or by hand, and guessing there would book something else.

A key that is absent takes its default, so a dataclass may grow fields that have one.
"""

from collections.abc import Callable, Iterable
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from enum import Enum, StrEnum
from typing import Any, TypeVar

import cattrs

T = TypeVar("T")


class DocumentShapeError(ValueError):
    """A stored document does not fit the type it is read as; lists every place at once."""


def to_plain(obj: Any) -> Any:
    """A dataclass (or a list, tuple or dict of them) as dicts, lists, str, int, bool and None.

    :raises TypeError: for a type without an exact JSON form, float above all.
    :raises ValueError: for a moment without a time zone or a Decimal that is no number.
    """
    if isinstance(obj, Enum):
        return obj.value
    if is_dataclass(obj):
        return {field.name: to_plain(getattr(obj, field.name)) for field in fields(obj)}
    write = _WRITERS.get(type(obj))
    if write is None:
        raise TypeError(f"{obj!r} is a {type(obj).__name__}, which has no exact form in JSON")
    return write(obj)


def from_plain(data: Any, cls: type[T]) -> T:
    """The object that :func:`to_plain` took apart; ``cls`` may also be ``list[Posting]`` and the like.

    :raises DocumentShapeError: naming every place that does not fit.
    """
    try:
        return _converter.structure(data, cls)
    except Exception as e:
        places = "; ".join(cattrs.transform_error(e, path="document", format_exception=_say))
        name = getattr(cls, "__name__", str(cls))
        raise DocumentShapeError(f"A stored document is no {name}: {places}") from e


def _say(error: BaseException, _type: type[Any] | None) -> str:
    if isinstance(error, KeyError):
        return f"the key {error} is missing"
    if isinstance(error, cattrs.ForbiddenExtraKeysError):
        return f"unknown keys {', '.join(sorted(error.extra_fields))}"
    return str(error)


def _exactly(kind: type[T]) -> Callable[[Any, Any], T]:
    """A hook that takes values of just this type; bool is an int to Python, but not here."""

    def take(value: Any, _type: Any) -> T:
        if type(value) is not kind:
            raise ValueError(f"{value!r} is not of type {kind.__name__}")
        return value

    return take


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not of type str")  # noqa: TRY004 - wrong data, not a wrong call
    return value


def _read_decimal(value: Any, _type: Any) -> Decimal:
    try:
        number = Decimal(_text(value))
    except InvalidOperation as e:
        raise ValueError(f"{value!r} is no decimal number") from e
    return _finite(number)


def _finite(number: Decimal) -> Decimal:
    if not number.is_finite():
        raise ValueError(f"{number} is no amount")
    return number


def _read_moment(value: Any, _type: Any) -> datetime:
    return _aware(datetime.fromisoformat(_text(value)))


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone")
    return moment.astimezone(UTC)


def _as_it_is(value: Any) -> Any:
    return value


def _write_list(values: Iterable[Any]) -> list[Any]:
    return [to_plain(value) for value in values]


_WRITERS: dict[type, Callable[[Any], Any]] = {
    str: _as_it_is,
    int: _as_it_is,
    bool: _as_it_is,
    type(None): _as_it_is,
    Decimal: lambda number: str(_finite(number)),
    date: date.isoformat,
    time: time.isoformat,
    datetime: lambda moment: _aware(moment).isoformat(),
    list: _write_list,
    tuple: _write_list,
    dict: lambda values: {_text(key): to_plain(value) for key, value in values.items()},
}
"""Looked up by the exact type: a bool is no int here, a datetime no date."""

_READERS: dict[type, Callable[[Any, Any], Any]] = {
    str: _exactly(str),
    # Hooks also serve subclasses: without a line of its own every StrEnum would be read as plain text.
    StrEnum: lambda value, cls: cls(_text(value)),
    int: _exactly(int),
    bool: _exactly(bool),
    Decimal: _read_decimal,
    date: lambda value, _type: date.fromisoformat(_text(value)),
    time: lambda value, _type: time.fromisoformat(_text(value)),
    datetime: _read_moment,
}


def _new_converter() -> cattrs.Converter:
    converter = cattrs.Converter(forbid_extra_keys=True)
    for kind, hook in _READERS.items():
        converter.register_structure_hook(kind, hook)
    return converter


_converter = _new_converter()
