"""The logins that are kept: storing one, telling how they stand, ending one."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from connector.clock import BERLIN
from connector.datev import oauth as datev_oauth
from connector.errors import ConnectorError
from connector.log import get_logger
from connector.pipedrive import oauth as pipedrive_oauth
from connector.pipeline.services import Services
from connector.pipeline.tokens import (
    DATEV,
    PIPEDRIVE,
    TITLES,
    connect_command,
    reconnect_command,
    store_token_command,
)
from connector.store import Transaction, connections, journal, tenants
from connector.store.connections import (
    LONG,
    RECONNECT_NEEDED,
    SESSION,
    ConnectionKey,
    ConnectionRow,
    NewTokens,
)
from connector.store.tenants import TenantRow
from connector.tenants.config import PipedriveAuth, SecretName

log = get_logger(__name__)

CURED_BY_CONNECTING = frozenset({"reconnect_needed", "permission_missing"})
"""Reasons for parking a tenant that a new login ends."""

ENDS_SOON = timedelta(days=30)
"""A month to find the person who may log in again."""

API_TOKEN = "api_token"  # noqa: S105 - a name, not a token
NONE = "none"
TOKEN_STORED = "token_stored"  # noqa: S105 - a state, not a token
"""An API token is there; whether Pipedrive takes it, only a call can tell."""
TOKEN_WORKS = "token_works"  # noqa: S105 - a state, not a token
"""Pipedrive has taken it since it was stored."""
TOKEN_WORKED = "api_token_worked"  # noqa: S105 - the journal's word


@dataclass(frozen=True, slots=True)
class ConnectionStatus:
    """How one login stands, fit to be shown."""

    partner: str
    kind: str
    """``long``, ``session``, ``api_token`` or ``none``."""
    state: str
    """``connected``, ``token_stored`` (an API token, not tried), ``token_works``,
    ``session_only``, ``reconnect_needed``, ``ended``, ``other_client`` (the tenant was
    set up anew since) or ``not_connected``."""
    connected: bool
    """Whether the pipeline works with it. DATEV's short login never counts."""
    ends_at: datetime | None
    who: str
    """The person who logged in, as DATEV wants it shown."""
    warnings: tuple[str, ...] = ()


def keep(
    services: Services,
    tenant: TenantRow,
    key: ConnectionKey,
    tokens: NewTokens,
    *,
    who: str,
    what: str,
    client_id: str = "",
) -> None:
    """Store a fresh login; a kept one also frees the tenant if it was waiting for a login.

    :param what: the company or client, for the journal.
    """
    now = services.clock.now()
    with services.database.transaction() as tx:
        connections.save_login(tx, key, tokens, now=now, client_id=client_id, subject_name=who)
        journal.write(
            tx,
            tenant_id=tenant.id,
            at=now,
            event="connected" if key.kind == LONG else "session_begun",
            actor=who or "login page",
            message=what,
            details={"partner": key.partner, "kind": key.kind},
        )
        if key.kind == LONG:
            _unpark(tx, tenant, who, now)
    log.info("login_kept", tenant=tenant.key, partner=key.partner, kind=key.kind)


def status(services: Services, tenant: TenantRow) -> list[ConnectionStatus]:
    """How the tenant's logins stand: at least one entry for each partner."""
    with services.database.transaction() as tx:
        rows = connections.of_tenant(tx, tenant.id)
        token_state = _api_token_state(tx, tenant)
    now = services.clock.now()
    found: list[ConnectionStatus] = []
    for partner in (PIPEDRIVE, DATEV):
        if partner == PIPEDRIVE and tenant.config.pipedrive.auth is PipedriveAuth.TOKEN:
            found.append(_api_token_status(tenant, token_state))
            continue
        of_partner = [_row_status(row, tenant, now) for row in rows if row.partner == partner]
        found += of_partner or [_not_connected(partner, tenant)]
    return found


def disconnect(
    services: Services, tenant: TenantRow, partner: str, *, actor: str, forget: bool = False
) -> int:
    """End the tenant's logins to a partner: revoke both tokens of each, then delete it. How many there were.

    :param forget: delete the login even if the partner cannot be told.
    :raises ConnectorError: the partner did not take the revocation; that login is still stored.
    """
    with services.database.transaction() as tx:
        rows = [row for row in connections.of_tenant(tx, tenant.id) if row.partner == partner]
    for row in rows:
        try:
            revoke(services, row)
        except ConnectorError:
            if not forget:
                raise
        now = services.clock.now()
        with services.database.transaction() as tx:
            connections.delete(tx, row.key)
            journal.write(
                tx,
                tenant_id=tenant.id,
                at=now,
                event="disconnected",
                actor=actor,
                details={"partner": partner, "kind": row.kind},
            )
    return len(rows)


def revoke(services: Services, row: ConnectionRow) -> None:
    """End a login at the partner.

    :raises ConnectorError: it was not reached, or refused.
    """
    refresh_token = services.vault.decrypt(row.refresh_token)
    http, settings = services.http(TITLES[row.partner], tenant=row.tenant_key), services.settings
    if row.partner == PIPEDRIVE:
        now = services.clock.now()
        pipedrive_oauth.revoke(http, settings.pipedrive, refresh_token=refresh_token, now=now)
        return
    datev_oauth.revoke(http, settings.datev, refresh_token, "refresh_token")
    datev_oauth.revoke(http, settings.datev, services.vault.decrypt(row.access_token), "access_token")


