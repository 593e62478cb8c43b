"""Claims: who may work on a run or a batch, and until when.

A claim raises the row's epoch and sets a lease; every later write names state and epoch, so
a worker whose lease ran out is refused by the database, not by its own good manners. Runs
and batches carry the same columns and are handled alike.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from connector.errors import ClaimLostError
from connector.store import journal
from connector.store import tables as t
from connector.store.engine import Transaction

EARLY_GRACE = timedelta(seconds=1)
"""A wake-up call may arrive a moment before ``due_at``: clocks and countdowns round."""


class Subject(StrEnum):
    """What can be claimed."""

    RUN = "run"
    BATCH = "batch"


_TABLES = {Subject.RUN: t.run, Subject.BATCH: t.batch}


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to move one row on, as long as nobody claims it anew."""

    subject: Subject
    id: int
    tenant_id: int
    state: str
    epoch: int
    attempts: int
    """Failures in a row; waiting does not count. A claim whose lease ran out was one."""
    waiting_for: str = ""
    """What the row waited for, to tell news from repetition."""


@dataclass(frozen=True, slots=True)
class DueRow:
    """A row that waits for a worker."""

    id: int
    state: str
    tenant_id: int


def state_of(tx: Transaction, subject: Subject, row_id: int) -> str | None:
    """The present state; None if there is no such row."""
    table = _TABLES[subject]
    return tx.execute(sa.select(table.c.state).where(table.c.id == row_id)).scalar_one_or_none()


def take(
    tx: Transaction, subject: Subject, row_id: int, *, state: str, now: datetime, lease: timedelta
) -> Claim | None:
    """Claim a row that is in this state, due and free, of a tenant that is not parked; else None."""
    table = _TABLES[subject]
    row = tx.execute(
        table.update()
        .where(
            table.c.id == row_id,
            table.c.state == state,
            table.c.due_at <= now + EARLY_GRACE,
            sa.or_(table.c.lease_until.is_(None), table.c.lease_until <= now),
            sa.exists().where(t.tenant.c.id == table.c.tenant_id, t.tenant.c.parked_at.is_(None)),
        )
        .values(
            epoch=table.c.epoch + 1,
            lease_until=now + lease,
            # A lease that was never put down: its worker died, which counts like any other failure.
            attempts=table.c.attempts + sa.case((table.c.lease_until.is_(None), 0), else_=1),
        )
        .returning(table.c.tenant_id, table.c.epoch, table.c.attempts, table.c.waiting_for)
    ).first()
    return (
        Claim(subject, row_id, row.tenant_id, state, row.epoch, row.attempts, row.waiting_for)
        if row
        else None
    )


def move(
    tx: Transaction,
    claim: Claim,
    to_state: str,
    *,
    now: datetime,
    actor: str,
    due_at: datetime | None,
    keep: bool = False,
    message: str = "",
    details: Mapping[str, Any] | None = None,
    **values: Any,
) -> Claim:
    """Change the state, with its journal row; the claim ends unless ``keep``.

    :raises ClaimLostError: someone else has claimed the row since.
    """
    _update(
        tx,
        claim,
        state=to_state,
        due_at=due_at,
        attempts=0,
        waiting_for="",
        woken_at=None,
        updated_at=now,
        **({} if keep else {"lease_until": None}),
        **values,
    )
    _journal(tx, claim, now, "moved", to_state, actor, message, details)
    return Claim(claim.subject, claim.id, claim.tenant_id, to_state, claim.epoch, 0)


def write(tx: Transaction, claim: Claim, *, now: datetime, **values: Any) -> None:
    """Change columns without changing the state; the claim goes on.

    :raises ClaimLostError: someone else has claimed the row since.
    """
    _update(tx, claim, updated_at=now, **values)


def release(tx: Transaction, claim: Claim) -> None:
    """Put the row down unchanged: there was nothing to do.

    :raises ClaimLostError: someone else has claimed the row since.
    """
    _update(tx, claim, lease_until=None)


