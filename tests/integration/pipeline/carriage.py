"""A tenant between the two partners' sandboxes, carried link by link without Celery."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from itertools import count
from typing import Any

import requests
import sqlalchemy as sa

from connector.accounting.terms import BookingTerms
from connector.http import HttpClient
from connector.pipedrive.webhook import DealAction, DealEvent
from connector.pipeline import batch_chain, intake, run_chain, sweep
from connector.pipeline.lanes import BATCHES, RUNS, WRITE_BACKS
from connector.pipeline.runner import Outcome
from connector.pipeline.services import Services
from connector.pipeline.states import (
    BATCH_CHAIN,
    BATCH_WORKING,
    RUN_CHAIN,
    RUN_WORKING,
    WRITE_BACK,
    links_from,
)
from connector.pipeline.tokens import sealed_datev
from connector.settings import Settings, load
from connector.store import connections, journal, runs, tenants
from connector.store import tables as t
from connector.store.connections import ConnectionKey
from connector.store.journal import JournalRow
from connector.store.runs import RunRow
from connector.store.tenants import TenantRow
from connector.tenants.config import (
    DatevConfig,
    DatevFormat,
    DebtorConfig,
    DocumentConfig,
    FieldMap,
    Hours,
    NumberConfig,
    PipedriveAuth,
    PipedriveConfig,
    ReceiverConfig,
    SaleConfig,
    SecretName,
    SellerConfig,
    TenantConfig,
    WriteBackConfig,
)
from tests.integration.datev import driver
from tests.integration.webapp.world import MovableClock

CLIENT = "455148-2"
API_TOKEN = "token-acme"
STATUS_FIELD = "DATEV-Status"
POSTINGS, DEBTORS = 21, 16
"""EXTF categories (header field 3)."""
MOST_ROUNDS = 60
"""A carriage that is not over by then goes in circles."""


class Sandbox:
    """Both partners behind a real socket."""

    def __init__(self, url: str) -> None:
        self.url = url

    def control(self, path: str, **body: Any) -> Any:
        """POST to the control API and expect success."""
        answer = requests.post(f"{self.url}/control/{path}", json=body, timeout=10)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    def arrivals(self) -> Any:
        """What reached the partners."""
        return requests.get(f"{self.url}/control/arrivals", timeout=10).json()

    def calls(self, part: str, method: str = "") -> int:
        """How often an address with this part was called."""
        listed = requests.get(f"{self.url}/control/requests?limit=5000", timeout=10).json()["requests"]
        return sum(part in call["path"] and method in call["method"] for call in listed)

    def fault(self, operation: str, kind: str = "status", **options: Any) -> None:
        """Spoil the next call of an operation (a pattern of its path)."""
        self.control("faults", kind=kind, operation=operation, **options)

    def clear_faults(self) -> None:
        """No more faults."""
        assert requests.delete(f"{self.url}/control/faults", timeout=10).ok

    def set_up(self) -> None:
        """One DATEV app and client, one Pipedrive company with the customer 1."""
        self.control("reset")
        self.control("datev/apps", client_id=driver.APP_ID, redirect_uris=[driver.REDIRECT])
        self.control("datev/clients", consultant_number=455148, client_number=2, name="Acme GmbH")
        self.control("datev/settings", job_delay_seconds=0, retry_after=5)
        self.control("pipedrive/accounts", company_domain="acme", api_token=API_TOKEN, name="Acme GmbH")
        self.seed(
            deal_fields=[{"field_name": STATUS_FIELD, "field_type": "varchar"}],
            organizations=[_customer(1, "Rheinwerk Maschinen GmbH")],
        )

    def seed(self, **lists: Any) -> None:
        """Fill the company."""
        self.control("pipedrive/accounts/acme/seed", **lists)

    def deal(self, deal_id: int, *, org_id: int = 1, price: float = 1000.0, **more: Any) -> None:
        """An open deal with one line at 19 %."""
        line = {"name": "Workshop", "item_price": price, "quantity": 1, "tax": 19, "tax_method": "exclusive"}
        deal = {"id": deal_id, "title": f"Deal {deal_id}", "org_id": org_id, "products": [line], **more}
        self.seed(deals=[deal])

    def act(self, deal_id: int, action: str, **body: Any) -> Any:
        """``win``, ``reopen``, ``lose``, ``delete`` or ``update`` a deal."""
        return self.control(f"pipedrive/accounts/acme/deals/{deal_id}/{action}", **body)


def _customer(number: int, name: str) -> dict[str, Any]:
    address = {
        "route": "Industriestraße",
        "street_number": "4",
        "postal_code": "51063",
        "locality": "Köln",
        "country": "Germany",
    }
    return {"id": number, "name": name, "address": address}


def add_customer(sandbox: Sandbox, number: int, name: str) -> None:
    """Another organization."""
    sandbox.seed(organizations=[_customer(number, name)])


def settings_for(database_url: str, sandbox_url: str, var_dir: str, time_scale: float = 1) -> Settings:
    """The environment of a worker whose partners are the sandbox."""
    datev = f"{sandbox_url}/datev"
    return load(
        {
            "DATABASE_URL": database_url,
            "MLC_VAR_DIR": var_dir,
            "MLC_TIME_SCALE": str(time_scale),
            "PIPEDRIVE_API_BASE_URL": f"{sandbox_url}/pipedrive",
            "DATEV_LOGIN_BASE_URL": f"{datev}/openid",
            "DATEV_TOKEN_BASE_URL": f"{datev}/api",
            "DATEV_CLIENTS_BASE_URL": f"{datev}/accounting-clients/platform/v2",
            "DATEV_DOCUMENTS_BASE_URL": f"{datev}/accounting-documents/platform/v2",
            "DATEV_EXTF_BASE_URL": f"{datev}/accounting-extf-files/platform/v3",
            "DATEV_DXSO_BASE_URL": f"{datev}/accounting-dxso-jobs/platform/v2",
            "DATEV_CLIENT_ID": driver.APP_ID,
        }
    )


def config_for(fmt: DatevFormat = DatevFormat.EXTF, **changes: Any) -> TenantConfig:
    """A complete configuration without office hours, so that no test depends on the time of day."""
    datev = {"consultant_number": 455148, "client_number": 2, "format": fmt, **changes.pop("datev", {})}
    config = TenantConfig(
        key="acme",
        name="Acme GmbH",
        go_live_at=datetime(2026, 1, 1, tzinfo=UTC),
        pipedrive=PipedriveConfig(auth=PipedriveAuth.TOKEN, company_domain="acme"),
        receiver=ReceiverConfig(basic_user="pipedrive", hmac=None),
        datev=DatevConfig(**datev),
        terms=BookingTerms(chart="skr03", home_vat_id="DE136695976"),
        numbers=NumberConfig(),
        sale=SaleConfig(fields=FieldMap()),
        debtors=DebtorConfig(),
        documents=DocumentConfig(),
        seller=SellerConfig(
            name="Acme GmbH",
            street="Weg 1",
            postal_code="90402",
            city="Nürnberg",
            vat_id="DE136695976",
            tax_number="215/5842/0815",
        ),
        ignore=(),
        write_back=WriteBackConfig(note=True, status_field=STATUS_FIELD),
        hours=Hours(time(0), time(0)),
    )
    return replace(config, **changes)


class Carriage:
    """The tenant ``acme`` and everything that moves its deals."""

    def __init__(self, services: Services, sandbox: Sandbox, clock: MovableClock) -> None:
        self.services = services
        self.sandbox = sandbox
        self.clock = clock
        self._events = count(1)

    # the tenant

    def apply(self, config: TenantConfig) -> TenantRow:
        """Store the configuration with the API token."""
        now = self.clock.now()
        with self.services.database.transaction() as tx:
            tenant_id, _changed = tenants.apply(tx, config, source_text="", applied_by="test", now=now)
            token = self.services.vault.encrypt(API_TOKEN)
            tenants.set_secret(tx, tenant_id, SecretName.PIPEDRIVE_API_TOKEN, token, now=now)
            return tenants.get(tx, tenant_id)

    def connect(self, fmt: DatevFormat = DatevFormat.EXTF) -> None:
        """Log in to DATEV for good, as a person does in the browser."""
        timers = self.services.timers
        http = HttpClient("datev", connect_timeout=timers.connect, call_deadline=timedelta(seconds=10))
        tokens = driver.lasting_login(http, self.services.settings.datev, fmt)
        with self.services.database.transaction() as tx:
            connections.save_login(
                tx,
                ConnectionKey(self.tenant.id, "datev"),
                sealed_datev(self.services.vault, tokens),
                now=self.clock.now(),
                client_id=CLIENT,
            )
            tenants.unpark(tx, self.tenant.id)

    @property
    def tenant(self) -> TenantRow:
        """The tenant as it is now."""
        with self.services.database.transaction() as tx:
            found = tenants.find(tx, "acme")
        assert found is not None
        return found

    # events

    def event(self, deal_id: int, **changes: Any) -> DealEvent:
        """An event that says the deal was won."""
        number = next(self._events)
        facts = {
            "event_id": f"v2:1:{number}",
            "version": "2.0",
            "deal_id": deal_id,
            "action": DealAction.CHANGED,
            "status_now": "won",
            "status_before": "open",
            "became_won": True,
            "won_time": None,
            "first_won_time": None,
            "merged_to": None,
            "merged_from": None,
            "change_source": "app",
            "actor_user_id": None,
            "company_id": None,
            "webhook_id": "1",
            "attempt": 1,
            "pipeline_id": None,
            "currency": "EUR",
        }
        return DealEvent(**{**facts, **changes})

    def receive(self, event: DealEvent) -> list[int]:
        """What the receiver does with an event."""
        return intake.receive(self.services, self.tenant, event, "webhook")

    def win(self, deal_id: int, **more: Any) -> RunRow:
        """Seed a deal, win it, receive the event; its run."""
        self.sandbox.deal(deal_id, **more)
        won = self.sandbox.act(deal_id, "win")
        self.receive(self.event(deal_id, won_time=datetime.fromisoformat(won["won_time"])))
        return self.run_of(deal_id)

    def reopened(self, deal_id: int) -> DealEvent:
        """An event that says the deal was reopened."""
        return self.event(deal_id, status_now="open", status_before="won", became_won=False)

    # time

    def let_pass(self, duration: timedelta) -> None:
        """Move our clock and the partners' clock forward."""
        self.clock.offset += duration
        self.sandbox.control("clock", offset_seconds=self.clock.offset.total_seconds())

    def past_the_lease(self) -> None:
        """Long enough for the claim of a dead worker to end."""
        self.let_pass(self.services.timers.lease + timedelta(seconds=1))

    def until_due(self) -> bool:
        """Let time pass until the next row is due; False: no row waits."""
        due = [row.due_at for row in self.working() if row.due_at is not None]
        if not due:
            return False
        self.let_pass(max(min(due) - self.clock.now(), timedelta(0)))
        return True

    # carrying

    def working(self) -> list[Any]:
        """Runs and batches in which a step is due, now or later."""
        with self.services.database.transaction() as tx:
            rows: list[Any] = []
            for table, states in ((t.run, RUN_WORKING), (t.batch, BATCH_WORKING)):
                chosen = sa.select(table.c.id, table.c.state, table.c.due_at, table.c.lease_until)
                rows += tx.execute(chosen.where(table.c.state.in_(states)).order_by(table.c.id))
        return rows

    def wake_run(self, run_id: int, state: str) -> Outcome | None:
        """Do what the wake-up call of a run does; the last link's outcome."""
        links = (WRITE_BACK,) if state in WRITE_BACK.states else links_from(RUN_CHAIN, state)
        return _follow(links, lambda name: run_chain.advance(self.services, run_id, name))

    def wake_batch(self, batch_id: int, state: str) -> Outcome | None:
        """Do what the wake-up call of a batch does; the last link's outcome."""
        links = links_from(BATCH_CHAIN, state)
        return _follow(links, lambda name: batch_chain.advance(self.services, batch_id, name))

    def sweep(self) -> int:
        """Do what one sweep starts; how many rows it woke."""
        runs = [row for lane in (RUNS, WRITE_BACKS) for row in sweep.due(self.services, lane)]
        batches = sweep.due(self.services, BATCHES)
        for row in runs:
            self.wake_run(row.id, row.state)
        for row in batches:
            self.wake_batch(row.id, row.state)
        return len(runs) + len(batches)

    def carry(self) -> None:
        """Sweep until nothing is due now."""
        for _round in range(MOST_ROUNDS):
            if not self.sweep():
                return
        raise AssertionError("the carriage goes in circles")

    def finish(self) -> None:
        """Carry and let time pass until every row rests, or its tenant is parked."""
        for _round in range(MOST_ROUNDS):
            self.carry()
            if self.tenant.parked or not self.until_due():
                return
        raise AssertionError("the carriage does not end")

    def carry_to(self, state: str, run_id: int) -> RunRow:
        """Advance a run link by link until it is in this state."""
        for link in RUN_CHAIN:
            if self.run(run_id).state == state:
                break
            run_chain.advance(self.services, run_id, link.name)
        found = self.run(run_id)
        assert state == found.state
        return found

    # looking

    def run(self, run_id: int) -> RunRow:
        """The run with this id."""
        with self.services.database.transaction() as tx:
            found = runs.get(tx, run_id)
        assert found is not None
        return found

    def run_of(self, deal_id: int, kind: str = "invoice") -> RunRow:
        """The newest run of a deal."""
        with self.services.database.transaction() as tx:
            found = runs.latest_of_deal(tx, self.tenant.id, deal_id, kind=kind)
        assert found is not None, f"no {kind} of deal {deal_id}"
        return found

    def rows(self, table: sa.Table, *columns: str) -> list[Any]:
        """Every row of a table, oldest first."""
        with self.services.database.transaction() as tx:
            return list(tx.execute(sa.select(*(table.c[name] for name in columns)).order_by(table.c.id)))

    def states(self) -> list[str]:
        """The states of all batches."""
        return [row.state for row in self.rows(t.batch, "state")]

    def story(self, run_id: int) -> list[JournalRow]:
        """The journal of a run and its batch."""
        with self.services.database.transaction() as tx:
            return journal.of_run(tx, run_id)

    def bookings(self) -> int:
        """Booking files that DATEV took: EXTF posting batches and finalised DXSO jobs."""
        arrived = self.sandbox.arrivals()
        postings = [
            f for f in arrived["extf_files"] if f["data_category_id"] == 21 and f["result"] != "failed"
        ]
        jobs = [job for job in arrived["dxso_jobs"] if job["finalised_at"] and not job["deleted"]]
        return len(postings) + len(jobs)

    def debtor_files(self) -> int:
        """Files of master data that DATEV took."""
        files = self.sandbox.arrivals()["extf_files"]
        return sum(file["data_category_id"] == 16 and file["result"] != "failed" for file in files)


def _taken(arrived: Any, category: int) -> int:
    files = arrived["extf_files"]
    return sum(file["data_category_id"] == category and file["result"] != "failed" for file in files)


def _follow(links: Any, advance: Callable[[str], Outcome]) -> Outcome | None:
    outcome = None
    for link in links:
        outcome = advance(link.name)
        if not outcome.go_on:
            break
    return outcome


class CrashError(BaseException):
    """The worker is killed: nothing of ours sees it coming, nothing is tidied up."""


@contextmanager
def crashing() -> Iterator[None]:
    """The work that is killed on the way."""
    try:
        yield
    except CrashError:
        return
    raise AssertionError("nothing crashed")
