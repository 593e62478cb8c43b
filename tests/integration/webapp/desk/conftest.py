"""The desk with two tenants, a run at each, and people with every role."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask

from connector.accounting.posting import Posting
from connector.pipeline.services import Services
from connector.store import Transaction, documents, journal
from connector.store.tenants import TenantRow
from tests.integration.hashes import cheapen
from tests.integration.webapp.desk.parked import parked_run
from tests.integration.webapp.desk.people import Desk
from tests.integration.webapp.desk.samples import posting
from tests.integration.webapp.world import (
    MovableClock,
    add_tenant,
    services_for,
    settings_for,
    tenant_config,
)
from webapp.app import create_app


@pytest.fixture
def real_hashes() -> None:
    """For a test that is about the time that hashing takes."""


@pytest.fixture(autouse=True)
def cheap_hashes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords are hashed in no time here, except where a test is about the time."""
    if "real_hashes" in request.fixturenames:
        return
    cheapen(monkeypatch)


@dataclass
class Waking:
    """What the web process would have woken."""

    woken: list[tuple[int, ...]]


@pytest.fixture
def waking() -> Waking:
    """Nothing yet."""
    return Waking([])


@pytest.fixture
def desk_services(database_url: str, clock: MovableClock, tmp_path: Path) -> Iterator[Services]:
    """Services for what needs no partner."""
    services = services_for(settings_for(database_url, "http://127.0.0.1:9", tmp_path), clock)
    yield services
    services.database.close()


@pytest.fixture
def app(desk_services: Services, waking: Waking) -> Flask:
    """The web process."""
    return create_app(desk_services, wake=lambda *row: waking.woken.append(row))


@pytest.fixture
def acme(desk_services: Services) -> TenantRow:
    """The tenant that people work at."""
    return add_tenant(desk_services, tenant_config("acme"))


@pytest.fixture
def other(desk_services: Services) -> TenantRow:
    """A tenant that is none of their business."""
    return add_tenant(desk_services, tenant_config("other", name="Secret AG"))


@pytest.fixture
def desk(app: Flask, desk_services: Services, acme: TenantRow, other: TenantRow) -> Desk:
    """The desk, with people."""
    return Desk(app, desk_services)


def _booked(
    tx: Transaction, services: Services, run_id: int, tenant_id: int, postings: list[Posting]
) -> None:
    now = services.clock.now()
    documents.keep(
        tx,
        tenant_id=tenant_id,
        run_id=run_id,
        guid=f"00000000-0000-4000-8000-{run_id:012}",
        document_number=f"RE-{run_id}",
        document_date=now.date(),
        origin="made",
        file_name="rechnung.pdf",
        pdf=b"%PDF-1.7 example",
        sha256="0" * 64,
        postings=postings,
        now=now,
    )


@dataclass(frozen=True)
class Runs:
    """A run of each tenant that needs a person."""

    acme: int
    other: int


@pytest.fixture
def parked(desk_services: Services, acme: TenantRow, other: TenantRow) -> Runs:
    """A run with a document at each tenant; both need a person."""
    made = []
    for tenant, title in ((acme, "Workshop <b>Herbst</b>"), (other, "Geheimer Auftrag")):
        now = desk_services.clock.now()
        with desk_services.database.transaction() as tx:
            run_id = parked_run(
                tx,
                tenant.id,
                now=now,
                title=title,
                cure="Fill the VAT id of the customer in Pipedrive, then: ml-connector run retry RUN",
            )
            journal.write(
                tx,
                tenant_id=tenant.id,
                run_id=run_id,
                at=now,
                event="received",
                to_state="received",
                actor="webhook",
                message="Won.",
            )
            _booked(tx, desk_services, run_id, tenant.id, [posting(run_id)])
        made.append(run_id)
    return Runs(*made)
