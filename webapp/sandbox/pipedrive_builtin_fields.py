"""Pipedrive's own fields in the field lists: a reader must tell them from custom ones by ``is_custom_field``.

A selection: names and types as in Pipedrive's description of the field endpoints.
"""

from collections.abc import Mapping

from webapp.sandbox.store import Record

_BUILT_IN: Mapping[str, tuple[tuple[str, str, str], ...]] = {
    "deal": (
        ("id", "ID", "int"),
        ("title", "Title", "varchar"),
        ("value", "Value", "monetary"),
        ("currency", "Currency of Value", "varchar"),
        ("org_id", "Organization", "org"),
        ("person_id", "Contact person", "people"),
        ("owner_id", "Owner", "user"),
        ("stage_id", "Stage", "stage"),
        ("won_time", "Won time", "date"),
        ("expected_close_date", "Expected close date", "date"),
    ),
    "organization": (
        ("id", "ID", "int"),
        ("name", "Name", "varchar"),
        ("address", "Address", "address"),
        ("owner_id", "Owner", "user"),
    ),
    "person": (
        ("id", "ID", "int"),
        ("name", "Name", "varchar"),
        ("emails", "Email", "varchar"),
        ("phones", "Phone", "phone"),
        ("org_id", "Organization", "org"),
    ),
    "product": (
        ("id", "ID", "int"),
        ("name", "Name", "varchar"),
        ("code", "Product code", "varchar"),
        ("unit", "Unit", "varchar"),
        ("tax", "Tax", "double"),
    ),
}

_STATUS: Record = {
    "field_name": "Status",
    "field_code": "status",
    "field_type": "status",
    "options": [
        {"id": status, "label": status.capitalize(), "color": None, "update_time": None, "add_time": None}
        for status in ("open", "won", "lost", "deleted")
    ],
}
"""Options of built-in fields have text ids, those of custom fields whole numbers."""


def built_in_fields(entity: str) -> list[Record]:
    """The built-in field definitions of an entity, in the shape of the custom ones."""
    rows: list[Record] = [
        {"field_name": name, "field_code": code, "field_type": kind, "options": None}
        for code, name, kind in _BUILT_IN[entity]
    ]
    if entity == "deal":
        rows.append(_STATUS)
    fixed = {"description": "", "subfields": None, "is_custom_field": False}
    return [{**row, **fixed, "is_optional_response_field": False} for row in rows]
