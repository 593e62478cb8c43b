"""Pipedrive's lists, read as the watches read them; deals won that nobody tells of."""

from datetime import timedelta
from typing import Any

from connector.pipeline.reconciliation import due_watches, reconcile
from connector.store import tables as t
from connector.store import watches
from connector.store.watches import Watch, WatchRow
from tests.integration.pipeline.carriage import Carriage


def sweep_lists(carriage: Carriage, *, after: timedelta | None = None) -> None:
    """Let the next interval come, and read both lists to their ends."""
    timers = carriage.services.timers
    carriage.let_pass(timers.reconciliation if after is None else after)
    for _turn in range(20):
        lists = [(key, watch) for key, watch in due_watches(carriage.services) if watch != Watch.HOOKS]
        if not lists:
            return
        for tenant_id, watch in lists:
            reconcile(carriage.services, tenant_id, Watch(watch))
    raise AssertionError("the lists do not come to an end")


def watch_of(carriage: Carriage, watch: Watch = Watch.DEALS) -> WatchRow:
    with carriage.services.database.transaction() as tx:
        return watches.of_tenant(tx, carriage.tenant.id)[watch.value]


def runs_of(carriage: Carriage) -> list[tuple[int, str, str]]:
    return [(row.deal_id, row.kind, row.state) for row in carriage.rows(t.run, "deal_id", "kind", "state")]


def sources(carriage: Carriage) -> list[tuple[str, int]]:
    return [(row.source, row.deal_id) for row in carriage.rows(t.inbox, "source", "deal_id")]


def win_untold(carriage: Carriage, deal_id: int, **more: Any) -> None:
    """A deal is won, and nobody tells us."""
    carriage.sandbox.deal(deal_id, **more)
    carriage.sandbox.act(deal_id, "win")
