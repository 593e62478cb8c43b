"""Batches: what goes to DATEV in one file."""

from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from connector.store import tables as t
from connector.store.engine import Transaction


@dataclass(frozen=True, slots=True)
class BatchRow:
    """A batch of one tenant, fiscal year and month."""

    id: int
    tenant_id: int
    fiscal_year: date
    month: date
    format: str
    state: str
    resume_state: str | None
    attempt: int
    attempts: int
    due_at: datetime | None
    waiting_for: str
    reason_code: str
    reason_message: str
    reason_cure: str


_COLUMNS = [t.batch.c[name] for name in BatchRow.__slots__]


def get(tx: Transaction, batch_id: int, *, lock: bool = False) -> BatchRow | None:
    """The batch with this id, locked until the transaction ends when asked."""
    chosen = sa.select(*_COLUMNS).where(t.batch.c.id == batch_id)
    row = tx.execute(chosen.with_for_update() if lock else chosen).first()
    return BatchRow(*row) if row else None


def open_for(
    tx: Transaction, *, tenant_id: int, fiscal_year: date, month: date, fmt: str, now: datetime
) -> int:
    """The open batch of this tenant, fiscal year and month, made if there is none, locked until commit."""
    found = None
    while found is None:
        found = _make_open(
            tx, tenant_id=tenant_id, fiscal_year=fiscal_year, month=month, fmt=fmt, now=now
        ) or _lock_open(tx, tenant_id=tenant_id, fiscal_year=fiscal_year, month=month)
    return found


def _make_open(
    tx: Transaction, *, tenant_id: int, fiscal_year: date, month: date, fmt: str, now: datetime
) -> int | None:
    """A new open batch; None where there is one."""
    return tx.execute(
        insert(t.batch)
        .values(
            tenant_id=tenant_id,
            fiscal_year=fiscal_year,
            month=month,
            format=fmt,
            state="open",
            created_at=now,
            updated_at=now,
        )
        .on_conflict_do_nothing(
            index_elements=["tenant_id", "fiscal_year", "month"], index_where=sa.text("state = 'open'")
        )
        .returning(t.batch.c.id)
    ).scalar_one_or_none()


def _lock_open(tx: Transaction, *, tenant_id: int, fiscal_year: date, month: date) -> int | None:
    """The open batch; None where it has been closed since."""
    return tx.execute(
        sa.select(t.batch.c.id)
        .where(
            t.batch.c.tenant_id == tenant_id,
            t.batch.c.fiscal_year == fiscal_year,
            t.batch.c.month == month,
            t.batch.c.state == "open",
        )
        .with_for_update()
    ).scalar_one_or_none()


def close(tx: Transaction, batch_id: int, *, now: datetime) -> bool:
    """Nothing joins a closed batch any more; it is due for its hand-over. False if it is not open."""
    done = tx.execute(
        t.batch.update()
        .where(t.batch.c.id == batch_id, t.batch.c.state == "open")
        .values(state="closed", due_at=now, updated_at=now)
    )
    return done.rowcount == 1


def resume(tx: Transaction, batch_id: int, *, to_state: str, attempt: int, now: datetime) -> bool:
    """Take a batch out of ``needs_attention``. False if it is not there."""
    done = tx.execute(
        t.batch.update()
        .where(t.batch.c.id == batch_id, t.batch.c.state == "needs_attention")
        .values(
            state=to_state,
            attempt=attempt,
            epoch=t.batch.c.epoch + 1,
            lease_until=None,
            woken_at=None,
            due_at=now,
            attempts=0,
            waiting_for="",
            reason_code="",
            reason_message="",
            reason_cure="",
            updated_at=now,
        )
    )
    return done.rowcount == 1
