"""Organizations, persons, products and field definitions of API v2, and what all v2 lists have in common."""

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, json, request

from webapp.sandbox.pipedrive_access import add_headers, answer, caller, fail, fail_validation, guarded
from webapp.sandbox.pipedrive_builtin_fields import built_in_fields
from webapp.sandbox.state import current
from webapp.sandbox.store import Record

blueprint = Blueprint("pipedrive_records", __name__, url_prefix="/pipedrive/api/v2")
blueprint.after_request(add_headers)

MAX_LIMIT = 500
DEFAULT_LIMIT = 100
MAX_IDS = 100
MAX_CUSTOM_FIELDS = 15
MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(Z|[+-]\d{2}:\d{2})")
"""RFC 3339 without fractions: v2 answers 400 to ``updated_since`` with fractional seconds."""

ENTITIES: Mapping[str, str] = {
    "deal": "pd_deal",
    "organization": "pd_organization",
    "person": "pd_person",
    "product": "pd_product",
}
"""Entity name in the API → record kind in the store."""


def fields_of(domain: str, entity: str) -> list[Record]:
    """The custom-field definitions of one entity."""
    return current().store.all(f"pd_{entity}_field", domain)


def shown(record: Record, entity: str, domain: str) -> Record:
    """A record as REST v2 shows it: our own fields left out, every custom field present (null when unset)."""
    visible = {key: value for key, value in record.items() if not key.startswith("_")}
    values = record.get("custom_fields", {})
    codes = [field["field_code"] for field in fields_of(domain, entity)]
    wanted = request.args.get("custom_fields")
    if wanted:
        chosen = wanted.split(",")
        if len(chosen) > MAX_CUSTOM_FIELDS:
            fail_validation(f"custom_fields: at most {MAX_CUSTOM_FIELDS} keys")
        codes = [code for code in codes if code in chosen]
    visible["custom_fields"] = {code: values.get(code) for code in codes}
    if request.args.get("include_option_labels") == "true":
        _add_option_labels(visible, fields_of(domain, entity))
    return visible


def _add_option_labels(visible: Record, fields: list[Record]) -> None:
    for field in fields:
        labels = {option["id"]: option["label"] for option in field.get("options") or []}
        value = visible["custom_fields"].get(field["field_code"])
        if value is None:
            continue
        if field["field_type"] == "enum":
            visible["custom_fields"][field["field_code"]] = {"id": value, "label": labels.get(value)}
        elif field["field_type"] == "set":
            visible["custom_fields"][field["field_code"]] = [
                {"id": item, "label": labels.get(item)} for item in value
            ]


def integer_parameter(name: str, *, least: int = 1) -> int | None:
    """A whole number from the query string, or None where it is absent."""
    text = request.args.get(name)
    if text is None:
        return None
    if not text.isdigit() or int(text) < least:
        fail_validation(f"{name}: must be an integer of at least {least}")
    return int(text)


def choice_parameter(name: str, choices: tuple[str, ...], default: str) -> str:
    """One of an enum from the query string."""
    text = request.args.get(name, default)
    if text not in choices:
        fail_validation(f"{name}: must be one of {', '.join(choices)}")
    return text


def ids_parameter(name: str, *, required: bool = False) -> list[int] | None:
    """Up to 100 ids, separated by commas or given as a repeated parameter."""
    given = ",".join(request.args.getlist(name))
    if not given:
        if required:
            fail_validation(f"{name}: is required")
        return None
    parts = given.split(",")
    if not all(part.isdigit() for part in parts) or len(parts) > MAX_IDS:
        fail_validation(f"{name}: must be at most {MAX_IDS} integer ids")
    return [int(part) for part in parts]


def moment_parameter(name: str) -> str | None:
    """A moment in RFC 3339 without fractional seconds."""
    text = request.args.get(name)
    if text is not None and MOMENT.fullmatch(text) is None:
        fail_validation(f"{name}: must be RFC 3339 without fractional seconds, like 2026-01-31T08:00:00Z")
    return text


def page(records: list[Record], sort_by: str, direction: str = "asc") -> tuple[list[Record], str | None]:
    """One cursor page of the records and the cursor of the next one (None at the end).

    The cursor holds the last seen sort value and id, so that a record changed between two pages is not lost.
    """
    limit = min(integer_parameter("limit") or DEFAULT_LIMIT, MAX_LIMIT)
    if (integer_parameter("limit") or 0) > MAX_LIMIT:
        fail_validation(f"limit: must not be above {MAX_LIMIT}")

    def place(record: Record) -> list[Any]:
        value = record.get(sort_by)
        return [value is not None, "" if value is None else value, record["id"]]

    ordered = sorted(records, key=place, reverse=direction == "desc")
    cursor = request.args.get("cursor")
    if cursor:
        seen = _read_cursor(cursor)
        if direction == "desc":
            ordered = [record for record in ordered if place(record) < seen]
        else:
            ordered = [record for record in ordered if place(record) > seen]
    chosen = ordered[:limit]
    if len(ordered) <= limit:
        return chosen, None
    text = json.dumps(place(chosen[-1]))
    return chosen, base64.urlsafe_b64encode(text.encode()).decode()


