"""Access tokens for the steps: always valid, and each renewed by one process at a time.

DATEV's refresh tokens are single-use: the same one sent twice ends the login that a person made for two
years. So a renewal is a claim on the login's row (epoch and lease, no transaction open while DATEV is
asked), its result is stored under that epoch before anybody uses it, and everybody else waits for the row
to change. A renewal whose outcome is unknown keeps its claim; when the lease has run out, one more try with
the stored token tells whether it was spent.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import backoff

from connector.datev import oauth as datev_oauth
from connector.errors import (
    AmbiguousError,
    ConfigurationError,
    ConnectorError,
    DatabaseUnavailableError,
    RateLimitedError,
    ReconnectNeededError,
    TransientError,
)
from connector.log import bound_contextvars, get_logger
from connector.pipedrive import oauth as pipedrive_oauth
from connector.pipeline.services import Services
from connector.store import connections, journal, tenants
from connector.store.connections import ConnectionKey, ConnectionRow, NewTokens, RefreshClaim
from connector.store.tenants import TenantRow
from connector.tenants.config import PipedriveAuth, SecretName
from connector.vault import Vault

log = get_logger(__name__)

DATEV = "datev"
PIPEDRIVE = "pipedrive"
TITLES = {DATEV: "DATEV", PIPEDRIVE: "Pipedrive"}
"""How the partners write themselves."""

PIPEDRIVE_LOGIN_LIFETIME = timedelta(days=60)
"""From the last use, says Pipedrive's documentation; its answers do not say."""

POLL_FIRST_S = 0.05
"""A renewal takes some 200 ms; those who wait look often at first …"""
POLL_LONGEST_S = 0.5
"""… and then seldom enough not to load PostgreSQL."""

ACTOR = "token renewal"


@dataclass(frozen=True, slots=True)
class _Partner:
    """What differs between the partners' renewals."""

    title: str
    refresh: Callable[[Services, str], NewTokens]
    """Takes the plain refresh token."""
    repeatable: bool
    """Whether the same refresh token may be sent twice."""


def datev_access_token(services: Services, tenant_id: int) -> str:
    """A DATEV access token of the tenant's kept login, good for at least ``token_margin``.

    Call it at the start of a step: a renewal gets the full time of a call, not what is left of the step,
    because one that is broken off may cost the login.

    :raises ReconnectNeededError: there is no login, or it has ended; the tenant is parked then.
    :raises TransientError: the login is being renewed elsewhere, or DATEV cannot be reached.
    :raises ConfigurationError: DATEV does not accept the app.
    """
    return access_token(services, ConnectionKey(tenant_id, DATEV))


def renew_datev_access_token(services: Services, tenant_id: int, refused: str) -> str:
    """Another access token in place of one that DATEV refused (401) before its time.

    Of many who were refused the same token, one renews it and the others get the result. Raises like
    :func:`datev_access_token`.
    """
    expire_access_token(services, tenant_id, DATEV, refused)
    return datev_access_token(services, tenant_id)


def pipedrive_authorization(services: Services, tenant: TenantRow) -> Mapping[str, str]:
    """The headers of the tenant's Pipedrive login: its API token, or a bearer token. Raises like
    :func:`datev_access_token`.

    :raises ConfigurationError: the tenant uses an API token and none is stored.
    """
    if tenant.config.pipedrive.auth is PipedriveAuth.OAUTH:
        token = access_token(services, ConnectionKey(tenant.id, PIPEDRIVE))
        return {"Authorization": f"Bearer {token}"}
    with services.database.transaction() as tx:
        stored = tenants.secret(tx, tenant.id, SecretName.PIPEDRIVE_API_TOKEN)
    if stored is None:
        raise ConfigurationError(
            f"No Pipedrive API token is stored for the tenant {tenant.key}.",
            code="api_token_missing",
            field=SecretName.PIPEDRIVE_API_TOKEN,
            cure=store_token_command(tenant.key),
        )
    return pipedrive_oauth.api_token(services.vault.decrypt(stored))


def pipedrive_api_domain(services: Services, tenant: TenantRow) -> str:
    """The ``api_domain`` that the OAuth login named; empty for an API token."""
    if tenant.config.pipedrive.auth is not PipedriveAuth.OAUTH:
        return ""
    with services.database.transaction() as tx:
        row = connections.find(tx, ConnectionKey(tenant.id, PIPEDRIVE))
    return row.api_domain if row else ""


