"""Reads the fields that a tenant's configuration names, and collects what is wrong instead of stopping."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from connector.errors import DataError, Problem
from connector.pipedrive.field_values import (
    DateRange,
    FieldValue,
    Money,
    UnreadableValueError,
    day,
    is_ambiguous,
    number,
)
from connector.pipedrive.fields import FieldCatalog
from connector.pipedrive.operations import ENTITIES
from connector.storable import REPLACEMENT

YES = frozenset({"yes", "ja", "true", "wahr", "1", "x", "y", "j", "oui", "si", "sí", "tak"})
NO = frozenset({"no", "nein", "false", "falsch", "0", "n", "non", "nie"})


class FieldReader:
    """The custom fields of one bundle's records, by configured name or key.

    Every method takes an empty ``wanted`` (nothing is configured) and answers with an empty value then.
    """

    def __init__(self, bundle: Mapping[str, Any], problems: list[Problem]) -> None:
        self._catalog = FieldCatalog.of_bundle(bundle)
        self._undefined = frozenset(entity for entity in ENTITIES if bundle.get(f"{entity}_fields") is None)
        self._problems = problems

    def has(self, entity: str, wanted: str) -> bool:
        """Whether the entity has a field of this name or key (an ambiguous name counts as one)."""
        try:
            return bool(wanted) and self._catalog.find(entity, wanted) is not None
        except DataError:
            return True

    def labels(self, entity: str, key: str) -> tuple[str, ...]:
        """What can be chosen in the field with this key (no name counts); empty where that is not known."""
        try:
            field = self._catalog.find(entity, key)
        except DataError as e:
            self.merge(e)
            return ()
        return tuple(field.options.values()) if field is not None and field.key == key else ()

    def value(self, entity: str, record: Mapping[str, Any] | None, wanted: str) -> FieldValue:
        """The field's value; a field that does not exist, is ambiguous or unreadable becomes a problem."""
        if not wanted:
            return None
        try:
            field = self._catalog.find(entity, wanted)
            if field is None:
                self._missing(entity, wanted)
                return None
            return self._catalog.value(field, record) if record is not None else None
        except DataError as e:
            self.merge(e)
            return None

    def text(self, entity: str, record: Mapping[str, Any] | None, wanted: str) -> str:
        """The field as text: labels, numbers without superfluous zeros, dates as ISO."""
        return self.legible(as_text(self.value(entity, record, wanted)), wanted, f"field {wanted!r}")

    def number(self, entity: str, record: Mapping[str, Any] | None, wanted: str) -> Decimal | None:
        """The field as a number, also from a text field or a monetary one."""
        found = self.value(entity, record, wanted)
        if found is None:
            return None
        if isinstance(found, str) and is_ambiguous(found):
            self.report(
                "number_ambiguous",
                f"The field {wanted!r} holds {found!r}, whose sign may part thousands or decimals.",
                wanted,
                "Write it with two or four decimals and no sign for thousands, or make the field one for "
                "numbers.",
            )
            return None
        try:
            return number(found.amount if isinstance(found, Money) else found)
        except UnreadableValueError as e:
            self._unreadable(wanted, e)
            return None

    def days(self, entity: str, record: Mapping[str, Any] | None, wanted: str) -> DateRange | None:
        """The field as a day or a range of days; a single day is a range of one."""
        found = self.value(entity, record, wanted)
        if found is None or isinstance(found, DateRange):
            return found
        try:
            single = day(found)
        except UnreadableValueError as e:
            self._unreadable(wanted, e)
            return None
        return DateRange(single, single)

    def day(self, entity: str, record: Mapping[str, Any] | None, wanted: str) -> date | None:
        """The field as one day; of a range its first."""
        found = self.days(entity, record, wanted)
        return found.start if found else None

    def flag(self, entity: str, record: Mapping[str, Any] | None, wanted: str) -> bool:
        """A yes/no field: a boolean, or a list or text whose label says yes or no; empty is no."""
        found = self.value(entity, record, wanted)
        if found is None or isinstance(found, bool):
            return bool(found)
        label = as_text(found).casefold()
        if label not in YES | NO:
            self.report(
                "flag_unclear",
                f"The field {wanted!r} holds {as_text(found)!r}, which is neither yes nor no.",
                wanted,
                "Choose yes or no (ja or nein) in Pipedrive.",
            )
        return label in YES

    def written(self, record: Mapping[str, Any], key: str, what: str) -> str:
        """A built-in text of a record; one that is none becomes a problem instead of standing on the invoice.

        :param what: for people: ``deal's title``, ``line's name``.
        """
        value = record.get(key)
        if value is None:
            return ""
        if isinstance(value, str | int | Decimal) and not isinstance(value, bool):
            return self.legible(str(value), key, what)
        self.report(
            "text_unreadable", f"The {what} is no text: {value!r:.60}.", key, "Enter it again in Pipedrive."
        )
        return ""

    def legible(self, text: str, field: str, what: str) -> str:
        """The text; one with a character that got lost on its way must not stand on an invoice."""
        if REPLACEMENT in text:
            self.report(
                "text_unreadable",
                f"The {what} holds a character that cannot be read: {text!r:.60}.",
                field,
                "Enter it again in Pipedrive.",
            )
        return text

    def report(self, code: str, message: str, field: str, cure: str) -> None:
        """Keep a problem; the same one is kept once."""
        problem = Problem(code, message, field, cure)
        if problem not in self._problems:
            self._problems.append(problem)

    def problem_count(self) -> int:
        """How many problems there are so far: tells an empty field from one that was reported."""
        return len(self._problems)

    def merge(self, error: DataError) -> None:
        """Keep the problems of an error."""
        for problem in error.problems:
            self.report(problem.code, problem.message, problem.field, problem.cure)

    def _missing(self, entity: str, wanted: str) -> None:
        if entity in self._undefined:
            # A bundle put together by hand for a preview; what was read from Pipedrive always has them.
            self.report(
                "field_definitions_missing",
                f"The bundle lacks the definitions of the {entity} fields, so {wanted!r} cannot be found.",
                wanted,
                f'Add "{entity}_fields" to the bundle, or leave the field out of the tenant\'s file.',
            )
            return
        self.report(
            "custom_field_missing",
            f"Pipedrive has no {entity} field with the name or key {wanted!r}.",
            wanted,
            "Create the field in Pipedrive or correct its name in the tenant's configuration.",
        )

    def _unreadable(self, wanted: str, error: UnreadableValueError) -> None:
        self.report(
            "custom_field_unreadable",
            f"The field {wanted!r} cannot be read: {error}.",
            wanted,
            "Correct the field in Pipedrive.",
        )


def as_text(value: FieldValue) -> str:
    """A field's value as a person would write it."""
    if value is None:
        return ""
    if isinstance(value, Decimal):
        whole = value == value.to_integral_value()
        return format(value.to_integral_value() if whole else value.normalize(), "f")
    return ", ".join(value) if isinstance(value, tuple) else str(value)
