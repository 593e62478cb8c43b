"""Real processes that renew the same login: together they send one refresh, and any of them may be killed."""

import multiprocessing
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from typing import Any

import pytest
import requests

from connector.errors import RateLimitedError, ReconnectNeededError
from connector.pipeline import connecting
from connector.pipeline.services import Services
from connector.pipeline.tokens import DATEV, PIPEDRIVE, access_token
from connector.store import connections, tenants
from connector.store.connections import ConnectionKey, ConnectionRow
from connector.store.tenants import TenantRow
from tests.integration.tokens import worker
from tests.integration.webapp.world import CLIENT_ID, MovableClock, Person, Sandbox

TOKEN = {DATEV: "/datev/api/token", PIPEDRIVE: "/pipedrive/oauth-host/oauth/token"}
SOON_OVER = {DATEV: timedelta(minutes=14, seconds=30), PIPEDRIVE: timedelta(minutes=59, seconds=30)}
"""Into the life of an access token, within its margin."""
DEADLINE_S = 60

PROCESSES = multiprocessing.get_context("forkserver")
"""Each worker is a fork of a process that has imported what it needs, which takes longer than most tests."""
PROCESSES.set_forkserver_preload([worker.__name__])


@dataclass
class Worker:
    """A worker process, and where it tells its tokens."""

    process: ForkServerProcess
    told: "Connection[Any, list[str]]"

    def exit_code(self) -> int | None:
        """Wait for its end."""
        self.process.join(DEADLINE_S)
        return self.process.exitcode

    def tokens(self) -> list[str]:
        """What it got, and its end."""
        assert self.told.poll(DEADLINE_S)
        found = self.told.recv()
        assert 0 == self.exit_code()
        return found


@dataclass
class Workers:
    """Starts worker processes for the tenant's login to one partner."""

    services: Services
    sandbox: Sandbox
    clock: MovableClock
    tenant: TenantRow
    partner: str
    vault_key: str
    started: list[Worker] = field(default_factory=list)

    @property
    def key(self) -> ConnectionKey:
        """The login."""
        return ConnectionKey(self.tenant.id, self.partner)

    def start(self, *, threads: int = 1, dies: str = "") -> Worker:
        """One process."""
        settings = self.services.settings
        task = {
            "database_url": settings.database_url,
            "sandbox_url": self.sandbox.url,
            "var_dir": str(settings.var_dir),
            "vault_key": self.vault_key,
            "tenant_id": self.tenant.id,
            "partner": self.partner,
            "offset_s": self.clock.offset.total_seconds(),
            "threads": threads,
            "dies": dies,
        }
        told, tells = PROCESSES.Pipe(duplex=False)
        process = PROCESSES.Process(target=worker.work, args=(task, tells))
        process.start()
        tells.close()
        self.started.append(Worker(process, told))
        return self.started[-1]

    def refreshes(self) -> int:
        """Calls of the partner's token endpoint so far."""
        return self.sandbox.requests_to(TOKEN[self.partner])

    def row(self) -> ConnectionRow:
        """The login as it is stored."""
        with self.services.database.transaction() as tx:
            found = connections.find(tx, self.key)
        assert found is not None
        return found

    def token(self) -> str:
        """What a healthy worker gets now."""
        return access_token(self.services, self.key)


@pytest.fixture(params=[DATEV, PIPEDRIVE])
def workers(
    request: pytest.FixtureRequest,
    services: Services,
    sandbox: Sandbox,
    clock: MovableClock,
    tenant: TenantRow,
    person: Person,
    vault_key: str,
) -> Iterator[Workers]:
    """The tenant is connected, and its access token about to end."""
    partner = request.param
    if partner == DATEV:
        link = connecting.issue_ticket(services, "acme", DATEV, client_id=CLIENT_ID)
        assert person.log_in(person.open(link), "sandbox-anna").status_code == 200
    else:
        person.log_in(person.open(connecting.issue_ticket(services, "acme", PIPEDRIVE)), "acme/1")
    clock.offset = SOON_OVER[partner]
    made = Workers(services, sandbox, clock, tenant, partner, vault_key)
    yield made
    for one in made.started:
        one.process.kill()
        one.exit_code()
        one.process.close()
        one.told.close()


