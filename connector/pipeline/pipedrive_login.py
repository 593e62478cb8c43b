"""Connecting a tenant to Pipedrive by OAuth: one login, checked against the tenant's company."""

from connector.errors import ConfigurationError
from connector.pipedrive import oauth
from connector.pipedrive.addresses import base_url
from connector.pipedrive.client import PipedriveClient
from connector.pipedrive.transport import Record
from connector.pipeline import kept_logins
from connector.pipeline.datev_login import Connected
from connector.pipeline.login_attempts import Returned
from connector.pipeline.services import Services
from connector.pipeline.tokens import PIPEDRIVE, TITLES, sealed_pipedrive
from connector.storable import storable
from connector.store.connections import ConnectionKey
from connector.store.tenants import TenantRow


def finish(services: Services, returned: Returned, code: str) -> Connected:
    """Take the tokens for the code.

    A login at the wrong company is dropped but not revoked: revoking would uninstall the app there, and
    that company may be another tenant of ours.

    :raises ConnectorError: Pipedrive refuses, or the login is at another company.
    """
    tenant, settings, now = returned.tenant, services.settings, services.clock.now()
    tokens = oauth.exchange_code(
        services.http(TITLES[PIPEDRIVE], tenant=tenant.key),
        settings.pipedrive,
        code=code,
        redirect_uri=settings.pipedrive_redirect_uri,
        now=now,
    )
    client = PipedriveClient(
        services.http(TITLES[PIPEDRIVE], tenant=tenant.key),
        base_url=base_url(settings.pipedrive, tokens.api_domain, tenant.config.pipedrive.company_domain),
        authorization=lambda: oauth.bearer(tokens),
        clock=services.clock,
    )
    me = client.me()
    company = _text(me, "company_domain")
    _refuse_other_company(tenant, company)
    who, what = _text(me, "name"), _text(me, "company_name") or company
    key = ConnectionKey(tenant.id, PIPEDRIVE)
    stored = sealed_pipedrive(services.vault, tokens, now)
    kept_logins.keep(services, tenant, key, stored, who=who, what=what)
    return Connected(tenant, PIPEDRIVE, what, who, stored.refresh_expires_at)


def _text(record: Record, name: str) -> str:
    """A text that may be kept and shown; anything else tells nothing about who logged in."""
    value = record.get(name)
    return storable(value) if isinstance(value, str) else ""


def _refuse_other_company(tenant: TenantRow, company_domain: str) -> None:
    wanted = tenant.config.pipedrive.company_domain
    if company_domain.lower() == wanted.lower():
        return
    raise ConfigurationError(
        f"The login is at {company_domain}.pipedrive.com, but the tenant {tenant.key} is set up for "
        f"{wanted}.pipedrive.com.",
        code="company_mismatch",
        field="pipedrive.company_domain",
        cure="Log in at the right company, or change the tenant's TOML file first and apply it.",
    )
