"""Runs: one carriage of one deal."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from connector.store import tables as t
from connector.store.engine import Transaction


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run without its large documents."""

    id: int
    tenant_id: int
    deal_id: int
    kind: str
    revision: int
    part: int
    state: str
    resume_state: str | None
    config_version: int | None
    due_at: datetime | None
    waiting_for: str
    attempts: int
    reason_code: str
    reason_message: str
    reason_cure: str
    ignore_rule: str
    title: str
    content_hash: str | None
    debtor_id: int | None
    batch_id: int | None
    created_at: datetime
    updated_at: datetime
    part_key: str = ""
    """What part of a deal invoiced in parts; empty: the whole deal."""
    part_date: date | None = None
    """The document date of the part."""
    despite_rule: str = ""
    """The ignore rule that a person has set aside for this run, by name."""


_COLUMNS = [t.run.c[name] for name in RunRow.__slots__]


def get(tx: Transaction, run_id: int) -> RunRow | None:
    """The run with this id."""
    row = tx.execute(sa.select(*_COLUMNS).where(t.run.c.id == run_id)).first()
    return RunRow(*row) if row else None


def latest_of_deal(
    tx: Transaction,
    tenant_id: int,
    deal_id: int,
    *,
    kind: str | None = None,
    part: int | None = None,
    lock: bool = False,
) -> RunRow | None:
    """The newest run of a deal (of one kind, of one part), locked against other events when asked."""
    chosen = (
        sa.select(*_COLUMNS)
        .where(
            t.run.c.tenant_id == tenant_id,
            t.run.c.deal_id == deal_id,
            sa.true() if kind is None else t.run.c.kind == kind,
            sa.true() if part is None else t.run.c.part == part,
        )
        .order_by(t.run.c.id.desc())
        .limit(1)
    )
    row = tx.execute(chosen.with_for_update() if lock else chosen).first()
    return RunRow(*row) if row else None


def search(
    tx: Transaction,
    *,
    tenant_id: int | None = None,
    states: Collection[str] = (),
    deal_id: int | None = None,
    part: int | None = None,
    limit: int = 100,
) -> list[RunRow]:
    """Runs, newest first."""
    chosen = sa.select(*_COLUMNS).order_by(t.run.c.id.desc()).limit(limit)
    if tenant_id is not None:
        chosen = chosen.where(t.run.c.tenant_id == tenant_id)
    if states:
        chosen = chosen.where(t.run.c.state.in_(states))
    if deal_id is not None:
        chosen = chosen.where(t.run.c.deal_id == deal_id)
    if part is not None:
        chosen = chosen.where(t.run.c.part == part)
    return [RunRow(*row) for row in tx.execute(chosen)]


def of_batch(tx: Transaction, batch_id: int) -> list[RunRow]:
    """The runs that joined a batch, oldest first."""
    return [
        RunRow(*row)
        for row in tx.execute(sa.select(*_COLUMNS).where(t.run.c.batch_id == batch_id).order_by(t.run.c.id))
    ]


def parts_of_deal(
    tx: Transaction, tenant_id: int, deal_id: int, *, kind: str, lock_in: Collection[str] = ()
) -> list[RunRow]:
    """The runs of one kind that carry parts of a deal, by part; not the deal's own run.

    :param lock_in: those in one of these states are locked first: no step moves them on meanwhile.
    """
    of_deal = (
        t.run.c.tenant_id == tenant_id,
        t.run.c.deal_id == deal_id,
        t.run.c.kind == kind,
        t.run.c.part > 0,
    )
    if lock_in:
        locked = sa.select(t.run.c.id).where(*of_deal, t.run.c.state.in_(lock_in)).order_by(t.run.c.id)
        tx.execute(locked.with_for_update())
    chosen = sa.select(*_COLUMNS).where(*of_deal).order_by(t.run.c.part, t.run.c.id)
    return [RunRow(*row) for row in tx.execute(chosen)]


def create(
    tx: Transaction,
    *,
    tenant_id: int,
    deal_id: int,
    kind: str,
    now: datetime,
    state: str = "received",
    title: str = "",
    ignore_rule: str = "",
    revision: int = 0,
    part: int = 0,
    part_key: str = "",
    part_date: date | None = None,
    due_at: datetime | None = None,
    waiting_for: str = "",
    reason: tuple[str, str, str] = ("", "", ""),
    despite_rule: str = "",
) -> int | None:
    """A new run, due at once (or when it is told) unless it is an end state; None if it exists already."""
    code, message, cure = reason
    return tx.execute(
        insert(t.run)
        .values(
            tenant_id=tenant_id,
            deal_id=deal_id,
            kind=kind,
            revision=revision,
            part=part,
            part_key=part_key,
            part_date=part_date,
            state=state,
            due_at=(due_at or now) if state == "received" else None,
            waiting_for=waiting_for,
            title=title,
            ignore_rule=ignore_rule,
            despite_rule=despite_rule,
            reason_code=code,
            reason_message=message,
            reason_cure=cure,
            created_at=now,
            updated_at=now,
        )
        .on_conflict_do_nothing()
        .returning(t.run.c.id)
    ).scalar_one_or_none()


def on_debtor(tx: Transaction, debtor_id: int, states: Collection[str]) -> list[RunRow]:
    """Runs in these states that are to be booked on a debtor, by id."""
    chosen = (
        sa.select(*_COLUMNS)
        .where(t.run.c.debtor_id == debtor_id, t.run.c.state.in_(states))
        .order_by(t.run.c.id)
    )
    return [RunRow(*row) for row in tx.execute(chosen)]


def document_of(tx: Transaction, run_id: int, column: str) -> Any:
    """One of the run's large documents: ``bundle`` or ``invoice``."""
    return tx.execute(sa.select(t.run.c[column]).where(t.run.c.id == run_id)).scalar_one()


def reset(
    tx: Transaction, run_id: int, *, from_states: Collection[str], now: datetime, **values: Any
) -> bool:
    """Put a run into another state whoever works on it: the epoch rises, so a worker's result is refused.

    :returns: False if the run is not in one of these states.
    """
    done = tx.execute(
        t.run.update()
        .where(t.run.c.id == run_id, t.run.c.state.in_(from_states))
        .values(
            **{
                "epoch": t.run.c.epoch + 1,
                "lease_until": None,
                "woken_at": None,
                "waiting_for": "",
                "attempts": 0,
                "updated_at": now,
                **values,
            }
        )
    )
    return done.rowcount == 1


def date_part(tx: Transaction, run_id: int, day: date) -> None:
    """Give a part another document date."""
    tx.execute(t.run.update().where(t.run.c.id == run_id).values(part_date=day))


def move_batch_runs(
    tx: Transaction, batch_id: int, *, from_states: Collection[str], now: datetime, **values: Any
) -> list[int]:
    """Move all runs of a batch in one statement, for example to ``posted``. Returns their ids."""
    return list(
        tx.execute(
            t.run.update()
            .where(t.run.c.batch_id == batch_id, t.run.c.state.in_(from_states))
            .values(**{"updated_at": now, "lease_until": None, "woken_at": None, "attempts": 0, **values})
            .returning(t.run.c.id)
        ).scalars()
    )


def count_by_state(tx: Transaction) -> Mapping[str, int]:
    """How many runs are in each state."""
    rows = tx.execute(sa.select(t.run.c.state, sa.func.count()).group_by(t.run.c.state))
    return {row[0]: row[1] for row in rows}
