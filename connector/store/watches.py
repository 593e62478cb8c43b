"""What is looked after at regular intervals for each tenant: when it is due, who is at it, what came of it.

A claim raises the row's epoch and sets a lease, as with runs: of several workers one looks, and one that
slept through its lease is refused.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from connector.errors import ClaimLostError
from connector.store import tables as t
from connector.store.engine import Transaction


class Watch(StrEnum):
    """What is looked after."""

    DEALS = "deals"
    """Pipedrive's list of deals."""
    ARCHIVED = "archived"
    """Its list of archived deals, which no other list shows."""
    HOOKS = "hooks"
    """Our hooks at Pipedrive."""


@dataclass(frozen=True, slots=True)
class WatchRow:
    """How one watch stands."""

    tenant_id: int
    watch: str
    epoch: int
    due_at: datetime
    finished_at: datetime | None
    watermark: datetime | None
    """Of a list: every change before it is stored, by Pipedrive's clock."""
    since: datetime | None
    """Of a list: where the reading under way began."""
    cursor: str
    """Of a list: its next page; empty: no reading is under way."""
    found: int
    """Of a list: changes that no webhook told; of the hooks: how often they were made anew."""
    found_at: datetime | None
    in_a_row: int
    """Of the hooks: made anew without a quiet day in between."""
    problem_code: str
    """Empty: the last look went well."""
    problem_message: str
    problem_cure: str


_COLUMNS = [t.tenant_watch.c[name] for name in WatchRow.__slots__]

NO_PROBLEM = {"problem_code": "", "problem_message": "", "problem_cure": ""}


def add_missing(tx: Transaction, *, now: datetime) -> None:
    """Give every tenant its watches, due at once."""
    tenants = sa.select(t.tenant.c.id)
    for watch in Watch:
        tx.execute(
            insert(t.tenant_watch)
            .from_select(
                ["tenant_id", "watch", "due_at", "epoch", "cursor", "found", "in_a_row", *NO_PROBLEM],
                tenants.add_columns(
                    sa.literal(watch.value),
                    sa.literal(now, sa.DateTime(timezone=True)),
                    sa.literal(0),
                    sa.literal(""),
                    sa.literal(0),
                    sa.literal(0),
                    *(sa.literal("") for _name in NO_PROBLEM),
                ),
            )
            .on_conflict_do_nothing()
        )


def due(tx: Transaction, *, now: datetime) -> list[tuple[int, str]]:
    """Tenant and name of every watch that is due and free, of tenants that are not parked; oldest first."""
    rows = tx.execute(
        sa.select(t.tenant_watch.c.tenant_id, t.tenant_watch.c.watch)
        .where(_free(now))
        .order_by(t.tenant_watch.c.due_at, t.tenant_watch.c.tenant_id)
    )
    return [(row.tenant_id, row.watch) for row in rows]


def take(
    tx: Transaction, tenant_id: int, watch: Watch, *, now: datetime, lease: timedelta
) -> WatchRow | None:
    """Claim a watch that is due and free, of a tenant that is not parked; else None."""
    row = tx.execute(
        t.tenant_watch.update()
        .where(t.tenant_watch.c.tenant_id == tenant_id, t.tenant_watch.c.watch == watch.value, _free(now))
        .values(epoch=t.tenant_watch.c.epoch + 1, lease_until=now + lease)
        .returning(*_COLUMNS)
    ).first()
    return WatchRow(*row) if row else None


def write(tx: Transaction, claimed: WatchRow, **values: Any) -> None:
    """Change columns under a claim.

    :raises ClaimLostError: somebody else has claimed the watch since.
    """
    done = tx.execute(
        t.tenant_watch.update()
        .where(
            t.tenant_watch.c.tenant_id == claimed.tenant_id,
            t.tenant_watch.c.watch == claimed.watch,
            t.tenant_watch.c.epoch == claimed.epoch,
        )
        .values(**values)
    )
    if done.rowcount != 1:
        raise ClaimLostError("Somebody else looks after this by now.", code="watch_taken_over")


def put_down(tx: Transaction, claimed: WatchRow, *, due_at: datetime, **values: Any) -> None:
    """End a claim; raises like :func:`write`."""
    write(tx, claimed, lease_until=None, due_at=due_at, **values)


def hurry(tx: Transaction, tenant_id: int, watches: Collection[Watch], *, now: datetime) -> None:
    """Make watches due now, whatever they were waiting for."""
    tx.execute(
        t.tenant_watch.update()
        .where(
            t.tenant_watch.c.tenant_id == tenant_id,
            t.tenant_watch.c.watch.in_([watch.value for watch in watches]),
        )
        .values(due_at=now)
    )


def of_tenant(tx: Transaction, tenant_id: int) -> dict[str, WatchRow]:
    """A tenant's watches by name."""
    rows = tx.execute(sa.select(*_COLUMNS).where(t.tenant_watch.c.tenant_id == tenant_id))
    return {row.watch: WatchRow(*row) for row in rows}


def _free(now: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(
        t.tenant_watch.c.due_at <= now,
        sa.or_(t.tenant_watch.c.lease_until.is_(None), t.tenant_watch.c.lease_until <= now),
        sa.exists().where(t.tenant.c.id == t.tenant_watch.c.tenant_id, t.tenant.c.parked_at.is_(None)),
    )
