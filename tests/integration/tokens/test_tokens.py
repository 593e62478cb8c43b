"""Renewing access tokens: once, by one, and never losing a login that could be kept."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from connector.datev import oauth as datev_oauth
from connector.errors import (
    ConfigurationError,
    DatabaseUnavailableError,
    ReconnectNeededError,
    TransientError,
)
from connector.pipeline import connecting, tokens
from connector.pipeline.services import Services
from connector.pipeline.tokens import (
    datev_access_token,
    pipedrive_authorization,
    renew_datev_access_token,
)
from connector.store import Database, connections, tables, tenants
from connector.store.connections import ConnectionKey, ConnectionRow
from connector.store.tenants import TenantRow
from connector.tenants.config import PipedriveAuth, PipedriveConfig, SecretName
from tests.integration.webapp.world import (
    CLIENT_ID,
    MovableClock,
    Person,
    Sandbox,
    add_tenant,
    tenant_config,
)

TOKEN = "/datev/api/token"
SOON_OVER = timedelta(minutes=14, seconds=30)
"""Into the 15 minutes of an access token, within its margin."""


@pytest.fixture
def connected(services: Services, tenant: TenantRow, person: Person) -> TenantRow:
    """The tenant with its lasting DATEV login."""
    link = connecting.issue_ticket(services, "acme", "datev", client_id=CLIENT_ID)
    assert person.log_in(person.open(link), "sandbox-anna").status_code == 200
    return tenant


def _row(services: Services, tenant: TenantRow, partner: str = "datev") -> ConnectionRow:
    with services.database.transaction() as tx:
        row = connections.find(tx, ConnectionKey(tenant.id, partner))
    assert row is not None
    return row


def _parked(services: Services, tenant: TenantRow) -> TenantRow:
    with services.database.transaction() as tx:
        return tenants.get(tx, tenant.id)


def _hurried(services: Services) -> Services:
    """The same with timers of a fiftieth, so that a call is given up after 0.6 s."""
    return Services(
        replace(services.settings, time_scale=0.02), services.database, services.vault, services.clock
    )


def _interrupt(services: Services, tenant: TenantRow) -> None:
    """Claim the renewal and die: what a killed worker leaves behind."""
    now = services.clock.now()
    with services.database.transaction() as tx:
        row = connections.find(tx, ConnectionKey(tenant.id, "datev"))
        assert row is not None
        lease_until = now + services.timers.lease
        assert connections.claim_refresh(tx, row, now=now, lease_until=lease_until) is not None


def test_a_token_that_still_holds_is_not_renewed(
    services: Services, connected: TenantRow, sandbox: Sandbox
) -> None:
    first = datev_access_token(services, connected.id)
    assert datev_access_token(services, connected.id) == first
    assert sandbox.requests_to(TOKEN) == 1, "the login itself"


def test_sixteen_that_meet_an_ending_token_make_one_renewal(
    services: Services, connected: TenantRow, sandbox: Sandbox, clock: MovableClock
) -> None:
    """Four pools stand for four processes: nothing but PostgreSQL holds them together."""
    before = sandbox.requests_to(TOKEN)
    clock.offset = SOON_OVER
    databases = [Database(services.settings.database_url, pool_size=4) for _process in range(4)]
    processes = [Services(services.settings, database, services.vault, clock) for database in databases]
    try:
        with ThreadPoolExecutor(16) as threads:
            found = set(
                threads.map(lambda one: datev_access_token(processes[one % 4], connected.id), range(16))
            )
    finally:
        for database in databases:
            database.close()
    assert len(found) == 1
    assert sandbox.requests_to(TOKEN) - before == 1
    assert _row(services, connected).refresh_epoch == 2


def test_a_renewed_login_can_be_renewed_again(
    services: Services, connected: TenantRow, clock: MovableClock
) -> None:
    found = set()
    for renewals in range(4):
        clock.offset = SOON_OVER * renewals
        found.add(datev_access_token(services, connected.id))
    assert len(found) == 4


def test_a_second_renewal_waits_for_the_first_and_gives_up_in_time(
    services: Services, connected: TenantRow, clock: MovableClock
) -> None:
    clock.offset = SOON_OVER
    _interrupt(services, connected)
    with pytest.raises(TransientError, match="is being renewed by another process"):
        datev_access_token(_hurried(services), connected.id)


def test_an_interrupted_renewal_whose_token_was_not_spent_goes_on(
    services: Services, connected: TenantRow, clock: MovableClock
) -> None:
    clock.offset = SOON_OVER
    _interrupt(services, connected)
    clock.offset += services.timers.lease
    assert len(datev_access_token(services, connected.id)) > 20
    row = _row(services, connected)
    assert (row.refresh_started_at, row.refresh_lease_until) == (None, None)


def test_an_interrupted_renewal_whose_token_was_spent_parks_the_tenant(
    services: Services, connected: TenantRow, clock: MovableClock
) -> None:
    clock.offset = SOON_OVER
    spent = services.vault.decrypt(_row(services, connected).refresh_token)
    _interrupt(services, connected)
    datev_oauth.refresh(services.http("DATEV"), services.settings.datev, spent, clock.now())
    clock.offset += services.timers.lease
    with pytest.raises(ReconnectNeededError, match="the last refresh of the login to DATEV was interrupted"):
        datev_access_token(services, connected.id)
    parked = _parked(services, connected)
    assert (parked.parked_code, parked.parked_cure) == (
        "reconnect_needed",
        "Connect again: ml-connector connect datev acme",
    )
    with pytest.raises(ReconnectNeededError, match="was interrupted"):
        datev_access_token(services, connected.id)


def test_an_answer_that_is_lost_leaves_the_doubt_and_is_tried_once_more(
    services: Services, connected: TenantRow, sandbox: Sandbox, clock: MovableClock
) -> None:
    clock.offset = SOON_OVER
    sandbox.control("/faults", kind="timeout", partner="datev", operation="token", delay_seconds=2)
    hurried = _hurried(services)
    with pytest.raises(TransientError, match="did not say whether it renewed"):
        datev_access_token(hurried, connected.id)
    assert _row(services, connected).refresh_started_at is not None
    assert _parked(services, connected).parked is False
    before = sandbox.requests_to(TOKEN)
    with pytest.raises(TransientError, match="is being renewed"):
        datev_access_token(hurried, connected.id)
    assert sandbox.requests_to(TOKEN) == before, "within the lease nobody touches the refresh token"


def test_a_partner_that_is_away_costs_neither_claim_nor_login(
    services: Services, connected: TenantRow, clock: MovableClock
) -> None:
    clock.offset = SOON_OVER
    datev = replace(services.settings.datev, token_base_url="http://127.0.0.1:9")
    away = Services(
        replace(services.settings, datev=datev), services.database, services.vault, services.clock
    )
    with pytest.raises(TransientError, match="cannot be reached"):
        datev_access_token(away, connected.id)
    assert _row(services, connected).refresh_started_at is None
    assert len(datev_access_token(services, connected.id)) > 20


def test_new_tokens_are_stored_although_the_database_stumbles(
    services: Services, connected: TenantRow, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock.offset = SOON_OVER
    save = connections.save_refreshed
    stumbles = [DatabaseUnavailableError("away"), DatabaseUnavailableError("away")]

    def stumbling(*args: object, **values: object) -> bool:
        if stumbles:
            raise stumbles.pop()
        return save(*args, **values)  # type: ignore[arg-type]

    monkeypatch.setattr(tokens.connections, "save_refreshed", stumbling)
    token = datev_access_token(services, connected.id)
    assert services.vault.decrypt(_row(services, connected).access_token) == token


def test_a_login_that_ended_parks_the_tenant_and_says_how_to_go_on(
    services: Services, connected: TenantRow, sandbox: Sandbox, clock: MovableClock
) -> None:
    sandbox.control("/clock", offset_seconds=3 * 366 * 86400)
    clock.offset = SOON_OVER
    with pytest.raises(ReconnectNeededError, match="DATEV has ended the login"):
        datev_access_token(services, connected.id)
    assert _parked(services, connected).parked_code == "reconnect_needed"
    [status] = [entry for entry in connecting.status(services, connected) if entry.partner == "datev"]
    assert (status.state, status.connected) == ("reconnect_needed", False)


def test_connecting_again_frees_the_tenant(
    services: Services, connected: TenantRow, sandbox: Sandbox, clock: MovableClock, person: Person
) -> None:
    sandbox.control("/clock", offset_seconds=3 * 366 * 86400)
    clock.offset = SOON_OVER
    with pytest.raises(ReconnectNeededError):
        datev_access_token(services, connected.id)
    sandbox.control("/clock", offset_seconds=SOON_OVER.total_seconds())
    link = connecting.issue_ticket(services, "acme", "datev", client_id=CLIENT_ID)
    assert person.log_in(person.open(link), "sandbox-anna").status_code == 200
    assert _parked(services, connected).parked is False
    assert len(datev_access_token(services, connected.id)) > 20


def test_a_renewal_that_was_overtaken_by_a_new_login_changes_nothing(
    services: Services, connected: TenantRow, clock: MovableClock, person: Person
) -> None:
    clock.offset = SOON_OVER
    now = clock.now()
    with services.database.transaction() as tx:
        row = connections.find(tx, ConnectionKey(connected.id, "datev"))
        assert row is not None
        claim = connections.claim_refresh(tx, row, now=now, lease_until=now + timedelta(minutes=3))
        assert claim is not None
    link = connecting.issue_ticket(services, "acme", "datev", client_id=CLIENT_ID)
    person.log_in(person.open(link), "sandbox-anna")
    kept = _row(services, connected)
    late = connections.NewTokens(b"late", b"late", now, None, "")
    with services.database.transaction() as tx:
        assert connections.save_refreshed(tx, claim, late, now=now) is False
        assert connections.end_login(tx, claim, "late", now=now) is False
    assert _row(services, connected) == kept


def test_many_who_were_refused_the_same_token_renew_it_once(
    services: Services, connected: TenantRow, sandbox: Sandbox
) -> None:
    refused = datev_access_token(services, connected.id)
    before = sandbox.requests_to(TOKEN)
    with ThreadPoolExecutor(8) as threads:
        found = set(
            threads.map(lambda _one: renew_datev_access_token(services, connected.id, refused), range(8))
        )
    assert len(found) == 1
    assert refused not in found
    assert sandbox.requests_to(TOKEN) - before == 1


def test_a_pipedrive_token_is_renewed_with_the_same_refresh_token(
    services: Services, tenant: TenantRow, person: Person, clock: MovableClock
) -> None:
    person.log_in(person.open(connecting.issue_ticket(services, "acme", "pipedrive")), "acme/1")
    first = pipedrive_authorization(services, tenant)
    refresh_token = services.vault.decrypt(_row(services, tenant, "pipedrive").refresh_token)
    clock.offset = timedelta(minutes=59, seconds=30)
    assert pipedrive_authorization(services, tenant) != first
    row = _row(services, tenant, "pipedrive")
    assert services.vault.decrypt(row.refresh_token) == refresh_token
    assert row.refresh_expires_at is not None
    assert row.refresh_expires_at - clock.now() > timedelta(days=59, hours=23)


def test_a_lost_pipedrive_answer_is_no_doubt(
    services: Services, tenant: TenantRow, person: Person, sandbox: Sandbox, clock: MovableClock
) -> None:
    person.log_in(person.open(connecting.issue_ticket(services, "acme", "pipedrive")), "acme/1")
    clock.offset = timedelta(minutes=59, seconds=30)
    sandbox.control("/faults", kind="timeout", partner="pipedrive", operation="token", delay_seconds=2)
    with pytest.raises(TransientError):
        pipedrive_authorization(_hurried(services), tenant)
    assert _row(services, tenant, "pipedrive").refresh_started_at is None
    assert "Authorization" in pipedrive_authorization(services, tenant)


def test_an_api_token_needs_no_login(services: Services) -> None:
    pipedrive = PipedriveConfig(auth=PipedriveAuth.TOKEN, company_domain="acme")
    tenant = add_tenant(services, tenant_config(pipedrive=pipedrive))
    with pytest.raises(ConfigurationError, match="No Pipedrive API token is stored"):
        pipedrive_authorization(services, tenant)
    with services.database.transaction() as tx:
        secret = services.vault.encrypt("token-acme")
        tenants.set_secret(tx, tenant.id, SecretName.PIPEDRIVE_API_TOKEN, secret, now=services.clock.now())
    assert pipedrive_authorization(services, tenant) == {"x-api-token": "token-acme"}


def test_tokens_are_stored_encrypted(services: Services, connected: TenantRow) -> None:
    token = datev_access_token(services, connected.id)
    with services.database.transaction() as tx:
        stored = tx.execute(sa.select(tables.connection.c.access_token)).scalar_one()
    assert token.encode() not in bytes(stored)
    assert token not in repr(_row(services, connected))
