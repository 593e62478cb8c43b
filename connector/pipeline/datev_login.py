"""Connecting a tenant to DATEV: a short login to see the clients, a lasting one for the client chosen.

A lasting login is bound to one client and cannot list; a short one can list but ends after 11 hours. So the
first shows what there is and is thrown away, the second is kept.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from connector.datev import clients as datev_clients
from connector.datev import oauth
from connector.datev.api import DatevApi
from connector.datev.clients import DatevClient
from connector.errors import ConfigurationError, ConnectorError, PartnerRefusedError, Problem
from connector.log import get_logger
from connector.pipeline import kept_logins, login_attempts
from connector.pipeline.login_attempts import Redirect, Returned
from connector.pipeline.services import Services
from connector.pipeline.tokens import DATEV, TITLES, access_token, sealed_datev
from connector.store import connections
from connector.store.connections import LONG, SESSION, ConnectionKey
from connector.store.tenants import TenantRow

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ClientOption:
    """A client on the page of choice."""

    client: DatevClient
    problems: tuple[Problem, ...]
    """Why it cannot be chosen; empty: it can."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The page of choice."""

    tenant: TenantRow
    who: str
    session_ends_at: datetime | None
    options: tuple[ClientOption, ...]


@dataclass(frozen=True, slots=True)
class ChooseClient:
    """The short login is done; the browser goes on to the page of choice."""

    choice_secret: str


@dataclass(frozen=True, slots=True)
class Connected:
    """A login is done and kept."""

    tenant: TenantRow
    partner: str
    what: str
    """Company and numbers."""
    who: str
    ends_at: datetime | None


def finish(services: Services, returned: Returned, code: str) -> ChooseClient | Connected:
    """Take the tokens for the code of either login.

    :raises ConnectorError: DATEV refuses, the ID token is not for this login, or the client does not fit.
    """
    settings = services.settings
    tokens = oauth.exchange_code(
        services.http(TITLES[DATEV], tenant=returned.tenant.key),
        settings.datev,
        code=code,
        verifier=returned.verifier,
        redirect_uri=settings.datev_redirect_uri,
        now=services.clock.now(),
    )
    try:
        who = _who(services, returned, tokens)
        if returned.purpose == SESSION:
            return _session(services, returned.tenant, tokens, who)
        return _lasting(services, returned, tokens, who)
    except ConnectorError:
        _throw_away(services, returned.tenant, tokens)
        raise


def choice(services: Services, choice_secret: str) -> Choice:
    """The clients that the short login may see, each with what speaks against it.

    :raises PermanentError: there is no choice open.
    :raises ConnectorError: DATEV does not answer, or the short login has ended.
    """
    tenant = login_attempts.tenant_of_choice(services, choice_secret)
    key = ConnectionKey(tenant.id, DATEV, SESSION)
    clients = datev_clients.list_clients(_api(services, tenant, lambda: access_token(services, key)))
    with services.database.transaction() as tx:
        row = connections.find(tx, key)
    options = [ClientOption(client, _problems(tenant, client)) for client in clients]
    options.sort(key=lambda option: bool(option.problems))
    if all(option.problems for option in options):
        login_attempts.note_failed(services, tenant, DATEV, _none_to_choose(tenant, options))
    return Choice(
        tenant, row.subject_name if row else "", row.refresh_expires_at if row else None, tuple(options)
    )


def _none_to_choose(tenant: TenantRow, options: list[ClientOption]) -> Problem:
    """Why the page of choice offers nothing."""
    wanted = tenant.config.datev
    for option in options:
        client = option.client
        if (client.consultant_number, client.client_number) == (
            wanted.consultant_number,
            wanted.client_number,
        ):
            return option.problems[0]
    return Problem(
        "client_not_seen",
        f"The DATEV login does not see the client {wanted.consultant_number}/{wanted.client_number}"
        + (", only others." if options else ", nor any other."),
        "datev.client_number",
        "Ask the tax adviser to give this DATEV account the right to the client (in DATEV's rights "
        "administration), or log in with another one; if the numbers are wrong, correct the tenant's file.",
    )


