"""The partners' clients for one tenant, with its logins and a time budget."""

import time
from collections.abc import Mapping
from datetime import timedelta

from connector.call_budget import Patience
from connector.datev import pace as datev_limits
from connector.datev.api import DatevApi
from connector.datev.operations import Api
from connector.datev.pace import DatevPace, datev_pace
from connector.http import StepBudget
from connector.pipedrive.addresses import base_url
from connector.pipedrive.client import PipedriveClient
from connector.pipedrive.pace import SMALLEST_LIMIT, WINDOW, Pace
from connector.pipedrive.transport import Renew
from connector.pipeline.services import Services
from connector.pipeline.tokens import (
    PIPEDRIVE,
    datev_access_token,
    expire_access_token,
    pipedrive_api_domain,
    pipedrive_authorization,
    renew_datev_access_token,
)
from connector.store.tenants import TenantRow
from connector.tenants.config import PipedriveAuth

PATIENT_PART = 8
"""Of a step's time at most this part is spent waiting for room among the calls of other runs: enough to end
what was begun, and far from the step's own end."""


def pipedrive_client(
    services: Services, tenant: TenantRow, budget: StepBudget | None = None
) -> PipedriveClient:
    """The tenant's Pipedrive account.

    A reader in bulk takes a new client with its budget for every page: each begins only where there is room
    for a whole step, so that the steps go first, and is told by ``RateLimitedError`` when its turn is.

    :param budget: of the worker's step that asks; None: a person waits for the answer.
    """
    return PipedriveClient(
        services.http("Pipedrive", budget, tenant=tenant.key),
        base_url=base_url(
            services.settings.pipedrive,
            pipedrive_api_domain(services, tenant),
            tenant.config.pipedrive.company_domain,
        ),
        authorization=lambda: pipedrive_authorization(services, tenant),
        clock=services.clock,
        pace=_pipedrive_pace(services, tenant, in_step=budget is not None),
        renew=_renewal(services, tenant),
    )


def _renewal(services: Services, tenant: TenantRow) -> Renew | None:
    """What makes another access token of a refused one; an API token has no other."""
    if tenant.config.pipedrive.auth is not PipedriveAuth.OAUTH:
        return None

    def renew(refused: Mapping[str, str]) -> None:
        token = refused["Authorization"].removeprefix("Bearer ")
        expire_access_token(services, tenant.id, PIPEDRIVE, token)

    return renew


def _pipedrive_pace(services: Services, tenant: TenantRow, *, in_step: bool) -> Pace:
    """All processes together keep the limit of the tenant's login.

    Counted by company and kind of login: two tenants of one company may hold the same API token.
    """
    config = tenant.config.pipedrive
    company = config.company_domain.casefold() or f"tenant {tenant.id}"
    shared = services.calls and services.calls.budget(
        f"pipedrive {company} {config.auth.value}", window=WINDOW, limit=SMALLEST_LIMIT
    )
    return Pace(services.clock, shared or None, _patience(services, in_step=in_step), time.sleep)


def datev_api(services: Services, tenant: TenantRow, budget: StepBudget | None, api: Api) -> DatevApi:
    """One of DATEV's interfaces with the tenant's kept login."""
    settings = services.settings.datev
    addresses = {
        Api.CLIENTS: settings.clients_base_url,
        Api.DOCUMENTS: settings.documents_base_url,
        Api.EXTF: settings.extf_base_url,
        Api.DXSO: settings.dxso_base_url,
    }

    return DatevApi(
        services.http("DATEV", budget, tenant=tenant.key),
        base_url=addresses[api],
        client_id=settings.client_id,
        access_token=lambda: datev_access_token(services, tenant.id),
        renew_access_token=lambda refused: renew_datev_access_token(services, tenant.id, refused),
        upload_deadline=services.timers.upload,
        budget=_datev_pace(services, tenant, in_step=budget is not None),
    )


def _datev_pace(services: Services, tenant: TenantRow, *, in_step: bool) -> DatevPace | None:
    """All processes together keep to our own limit for the tenant's login, and to what DATEV said to any."""
    if services.calls is None:
        return None
    shared = services.calls.budget(f"datev {tenant.id}", window=datev_limits.WINDOW, limit=datev_limits.LIMIT)
    return datev_pace(shared, _patience(services, in_step=in_step))


def _patience(services: Services, *, in_step: bool) -> Patience:
    length = services.timers.step_budget / PATIENT_PART
    return Patience(length, timedelta(0) if in_step else length)
