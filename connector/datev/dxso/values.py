"""Contents of elements and attributes to typed values and back."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal

from lxml import etree

from connector.datev.dxso.elements import Content, Rule
from connector.datev.dxso.model import field_name

Value = str | int | Decimal | date | bool
"""``datetime`` is a ``date``."""


def value_of(rule: Rule, written: str) -> Value:
    """What an accepted content says."""
    text = rule.trimmed(written)
    match rule.content:
        case Content.INTEGER:
            return int(text)
        case Content.NUMBER:
            return Decimal(text)
        case Content.DATE:
            return date.fromisoformat(text)
        case Content.MOMENT:
            return _moment(text)
        case Content.FLAG:
            return text in ("true", "1")
        case Content.TEXT:
            return text


def written_as(rule: Rule, value: Value) -> str:
    """The value as DATEV wants it; a number that has too many decimals keeps them, for the rule to refuse."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return fixed(value, rule.decimals)
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%S}" if value.year >= 1000 else value.isoformat(timespec="seconds")
    return value.isoformat() if isinstance(value, date) else str(value)


def fixed(value: Decimal, decimals: int) -> str:
    """A number with so many decimals; never rounded."""
    whole, _, fraction = format(value, "f").partition(".")
    return f"{whole}.{fraction.rstrip('0').ljust(decimals, '0')}"


def read_texts(parent: etree._Element, rules: Iterable[Rule]) -> dict[str, Value]:
    """Field → value of the child elements that are there and that their rule accepts."""
    namespace = f"{{{etree.QName(parent).namespace}}}"
    written = {str(child.tag).removeprefix(namespace): child.text or "" for child in parent}
    return _read(written, rules)


def read_attributes(element: etree._Element, rules: Iterable[Rule]) -> dict[str, Value]:
    """Field → value of the attributes that are there and that their rule accepts."""
    return _read({str(name): str(text) for name, text in element.attrib.items()}, rules)


def write_texts(source: object, rules: Iterable[Rule]) -> dict[str, str]:
    """Element → content of every field that has a value, in the order of the rules."""
    values = ((rule, getattr(source, field_name(rule.name), None)) for rule in rules)
    return {rule.name: written_as(rule, value) for rule, value in values if value is not None}


def _read(written: Mapping[str, str], rules: Iterable[Rule]) -> dict[str, Value]:
    return {
        field_name(rule.name): value_of(rule, written[rule.name])
        for rule in rules
        if rule.name in written and rule.accepts(written[rule.name])
    }


def _moment(text: str) -> datetime:
    day, _, time = text.partition("T")
    if time.startswith("24"):
        # XML Schema's name for the end of a day.
        return datetime.fromisoformat(day) + timedelta(days=1)
    return datetime.fromisoformat(text)
