"""Deals of API v2 with their product lines, discounts and instalments."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, Response, request

from webapp.sandbox.clock import iso_utc
from webapp.sandbox.pipedrive_access import add_headers, answer, caller, fail, fail_validation, guarded
from webapp.sandbox.pipedrive_changes import change_deal
from webapp.sandbox.pipedrive_records import (
    choice_parameter,
    fields_of,
    ids_parameter,
    integer_parameter,
    list_answer,
    load,
    moment_parameter,
    page,
    shown,
)
from webapp.sandbox.pipedrive_values import DATE, is_integer, is_number, problem_with
from webapp.sandbox.state import current
from webapp.sandbox.store import Record

blueprint = Blueprint("pipedrive_deals", __name__, url_prefix="/pipedrive/api/v2")
blueprint.after_request(add_headers)

STATUSES = ("open", "won", "lost", "deleted")
OPTIONAL_FIELDS = ("first_won_time", "products_count", "files_count", "notes_count", "smart_bcc_email")
"""Fields of ``include_fields`` that the sandbox can fill; the others are answered as null."""

DEAL_READ = ("deals:read", "deals:full")
LINE_READ = ("products:read", "products:full", "deals:read", "deals:full")


def lines_of(domain: str, deal_id: int) -> list[Record]:
    """The product lines of a deal."""
    return current().store.all("pd_line", f"{domain}/{deal_id}")


def _shown_deal(deal: Record) -> Record:
    domain = caller().domain
    visible = shown(deal, "deal", domain)
    first_won = visible.pop("first_won_time", None)
    if deal["is_deleted"]:
        visible["status"] = "deleted"
    wanted = request.args.get("include_fields")
    for name in wanted.split(",") if wanted else ():
        visible[name] = first_won if name == "first_won_time" else None
        if name == "products_count":
            visible[name] = len(lines_of(domain, deal["id"]))
    return visible


def _status_filter() -> list[str] | None:
    text = request.args.get("status")
    if text is None:
        return None
    wanted = text.split(",")
    if any(status not in STATUSES for status in wanted):
        fail_validation(f"status: must be one of {', '.join(STATUSES)}")
    return wanted


def _list_deals(*, archived: bool) -> Response:
    statuses, ids = _status_filter(), ids_parameter("ids")
    since, until = moment_parameter("updated_since"), moment_parameter("updated_until")
    sort_by = choice_parameter("sort_by", ("id", "update_time", "add_time"), "id")
    direction = choice_parameter("sort_direction", ("asc", "desc"), "asc")
    names = ("owner_id", "person_id", "org_id", "pipeline_id", "stage_id")
    equal = {name: integer_parameter(name) for name in names}

    def wanted(deal: Record) -> bool:
        status = "deleted" if deal["is_deleted"] else deal["status"]
        changed = deal["update_time"] or deal["add_time"]
        return (
            deal["is_archived"] is archived
            and (status != "deleted" if statuses is None else status in statuses)
            and (ids is None or deal["id"] in ids)
            and (since is None or changed >= since)
            and (until is None or changed < until)
            and all(value is None or deal[name] == value for name, value in equal.items())
        )

    deals = [deal for deal in current().store.all("pd_deal", caller().domain) if wanted(deal)]
    chosen, cursor = page(deals, sort_by, direction)
    return list_answer([_shown_deal(deal) for deal in chosen], cursor)


@blueprint.get("/deals")
@guarded(10, *DEAL_READ)
def list_deals() -> Response:
    """Deals by status, owner, time of change; never archived ones, deleted ones only by their status."""
    return _list_deals(archived=False)


@blueprint.get("/deals/archived")
@guarded(20, *DEAL_READ)
def list_archived_deals() -> Response:
    """The same for archived deals."""
    return _list_deals(archived=True)


@blueprint.get("/deals/<int:key>")
@guarded(1, *DEAL_READ)
def get_deal(key: int) -> Response:
    """One deal, deleted ones too (with ``is_deleted``)."""
    return answer({"success": True, "data": _shown_deal(load("deal", key))})


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _boolean(value: Any) -> bool:
    return isinstance(value, bool)


def _or_null(check: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or check(value)


PATCHABLE: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "title": (_text, "a string"),
    "owner_id": (is_integer, "an integer"),
    "person_id": (_or_null(is_integer), "an integer"),
    "org_id": (_or_null(is_integer), "an integer"),
    "pipeline_id": (is_integer, "an integer"),
    "stage_id": (is_integer, "an integer"),
    "value": (is_number, "a number"),
    "currency": (_text, "a string"),
    "is_deleted": (_boolean, "a boolean"),
    "is_archived": (_boolean, "a boolean"),
    "archive_time": (_text, "a string"),
    "status": (lambda value: value in STATUSES, f"one of {', '.join(STATUSES)}"),
    "probability": (_or_null(is_number), "a number or null"),
    "lost_reason": (_or_null(_text), "a string or null"),
    "visible_to": (is_integer, "an integer"),
    "close_time": (_or_null(_text), "a string or null"),
    "won_time": (_or_null(_text), "a string"),
    "lost_time": (_or_null(_text), "a string"),
    "expected_close_date": (_or_null(lambda v: _text(v) and bool(DATE.fullmatch(v))), "a date or null"),
    "label_ids": (lambda v: isinstance(v, list) and all(is_integer(item) for item in v), "integers"),
    "custom_fields": (lambda v: isinstance(v, dict), "an object"),
}
"""Body of ``PATCH /deals/{id}``; v2 is strict: "12" is no number and 1 is no boolean."""


@blueprint.patch("/deals/<int:key>")
@guarded(5, "deals:full")
def patch_deal(key: int) -> Response:
    """Change some fields; custom fields must sit inside ``custom_fields``."""
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        fail_validation("body: must be a JSON object")
    deal = load("deal", key)
    if deal["is_archived"]:
        fail(400, "Archived deals cannot be edited")
    for name, value in body.items():
        if name not in PATCHABLE:
            fail_validation(f"{name}: unknown key")
        check, words = PATCHABLE[name]
        if not check(value):
            fail_validation(f"{name}: must be {words}")
    definitions = {field["field_code"]: field for field in fields_of(caller().domain, "deal")}
    for code, value in body.get("custom_fields", {}).items():
        if code not in definitions:
            fail_validation(f"custom_fields.{code}: unknown key")
        problem = problem_with(definitions[code], value)
        if problem:
            fail_validation(problem)
    sandbox, who = current(), caller()
    after = change_deal(sandbox, who.account, key, body, source="api", user_id=who.user_id)
    entry = {"domain": who.domain, "deal_id": key, "body": body, "at": iso_utc(sandbox.clock.now())}
    sandbox.store.put("pd_patched", sandbox.store.count("pd_patched"), entry)
    return answer({"success": True, "data": _shown_deal(after)})


@blueprint.get("/deals/<int:key>/products")
@guarded(10, *LINE_READ)
def list_deal_lines(key: int) -> Response:
    """Product lines of one deal."""
    load("deal", key)
    sort_by = choice_parameter("sort_by", ("id", "add_time", "update_time", "order_nr"), "id")
    direction = choice_parameter("sort_direction", ("asc", "desc"), "asc")
    return list_answer(*page(lines_of(caller().domain, key), sort_by, direction))


@blueprint.get("/deals/products")
@guarded(10, *LINE_READ)
def list_lines_of_deals() -> Response:
    """Product lines of several deals."""
    deals = ids_parameter("deal_ids", required=True) or []
    sort_by = choice_parameter("sort_by", ("id", "deal_id", "add_time", "update_time", "order_nr"), "id")
    direction = choice_parameter("sort_direction", ("asc", "desc"), "asc")
    lines = [line for key in deals for line in lines_of(caller().domain, key)]
    return list_answer(*page(lines, sort_by, direction))


@blueprint.get("/deals/<int:key>/discounts")
@guarded(10, *DEAL_READ)
def list_deal_discounts(key: int) -> Response:
    """Additional discounts of one deal; this list has no pages."""
    load("deal", key)
    discounts = current().store.all("pd_discount", f"{caller().domain}/{key}")
    return answer({"success": True, "data": discounts})


@blueprint.get("/deals/installments")
@guarded(10, *DEAL_READ)
def list_installments() -> Response:
    """Instalments of several deals: the only way to read them."""
    deals = ids_parameter("deal_ids", required=True) or []
    sort_by = choice_parameter("sort_by", ("id", "billing_date", "deal_id"), "id")
    direction = choice_parameter("sort_direction", ("asc", "desc"), "asc")
    found = [
        row for key in deals for row in current().store.all("pd_installment", f"{caller().domain}/{key}")
    ]
    return list_answer(*page(found, sort_by, direction))
