"""The bodies of Pipedrive's webhooks, version 1.0 and 2.0, in the shape of recorded deliveries."""

from datetime import datetime
from typing import Any

from webapp.sandbox.pipedrive_values import flat_v1, webhook_v2
from webapp.sandbox.state import new_guid
from webapp.sandbox.store import Record

V1_ACTIONS = {"create": "added", "change": "updated", "delete": "deleted"}
V2_DEAL_KEYS = (
    "id",
    "title",
    "creator_user_id",
    "owner_id",
    "person_id",
    "org_id",
    "pipeline_id",
    "stage_id",
    "value",
    "currency",
    "status",
    "probability",
    "add_time",
    "update_time",
    "stage_change_time",
    "won_time",
    "first_won_time",
    "lost_time",
    "close_time",
    "expected_close_date",
    "lost_reason",
    "label_ids",
    "origin",
    "origin_id",
    "channel",
    "channel_id",
    "is_archived",
    "archive_time",
)
"""What ``data`` of a version 2.0 deal event holds, besides ``visible_to`` (a string there) and the custom
fields.
"""

V1_TIMES = (
    "add_time",
    "update_time",
    "stage_change_time",
    "won_time",
    "first_won_time",
    "lost_time",
    "close_time",
)


def body_v2(event: Record) -> Record:
    """A version 2.0 event: sparse ``previous``, string ids in ``meta``, custom fields as typed objects."""
    account, hook, action = event["account"], event["hook"], event["action"]
    before, after = event["before"], event["after"]
    deal_id = (after or before)["id"]
    moment: datetime = event["now"]
    data = None if action == "delete" else _data_v2(after, event["fields"])
    if action == "create":
        previous = None
    elif action == "delete":
        previous = _data_v2(before, event["fields"])
    else:
        previous = _changed(_data_v2(before, event["fields"]), _data_v2(after, event["fields"]))
    return {
        "data": data,
        "previous": previous,
        "meta": {
            "action": action,
            "company_id": str(account["company_id"]),
            "correlation_id": new_guid(),
            "entity_id": str(deal_id),
            "entity": "deal",
            "id": new_guid(),
            "is_bulk_edit": False,
            "timestamp": moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z",
            "type": hook["type"],
            "user_id": str(event["user_id"]),
            "version": "2.0",
            "webhook_id": str(hook["id"]),
            "webhook_owner_id": str(hook["owner_id"]),
            "change_source": event["source"],
            "permitted_user_ids": [str(user["id"]) for user in account["users"]],
            "attempt": 1,
            "host": f"{account['company_domain']}.pipedrive.com",
        },
    }


def _data_v2(deal: Record, fields: list[Record]) -> Record:
    data: Record = {key: deal.get(key) for key in V2_DEAL_KEYS}
    data["visible_to"] = str(deal["visible_to"])
    by_code = {field["field_code"]: field for field in fields}
    data["custom_fields"] = {
        code: webhook_v2(by_code[code], value)
        for code, value in deal["custom_fields"].items()
        if value is not None and code in by_code
    }
    return data


def _changed(before: Record, after: Record) -> Record:
    changed = {key: value for key, value in before.items() if key != "custom_fields" and value != after[key]}
    old, new = before["custom_fields"], after["custom_fields"]
    custom = {code: old.get(code) for code in {*old, *new} if old.get(code) != new.get(code)}
    if custom:
        changed["custom_fields"] = custom
    return changed


def body_v1(event: Record) -> Record:
    """A version 1.0 event: full ``current`` and ``previous`` in the old flat shape."""
    account, action = event["account"], event["action"]
    before, after = event["before"], event["after"]
    moment: datetime = event["now"]
    name = V1_ACTIONS[action]
    return {
        "v": 1,
        "matches_filters": {"current": []},
        "meta": {
            "action": name,
            "change_source": event["source"],
            "company_id": account["company_id"],
            "host": f"{account['company_domain']}.pipedrive.com",
            "id": (after or before)["id"],
            "is_bulk_update": False,
            "matches_filters": {"current": []},
            "object": "deal",
            "permitted_user_ids": [user["id"] for user in account["users"]],
            "pipedrive_service_name": False,
            "timestamp": int(moment.timestamp()),
            "timestamp_micro": event["micro"],
            "prepublish_timestamp": event["micro"] // 1000,
            "trans_pending": False,
            "user_id": event["user_id"],
            "v": 1,
            "webhook_id": str(event["hook"]["id"]),
        },
        "current": None if action == "delete" else _data_v1(after, event["fields"]),
        "previous": None if action == "create" else _data_v1(before, event["fields"]),
        "event": f"{name}.deal",
        "retry": 0,
    }


def _data_v1(deal: Record, fields: list[Record]) -> Record:
    data: dict[str, Any] = {
        key: deal.get(key) for key in V2_DEAL_KEYS if key not in ("owner_id", "label_ids", "is_archived")
    }
    for key in V1_TIMES:
        if data[key]:
            data[key] = data[key].replace("T", " ").removesuffix("Z")
    labels = deal.get("label_ids") or []
    data.update(
        user_id=deal["owner_id"],
        visible_to=str(deal["visible_to"]),
        label=",".join(str(label) for label in labels) or None,
        active=not deal["is_deleted"],
        deleted=deal["is_deleted"],
        local_won_date=deal.get("local_won_date"),
        products_count=deal.get("_products_count", 0),
        person_hidden=False,
        org_hidden=False,
        formatted_value=f"{deal['currency']} {deal['value']:,.2f}",
    )
    for field in fields:
        data.update(flat_v1(field, deal["custom_fields"].get(field["field_code"])))
    return data
