"""Which organizations are suppliers, too: told by a label. And the creditor number on their record."""

from collections.abc import Collection, Mapping
from typing import Any

from connector.errors import DataError, Problem
from connector.pipedrive.field_reader import FieldReader
from connector.tenants.config import SaleConfig

_LABEL_FIELDS = ("label_ids", "label")
"""Codes of the built-in field that defines the labels: API v2's, and the one it had before."""


def creditor_number_from(bundle: Mapping[str, Any], config: SaleConfig) -> str:
    """What the organization's field for the creditor number holds; empty where the tenant names none.

    :raises DataError: the field does not exist, is ambiguous or cannot be read.
    """
    problems: list[Problem] = []
    reader = FieldReader(bundle, problems)
    found = reader.text("organization", bundle.get("organization"), config.fields.creditor_number)
    if problems:
        raise DataError(problems)
    return found


def has_label(bundle: Mapping[str, Any], wanted: Collection[str]) -> bool:
    """Whether the deal's organization carries one of these labels.

    :param wanted: names (case ignored) or ids, as the tenant's configuration lists them.
    """
    looked_for = {label.strip().casefold() for label in wanted}
    return not looked_for.isdisjoint(organization_labels(bundle))


def organization_labels(bundle: Mapping[str, Any]) -> frozenset[str]:
    """Ids (as text) and names (case folded) of the labels on the deal's organization."""
    organization = bundle.get("organization")
    carried = organization.get("label_ids") if isinstance(organization, Mapping) else None
    if not isinstance(carried, list):
        return frozenset()
    ids = {str(label) for label in carried}
    names = {label.casefold() for key, label in _names(bundle).items() if key in ids}
    return frozenset(ids | names)


def _names(bundle: Mapping[str, Any]) -> dict[str, str]:
    """Label id as text → name."""
    fields = bundle.get("organization_fields")
    return {
        str(option.get("id")): option["label"].strip()
        for field in (fields if isinstance(fields, list) else ())
        if isinstance(field, Mapping) and field.get("field_code") in _LABEL_FIELDS
        for option in field.get("options") or ()
        if isinstance(option, Mapping) and isinstance(option.get("label"), str)
    }
