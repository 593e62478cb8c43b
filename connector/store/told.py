"""What we know of deals already: what was told of them, and what our runs have read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from connector.store import tables as t
from connector.store.engine import Transaction
from connector.store.runs import RunRow

CLOCKS_APART = timedelta(seconds=30)
"""How far our clock may be behind Pipedrive's where an event does not say up to when it tells: otherwise the
first reading after an upgrade would ask again about every deal that is booked."""


@dataclass(frozen=True, slots=True)
class Told:
    """What was delivered, swept or backfilled of a deal."""

    until: datetime
    """The newest state of the deal that something told of, by Pipedrive's clock."""
    won_at: datetime | None
    """The newest win among it."""


@dataclass(frozen=True, slots=True)
class Read:
    """The deal as a run of ours has read it: times as Pipedrive writes them."""

    changed: str
    won: str


def told_of(tx: Transaction, tenant_id: int, deal_ids: Sequence[int]) -> dict[int, Told]:
    """What was told, by deal.

    What was stored before events named their state counts up to the moment of its arrival.
    """
    as_of = t.inbox.c.facts["as_of"].astext.cast(sa.DateTime(timezone=True))
    won = t.inbox.c.facts["won_time"].astext.cast(sa.DateTime(timezone=True))
    rows = tx.execute(
        sa.select(
            t.inbox.c.deal_id,
            sa.func.max(sa.func.coalesce(as_of, t.inbox.c.received_at + CLOCKS_APART)),
            sa.func.max(won),
        )
        .where(t.inbox.c.tenant_id == tenant_id, t.inbox.c.deal_id.in_(deal_ids))
        .group_by(t.inbox.c.deal_id)
    )
    return {deal_id: Told(until, won_at) for deal_id, until, won_at in rows}


def own_runs(tx: Transaction, tenant_id: int, deal_ids: Sequence[int], *, kind: str) -> dict[int, RunRow]:
    """The newest run of one kind about each deal as a whole, by deal."""
    rows = tx.execute(
        sa.select(*(t.run.c[name] for name in RunRow.__slots__))
        .where(
            t.run.c.tenant_id == tenant_id,
            t.run.c.deal_id.in_(deal_ids),
            t.run.c.kind == kind,
            t.run.c.part == 0,
        )
        .order_by(t.run.c.id)
    )
    return {row.deal_id: RunRow(*row) for row in rows}


def readings(tx: Transaction, tenant_id: int, deal_ids: Sequence[int]) -> list[tuple[int, Read]]:
    """Every version of the deals that a run has read and kept, with the deal's id."""
    deal = t.run.c.bundle["deal"]
    rows = tx.execute(
        sa.select(t.run.c.deal_id, deal["update_time"].astext, deal["won_time"].astext).where(
            t.run.c.tenant_id == tenant_id, t.run.c.deal_id.in_(deal_ids), t.run.c.bundle.is_not(None)
        )
    )
    return [(deal_id, Read(changed or "", won or "")) for deal_id, changed, won in rows]
