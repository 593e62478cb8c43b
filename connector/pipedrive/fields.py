"""Custom fields: which one is meant, and what it holds.

A custom field's key is 40 hexadecimal characters, different in every account and constant over renames; its
name is what people know, need not be unique and may change. A tenant's configuration may use either.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from connector.errors import DataError, Problem
from connector.pipedrive.field_values import FieldValue, UnreadableValueError, decode
from connector.pipedrive.operations import ENTITIES
from connector.pipedrive.shapes import READ_AGAIN, custom_fields_problem


@dataclass(frozen=True)
class FieldDefinition:
    """One field of one entity."""

    entity: str
    key: str
    name: str
    type: str
    is_custom: bool
    options: Mapping[str, str]
    """Option id as text → label; empty for other types."""

    @property
    def label(self) -> str:
        """For messages: where and what."""
        return f"{self.entity} field {self.name!r}"


class FieldCatalog:
    """The field definitions of all entities.

    :param definitions: entity (``deal``, ``organization``, ``person``, ``product``) → field definitions as
        ``GET /api/v2/…Fields`` lists them. It is plain JSON: cache it, and read it anew when
        :meth:`unknown_keys` finds something.
    """

    def __init__(self, definitions: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        self._fields = {
            entity: [
                _definition(entity, record)
                for record in definitions.get(entity) or ()
                if isinstance(record, Mapping)
            ]
            for entity in ENTITIES
        }

    @classmethod
    def of_bundle(cls, bundle: Mapping[str, Any]) -> "FieldCatalog":
        """The catalog of a bundle's own definitions; what is no list counts as none here.

        Whoever books asks :func:`connector.pipedrive.shapes.list_problems` first.
        """
        found = {entity: bundle.get(f"{entity}_fields") for entity in ENTITIES}
        return cls({entity: fields for entity, fields in found.items() if isinstance(fields, list)})

    @cached_property
    def _by_key(self) -> dict[tuple[str, str], FieldDefinition]:
        return {(entity, field.key): field for entity, fields in self._fields.items() for field in fields}

    def find(self, entity: str, wanted: str) -> FieldDefinition | None:
        """The field with this key or name; None if there is none.

        A key wins over a name, a custom field over a built-in one, the exact name over one of other case.

        :raises DataError: several custom fields have this name, or one key has definitions that differ.
        """
        by_key = [field for field in self._fields[entity] if field.key == wanted]
        if any(field != by_key[0] for field in by_key):
            raise DataError([_defined_twice(entity, wanted)])
        if by_key:
            return by_key[0]
        for pool in (
            [field for field in self._fields[entity] if field.is_custom],
            [field for field in self._fields[entity] if not field.is_custom],
        ):
            exact = [field for field in pool if field.name.strip() == wanted.strip()]
            folded = [field for field in pool if field.name.strip().casefold() == wanted.strip().casefold()]
            found = exact or folded
            if len(found) > 1:
                raise DataError([_ambiguous(entity, wanted, found)])
            if found:
                return found[0]
        return None

    def value(self, field: FieldDefinition, record: Mapping[str, Any]) -> FieldValue:
        """What a record of the field's entity holds in it; None where it is empty.

        :raises DataError: the value has not the shape of its type, or its option is unknown.
        """
        if field.is_custom and (problem := custom_fields_problem(field.entity, record)):
            raise DataError([problem])
        custom = record.get("custom_fields")
        values = custom if field.is_custom and isinstance(custom, Mapping) else record
        try:
            return decode(field.type, field.options, values.get(field.key))
        except UnreadableValueError as e:
            raise DataError(
                [
                    Problem(
                        "custom_field_unreadable",
                        f"The {field.label} cannot be read: {e}.",
                        field.name,
                        "Correct the field in Pipedrive.",
                    )
                ]
            ) from e

    def unknown_keys(self, entity: str, record: Mapping[str, Any]) -> set[str]:
        """Keys of the record's custom fields that need newer definitions.

        Either the key is unknown, or its option is: then the cached definitions are older than the record. A
        deleted option stays unknown for ever, so read anew at most once per record.
        """
        custom = record.get("custom_fields")
        if not isinstance(custom, Mapping):
            return set()
        return {str(key) for key, value in custom.items() if not self._knows(entity, str(key), value)}

    def _knows(self, entity: str, key: str, value: Any) -> bool:
        field = self._by_key.get((entity, key))
        if field is None:
            return False
        if field.type not in {"enum", "set"}:
            return True
        try:
            decode(field.type, field.options, value)
        except UnreadableValueError:
            return False
        return True


def stale_entities(bundle: Mapping[str, Any]) -> set[str]:
    """Which entities' definitions in a bundle are older than its records."""
    catalog = FieldCatalog.of_bundle(bundle)
    records: dict[str, Iterable[Any]] = {
        "deal": [bundle.get("deal")],
        "organization": [bundle.get("organization")],
        "person": [bundle.get("person")],
        "product": catalog_records if isinstance(catalog_records := bundle.get("catalog"), list) else (),
    }
    return {
        entity
        for entity, found in records.items()
        if any(isinstance(record, Mapping) and catalog.unknown_keys(entity, record) for record in found)
    }


def _definition(entity: str, record: Mapping[str, Any]) -> FieldDefinition:
    key = str(record.get("field_code") or "")
    custom = record.get("is_custom_field")
    options = record.get("options")
    return FieldDefinition(
        entity=entity,
        key=key,
        name=str(record.get("field_name") or key),
        type=str(record.get("field_type") or ""),
        is_custom=custom if isinstance(custom, bool) else _looks_custom(key),
        options={
            str(option.get("id")): str(option.get("label"))
            for option in (options if isinstance(options, list) else ())
            if isinstance(option, Mapping)
        },
    )


def _looks_custom(key: str) -> bool:
    return len(key) == 40 and set(key) <= set("0123456789abcdef")


def _defined_twice(entity: str, key: str) -> Problem:
    return Problem(
        "custom_field_ambiguous",
        f"The {entity} field with the key {key!r} is defined more than once, and not alike.",
        key,
        READ_AGAIN,
    )


def _ambiguous(entity: str, wanted: str, found: Sequence[FieldDefinition]) -> Problem:
    keys = " and ".join(field.key for field in found)
    return Problem(
        "custom_field_ambiguous",
        f"Pipedrive has {len(found)} {entity} fields named {wanted!r}, with the keys {keys}.",
        wanted,
        "Rename one of them in Pipedrive, or put the key into the tenant's configuration.",
    )