def expire_access_token(services: Services, tenant_id: int, partner: str, refused: str) -> None:
    """Make the next caller renew the login, because the partner refused this token before its time.

    Does nothing if another token is stored by now: somebody else has renewed it already.
    """
    with services.database.transaction() as tx:
        row = connections.find(tx, ConnectionKey(tenant_id, partner))
        if row and services.vault.decrypt(row.access_token) == refused:
            connections.expire_access(tx, row, now=services.clock.now())


def access_token(services: Services, key: ConnectionKey) -> str:
    """The access token of one login, renewed if about to end. Raises like :func:`datev_access_token`."""
    gives_up = time.monotonic() + services.timers.connect.total_seconds()
    pause = POLL_FIRST_S
    while True:
        row = _usable(services, key)
        now = services.clock.now()
        if row.access_expires_at - services.timers.token_margin > now:
            return services.vault.decrypt(row.access_token)
        with services.database.transaction() as tx:
            claim = connections.claim_refresh(tx, row, now=now, lease_until=now + services.timers.lease)
        if claim:
            return _renew(services, row, claim)
        if _holder_is_silent(services, row, now) or time.monotonic() >= gives_up:
            raise _in_progress(services, row, now)
        time.sleep(pause)
        pause = min(pause * 2, POLL_LONGEST_S)


def _holder_is_silent(services: Services, row: ConnectionRow, now: datetime) -> bool:
    """Whether whoever holds the claim had time enough for the call and for storing its answer.

    Then it was killed, or the partner did not say what became of the call: before the lease ends nothing will
    happen, and a worker that waits here is missing elsewhere.
    """
    held = row.refresh_lease_until is not None and row.refresh_lease_until > now
    began = row.refresh_started_at
    return held and began is not None and now - began > 2 * services.timers.call


def _in_progress(services: Services, row: ConnectionRow, now: datetime) -> RateLimitedError:
    """No failure of whoever waits, and none of its tries: the lease bounds it, and its end has a verdict."""
    wait = services.timers.retry_first
    if _holder_is_silent(services, row, now) and row.refresh_lease_until:
        wait = row.refresh_lease_until - now
    return RateLimitedError(
        f"The login to {_PARTNERS[row.partner].title} is being renewed by another process.",
        code="refresh_in_progress",
        cure="Nothing to do: it goes on by itself.",
        retry_after=wait,
    )


def connect_command(partner: str, tenant_key: str) -> str:
    """The cure where there never was a login."""
    return f"Connect: ml-connector connect {partner} {tenant_key}"


def store_token_command(tenant_key: str) -> str:
    """The cure of a missing or refused API token, for which nobody logs in."""
    return (
        "Put a valid API token where the tenant's file says, then ml-connector tenant apply FILE "
        f"and ml-connector ping {tenant_key}"
    )


def reconnect_command(partner: str, tenant_key: str) -> str:
    """The cure of a login that has ended."""
    return f"Connect again: ml-connector connect {partner} {tenant_key}"


def sealed_datev(vault: Vault, tokens: datev_oauth.DatevTokens) -> NewTokens:
    """DATEV's token answer as it is stored."""
    return NewTokens(
        access_token=vault.encrypt(tokens.access_token),
        refresh_token=vault.encrypt(tokens.refresh_token),
        access_expires_at=tokens.access_expires_at,
        refresh_expires_at=tokens.refresh_expires_at,
        scope=tokens.scope,
    )


def sealed_pipedrive(vault: Vault, tokens: pipedrive_oauth.PipedriveTokens, now: datetime) -> NewTokens:
    """Pipedrive's token answer as it is stored."""
    return NewTokens(
        access_token=vault.encrypt(tokens.access_token),
        refresh_token=vault.encrypt(tokens.refresh_token),
        access_expires_at=tokens.expires_at,
        refresh_expires_at=now + PIPEDRIVE_LOGIN_LIFETIME,
        scope=tokens.scope,
        api_domain=tokens.api_domain,
    )


def _usable(services: Services, key: ConnectionKey) -> ConnectionRow:
    with services.database.transaction() as tx:
        row = connections.find(tx, key)
        tenant_key = row.tenant_key if row else tenants.get(tx, key.tenant_id).key
    if row is None:
        raise ReconnectNeededError(
            f"The tenant {tenant_key} is not connected to {_PARTNERS[key.partner].title}.",
            partner=key.partner,
            cure=connect_command(key.partner, tenant_key),
        )
    if row.state == connections.RECONNECT_NEEDED:
        raise ReconnectNeededError(
            row.state_message, partner=key.partner, cure=reconnect_command(key.partner, tenant_key)
        )
    return row


