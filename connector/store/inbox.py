"""The inbox: every delivery once, however often it is delivered."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.dialects.postgresql import insert

from connector.store import tables as t
from connector.store.engine import Transaction


def put(
    tx: Transaction,
    *,
    tenant_id: int,
    source: str,
    event_id: str,
    deal_id: int,
    facts: Mapping[str, Any],
    now: datetime,
) -> int | None:
    """Store a delivery; None if it is already there."""
    return tx.execute(
        insert(t.inbox)
        .values(
            tenant_id=tenant_id,
            source=source,
            event_id=event_id,
            deal_id=deal_id,
            received_at=now,
            facts=dict(facts),
        )
        .on_conflict_do_nothing(index_elements=["tenant_id", "source", "event_id"])
        .returning(t.inbox.c.id)
    ).scalar_one_or_none()


def link(tx: Transaction, inbox_id: int, run_id: int) -> None:
    """Note which run a delivery led to."""
    tx.execute(t.inbox.update().where(t.inbox.c.id == inbox_id).values(run_id=run_id))
