"""Changes of a deal: each is stored and its webhook events are queued in the same transaction."""

import time
from collections.abc import Mapping
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from webapp.sandbox.clock import iso_utc
from webapp.sandbox.pipedrive_events import body_v1, body_v2
from webapp.sandbox.state import Sandbox
from webapp.sandbox.store import Record

CENT = Decimal("0.01")


def line_sum(line: Record) -> float:
    """What a product line adds to its deal: quantity x price less the line discount (tax as Pipedrive shows
    it: not added).

    Whether Pipedrive's own ``sum`` contains exclusive tax is documented nowhere, so the sandbox keeps it out.
    """
    gross = Decimal(str(line["quantity"])) * Decimal(str(line["item_price"]))
    discount = Decimal(str(line["discount"]))
    less = gross * discount / 100 if line["discount_type"] == "percentage" else discount
    return float((gross - less).quantize(CENT, rounding=ROUND_HALF_UP))


def status_fields(deal: Record, status: str, moment: datetime, zone_name: str) -> Record:
    """The fields that Pipedrive sets itself when a deal's status changes."""
    stamp = iso_utc(moment)
    local_day = moment.astimezone(ZoneInfo(zone_name)).date().isoformat()
    won, lost = status == "won", status == "lost"
    return {
        "status": status,
        "won_time": stamp if won else None,
        "local_won_date": local_day if won else None,
        "lost_time": stamp if lost else None,
        "local_lost_date": local_day if lost else None,
        "close_time": stamp if won or lost else None,
        "local_close_date": local_day if won or lost else None,
        "first_won_time": deal.get("first_won_time") or (stamp if won else None),
    }


def change_deal(
    sandbox: Sandbox,
    account: Record,
    deal_id: int,
    changes: Mapping[str, Any],
    *,
    source: str,
    user_id: int,
) -> Record:
    """Apply changes to a deal and queue the events.

    ``changes`` may hold ``status``, any v2 deal field and ``custom_fields`` (merged key by key, null clears).
    ``source`` is ``app`` (somebody clicked) or ``api``.

    Raises:
        KeyError: no such deal.
    """
    domain = account["company_domain"]
    with sandbox.store.transaction():
        before = sandbox.store.get("pd_deal", deal_id, domain)
        if before is None:
            raise KeyError(deal_id)
        after = {**before, "custom_fields": dict(before["custom_fields"])}
        plain = {key: value for key, value in changes.items() if key not in ("custom_fields", "status")}
        if changes.get("status") and changes["status"] != before["status"]:
            moment = sandbox.clock.now()
            if changes["status"] == "won" and changes.get("won_time"):
                moment = datetime.fromisoformat(changes["won_time"])
            plain.pop("won_time", None)
            after.update(status_fields(before, changes["status"], moment, account["timezone_name"]))
        after.update(plain)
        after["custom_fields"].update(changes.get("custom_fields") or {})
        after["update_time"] = iso_utc(sandbox.clock.now())
        sandbox.store.put("pd_deal", deal_id, after, domain)
        action = "delete" if after["is_deleted"] and not before["is_deleted"] else "change"
        announce(sandbox, account, action, before, after, source=source, user_id=user_id)
    sandbox.courier.wake()
    return after


def announce(
    sandbox: Sandbox,
    account: Record,
    action: str,
    before: Record | None,
    after: Record | None,
    *,
    source: str,
    user_id: int,
) -> None:
    """Queue one deal event (``create``, ``change``, ``delete``) for every hook that asked for it."""
    domain = account["company_domain"]
    fields = sandbox.store.all("pd_deal_field", domain)
    for hook in sandbox.store.all("pd_hook", domain):
        if not hook["is_active"] or hook["event_object"] not in ("deal", "*"):
            continue
        if hook["event_action"] not in (action, "*"):
            continue
        event = {
            "account": account,
            "hook": hook,
            "action": action,
            "before": before,
            "after": after,
            "fields": fields,
            "source": source,
            "user_id": user_id,
            "now": sandbox.clock.now(),
            "micro": time.time_ns() // 1000,
        }
        body = body_v1(event) if hook["version"] == "1.0" else body_v2(event)
        sandbox.courier.enqueue(domain, hook, body)
