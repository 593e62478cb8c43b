"""What the database holds of work that had not ended when its backup was made."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa

from connector.store import tables as t
from connector.store.engine import Transaction


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A run or batch as the backup shows it."""

    id: int
    tenant_id: int
    state: str


def unfinished_runs(tx: Transaction, *, kind: str, states: Collection[str], today: date) -> list[Unfinished]:
    """The runs in these states; not the parts whose date is still to come: nobody can have booked them."""
    run = t.run.c
    chosen = sa.select(run.id, run.tenant_id, run.state).where(
        run.kind == kind, run.state.in_(states), sa.or_(run.part_date.is_(None), run.part_date <= today)
    )
    return [Unfinished(*row) for row in tx.execute(chosen.order_by(run.id).with_for_update())]


def unfinished_batches(tx: Transaction, *, states: Collection[str]) -> list[Unfinished]:
    """The batches in these states."""
    batch = t.batch.c
    chosen = sa.select(batch.id, batch.tenant_id, batch.state).where(batch.state.in_(states))
    return [Unfinished(*row) for row in tx.execute(chosen.order_by(batch.id).with_for_update())]


def park_batch(
    tx: Transaction, batch_id: int, *, resume_state: str, code: str, message: str, cure: str, now: datetime
) -> None:
    """A person decides about the batch; whatever worker still holds it is refused."""
    tx.execute(
        t.batch.update()
        .where(t.batch.c.id == batch_id)
        .values(
            state="needs_attention",
            resume_state=resume_state,
            epoch=t.batch.c.epoch + 1,
            lease_until=None,
            woken_at=None,
            due_at=None,
            waiting_for="",
            reason_code=code,
            reason_message=message,
            reason_cure=cure,
            updated_at=now,
        )
    )


def set_rule_aside(tx: Transaction, *, kind: str, states: Collection[str], planned: str, rule: str) -> None:
    """Let a rule not hold for the parts in these states, nor for the runs that planned parts.

    :param planned: the rule by which a run that planned parts has ended.
    """
    run = t.run.c
    part = sa.and_(run.part > 0, run.state.in_(states))
    planner = sa.and_(run.state == "ignored", run.ignore_rule == planned)
    tx.execute(t.run.update().where(run.kind == kind, sa.or_(part, planner)).values(despite_rule=rule))


def skip_batch_ids(tx: Transaction, count: int) -> None:
    """Leave out the next numbers of batches: they were given since the backup, and DATEV knows them."""
    tx.execute(
        sa.text(
            "SELECT setval(pg_get_serial_sequence('batch', 'id'), "
            "(SELECT greatest(coalesce(max(id), 0), "
            "coalesce(pg_sequence_last_value(pg_get_serial_sequence('batch', 'id')::regclass), 0)) "
            "FROM batch) + :count)"
        ),
        {"count": count},
    )