def killed(workers: Workers, dies: str) -> None:
    assert -9 == workers.start(dies=dies).exit_code()


def killed_while_waiting(workers: Workers, *, acts: bool) -> None:
    """The partner has the request, has acted on it or not, and does not answer any more."""
    before = workers.refreshes()
    workers.sandbox.control(
        "/faults",
        kind="timeout",
        partner=workers.partner,
        operation="token",
        delay_seconds=25,
        when="after" if acts else "before",
    )
    one = workers.start()
    eventually(lambda: not requests.get(f"{workers.sandbox.url}/control/faults", timeout=10).json()["faults"])
    if acts:
        eventually(lambda: workers.refreshes() == before + 1)
    one.process.kill()
    assert -9 == one.exit_code()
    eventually(lambda: workers.refreshes() == before + 1)


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_sixteen_workers_in_four_processes_make_one_refresh(workers: Workers) -> None:
    before = workers.refreshes()

    started = [workers.start(threads=4) for _process in range(4)]
    found = [token for one in started for token in one.tokens()]

    assert (16, 1) == (len(found), len(set(found)))
    assert 1 == workers.refreshes() - before


def test_a_worker_killed_before_it_sends_costs_a_lease_and_nothing_else(workers: Workers) -> None:
    before = workers.refreshes()
    killed(workers, "sending")
    assert 0 == workers.refreshes() - before

    nobody_touches_the_login_within_the_lease(workers, before)
    workers.clock.offset += workers.services.timers.lease
    assert len(workers.token()) > 20
    assert 1 == workers.refreshes() - before


def test_a_worker_killed_while_the_partner_had_not_acted_costs_a_lease_and_nothing_else(
    workers: Workers,
) -> None:
    before = workers.refreshes()
    killed_while_waiting(workers, acts=False)

    nobody_touches_the_login_within_the_lease(workers, before + 1)
    workers.clock.offset += workers.services.timers.lease
    assert len(workers.token()) > 20
    assert 2 == workers.refreshes() - before


@pytest.mark.parametrize("moment", ["waiting", "answered"])
def test_a_worker_killed_after_the_partner_acted_is_seen_from_its_claim(
    workers: Workers, moment: str
) -> None:
    """DATEV's token was good for one use: the login is over, and says so once. Pipedrive's goes on."""
    before = workers.refreshes()
    if moment == "waiting":
        killed_while_waiting(workers, acts=True)
    else:
        killed(workers, "answered")
    assert 1 == workers.refreshes() - before

    nobody_touches_the_login_within_the_lease(workers, before + 1)
    workers.clock.offset += workers.services.timers.lease
    if workers.partner == PIPEDRIVE:
        assert len(workers.token()) > 20
    else:
        for _worker in range(3):
            with pytest.raises(ReconnectNeededError, match="last refresh of the login to DATEV was interr"):
                workers.token()
        with workers.services.database.transaction() as tx:
            assert "reconnect_needed" == tenants.get(tx, workers.tenant.id).parked_code
    assert 2 == workers.refreshes() - before, "tried once more, and never again"


def test_a_worker_killed_after_it_stored_the_tokens_has_done_its_work(workers: Workers) -> None:
    before = workers.refreshes()
    killed(workers, "stored")

    row = workers.row()
    assert (None, None) == (row.refresh_started_at, row.refresh_lease_until)
    assert workers.services.vault.decrypt(row.access_token) == workers.token()
    assert 1 == workers.refreshes() - before


def nobody_touches_the_login_within_the_lease(workers: Workers, refreshes: int) -> None:
    """Who needs it meanwhile is sent away at once until the lease ends, and no try of its own is used up."""
    call, lease = workers.services.timers.call, workers.services.timers.lease
    workers.clock.offset += 3 * call
    started = time.monotonic()
    with pytest.raises(RateLimitedError, match="is being renewed by another process") as caught:
        workers.token()
    assert time.monotonic() - started < workers.services.timers.connect.total_seconds()
    assert caught.value.retry_after is not None
    assert caught.value.retry_after <= lease - 3 * call
    assert refreshes == workers.refreshes()