def _renew(services: Services, row: ConnectionRow, claim: RefreshClaim) -> str:
    """Spend the refresh token. Every way out either stores what became of it or leaves the doubt."""
    partner = _PARTNERS[claim.key.partner]
    try:
        with bound_contextvars(tenant=row.tenant_key):
            tokens = partner.refresh(services, services.vault.decrypt(claim.refresh_token))
    except ReconnectNeededError as e:
        raise _login_ended(services, row, claim, e) from e
    except AmbiguousError as e:
        if partner.repeatable:
            _release(services, claim)
        log.warning("refresh_outcome_unknown", tenant=row.tenant_key, partner=claim.key.partner)
        raise TransientError(
            f"{partner.title} did not say whether it renewed the login of {row.tenant_key}.",
            code="refresh_outcome_unknown",
            cure="Nothing to do: it is looked at again.",
            answer=e.answer,
        ) from e
    except ConnectorError:
        _release(services, claim)
        raise
    if not _store(services, claim, tokens):
        raise TransientError(
            f"The login of {row.tenant_key} to {partner.title} was replaced while it was renewed.",
            code="refresh_overtaken",
            cure="Nothing to do: it is tried again.",
        )
    log.info("login_renewed", tenant=row.tenant_key, partner=claim.key.partner, epoch=claim.epoch)
    return services.vault.decrypt(tokens.access_token)


def _store(services: Services, claim: RefreshClaim, tokens: NewTokens) -> bool:
    """Store the new tokens, patiently: the old refresh token is spent, so losing these ends the login."""

    @backoff.on_exception(
        backoff.expo,
        DatabaseUnavailableError,
        max_time=services.timers.call.total_seconds(),
        factor=0.1,
        max_value=2,
        logger=None,
    )
    def attempt() -> bool:
        with services.database.transaction() as tx:
            return connections.save_refreshed(tx, claim, tokens, now=services.clock.now())

    stored: bool = attempt()
    return stored


def _release(services: Services, claim: RefreshClaim) -> None:
    with services.database.transaction() as tx:
        connections.release_refresh(tx, claim)


def _login_ended(
    services: Services, row: ConnectionRow, claim: RefreshClaim, refusal: ReconnectNeededError
) -> ConnectorError:
    """Write down that the login is over; the tenant waits for a new one."""
    partner = _PARTNERS[claim.key.partner]
    message = (
        f"Reconnect needed: the last refresh of the login to {partner.title} was interrupted, "
        "and its refresh token was good for one use only."
        if claim.interrupted and not partner.repeatable
        else f"Reconnect needed: {partner.title} has ended the login. {refusal.message}"
    )
    cure = reconnect_command(claim.key.partner, row.tenant_key)
    now = services.clock.now()
    with services.database.transaction() as tx:
        if not connections.end_login(tx, claim, message, now=now):
            return TransientError(
                f"The login of {row.tenant_key} was replaced while it was renewed.", code="refresh_overtaken"
            )
        journal.write(
            tx,
            tenant_id=row.tenant_id,
            at=now,
            event="login_ended",
            actor=ACTOR,
            message=message,
            details={"partner": claim.key.partner, "kind": claim.key.kind, **refusal.details()},
        )
        if claim.key.kind == connections.LONG:
            code = ReconnectNeededError.default_code
            tenants.park(tx, row.tenant_id, code=code, message=message, cure=cure, now=now)
    return ReconnectNeededError(message, partner=claim.key.partner, cure=cure, answer=refusal.answer)


def _datev_refresh(services: Services, refresh_token: str) -> NewTokens:
    tokens = datev_oauth.refresh(
        services.http(TITLES[DATEV]), services.settings.datev, refresh_token, services.clock.now()
    )
    return sealed_datev(services.vault, tokens)


def _pipedrive_refresh(services: Services, refresh_token: str) -> NewTokens:
    now = services.clock.now()
    tokens = pipedrive_oauth.refresh(
        services.http(TITLES[PIPEDRIVE]), services.settings.pipedrive, refresh_token=refresh_token, now=now
    )
    return sealed_pipedrive(services.vault, tokens, now)


_PARTNERS: Mapping[str, _Partner] = {
    DATEV: _Partner(TITLES[DATEV], _datev_refresh, repeatable=False),
    PIPEDRIVE: _Partner(TITLES[PIPEDRIVE], _pipedrive_refresh, repeatable=True),
}
