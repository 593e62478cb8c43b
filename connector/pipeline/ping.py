"""Asking both real systems whether the tenant's bookings can go through, and saying it plainly."""

from collections.abc import Callable
from dataclasses import dataclass

from connector.datev.clients import carries_service, get_client
from connector.datev.operations import Api
from connector.errors import AmbiguousError, ConnectorError, PartnerAnswer, Problem, TransientError
from connector.pipeline.hook_check import HookVerdict, check_hook
from connector.pipeline.kept_logins import CURED_BY_CONNECTING, note_api_token_worked, status
from connector.pipeline.login_expiry import end_text
from connector.pipeline.parking import resume_tenant
from connector.pipeline.partners import datev_api, pipedrive_client
from connector.pipeline.services import Services
from connector.pipeline.tokens import DATEV, PIPEDRIVE
from connector.settings import DatevSettings
from connector.store.tenants import TenantRow
from connector.tenants.config import PipedriveAuth

SENT_BY_NOBODY = (
    "DATEV_CLIENT_SECRET is set, but DATEV_CLIENT_AUTH=none never sends it. "
    "For a confidential app set DATEV_CLIENT_AUTH=basic; for a public one remove the secret."
)


@dataclass(frozen=True, slots=True)
class PartnerVerdict:
    """What one system said."""

    partner: str
    ok: bool
    message: str
    """What was reached, or what is wrong."""
    reachable: bool = True
    """False: it may be well, but did not answer."""
    problems: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = ()
    answer: PartnerAnswer | None = None
    login_ends: str = ""
    """When the kept login ends and whose it is; empty where it has no end."""


@dataclass(frozen=True, slots=True)
class Ping:
    """What both said."""

    verdicts: tuple[PartnerVerdict, ...]
    resumed: bool
    """The tenant was parked for a login or a right that is there again, and works from here on."""
    hook: HookVerdict | None = None
    """Whether deals arrive; None: Pipedrive could not be asked, or the hook is not ours."""

    @property
    def ok(self) -> bool:
        """Whether deals arrive and bookings can go through."""
        return all(verdict.ok for verdict in self.verdicts) and (self.hook is None or self.hook.ok)

    @property
    def only_unreachable(self) -> bool:
        """Whether nothing worse was found than a system that did not answer."""
        answered = all(verdict.ok or not verdict.reachable for verdict in self.verdicts)
        return answered and (self.hook is None or self.hook.ok)


def ping(services: Services, tenant: TenantRow, *, actor: str) -> Ping:
    """Ask Pipedrive who we are and DATEV for the tenant's client.

    Where both are well, a tenant that was parked because of a login or a right works again. One of them is
    not enough: the row does not say which of the two it was parked for.
    """
    verdicts = (ping_pipedrive(services, tenant), ping_datev(services, tenant))
    resumed = (
        tenant.parked_code in CURED_BY_CONNECTING
        and all(verdict.ok for verdict in verdicts)
        and resume_tenant(services, tenant, actor=actor, message="Pipedrive and DATEV answer well again.")
    )
    hook = check_hook(services, tenant) if verdicts[0].ok else None
    return Ping(verdicts, resumed, hook)


def ping_pipedrive(services: Services, tenant: TenantRow) -> PartnerVerdict:
    """Whether the tenant's login or API token opens the company that the tenant is set up for."""

    def ask() -> tuple[str, tuple[Problem, ...]]:
        me = pipedrive_client(services, tenant).me()
        if tenant.config.pipedrive.auth is PipedriveAuth.TOKEN:
            note_api_token_worked(services, tenant)
        domain = str(me.get("company_domain") or "")
        return f"{me.get('company_name') or domain} as {me.get('name')}", _company_problems(tenant, domain)

    return _verdict(services, tenant, PIPEDRIVE, ask)


def ping_datev(services: Services, tenant: TenantRow) -> PartnerVerdict:
    """Whether the kept login reaches the tenant's client, and the client has the service it needs."""

    def ask() -> tuple[str, tuple[Problem, ...]]:
        config = tenant.config.datev
        client = get_client(datev_api(services, tenant, None, Api.CLIENTS), config.client_id)
        missing = carries_service(client, config.format)
        numbers = f"{client.consultant_number}/{client.client_number}"
        return f"{client.name} ({numbers})", (missing,) if missing else ()

    return _verdict(services, tenant, DATEV, ask)


def _verdict(
    services: Services, tenant: TenantRow, partner: str, ask: Callable[[], tuple[str, tuple[Problem, ...]]]
) -> PartnerVerdict:
    warnings = _setting_warnings(services.settings.datev) if partner == DATEV else ()
    try:
        message, problems = ask()
    except ConnectorError as e:
        away = isinstance(e, TransientError | AmbiguousError)
        return PartnerVerdict(
            partner,
            ok=False,
            message=e.message,
            reachable=not away,
            problems=e.problems,
            warnings=warnings,
            answer=e.answer,
        )
    kept = [login for login in status(services, tenant) if login.partner == partner and login.connected]
    return PartnerVerdict(
        partner,
        ok=not problems,
        message=message,
        problems=problems,
        warnings=(*warnings, *(warning for login in kept for warning in login.warnings)),
        login_ends=next((end_text(login.ends_at, login.who) for login in kept if login.ends_at), ""),
    )


def _company_problems(tenant: TenantRow, domain: str) -> tuple[Problem, ...]:
    wanted = tenant.config.pipedrive.company_domain
    if not wanted or not domain or domain.lower() == wanted.lower():
        return ()
    return (
        Problem(
            "company_mismatch",
            f"The login opens {domain}.pipedrive.com, but the tenant is set up for {wanted}.pipedrive.com.",
            "pipedrive.company_domain",
            "Use the right company's login or API token, or correct the tenant's file and apply it.",
        ),
    )


def _setting_warnings(settings: DatevSettings) -> tuple[str, ...]:
    if settings.client_secret and settings.client_auth == "none":
        return (SENT_BY_NOBODY,)
    return ()