def _read_cursor(cursor: str) -> list[Any]:
    try:
        seen = json.loads(base64.urlsafe_b64decode(cursor.encode()))
    except (binascii.Error, ValueError):
        fail_validation("cursor: is not one of ours")
    if not isinstance(seen, list) or len(seen) != 3:
        fail_validation("cursor: is not one of ours")
    return seen


def list_answer(data: list[Record], cursor: str | None) -> Response:
    """A v2 list; at the end ``next_cursor`` is null."""
    return answer({"success": True, "data": data, "additional_data": {"next_cursor": cursor}})


def load(entity: str, key: int) -> Record:
    """One record of the caller's company.

    Raises:
        HTTPException: 404 in Pipedrive's form.
    """
    record = current().store.get(ENTITIES[entity], key, caller().domain)
    if record is None:
        fail(404, f"{entity.capitalize()} not found")
    return record


def _list(entity: str) -> Response:
    domain = caller().domain
    records = current().store.all(ENTITIES[entity], domain)
    ids = ids_parameter("ids")
    since, until = moment_parameter("updated_since"), moment_parameter("updated_until")
    sort_choices = (
        ("id", "name", "add_time", "update_time")
        if entity == "product"
        else ("id", "update_time", "add_time")
    )
    sort_by = choice_parameter("sort_by", sort_choices, "id")
    direction = choice_parameter("sort_direction", ("asc", "desc"), "asc")
    owner = integer_parameter("owner_id")
    kept = [
        record
        for record in records
        if not record["is_deleted"]
        and (ids is None or record["id"] in ids)
        and (owner is None or record["owner_id"] == owner)
        and (since is None or (record["update_time"] or record["add_time"]) >= since)
        and (until is None or (record["update_time"] or record["add_time"]) < until)
    ]
    chosen, cursor = page(kept, sort_by, direction)
    return list_answer([shown(record, entity, domain) for record in chosen], cursor)


def _one(entity: str, key: int) -> Response:
    record = load(entity, key)
    return answer({"success": True, "data": shown(record, entity, caller().domain)})


@blueprint.get("/organizations")
@guarded(10, "contacts:read", "contacts:full")
def list_organizations() -> Response:
    """Organizations."""
    return _list("organization")


@blueprint.get("/organizations/<int:key>")
@guarded(1, "contacts:read", "contacts:full")
def get_organization(key: int) -> Response:
    """One organization."""
    return _one("organization", key)


@blueprint.get("/persons")
@guarded(10, "contacts:read", "contacts:full")
def list_persons() -> Response:
    """Persons."""
    return _list("person")


@blueprint.get("/persons/<int:key>")
@guarded(1, "contacts:read", "contacts:full")
def get_person(key: int) -> Response:
    """One person."""
    return _one("person", key)


@blueprint.get("/products")
@guarded(10, "products:read", "products:full")
def list_products() -> Response:
    """Products."""
    return _list("product")


@blueprint.get("/products/<int:key>")
@guarded(1, "products:read", "products:full")
def get_product(key: int) -> Response:
    """One product with its prices."""
    return _one("product", key)


FIELD_SCOPES: Mapping[str, tuple[str, ...]] = {
    "deal": ("deals:read", "deals:full", "admin", "deal-fields:full"),
    "organization": ("contacts:read", "contacts:full", "admin", "contact-fields:full"),
    "person": ("contacts:read", "contacts:full", "admin", "contact-fields:full"),
    "product": ("products:read", "products:full", "admin", "product-fields:full"),
}


def _all_fields(entity: str) -> list[Record]:
    return built_in_fields(entity) + fields_of(caller().domain, entity)


def _field_list(entity: str) -> Response:
    fields = [{**field, "id": number} for number, field in enumerate(_all_fields(entity))]
    chosen, cursor = page(fields, "id")
    # Field definitions of v2 carry no numeric id; ours only orders them.
    return list_answer([{k: v for k, v in field.items() if k != "id"} for field in chosen], cursor)


def _field(entity: str, code: str) -> Response:
    field = next((row for row in _all_fields(entity) if row["field_code"] == code), None)
    if field is None:
        fail(404, "Field not found")
    return answer({"success": True, "data": field})


def _register_fields(entity: str, scopes: tuple[str, ...]) -> None:
    def list_fields() -> Response:
        return _field_list(entity)

    def get_field(code: str) -> Response:
        return _field(entity, code)

    base = f"/{entity}Fields"
    blueprint.add_url_rule(base, f"list_{entity}_fields", guarded(10, *scopes)(list_fields))
    blueprint.add_url_rule(f"{base}/<code>", f"get_{entity}_field", guarded(1, *scopes)(get_field))


for _entity, _scopes in FIELD_SCOPES.items():
    _register_fields(_entity, _scopes)
