"""What is due and free, fairly: the questions of the sweep and of a worker that has room."""

from collections.abc import Collection

from connector.pipeline.lanes import Lane
from connector.pipeline.services import Services
from connector.store import claims
from connector.store.claims import DueRow

AT_ONCE = 500
"""Rows woken by one sweep and lane: more would only wait in Redis instead of here."""

SWEEPS_BEFORE_WAKING_AGAIN = 4
"""A woken row is left to the queue for this many sweeps before it is woken again."""

SHARES_LOOKED_AT = 2
"""So many times a tenant's share of chains is looked at: at most one share is under way already, so whatever
is free finds a row, and what is left over tells that more rows wait."""


def due(services: Services, lane: Lane) -> list[DueRow]:
    """Rows to wake, of each tenant in turn, marked as woken."""
    with services.database.transaction() as tx:
        return claims.due(
            tx,
            lane.subject,
            states=lane.states,
            now=services.clock.now(),
            wake_again=services.timers.sweep * SWEEPS_BEFORE_WAKING_AGAIN,
            per_tenant=_looked_at(services),
            limit=AT_ONCE,
        )


def not_woken(services: Services, lane: Lane, row_ids: Collection[int]) -> None:
    """Take the mark back from rows that no message was sent for: the next sweep may choose them."""
    if row_ids:
        with services.database.transaction() as tx:
            claims.not_woken(tx, lane.subject, row_ids)


def waiting(services: Services, lane: Lane, tenant_id: int) -> list[DueRow]:
    """The tenant's rows that are due and free, the longest due first; some may be under way already."""
    with services.database.transaction() as tx:
        return claims.waiting(
            tx,
            lane.subject,
            tenant_id=tenant_id,
            states=lane.states,
            now=services.clock.now(),
            limit=_looked_at(services),
        )


def _looked_at(services: Services) -> int:
    return services.settings.chains_per_tenant * SHARES_LOOKED_AT