def choose(services: Services, choice_secret: str, client_id: str) -> Redirect:
    """Go on with the lasting login for the client that was chosen.

    The list is asked again: what the form says is only a wish.

    :raises ConfigurationError: the client does not fit the tenant; the choice stays open.
    """
    offered = choice(services, choice_secret)
    option = next((option for option in offered.options if option.client.id == client_id), None)
    if option is None:
        raise ConfigurationError(
            "This client is not among those that the login may see.",
            code="client_not_offered",
            cure="Choose one of the clients on the list.",
        )
    _refuse_unfit(option.problems)
    login_attempts.close_choice(services, choice_secret)
    return login_attempts.authorize(services, offered.tenant, DATEV, LONG, client_id)


def _who(services: Services, returned: Returned, tokens: oauth.DatevTokens) -> str:
    """The name of the person, once the ID token is proved to belong to this very login."""
    http = services.http(TITLES[DATEV], tenant=returned.tenant.key)
    settings = services.settings.datev
    identity = oauth.check_id_token(http, settings, tokens.id_token, returned.nonce, services.clock.now())
    info = oauth.userinfo(http, settings, tokens.access_token)
    if info.subject != identity.subject:
        raise PartnerRefusedError(
            "DATEV's user information speaks of somebody else than the login.",
            code="subject_mismatch",
            cure="Begin again; if it happens again, ask DATEV's support.",
        )
    return info.name


def _session(services: Services, tenant: TenantRow, tokens: oauth.DatevTokens, who: str) -> ChooseClient:
    key = ConnectionKey(tenant.id, DATEV, SESSION)
    kept_logins.keep(services, tenant, key, sealed_datev(services.vault, tokens), who=who, what="short login")
    return ChooseClient(login_attempts.open_choice(services, tenant))


def _lasting(services: Services, returned: Returned, tokens: oauth.DatevTokens, who: str) -> Connected:
    tenant = returned.tenant
    client = datev_clients.get_client(_api(services, tenant, lambda: tokens.access_token), returned.client_id)
    _refuse_unfit(_problems(tenant, client))
    what = f"{client.name} ({client.consultant_number}/{client.client_number})"
    kept_logins.keep(
        services,
        tenant,
        ConnectionKey(tenant.id, DATEV, LONG),
        sealed_datev(services.vault, tokens),
        who=who,
        what=what,
        client_id=client.id,
    )
    kept_logins.end_session(services, tenant)
    return Connected(tenant, DATEV, what, who, tokens.refresh_expires_at)


def _problems(tenant: TenantRow, client: DatevClient) -> tuple[Problem, ...]:
    """What speaks against booking this tenant into this client."""
    wanted = tenant.config.datev
    found = []
    if (client.consultant_number, client.client_number) != (wanted.consultant_number, wanted.client_number):
        found.append(
            Problem(
                "client_not_configured",
                f"The tenant {tenant.key} is set up for consultant {wanted.consultant_number}, client "
                f"{wanted.client_number}, not for {client.consultant_number}/{client.client_number}.",
                "datev.client_number",
                "Choose the client that is set up, or change the tenant's TOML file first and apply it.",
            )
        )
    missing = datev_clients.carries_service(client, wanted.format)
    if missing:
        found.append(missing)
    return tuple(found)


def _refuse_unfit(problems: tuple[Problem, ...]) -> None:
    if problems:
        raise ConfigurationError(
            " ".join(problem.message for problem in problems),
            code=problems[0].code,
            field=problems[0].field,
            cure=" ".join(problem.cure for problem in problems),
        )


def _api(services: Services, tenant: TenantRow, token: Callable[[], str]) -> DatevApi:
    settings = services.settings.datev
    return DatevApi(
        services.http(TITLES[DATEV], tenant=tenant.key),
        base_url=settings.clients_base_url,
        client_id=settings.client_id,
        access_token=token,
    )


def _throw_away(services: Services, tenant: TenantRow, tokens: oauth.DatevTokens) -> None:
    """End a login that we will not keep."""
    http, settings = services.http(TITLES[DATEV], tenant=tenant.key), services.settings.datev
    try:
        oauth.revoke(http, settings, tokens.refresh_token, "refresh_token")
        oauth.revoke(http, settings, tokens.access_token, "access_token")
    except ConnectorError as e:
        log.warning("login_not_revoked", partner=DATEV, code=e.code)
