"""Where Pipedrive's API is: one rule for the base address, one for the paths of both versions."""

import re
from urllib.parse import urlsplit

from connector.errors import ConfigurationError
from connector.settings import PipedriveSettings

GENERAL_API_HOST = "api.pipedrive.com"
"""The host for all companies. Its v1 lives under ``/v1``; under ``/api/v1`` some paths answer 404 there."""

_COMPANY_DOMAIN = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_VERSION_SUFFIX = re.compile(r"(/api)?(/v[12])?/?$")


def base_url(settings: PipedriveSettings, api_domain: str, company_domain: str) -> str:
    """The address in front of ``/api/v2/…``, without a slash at its end.

    A set ``PIPEDRIVE_API_BASE_URL`` wins, else the ``api_domain`` of the OAuth answer, else the company's own
    domain.

    :raises ConfigurationError: ``api_domain`` is no https address below pipedrive.com (the token would go to
        a stranger), or there is nothing to build an address from.
    """
    if settings.api_base_url:
        return _VERSION_SUFFIX.sub("", settings.api_base_url)
    if api_domain:
        return _checked(api_domain)
    if _COMPANY_DOMAIN.fullmatch(company_domain):
        return f"https://{company_domain}.pipedrive.com"
    raise ConfigurationError(
        f"The Pipedrive company domain {company_domain!r} is no domain name.",
        code="company_domain_invalid",
        field="pipedrive.company_domain",
        cure="Set it to the first part of your Pipedrive address: 'muster' of https://muster.pipedrive.com.",
    )


def _checked(api_domain: str) -> str:
    parts = urlsplit(api_domain)
    host = parts.hostname or ""
    plain = parts.netloc.lower() == host and parts.path in {"", "/"} and not (parts.query or parts.fragment)
    name = host.removesuffix(".pipedrive.com")
    if parts.scheme == "https" and plain and host != name and _COMPANY_DOMAIN.fullmatch(name):
        return f"https://{host}"
    raise ConfigurationError(
        f"The login named the API address {api_domain!r}, which is not an https address of pipedrive.com.",
        code="api_domain_refused",
        cure="Connect Pipedrive again; if it stays so, set PIPEDRIVE_API_BASE_URL.",
    )


def operation_url(base: str, version: int, path: str) -> str:
    """The full address of an operation.

    :param path: as the API description writes it, filled in: ``/deals/17``.
    """
    if version == 1 and urlsplit(base).hostname == GENERAL_API_HOST:
        return f"{base}/v1{path}"
    return f"{base}/api/v{version}{path}"
