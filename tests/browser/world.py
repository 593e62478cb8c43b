"""What there is to see: a tenant with a deal that waits for a person, one that is done, and a bookkeeper."""

from dataclasses import dataclass

from connector.pipeline.desk import accounts
from connector.pipeline.desk.roles import Role
from connector.pipeline.services import Services
from connector.store import batches, documents, journal, runs
from connector.store.tenants import TenantRow
from tests.integration.webapp.desk.parked import parked_run
from tests.integration.webapp.desk.samples import posting

LOGIN = "anna@kanzlei.example"
PASSWORD = "ein Satz aus mehreren Wörtern"

WAITING, POSTED = "Workshop für Rheinwerk", "Architekturberatung Q4"


@dataclass(frozen=True)
class World:
    """Where it is, and what it is made of."""

    url: str
    services: Services
    tenant: TenantRow


def fill(services: Services, tenant: TenantRow) -> None:
    """Two deals and the bookkeeper."""
    now = services.clock.now()
    with services.database.transaction() as tx:
        waiting = parked_run(tx, tenant.id, now=now, title=WAITING, deal_id=4711)
        posted = runs.create(tx, tenant_id=tenant.id, deal_id=4712, kind="invoice", now=now, title=POSTED)
        assert posted
        documents.keep(
            tx,
            tenant_id=tenant.id,
            run_id=posted,
            guid=f"00000000-0000-4000-8000-{posted:012}",
            document_number="RE-2026-0001",
            document_date=now.date(),
            origin="made",
            file_name="rechnung.pdf",
            pdf=b"%PDF-1.7",
            sha256="0" * 64,
            postings=[posting(posted)],
            now=now,
        )
        batch_id = batches.open_for(
            tx,
            tenant_id=tenant.id,
            fiscal_year=now.date().replace(month=1, day=1),
            month=now.date().replace(day=1),
            fmt="extf",
            now=now,
        )
        runs.reset(
            tx, posted, from_states=("received",), now=now, state="done", batch_id=batch_id, due_at=None
        )
        for run_id in (waiting, posted):
            journal.write(
                tx,
                tenant_id=tenant.id,
                run_id=run_id,
                at=now,
                event="received",
                to_state="received",
                actor="intake",
                message="The deal was won.",
            )
    accounts.add_user(services, LOGIN, name="Anna Muster", actor="test")
    accounts.set_password(services, LOGIN, PASSWORD, actor="test")
    accounts.set_role(services, LOGIN, tenant.key, Role.BOOKKEEPER, actor="test")
