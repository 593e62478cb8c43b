"""Reconciliation: Pipedrive's lists of deals, read at regular intervals for what no webhook told.

A banned hook loses events, and so does our own downtime beyond Pipedrive's retries. Each list is read by time
of change, oldest first, from a stored watermark on; what it shows beyond what we know goes the same way in as
a webhook. The watermark moves with each page that is stored, never before, so a reading that breaks off is
gone on with, and one page that is read twice does no harm.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from connector.errors import ClaimLostError, ConnectorError, PartnerRefusedError, RateLimitedError
from connector.http import StepBudget
from connector.log import bound_contextvars, get_logger
from connector.pipedrive.listed_deals import STATUSES, ListedDeal, listed_deal
from connector.pipeline import intake
from connector.pipeline.partners import pipedrive_client
from connector.pipeline.services import Services
from connector.pipeline.untold import known_of, untold
from connector.store import tenants, watches
from connector.store.tenants import TenantRow
from connector.store.watches import NO_PROBLEM, Watch, WatchRow

log = get_logger(__name__)

SOURCE = "sweep"
"""What the inbox calls this way in."""

LISTS = (Watch.DEALS, Watch.ARCHIVED)

OVERLAP = timedelta(minutes=10)
"""Read again before the watermark: a change may show in the list later than one that was made after it."""

MOST_PAGES = 25
"""Pages of one turn, 5,000 deals: then others have their turn, and the rest comes with the next tick."""

PART_OF_STEP = 2
"""A turn begins no further page once this part of its time is over."""


FAULT = {
    "problem_code": "internal_error",
    "problem_message": "An unexpected error happened while this was looked after.",
    "problem_cure": "Send the log lines of it to whoever runs ml-connector; it is tried again by itself.",
}
"""What a watch keeps of a bug."""


@dataclass(frozen=True, slots=True)
class _Page:
    """One page of a list, as far as it can be read."""

    deals: list[ListedDeal]
    cursor: str


def due_watches(services: Services) -> list[tuple[int, str]]:
    """Tenant and name of everything that is to be looked after now."""
    now = services.clock.now()
    with services.database.transaction() as tx:
        watches.add_missing(tx, now=now)
        return watches.due(tx, now=now)


def reconcile(services: Services, tenant_id: int, watch: Watch) -> None:
    """Read on in one list of one tenant, if nobody else does and it is due. The sweep wakes what is found.

    :raises DatabaseUnavailableError: no page is counted that is not stored; the next turn goes on from there.
    """
    now = services.clock.now()
    with services.database.transaction() as tx:
        claimed = watches.take(tx, tenant_id, watch, now=now, lease=services.timers.lease)
        tenant = tenants.get(tx, tenant_id) if claimed else None
    if claimed is None or tenant is None:
        return
    with bound_contextvars(tenant=tenant.key, watch=watch.value):
        try:
            _take_turn(services, tenant, claimed)
        except ClaimLostError:
            log.warning("watch_taken_over")


def _take_turn(services: Services, tenant: TenantRow, claimed: WatchRow) -> None:
    turn = _Turn(services, tenant, claimed)
    now, timers = services.clock.now(), services.timers
    try:
        whole = turn.read_pages()
    except RateLimitedError as e:
        log.info("reconciliation_waits", code=e.code)
        turn.put_down(due_at=now + (e.retry_after or timers.retry_first))
    except ConnectorError as e:
        log.warning("reconciliation_failed", code=e.code)
        # A cursor that Pipedrive does not take (any more) must not be sent for ever.
        anew = {"cursor": ""} if isinstance(e, PartnerRefusedError) else {}
        turn.put_down(due_at=now + timers.reconciliation, **problem_of(e), **anew)
    except services.interruptions:
        raise
    except Exception:
        log.exception("reconciliation_crashed")
        turn.put_down(due_at=now + timers.reconciliation, **FAULT)
    else:
        # A tick comes a moment early or late: an interval must not become two.
        pause = timers.reconciliation - timers.watch_tick / 2
        done = {"finished_at": now} if whole else {}
        turn.put_down(due_at=now + pause if whole else now, **NO_PROBLEM, **done)
    log.info("reconciled", pages=turn.pages, found=turn.found)


def problem_of(error: ConnectorError) -> Mapping[str, str]:
    """What a watch keeps of an error, for ``tenant show``."""
    return {"problem_code": error.code, "problem_message": error.message, "problem_cure": error.cure}


class _Turn:
    """One claim's reading: page after page, each stored before the next is asked for."""

    def __init__(self, services: Services, tenant: TenantRow, claimed: WatchRow) -> None:
        self._services = services
        self._tenant = tenant
        self._claimed = claimed
        self._since, self._cursor = _beginning(tenant, claimed)
        self._watermark = claimed.watermark
        self._settled = services.clock.now() - services.timers.webhook_patience
        self.pages = 0
        self.found = 0

    def read_pages(self) -> bool:
        """Read on; whether the list was read to its end."""
        length = self._services.timers.step_budget
        budget = StepBudget(length)
        while self.pages < MOST_PAGES and budget.remaining() > length.total_seconds() / PART_OF_STEP:
            page = self._ask(budget)
            # What is younger may still be delivered; it is read with the next turn.
            settled = [deal for deal in page.deals if deal.changed_at <= self._settled]
            self._store(settled)
            young = bool(page.deals) and not settled
            self._cursor = "" if young else page.cursor
            self._count(settled)
            if not self._cursor:
                return True
        return False

    def put_down(self, **values: Any) -> None:
        """End the claim."""
        with self._services.database.transaction() as tx:
            watches.put_down(tx, self._claimed, **values)

    def _ask(self, budget: StepBudget) -> _Page:
        # A client for each page: it asks for room as a step that begins does, so deals under way go first.
        client = pipedrive_client(self._services, self._tenant, budget)
        records, cursor = client.deal_page(
            archived=self._claimed.watch == Watch.ARCHIVED,
            status=STATUSES,
            updated_since=self._since,
            cursor=self._cursor,
        )
        deals = [_readable(record) for record in records]
        return _Page([deal for deal in deals if deal is not None], cursor)

    def _store(self, deals: list[ListedDeal]) -> None:
        with self._services.database.transaction() as tx:
            known = known_of(tx, self._tenant.id, [deal.id for deal in deals])
        for deal in deals:
            event = untold(deal, known[deal.id])
            if event is None:
                continue
            intake.receive(self._services, self._tenant, event, SOURCE)
            self.found += 1
            log.warning("untold_change_found", deal=deal.id, status=deal.status, event_id=event.event_id)

    def _count(self, stored: list[ListedDeal]) -> None:
        """The page is stored: from now on it is behind us."""
        self.pages += 1
        newest = max((deal.changed_at for deal in stored), default=None)
        if newest is not None:
            self._watermark = max(newest, self._watermark or newest)
        values: dict[str, Any] = {
            "watermark": self._watermark,
            "since": self._since,
            "cursor": self._cursor,
            "found": self._claimed.found + self.found,
        }
        now = self._services.clock.now()
        values |= {"found_at": now} if self.found else {}
        with self._services.database.transaction() as tx:
            watches.write(tx, self._claimed, lease_until=now + self._services.timers.lease, **values)


def _beginning(tenant: TenantRow, claimed: WatchRow) -> tuple[datetime, str]:
    """Where to read on: in the middle of a list, from the watermark on, or, at first, from go-live."""
    if claimed.cursor and claimed.since is not None:
        return claimed.since, claimed.cursor
    return (claimed.watermark - OVERLAP if claimed.watermark else tenant.go_live_at), ""


def _readable(record: Mapping[str, Any]) -> ListedDeal | None:
    deal = listed_deal(record)
    if deal is None:
        log.error("listed_deal_unreadable", deal=str(record.get("id"))[:20])
    return deal
