"""Legal holds: what must not be deleted although its time is up."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from connector.store.engine import Transaction
from connector.store.evidence_tables import legal_hold


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold on a tenant, or on one run of it."""

    id: int
    tenant_id: int
    run_id: int | None
    reason: str
    placed_at: datetime
    placed_by: str


_COLUMNS = [legal_hold.c[name] for name in Hold.__slots__]


def place(
    tx: Transaction, *, tenant_id: int, run_id: int | None, reason: str, placed_by: str, now: datetime
) -> bool:
    """Place a hold. False: there is one already."""
    placed = tx.execute(
        insert(legal_hold)
        .values(tenant_id=tenant_id, run_id=run_id, reason=reason, placed_by=placed_by, placed_at=now)
        .on_conflict_do_nothing()
        .returning(legal_hold.c.id)
    )
    return placed.first() is not None


def release(tx: Transaction, *, tenant_id: int, run_id: int | None, released_by: str, now: datetime) -> bool:
    """End a hold. False: there is none."""
    done = tx.execute(
        legal_hold.update()
        .where(
            legal_hold.c.tenant_id == tenant_id,
            legal_hold.c.run_id.is_not_distinct_from(run_id),
            legal_hold.c.released_at.is_(None),
        )
        .values(released_at=now, released_by=released_by)
    )
    return done.rowcount == 1


def active(tx: Transaction, tenant_id: int | None = None) -> list[Hold]:
    """The holds in force, oldest first."""
    chosen = sa.select(*_COLUMNS).where(legal_hold.c.released_at.is_(None)).order_by(legal_hold.c.id)
    if tenant_id is not None:
        chosen = chosen.where(legal_hold.c.tenant_id == tenant_id)
    return [Hold(*row) for row in tx.execute(chosen)]
