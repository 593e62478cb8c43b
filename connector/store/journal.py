"""The journal: one append-only row per transition, in the transaction of the transition."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from connector.store import tables as t
from connector.store.engine import Transaction


@dataclass(frozen=True, slots=True)
class JournalRow:
    """What happened, when, by whom."""

    at: datetime
    event: str
    from_state: str
    to_state: str
    actor: str
    message: str
    details: Mapping[str, Any]


def write(
    tx: Transaction,
    *,
    tenant_id: int,
    at: datetime,
    event: str,
    actor: str,
    run_id: int | None = None,
    batch_id: int | None = None,
    from_state: str = "",
    to_state: str = "",
    message: str = "",
    details: Mapping[str, Any] | None = None,
) -> None:
    """Append one row. ``details`` must be JSON-safe and free of secrets and personal data beyond need."""
    tx.execute(
        t.journal.insert().values(
            tenant_id=tenant_id,
            run_id=run_id,
            batch_id=batch_id,
            at=at,
            event=event,
            from_state=from_state,
            to_state=to_state,
            actor=actor,
            message=message,
            details=dict(details or {}),
        )
    )


def of_run(tx: Transaction, run_id: int) -> list[JournalRow]:
    """The story of a run, with that of its batch, oldest first."""
    batch_of_run = sa.select(t.run.c.batch_id).where(t.run.c.id == run_id).scalar_subquery()
    chosen = (
        sa.select(*(t.journal.c[name] for name in JournalRow.__slots__))
        .where(sa.or_(t.journal.c.run_id == run_id, t.journal.c.batch_id == batch_of_run))
        .order_by(t.journal.c.id)
    )
    return [JournalRow(*row) for row in tx.execute(chosen)]


def of_tenant_since(tx: Transaction, tenant_id: int, event: str, at: datetime) -> list[JournalRow]:
    """A tenant's rows of one event from a moment on, oldest first."""
    chosen = (
        sa.select(*(t.journal.c[name] for name in JournalRow.__slots__))
        .where(t.journal.c.tenant_id == tenant_id, t.journal.c.event == event, t.journal.c.at >= at)
        .order_by(t.journal.c.id)
    )
    return [JournalRow(*row) for row in tx.execute(chosen)]
