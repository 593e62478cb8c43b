"""What the desk's rooms show, gathered for one tenant in one transaction each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time

from connector.accounting.posting import Posting
from connector.clock import BERLIN, berlin_date
from connector.pipeline.kept_logins import ConnectionStatus, status
from connector.pipeline.services import Services
from connector.pipeline.states import NEEDS_ATTENTION, RUN_BEFORE_HAND_OVER
from connector.pipeline.summary import RunSummary, summarize
from connector.store import batches, desk_views, documents, journal, runs, submissions
from connector.store.batches import BatchRow
from connector.store.desk_views import Cause, Flow, ListPage, Traffic
from connector.store.documents import DocumentRow
from connector.store.journal import JournalRow
from connector.store.runs import RunRow
from connector.store.submissions import SubmissionRow
from connector.store.tenants import TenantRow

PAGE_SIZE = 50
"""Lines of the list: two screens, and quick."""

MOST_CAUSES = 12
"""Of so many different reasons the rest is found in the list."""

LONGEST_SEARCH = 60
"""Longer than any document number."""

WAITING = (*RUN_BEFORE_HAND_OVER, "batched")

GROUPS: dict[str, tuple[str, ...]] = {
    "all": (),
    "attention": (NEEDS_ATTENTION,),
    "waiting": WAITING,
    "posted": ("posted", "done"),
    "left": ("ignored", "cancelled"),
}
"""The filters of the list: people ask for these, not for the pipeline's states."""


@dataclass(frozen=True, slots=True)
class Overview:
    """How a tenant's work stands."""

    causes: list[Cause]
    flow: Flow
    traffic: Traffic
    connections: list[ConnectionStatus]

    def count(self, group: str) -> int:
        """How many runs are in a group of the list."""
        states = GROUPS[group]
        return sum(count for state, count in self.flow.by_state.items() if not states or state in states)


@dataclass(frozen=True, slots=True)
class DealPage:
    """Everything about one run."""

    summary: RunSummary
    document: DocumentRow | None
    postings: Sequence[Posting]
    batch: BatchRow | None
    submissions: Sequence[SubmissionRow]
    story: Sequence[JournalRow]
    siblings: Sequence[RunRow]
    """The other runs of the same deal: its parts, its correction."""

    @property
    def run(self) -> RunRow:
        """The run itself."""
        return self.summary.run


def overview(services: Services, tenant: TenantRow) -> Overview:
    """The overview of one tenant. Days and months begin in Berlin."""
    now = services.clock.now()
    today = datetime.combine(berlin_date(now), time(), BERLIN)
    with services.database.transaction() as tx:
        found = desk_views.causes(tx, tenant.id, limit=MOST_CAUSES)
        flow = desk_views.flow(
            tx,
            tenant.id,
            today=today,
            month=today.replace(day=1),
            booked_today=berlin_date(now),
            waiting_states=WAITING,
        )
        traffic = desk_views.traffic(tx, tenant.id)
    return Overview(found, flow, traffic, status(services, tenant))


def deals(
    services: Services,
    tenant: TenantRow,
    *,
    group: str,
    search: str,
    before: int | None = None,
    after: int | None = None,
) -> ListPage:
    """A page of the tenant's runs."""
    with services.database.transaction() as tx:
        return desk_views.page(
            tx,
            tenant.id,
            states=GROUPS[group],
            search=search.strip()[:LONGEST_SEARCH],
            before=before,
            after=after,
            size=PAGE_SIZE,
        )


def find_run(services: Services, tenant: TenantRow, run_id: int) -> RunRow | None:
    """A run of this tenant; None also for one of another."""
    with services.database.transaction() as tx:
        if not desk_views.run_of_tenant(tx, tenant.id, run_id):
            return None
        return runs.get(tx, run_id)


def deal_page(services: Services, run: RunRow) -> DealPage:
    """Everything about a run, read in one go."""
    with services.database.transaction() as tx:
        document = documents.of_run(tx, run.id)
        of_deal = runs.search(tx, tenant_id=run.tenant_id, deal_id=run.deal_id)
        return DealPage(
            summary=summarize(tx, run),
            document=document,
            postings=documents.postings_of(tx, document.id) if document else (),
            batch=batches.get(tx, run.batch_id) if run.batch_id else None,
            submissions=submissions.all_of_batch(tx, run.batch_id) if run.batch_id else (),
            story=journal.of_run(tx, run.id),
            siblings=[other for other in of_deal if other.id != run.id],
        )


def pdf_of(services: Services, run: RunRow) -> tuple[DocumentRow, bytes] | None:
    """The document of a run; None: there is none yet."""
    with services.database.transaction() as tx:
        document = documents.of_run(tx, run.id)
        return (document, documents.content(tx, document.id)) if document else None
