"""Management of webhooks (API v1 only): list, create, delete. There is no update."""

from typing import Any, NoReturn
from urllib.parse import urlsplit

from flask import Blueprint, Response, request

from webapp.sandbox.clock import iso_utc
from webapp.sandbox.pipedrive_access import add_headers, answer, caller, guarded, refuse
from webapp.sandbox.pipedrive_values import is_integer
from webapp.sandbox.state import current
from webapp.sandbox.store import Record

blueprint = Blueprint("pipedrive_hooks", __name__)
blueprint.after_request(add_headers)

MAX_HOOKS_PER_USER = 40
ACTIONS = ("create", "change", "delete", "*")
OBJECTS = (
    "activity",
    "deal",
    "lead",
    "note",
    "organization",
    "person",
    "pipeline",
    "product",
    "stage",
    "user",
    "*",
)
VERSIONS = ("1.0", "2.0")


def _fail_fields(status: int, errors: dict[str, list[str]]) -> NoReturn:
    refuse(answer({"status": "error", "success": False, "errors": errors}, status))


def _shown(hook: Record) -> Record:
    return {key: value for key, value in hook.items() if not key.startswith("_")}


def _visible_hooks() -> list[Record]:
    """An app sees its own hooks, a token those of the company that no app made."""
    kind = "application" if caller().kind == "oauth" else "general"
    return [hook for hook in current().store.all("pd_hook", caller().domain) if hook["type"] == kind]


@blueprint.get("/webhooks")
@guarded(10, "admin")
def list_webhooks() -> Response:
    """Every hook; the answer holds the Basic passwords, as Pipedrive's does."""
    hooks = [_shown(hook) for hook in _visible_hooks()]
    return answer({"status": "ok", "success": True, "data": hooks})


def _problems(body: Record) -> dict[str, list[str]]:
    errors: dict[str, list[str]] = {}
    for name in ("subscription_url", "event_action", "event_object", "name"):
        if not isinstance(body.get(name), str) or not body[name].strip():
            errors[name] = [f"The {name} field is required."]
    for name, choices in (("event_action", ACTIONS), ("event_object", OBJECTS), ("version", VERSIONS)):
        if name not in errors and body.get(name, choices[0]) not in choices:
            errors[name] = [f"The {name} must be one of: {', '.join(choices)}."]
    if "subscription_url" not in errors:
        parts = urlsplit(body["subscription_url"])
        if parts.scheme not in ("http", "https") or not parts.hostname:
            errors["subscription_url"] = ["The subscription_url must be a URL."]
        elif parts.hostname.endswith(".pipedrive.com"):
            errors["subscription_url"] = ["Pipedrive's own addresses are not allowed."]
    if body.get("user_id") is not None and not is_integer(body["user_id"]):
        errors["user_id"] = ["The user_id must be an integer."]
    return errors


@blueprint.post("/webhooks")
@guarded(10, "admin")
def create_webhook() -> Response:
    """Subscribe. ``version`` defaults to 2.0 (since 2025-03-17), ``name`` is required."""
    body: Any = request.get_json(silent=True)
    if body is None:
        body = request.form.to_dict()
    if not isinstance(body, dict):
        _fail_fields(400, {"body": ["The body must be an object."]})
    errors = _problems(body)
    if errors:
        _fail_fields(400, errors)
    sandbox, who = current(), caller()
    owner = body.get("user_id") or who.user_id
    with sandbox.store.transaction():
        mine = [h for h in _visible_hooks() if h["owner_id"] == owner and h["is_active"]]
        if len(mine) >= MAX_HOOKS_PER_USER:
            limit = f"A user may have at most {MAX_HOOKS_PER_USER} webhooks."
            _fail_fields(422, {"limit": [limit]})
        hook = {
            "id": sandbox.store.count("pd_hook"),
            "company_id": who.account["company_id"],
            "owner_id": owner,
            "user_id": owner,
            "event_action": body["event_action"],
            "event_object": body["event_object"],
            "subscription_url": body["subscription_url"],
            "version": body.get("version", "2.0"),
            "is_active": 1,
            "add_time": iso_utc(sandbox.clock.now()),
            "remove_time": None,
            "type": "application" if who.kind == "oauth" else "general",
            "http_auth_user": body.get("http_auth_user"),
            "http_auth_password": body.get("http_auth_password"),
            "remove_reason": None,
            "last_delivery_time": None,
            "last_http_status": None,
            "admin_id": who.user_id,
            "name": body["name"],
        }
        sandbox.store.put("pd_hook", hook["id"], hook, who.domain)
    return answer({"status": "ok", "success": True, "data": _shown(hook)}, 201)


@blueprint.delete("/webhooks/<int:key>")
@guarded(6, "admin")
def delete_webhook(key: int) -> Response:
    """Unsubscribe; somebody else's hook is 403, an unknown one 404."""
    sandbox, who = current(), caller()
    hook = sandbox.store.get("pd_hook", key, who.domain)
    if hook is None:
        _fail_fields(404, {"id": ["Webhook not found"]})
    if all(visible["id"] != key for visible in _visible_hooks()):
        refuse(
            answer({"success": False, "message": "You do not have permission to delete this webhook"}, 403)
        )
    sandbox.store.delete("pd_hook", key, who.domain)
    return answer({"status": "ok", "success": True})
