"""What a webhook delivery says about a deal, in both body versions.

The body is a trigger and no source: it lacks lines and buyer, its custom fields have another shape than
REST's, and it may be late. Whoever acts on an event reads the deal again.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from connector.errors import DataError, Problem
from connector.pipedrive.authenticity import authenticate
from connector.pipedrive.moments import moment

__all__ = ["DealAction", "DealChange", "DealEvent", "authenticate", "parse_delivery"]


class DealAction(StrEnum):
    """What was done with the deal."""

    CREATED = "created"
    CHANGED = "changed"
    DELETED = "deleted"
    MERGED = "merged"


class DealChange(StrEnum):
    """What it means for a booking."""

    WON = "won"
    REOPENED = "reopened"
    LOST = "lost"
    DELETED = "deleted"
    MERGED = "merged"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class DealEvent:
    """One event about one deal."""

    event_id: str
    """Equal on every try of the same delivery; characters safe for a key, at most 200."""
    version: str
    """``1.0`` or ``2.0``; ``list`` where no webhook told it, but a list of deals."""
    deal_id: int
    action: DealAction
    status_now: str
    """Empty where the body does not say (deleted)."""
    status_before: str
    """Empty where the status did not change (v2 tells changed fields only)."""
    became_won: bool
    won_time: datetime | None
    first_won_time: datetime | None
    merged_to: int | None
    """The deal that survives, where this one was merged into it."""
    merged_from: int | None
    """The deal that was merged into this one."""
    change_source: str
    """``app``, ``api`` or empty: with our own user and ``api`` it is the echo of what we wrote."""
    actor_user_id: int | None
    company_id: int | None
    webhook_id: str
    attempt: int
    """1 for the first try."""
    pipeline_id: int | None
    currency: str
    changed: tuple[str, ...] = ()
    """Names of the changed fields and keys of the changed custom fields, in order; empty where the body does
    not tell (version 1, created, deleted). A change of the deal's lines shows as ``update_time`` alone."""
    as_of: datetime | None = None
    """Up to when this tells of the deal, by Pipedrive's clock: its time of change; of a deleted deal that of
    the event. None where the body does not say."""

    @property
    def change(self) -> DealChange:
        """The one word that the pipeline decides by."""
        if self.merged_to is not None:
            return DealChange.MERGED
        if self.action is DealAction.DELETED or self.status_now == "deleted":
            return DealChange.DELETED
        if self.became_won:
            return DealChange.WON
        if self.status_before == "won":
            return DealChange.LOST if self.status_now == "lost" else DealChange.REOPENED
        return DealChange.OTHER


_ACTIONS_V2 = {
    "create": DealAction.CREATED,
    "change": DealAction.CHANGED,
    "delete": DealAction.DELETED,
}
_ACTIONS_V1 = {
    "added": DealAction.CREATED,
    "updated": DealAction.CHANGED,
    "deleted": DealAction.DELETED,
    "merged": DealAction.MERGED,
}

_SAFE_KEY = re.compile(r"[A-Za-z0-9_.:-]{1,80}")
_WORD = re.compile(r"[A-Za-z_]{1,40}")
_ID = re.compile(r"[0-9]{1,18}")
"""Below 2^63, so it fits the database's integers."""
_LATEST_UNIX_TIME = 7_000_000_000
"""In the year 2191: what is larger counts no seconds."""
_MOST_CHANGED = 100
"""Changed fields that are kept of an event; it is no more than a hint by which a reading is saved."""


def parse_delivery(body: Any) -> DealEvent | None:
    """The event in a parsed JSON body; None if it is about another object than a deal.

    :raises DataError: no delivery of Pipedrive; names the wrong field. Raises nothing else, whatever comes.
    """
    if not isinstance(body, Mapping):
        raise _wrong("body", "is no object")
    meta = _object(body, "meta")
    if "entity" in meta:
        return _parse_v2(body, meta)
    if "object" in meta:
        return _parse_v1(body, meta)
    raise _wrong("meta.entity", "is missing (and so is the meta.object of version 1)")


def _parse_v2(body: Mapping[str, Any], meta: Mapping[str, Any]) -> DealEvent | None:
    if meta["entity"] != "deal":
        return None
    action = _action(_ACTIONS_V2, meta)
    data, previous = _optional_object(body, "data"), _optional_object(body, "previous")
    before = _word(previous, "previous.status")
    now = _word(data, "data.status")
    webhook_id = _key(meta, "meta.webhook_id", required=False)
    deal_id = _id(meta, "meta.entity_id")
    return DealEvent(
        event_id=f"v2:{webhook_id}:{_key(meta, 'meta.id')}",
        version="2.0",
        deal_id=deal_id,
        action=action,
        status_now=now,
        status_before=before if _turned(action, previous, before, now) else "",
        became_won=now == "won" and _turned(action, previous, before, now),
        won_time=_time(data, "won_time"),
        first_won_time=_time(data, "first_won_time"),
        merged_to=_other_deal(meta, "meta.merged_to_id", deal_id),
        merged_from=_other_deal(meta, "meta.merged_from_id", deal_id),
        change_source=_word(meta, "meta.change_source"),
        actor_user_id=_optional_id(meta, "meta.user_id"),
        company_id=_optional_id(meta, "meta.company_id"),
        webhook_id=webhook_id,
        attempt=_optional_id(meta, "meta.attempt") or 1,
        pipeline_id=_optional_id(data, "data.pipeline_id"),
        currency=_hint(data, "currency"),
        changed=_changed(previous) if action is DealAction.CHANGED else (),
        as_of=_time(data, "update_time") or _time(meta, "timestamp"),
    )


