"""Merging two organizations: one record goes, the other takes over what hangs on it and fills its gaps.

As Pipedrive's tutorial tells it: the record in the address is removed, the one in ``merge_with_id`` stays and
its data win; where it has none, the other's are taken.
"""

from typing import Any

from flask import Blueprint, Response, request

from webapp.sandbox.clock import iso_utc
from webapp.sandbox.pipedrive_access import add_headers, answer, caller, guarded
from webapp.sandbox.pipedrive_changes import change_deal
from webapp.sandbox.pipedrive_v1 import fail_v1
from webapp.sandbox.pipedrive_values import is_integer
from webapp.sandbox.state import Sandbox, current, new_guid
from webapp.sandbox.store import Record

blueprint = Blueprint("pipedrive_merges", __name__)
blueprint.after_request(add_headers)

_KEPT = ("id", "add_time")
"""What the surviving record never takes from the other."""


@blueprint.put("/organizations/<int:key>/merge")
@guarded(40, "contacts:full")
def merge_organization(key: int) -> Response:
    """Merge an organization into ``merge_with_id``."""
    body: Any = request.get_json(silent=True)
    survivor = body.get("merge_with_id") if isinstance(body, dict) else None
    if survivor is None or not is_integer(survivor) or survivor == key:
        fail_v1(400, "merge_with_id must be the id of another organization")
    who = caller()
    try:
        merge(current(), who.account, key, int(survivor), source="api", user_id=who.user_id)
    except KeyError:
        fail_v1(404, "Organization not found")
    return answer({"success": True, "data": {"id": survivor}})


def merge(sandbox: Sandbox, account: Record, gone: int, survivor: int, *, source: str, user_id: int) -> None:
    """Merge two organizations and queue the events of everything that changes.

    Raises:
        KeyError: one of them does not exist.
    """
    domain, store = account["company_domain"], sandbox.store
    with store.transaction():
        loser = store.get("pd_organization", gone, domain)
        before = store.get("pd_organization", survivor, domain)
        if loser is None or before is None or loser["is_deleted"] or before["is_deleted"]:
            raise KeyError(gone)
        store.put("pd_organization", survivor, _united(sandbox, loser, before), domain)
        store.delete("pd_organization", gone, domain)
        for person in store.all("pd_person", domain):
            if person["org_id"] == gone:
                store.put("pd_person", person["id"], {**person, "org_id": survivor}, domain)
        _announce(sandbox, account, "delete", gone, {"merged_to_id": str(survivor)}, source, user_id)
        _announce(sandbox, account, "change", survivor, {"merged_from_id": str(gone)}, source, user_id)
        moved = [deal["id"] for deal in store.all("pd_deal", domain) if deal["org_id"] == gone]
    for deal_id in moved:
        change_deal(sandbox, account, deal_id, {"org_id": survivor}, source=source, user_id=user_id)
    sandbox.courier.wake()


def _united(sandbox: Sandbox, loser: Record, survivor: Record) -> Record:
    filled = {
        name: survivor.get(name) or value
        for name, value in loser.items()
        if name not in _KEPT and name != "custom_fields"
    }
    custom = {
        code: value if value is not None else loser["custom_fields"].get(code)
        for code, value in {**dict.fromkeys(loser["custom_fields"]), **survivor["custom_fields"]}.items()
    }
    return {**survivor, **filled, "custom_fields": custom, "update_time": iso_utc(sandbox.clock.now())}


def _announce(
    sandbox: Sandbox,
    account: Record,
    action: str,
    key: int,
    merged: Record,
    source: str,
    user_id: int,
) -> None:
    """Queue a version 2.0 event about an organization; what version 1.0 said of merges was never recorded."""
    domain, now = account["company_domain"], sandbox.clock.now()
    for hook in sandbox.store.all("pd_hook", domain):
        wanted = hook["event_object"] in ("organization", "*") and hook["event_action"] in (action, "*")
        if not (wanted and hook["is_active"] and hook["version"] == "2.0"):
            continue
        meta = {
            "action": action,
            "company_id": str(account["company_id"]),
            "correlation_id": new_guid(),
            "entity_id": str(key),
            "entity": "organization",
            "id": new_guid(),
            "is_bulk_edit": False,
            "timestamp": now.strftime("%Y-%m-%dT%H:%M:%S.") + f"{now.microsecond // 1000:03d}Z",
            "type": hook["type"],
            "user_id": str(user_id),
            "version": "2.0",
            "webhook_id": str(hook["id"]),
            "webhook_owner_id": str(hook["owner_id"]),
            "change_source": source,
            "permitted_user_ids": [str(user["id"]) for user in account["users"]],
            "attempt": 1,
            "host": f"{domain}.pipedrive.com",
            **merged,
        }
        deleted = action == "delete"
        body = {
            "data": None if deleted else {"id": key},
            "previous": {"id": key} if deleted else {},
            "meta": meta,
        }
        sandbox.courier.enqueue(domain, hook, body)