def end_session(services: Services, tenant: TenantRow) -> None:
    """End DATEV's short login, which has done its work.

    Never raises: the lasting login is stored by now and must not be lost over this; a session that could
    not be ended ends by itself.
    """
    key = ConnectionKey(tenant.id, DATEV, SESSION)
    try:
        with services.database.transaction() as tx:
            row = connections.find(tx, key)
            connections.delete(tx, key)
        if row:
            revoke(services, row)
    except ConnectorError as e:
        log.warning("session_not_ended", tenant=tenant.key, code=e.code)


def _unpark(tx: Transaction, tenant: TenantRow, who: str, now: datetime) -> None:
    """Free the tenant, unless another of its logins has ended as well."""
    current = tenants.get(tx, tenant.id)
    if current.parked_code not in CURED_BY_CONNECTING:
        return
    rows = connections.of_tenant(tx, tenant.id)
    if any(row.kind == LONG and row.state == RECONNECT_NEEDED for row in rows):
        return
    tenants.unpark(tx, tenant.id)
    journal.write(tx, tenant_id=tenant.id, at=now, event="tenant_unparked", actor=who or "login page")


def _row_status(row: ConnectionRow, tenant: TenantRow, now: datetime) -> ConnectionStatus:
    ends_at = row.refresh_expires_at
    ended = ends_at is not None and ends_at <= now
    other_client = row.client_id not in {"", tenant.config.datev.client_id}
    usable = row.state == connections.CONNECTED and not ended and not other_client
    if row.state == RECONNECT_NEEDED:
        state = RECONNECT_NEEDED
    elif ended:
        state = "ended"
    elif other_client:
        state = "other_client"
    else:
        state = "session_only" if row.kind == SESSION else "connected"
    return ConnectionStatus(
        partner=row.partner,
        kind=row.kind,
        state=state,
        connected=usable and row.kind == LONG,
        ends_at=ends_at,
        who=row.subject_name,
        warnings=tuple(_warnings(row, now, state)),
    )


def _warnings(row: ConnectionRow, now: datetime, state: str) -> list[str]:
    again = reconnect_command(row.partner, row.tenant_key)
    end = row.refresh_expires_at
    shown = f"{end.astimezone(BERLIN):%d.%m.%Y %H:%M}" if end else "an unknown time"
    found = [f"{row.state_message} {again}"] if row.state_message else []
    if state == "session_only":
        found.append(f"The short login alone does not count as connected and ends at {shown}. {again}")
    if state == "ended":
        found.append(f"The login ended at {shown}. {again}")
    if state == "other_client":
        found.append(f"The login is for another client than the tenant is set up for. {again}")
    # Pipedrive's end moves on with every use, so nearing it means that nothing was carried, not that it ends.
    if state == "connected" and row.partner == DATEV and end and end - now < ENDS_SOON:
        found.append(f"The login ends at {shown}{_owner(row)}. {again}")
    if row.refresh_lease_until and row.refresh_lease_until <= now:
        found.append("The last renewal did not report back; the next step tries once more.")
    return found


def _owner(row: ConnectionRow) -> str:
    return f"; it is {row.subject_name}'s" if row.subject_name else ""


def note_api_token_worked(services: Services, tenant: TenantRow) -> None:
    """Pipedrive has just answered to the tenant's API token."""
    with services.database.transaction() as tx:
        if _api_token_state(tx, tenant) == TOKEN_STORED:
            journal.write(
                tx, tenant_id=tenant.id, at=services.clock.now(), event=TOKEN_WORKED, actor="pipedrive"
            )


def _api_token_state(tx: Transaction, tenant: TenantRow) -> str:
    """``token_works`` once a person has tried it or a step has read Pipedrive's fields with it."""
    stored_at = tenants.secret_set_at(tx, tenant.id, SecretName.PIPEDRIVE_API_TOKEN)
    if stored_at is None:
        return NONE
    tried = journal.of_tenant_since(tx, tenant.id, TOKEN_WORKED, stored_at)
    read = any(at >= stored_at for _fields, at in tenants.field_definitions(tx, tenant.id).values())
    return TOKEN_WORKS if tried or read else TOKEN_STORED


def _api_token_status(tenant: TenantRow, state: str) -> ConnectionStatus:
    if state != NONE:
        return ConnectionStatus(PIPEDRIVE, API_TOKEN, state, True, None, "")
    missing = f"No API token is stored. {store_token_command(tenant.key)}"
    return ConnectionStatus(PIPEDRIVE, API_TOKEN, "not_connected", False, None, "", (missing,))


def _not_connected(partner: str, tenant: TenantRow) -> ConnectionStatus:
    return ConnectionStatus(
        partner, NONE, "not_connected", False, None, "", (connect_command(partner, tenant.key),)
    )