def wait(
    tx: Transaction,
    claim: Claim,
    *,
    now: datetime,
    due_at: datetime,
    waiting_for: str,
    actor: str,
    attempts: int,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Put the row down until ``due_at``, in its state; the claim ends.

    The journal tells what it waits for once, and every failure; not that it still waits for the same.

    :raises ClaimLostError: someone else has claimed the row since.
    """
    _update(
        tx,
        claim,
        due_at=due_at,
        waiting_for=waiting_for,
        attempts=attempts,
        lease_until=None,
        woken_at=None,
        updated_at=now,
    )
    if waiting_for != claim.waiting_for or attempts != claim.attempts:
        _journal(tx, claim, now, "waits", claim.state, actor, waiting_for, details)


def park(
    tx: Transaction,
    claim: Claim,
    *,
    now: datetime,
    actor: str,
    code: str,
    message: str,
    cure: str,
    resume_state: str | None = None,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Ask a human: ``needs_attention`` with reason and cure; the claim ends.

    :param resume_state: where a retry goes on, if not in the present state.
    :raises ClaimLostError: someone else has claimed the row since.
    """
    _update(
        tx,
        claim,
        state="needs_attention",
        resume_state=resume_state or claim.state,
        due_at=None,
        waiting_for="",
        lease_until=None,
        reason_code=code,
        reason_message=message,
        reason_cure=cure,
        updated_at=now,
    )
    _journal(tx, claim, now, "needs_attention", "needs_attention", actor, message, details)


def due(
    tx: Transaction,
    subject: Subject,
    *,
    states: Collection[str],
    now: datetime,
    wake_again: timedelta,
    per_tenant: int,
    limit: int,
) -> list[DueRow]:
    """Rows that are due and free, marked as woken: the next sweeps leave them to the queue for a while.

    Fair: the longest due row of every tenant comes before the second one of any, and so on. Each tenant costs
    one look into the index of what works, however many rows wait or have ended.

    :param per_tenant: so many rows of one tenant at most.
    """
    table = _TABLES[subject]
    of_tenant = (
        sa.select(table.c.id, table.c.due_at)
        .where(
            table.c.tenant_id == t.tenant.c.id,
            *_due_and_free(table, states, now),
            sa.or_(table.c.woken_at.is_(None), table.c.woken_at <= now - wake_again),
        )
        .order_by(table.c.due_at)
        .limit(per_tenant)
        .correlate(t.tenant)
        .subquery()
    )
    turn = sa.func.row_number().over(order_by=of_tenant.c.due_at).label("turn")
    in_turn = sa.select(of_tenant.c.id, of_tenant.c.due_at, turn).lateral("in_turn")
    fair = (
        sa.select(in_turn.c.id)
        .select_from(t.tenant.join(in_turn, sa.true()))
        .where(t.tenant.c.parked_at.is_(None))
        .order_by(in_turn.c.turn, in_turn.c.due_at)
        .limit(limit)
    )
    chosen = sa.select(table.c.id).where(table.c.id.in_(fair)).with_for_update(skip_locked=True)
    rows = tx.execute(
        table.update()
        .where(table.c.id.in_(chosen.scalar_subquery()))
        .values(woken_at=now)
        .returning(table.c.id, table.c.state, table.c.tenant_id)
    )
    return [DueRow(*row) for row in rows]


def not_woken(tx: Transaction, subject: Subject, row_ids: Collection[int]) -> None:
    """Take the mark of :func:`due` back: no message was sent for these rows."""
    table = _TABLES[subject]
    tx.execute(table.update().where(table.c.id.in_(row_ids)).values(woken_at=None))


def waiting(
    tx: Transaction, subject: Subject, *, tenant_id: int, states: Collection[str], now: datetime, limit: int
) -> list[DueRow]:
    """A tenant's rows that are due and free, woken or not, the longest due first; none while it is parked."""
    table = _TABLES[subject]
    rows = tx.execute(
        sa.select(table.c.id, table.c.state, table.c.tenant_id)
        .where(
            table.c.tenant_id == tenant_id,
            *_due_and_free(table, states, now),
            sa.exists().where(t.tenant.c.id == tenant_id, t.tenant.c.parked_at.is_(None)),
        )
        .order_by(table.c.due_at)
        .limit(limit)
    )
    return [DueRow(*row) for row in rows]


def _due_and_free(table: sa.Table, states: Collection[str], now: datetime) -> list[sa.ColumnElement[bool]]:
    return [
        table.c.state.in_(states),
        table.c.due_at <= now,
        sa.or_(table.c.lease_until.is_(None), table.c.lease_until <= now),
    ]


def _update(tx: Transaction, claim: Claim, **values: Any) -> None:
    table = _TABLES[claim.subject]
    done = tx.execute(
        table.update()
        .where(table.c.id == claim.id, table.c.state == claim.state, table.c.epoch == claim.epoch)
        .values(**values)
    )
    if done.rowcount != 1:
        raise ClaimLostError(f"{claim.subject} {claim.id} was taken over by another worker.")


def _journal(
    tx: Transaction,
    claim: Claim,
    now: datetime,
    event: str,
    to_state: str,
    actor: str,
    message: str,
    details: Mapping[str, Any] | None,
) -> None:
    journal.write(
        tx,
        tenant_id=claim.tenant_id,
        run_id=claim.id if claim.subject is Subject.RUN else None,
        batch_id=claim.id if claim.subject is Subject.BATCH else None,
        at=now,
        event=event,
        from_state=claim.state,
        to_state=to_state,
        actor=actor,
        message=message,
        details=details,
    )
