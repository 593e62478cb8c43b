"""Notes (API v1, flags as 0/1) and activities (API v2): what the connector writes back to a deal."""

import re
from typing import Any

from flask import Blueprint, Response, request

from webapp.sandbox.clock import iso_utc
from webapp.sandbox.pipedrive_access import add_headers, answer, caller, fail_validation, guarded
from webapp.sandbox.pipedrive_records import load
from webapp.sandbox.pipedrive_v1 import fail_v1, offset_page
from webapp.sandbox.pipedrive_values import is_integer
from webapp.sandbox.state import current
from webapp.sandbox.store import Record

blueprint = Blueprint("pipedrive_notes", __name__)
blueprint.after_request(add_headers)
activities = Blueprint("pipedrive_activities", __name__, url_prefix="/pipedrive/api/v2")
activities.after_request(add_headers)

NOTE_TARGETS = ("deal_id", "person_id", "org_id", "lead_id", "project_id", "task_id")
PINS = ("deal", "organization", "person", "project", "task")
ACTIVITY_DEFAULTS: Record = {
    "subject": "",
    "type": "task",
    "deal_id": None,
    "lead_id": None,
    "org_id": None,
    "project_id": None,
    "due_date": None,
    "due_time": None,
    "duration": None,
    "busy": False,
    "done": False,
    "participants": [],
    "attendees": [],
    "public_description": None,
    "priority": None,
    "note": None,
    "location": None,
}


def _note_body(*, required: bool) -> Record:
    body: Any = request.get_json(silent=True)
    if body is None:
        body = request.form.to_dict()
    if not isinstance(body, dict):
        fail_v1(400, "Bad request")
    content = body.get("content")
    if (required and not content) or (content is not None and not isinstance(content, str)):
        fail_v1(400, "content is required and must be a string")
    for name in ("deal_id", "person_id", "org_id"):
        if body.get(name) is not None and not is_integer(body[name]):
            fail_v1(400, f"{name} must be an integer")
    for name in PINS:
        if body.get(f"pinned_to_{name}_flag", 0) not in (0, 1):
            fail_v1(400, f"pinned_to_{name}_flag must be 0 or 1")
    return body


def _clean(content: str) -> str:
    """Pipedrive sanitises note HTML on the server; scripts are the part that matters."""
    return re.sub(r"(?is)<(script|style)\b.*?</\1>", "", content)


def _shown_note(note: Record) -> Record:
    domain, store, who = caller().domain, current().store, caller()
    deal = store.get("pd_deal", note["deal_id"], domain) if note["deal_id"] else None
    org = store.get("pd_organization", note["org_id"], domain) if note["org_id"] else None
    person = store.get("pd_person", note["person_id"], domain) if note["person_id"] else None
    user = next((user for user in who.account["users"] if user["id"] == note["user_id"]), None)
    return {
        **note,
        "deal": {"title": deal["title"]} if deal else None,
        "organization": {"name": org["name"]} if org else None,
        "person": {"name": person["name"]} if person else None,
        "user": user and {"email": user["email"], "icon_url": None, "is_you": True, "name": user["name"]},
    }


@blueprint.post("/notes")
@guarded(10, "deals:full", "contacts:full")
def create_note() -> Response:
    """A note on a deal, person or organization; organization and person are filled from the deal."""
    body = _note_body(required=True)
    if not any(body.get(name) for name in NOTE_TARGETS):
        fail_v1(400, "One of deal_id, lead_id, person_id, org_id, project_id or task_id is required")
    sandbox, who = current(), caller()
    deal = load("deal", body["deal_id"]) if body.get("deal_id") else {}
    now = iso_utc(sandbox.clock.now()).replace("T", " ").removesuffix("Z")
    note: Record = {
        "id": sandbox.store.count(f"pd_note/{who.domain}"),
        "active_flag": True,
        "add_time": now,
        "update_time": now,
        "content": _clean(body["content"]),
        "lead_id": body.get("lead_id"),
        "deal_id": body.get("deal_id"),
        "org_id": body.get("org_id") or deal.get("org_id"),
        "person_id": body.get("person_id") or deal.get("person_id"),
        "project_id": body.get("project_id"),
        "task_id": body.get("task_id"),
        "last_update_user_id": None,
        "user_id": body.get("user_id") or who.user_id,
        **{f"pinned_to_{name}_flag": bool(body.get(f"pinned_to_{name}_flag", 0)) for name in PINS},
    }
    sandbox.store.put("pd_note", note["id"], note, who.domain)
    return answer({"success": True, "data": _shown_note(note)})


def _load_note(key: int) -> Record:
    note = current().store.get("pd_note", key, caller().domain)
    if note is None:
        fail_v1(404, "Note not found")
    return note


@blueprint.put("/notes/<int:key>")
@guarded(10, "deals:full", "contacts:full")
def update_note(key: int) -> Response:
    """Change a note in place."""
    body, note, sandbox = _note_body(required=False), _load_note(key), current()
    if body.get("content"):
        note["content"] = _clean(body["content"])
    note["update_time"] = iso_utc(sandbox.clock.now()).replace("T", " ").removesuffix("Z")
    note["last_update_user_id"] = caller().user_id
    sandbox.store.put("pd_note", key, note, caller().domain)
    return answer({"success": True, "data": _shown_note(note)})


@blueprint.get("/notes/<int:key>")
@guarded(2, "deals:read", "deals:full", "contacts:read", "contacts:full")
def get_note(key: int) -> Response:
    """One note."""
    return answer({"success": True, "data": _shown_note(_load_note(key))})


@blueprint.get("/notes")
@guarded(20, "deals:read", "deals:full", "contacts:read", "contacts:full")
def list_notes() -> Response:
    """Notes, by deal, person, organization or user."""
    notes = current().store.all("pd_note", caller().domain)
    for name in ("deal_id", "person_id", "org_id", "user_id"):
        if name in request.args:
            notes = [note for note in notes if str(note[name]) == request.args[name]]
    chosen, pagination = offset_page(notes)
    shown_notes = [_shown_note(note) for note in chosen]
    return answer({"success": True, "data": shown_notes, "additional_data": {"pagination": pagination}})


@activities.post("/activities")
@guarded(5, "activities:full")
def create_activity() -> Response:
    """An activity, say a task for the person who must cure a refused deal. ``person_id`` is read-only."""
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        fail_validation("body: must be a JSON object")
    for name in body:
        if name not in ACTIVITY_DEFAULTS and name != "owner_id":
            fail_validation(f"{name}: unknown or read-only key")
    for name in ("deal_id", "org_id", "owner_id"):
        if body.get(name) is not None and not is_integer(body[name]):
            fail_validation(f"{name}: must be an integer")
    for name in ("busy", "done"):
        if not isinstance(body.get(name, False), bool):
            fail_validation(f"{name}: must be a boolean")
    sandbox, who = current(), caller()
    now = iso_utc(sandbox.clock.now())
    primary = [row["person_id"] for row in body.get("participants", []) if row.get("primary")]
    activity: Record = {
        "id": sandbox.store.count(f"pd_activity/{who.domain}"),
        **ACTIVITY_DEFAULTS,
        "owner_id": who.user_id,
        **body,
        "person_id": primary[0] if primary else None,
        "creator_user_id": who.user_id,
        "is_deleted": False,
        "add_time": now,
        "update_time": now,
        "marked_as_done_time": now if body.get("done") else None,
    }
    sandbox.store.put("pd_activity", activity["id"], activity, who.domain)
    return answer({"success": True, "data": activity})
