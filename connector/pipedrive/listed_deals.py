"""A deal as Pipedrive's lists show it: enough to know whether something happened to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from connector.pipedrive.moments import moment
from connector.pipedrive.shapes import flag_of, id_of
from connector.storable import storable

STATUSES = "open,won,lost,deleted"
"""Every status: a list that is asked for none leaves the deleted deals out, and shows them for 30 days."""

WON, DELETED = "won", "deleted"


@dataclass(frozen=True, slots=True)
class ListedDeal:
    """One deal of a list."""

    id: int
    status: str
    """``open``, ``won``, ``lost`` or ``deleted``."""
    changed_at: datetime
    won_at: datetime | None = None
    first_won_at: datetime | None = None
    pipeline_id: int | None = None
    label_ids: tuple[int, ...] = ()
    currency: str = ""
    value: Decimal | None = None
    title: str = ""


def listed_deal(record: Mapping[str, Any]) -> ListedDeal | None:
    """A record of a list; None: it has no readable id, status or time, so nothing can be said of it."""
    deal_id = id_of(record.get("id"))
    status = DELETED if flag_of(record.get("is_deleted")) else record.get("status")
    # A deal that was never changed has no time of change (seen right after it was made).
    changed_at = _time(record.get("update_time")) or _time(record.get("add_time"))
    if deal_id is None or not isinstance(status, str) or changed_at is None:
        return None
    labels = record.get("label_ids")
    return ListedDeal(
        id=deal_id,
        status=status,
        changed_at=changed_at,
        won_at=_time(record.get("won_time")),
        first_won_at=_time(record.get("first_won_time")),
        pipeline_id=id_of(record.get("pipeline_id")),
        label_ids=tuple(label for label in labels if isinstance(label, int))
        if isinstance(labels, list)
        else (),
        currency=str(record.get("currency") or ""),
        value=_amount(record.get("value")),
        title=storable(str(record.get("title") or "")),
    )


def _time(value: Any) -> datetime | None:
    try:
        return moment(value)
    except ValueError:
        return None


def _amount(value: Any) -> Decimal | None:
    """Only for the rule about deals without a value, which the deal itself is asked again."""
    try:
        return None if value is None else Decimal(str(value))
    except InvalidOperation:
        return None
