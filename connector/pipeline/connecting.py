"""Connecting a tenant: from the operator's command to a login that is kept.

1. ``ml-connector connect`` issues a one-time link (:func:`issue_ticket`).
2. The browser opens it and sees a page with a button (:func:`look`): mail scanners and previews of links open
   addresses too, and must not use one up. The button spends the ticket and the browser goes to the partner
   (:func:`begin`).
3. The partner sends the browser back (:func:`finish`): Pipedrive is done then; DATEV goes on with the choice
   of a client (:func:`choice`, :func:`choose`) and a second login, unless the link already named the client.
"""

import secrets
from collections.abc import Mapping
from datetime import timedelta

from connector.datev.operations import is_path_id
from connector.errors import ConfigurationError, ConnectorError, NotFoundError, PermanentError
from connector.pipeline import datev_login, login_attempts, pipedrive_login
from connector.pipeline.datev_login import ChooseClient, Connected, choice, choose
from connector.pipeline.kept_logins import ConnectionStatus, disconnect, status
from connector.pipeline.login_attempts import Redirect
from connector.pipeline.services import Services
from connector.pipeline.tokens import DATEV, PIPEDRIVE
from connector.store import tenants, tickets
from connector.store.connections import LONG, SESSION
from connector.store.tenants import TenantRow
from connector.tenants.config import PipedriveAuth

__all__ = [
    "ChooseClient",
    "Connected",
    "ConnectionStatus",
    "Redirect",
    "begin",
    "choice",
    "choose",
    "disconnect",
    "finish",
    "issue_ticket",
    "look",
    "status",
]

TICKET_LIFETIME = timedelta(minutes=30)
"""Long enough to send the link to whoever has the DATEV card, too short to lie around. A person's time, so no
time scale shortens it."""


def issue_ticket(services: Services, tenant_key: str, partner: str, *, client_id: str = "") -> str:
    """A one-time address under which one browser may connect the tenant.

    :param client_id: for DATEV, ``<consultant>-<client>``: skip the short login, go straight for this client.
    :raises NotFoundError: there is no such tenant.
    :raises ConfigurationError: the tenant uses an API token, or the client is not the one it is set up for.
    """
    with services.database.transaction() as tx:
        tenant = tenants.find(tx, tenant_key)
    if tenant is None:
        raise NotFoundError(
            f"There is no tenant {tenant_key}.", code="tenant_unknown", cure="See: ml-connector tenant list"
        )
    _check_wish(tenant, partner, client_id)
    ticket = secrets.token_urlsafe(32)
    now = services.clock.now()
    with services.database.transaction() as tx:
        tickets.add_ticket(
            tx,
            ticket_hash=login_attempts.hashed("ticket", ticket),
            tenant_id=tenant.id,
            partner=partner,
            client_id=client_id,
            now=now,
            expires_at=now + TICKET_LIFETIME,
        )
    return f"{services.settings.public_url}/connect/{partner}?ticket={ticket}"


def look(services: Services, partner: str, ticket: str) -> TenantRow:
    """Whom the ticket connects; it stays good.

    :raises PermanentError: the ticket is unknown, spent or too old.
    """
    with services.database.transaction() as tx:
        tenant_id = tickets.find_ticket(
            tx, ticket_hash=login_attempts.hashed("ticket", ticket), partner=partner, now=services.clock.now()
        )
        if tenant_id is not None:
            return tenants.get(tx, tenant_id)
    raise _unusable(partner)


def begin(services: Services, partner: str, ticket: str) -> Redirect:
    """Spend the ticket and say where the browser logs in.

    :raises PermanentError: the ticket is unknown, spent or too old.
    :raises ConfigurationError: the app's client id is not set.
    """
    with services.database.transaction() as tx:
        used = tickets.use_ticket(
            tx, ticket_hash=login_attempts.hashed("ticket", ticket), partner=partner, now=services.clock.now()
        )
        tenant = tenants.get(tx, used.tenant_id) if used else None
    if used is None or tenant is None:
        raise _unusable(partner)
    short = partner == DATEV and not used.client_id
    return login_attempts.authorize(services, tenant, partner, SESSION if short else LONG, used.client_id)


def finish(
    services: Services, partner: str, answer: Mapping[str, str], *, browser_secret: str
) -> ChooseClient | Connected:
    """Take the browser back from the partner.

    :param answer: the query of the callback: ``state`` with ``code`` or ``error``.
    :raises ConnectorError: the login cannot be used; nothing is kept of it.
    """
    returned = login_attempts.take_back(
        services, partner, state=answer.get("state", ""), browser_secret=browser_secret
    )
    complete = {DATEV: datev_login.finish, PIPEDRIVE: pipedrive_login.finish}[partner]
    try:
        login_attempts.refuse_if_denied(returned, partner, answer)
        return complete(services, returned, answer["code"])
    except ConnectorError as e:
        login_attempts.note_failed(services, returned.tenant, partner, e.problems[0])
        raise


def _unusable(partner: str) -> PermanentError:
    return PermanentError(
        f"This link has been used, is incomplete, or is older than {TICKET_LIFETIME.seconds // 60} minutes.",
        code="link_unusable",
        cure=f"Make a new one: ml-connector connect {partner} TENANT",
    )


def _check_wish(tenant: TenantRow, partner: str, client_id: str) -> None:
    if partner == PIPEDRIVE and tenant.config.pipedrive.auth is PipedriveAuth.TOKEN:
        raise ConfigurationError(
            f"The tenant {tenant.key} uses a Pipedrive API token, so there is no login to connect.",
            code="login_not_used",
            field="pipedrive.auth",
            cure="Store its API token, or set auth to oauth in the tenant's TOML file and apply it.",
        )
    if client_id and (client_id != tenant.config.datev.client_id or not is_path_id(client_id)):
        raise ConfigurationError(
            f"The tenant {tenant.key} is set up for the client {tenant.config.datev.client_id}, "
            f"not {client_id}.",
            code="client_not_configured",
            field="datev.client_number",
            cure="Leave the client out, or change the tenant's TOML file first and apply it.",
        )