def _parse_v1(body: Mapping[str, Any], meta: Mapping[str, Any]) -> DealEvent | None:
    if meta["object"] != "deal":
        return None
    action = _action(_ACTIONS_V1, meta)
    current, previous = _optional_object(body, "current"), _optional_object(body, "previous")
    now, before = _word(current, "current.status"), _word(previous, "previous.status")
    webhook_id = _key(meta, "meta.webhook_id", required=False)
    deal_id = _id(meta, "meta.id")
    # Version 1 has no event id; these four together are as good (several hooks, several events per second).
    stamp = _key(meta, "meta.timestamp_micro" if "timestamp_micro" in meta else "meta.timestamp")
    return DealEvent(
        event_id=f"v1:{webhook_id}:deal:{deal_id}:{action}:{stamp}",
        version="1.0",
        deal_id=deal_id,
        action=action,
        status_now=now,
        status_before=before if _turned(action, previous, before, now) else "",
        became_won=now == "won" and _turned(action, previous, before, now),
        won_time=_time(current, "won_time"),
        first_won_time=_time(current, "first_won_time"),
        merged_to=_other_deal(meta, "meta.merged_to_id", deal_id),
        merged_from=_other_deal(meta, "meta.merged_from_id", deal_id),
        change_source=_word(meta, "meta.change_source"),
        actor_user_id=_optional_id(meta, "meta.user_id"),
        company_id=_optional_id(meta, "meta.company_id"),
        webhook_id=webhook_id,
        attempt=(_optional_id(body, "body.retry") or 0) + 1,
        pipeline_id=_optional_id(current, "current.pipeline_id"),
        currency=_hint(current, "currency"),
        as_of=_time(current, "update_time") or _unix_time(meta.get("timestamp")),
    )


def _changed(previous: Mapping[str, Any]) -> tuple[str, ...]:
    """What version 2's sparse ``previous`` names; nothing where a name is strange or there are too many."""
    custom = previous.get("custom_fields")
    names = [
        *(name for name in previous if name != "custom_fields"),
        *(custom if isinstance(custom, Mapping) else () if custom is None else ("",)),
    ]
    usable = len(names) <= _MOST_CHANGED and all(
        isinstance(name, str) and _SAFE_KEY.fullmatch(name) for name in names
    )
    return tuple(sorted(set(names))) if usable else ()


def _turned(action: DealAction, previous: Mapping[str, Any], before: str, now: str) -> bool:
    """Whether the status is new with this event.

    Version 2's ``previous`` is sparse: an unchanged status is not in it, and comparing with the missing key
    would fire on every edit of a deal won long ago.
    """
    if action is DealAction.CREATED:
        return True
    return action is DealAction.CHANGED and "status" in previous and before != now


def _wrong(field: str, what: str) -> DataError:
    return DataError(
        [
            Problem(
                "delivery_malformed",
                f"The delivery's {field} {what}.",
                field,
                "Send Pipedrive's webhooks (version 1.0 or 2.0) to this address, and nothing else.",
            )
        ]
    )


def _object(record: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = record.get(name)
    if not isinstance(found, Mapping):
        raise _wrong(name, "is no object")
    return found


def _optional_object(record: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    return {} if record.get(name) is None else _object(record, name)


def _last(field: str) -> str:
    return field.rpartition(".")[2]


def _action(actions: Mapping[str, DealAction], meta: Mapping[str, Any]) -> DealAction:
    name = meta.get("action")
    action = actions.get(name) if isinstance(name, str) else None
    if action is None:
        raise _wrong("meta.action", f"is none of {', '.join(actions)}")
    return action


def _id(record: Mapping[str, Any], field: str) -> int:
    found = _optional_id(record, field)
    if not found:
        raise _wrong(field, "is missing or no id")
    return found


def _optional_id(record: Mapping[str, Any], field: str) -> int | None:
    """Ids are numbers in version 1 and strings in version 2's meta; both are taken everywhere. 0 is none."""
    value = record.get(_last(field))
    if value is None or value == "":
        return None
    if isinstance(value, int | str) and not isinstance(value, bool) and _ID.fullmatch(str(value)):
        return int(value) or None
    raise _wrong(field, "is no id")


def _other_deal(meta: Mapping[str, Any], field: str, deal_id: int) -> int | None:
    """The other one of two merged deals; a deal cannot go up in itself."""
    other = _optional_id(meta, field)
    return None if other == deal_id else other


def _key(record: Mapping[str, Any], field: str, *, required: bool = True) -> str:
    value = record.get(_last(field))
    if value is None and not required:
        return ""
    if isinstance(value, int | str) and not isinstance(value, bool) and _SAFE_KEY.fullmatch(str(value)):
        return str(value)
    raise _wrong(field, "is missing or no id")


def _word(record: Mapping[str, Any], field: str) -> str:
    value = record.get(_last(field))
    if value is None or value == "":
        return ""
    if isinstance(value, str) and _WORD.fullmatch(value):
        return value
    raise _wrong(field, "is no word")


def _hint(record: Mapping[str, Any], name: str) -> str:
    """A text that nothing depends on yet: a strange one (custom currencies) is left out, not refused."""
    value = record.get(name)
    return value if isinstance(value, str) and _SAFE_KEY.fullmatch(value) else ""


def _time(record: Mapping[str, Any], name: str) -> datetime | None:
    """A time by which no more than a reading is saved: an unreadable one leaves it to the deal itself."""
    try:
        return moment(record.get(name))
    except ValueError:
        return None


def _unix_time(value: Any) -> datetime | None:
    """The moment of a version 1 event, in seconds; as strange a one as no clock shows counts for nothing."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < _LATEST_UNIX_TIME:
        return None
    return datetime.fromtimestamp(value, UTC)
