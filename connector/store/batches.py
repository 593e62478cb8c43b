"""Batches: what goes to DATEV in one file, and no more than one file takes."""

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


@dataclass(frozen=True, slots=True)
class BatchSize:
    """How much one run brings, or how much a batch may hold."""

    documents: int
    rows: int
    """Postings."""
    posting_bytes: int
    """Of the rows in the file of the postings, at most."""
    debtor_bytes: int
    """Of the rows in the file of the debtors, at most."""

    def fits(self, limit: "BatchSize") -> bool:
        """Whether it stays within a limit."""
        return all(getattr(self, name) <= getattr(limit, name) for name in self.__slots__)


_SIZES = [t.batch.c[name] for name in BatchSize.__slots__]


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


def take_in(tx: Transaction, batch_id: int, size: BatchSize, *, fmt: str, limit: BatchSize) -> bool:
    """Count what a run brings. False, and nothing counted, where the batch is closed, of another format or
    has no room for it: then the run belongs into the next one.

    What a later attempt leaves out stays counted: nothing joins a closed batch, so nobody asks any more.
    """
    taken = tx.execute(
        t.batch.update()
        .where(
            t.batch.c.id == batch_id,
            t.batch.c.state == "open",
            t.batch.c.format == fmt,
            *(column + getattr(size, column.name) <= getattr(limit, column.name) for column in _SIZES),
        )
        .values({column: column + getattr(size, column.name) for column in _SIZES})
    )
    return taken.rowcount == 1


def carries_debtor(tx: Transaction, batch_id: int, debtor_id: int) -> bool:
    """Whether a run of the batch is booked on this debtor, whose record its file then holds once."""
    mine = sa.exists().where(t.run.c.batch_id == batch_id, t.run.c.debtor_id == debtor_id)
    return bool(tx.execute(sa.select(mine)).scalar_one())


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
