"""The partners' clients for one tenant, with its logins and a time budget."""

from connector.datev.api import DatevApi
from connector.datev.operations import Api
from connector.http import StepBudget
from connector.pipedrive.addresses import base_url
from connector.pipedrive.client import PipedriveClient
from connector.pipeline.services import Services
from connector.pipeline.tokens import (
    datev_access_token,
    pipedrive_api_domain,
    pipedrive_authorization,
    renew_datev_access_token,
)
from connector.store.tenants import TenantRow


def pipedrive_client(
    services: Services, tenant: TenantRow, budget: StepBudget | None = None
) -> PipedriveClient:
    """The tenant's Pipedrive account."""
    return PipedriveClient(
        services.http("Pipedrive", budget),
        base_url=base_url(
            services.settings.pipedrive,
            pipedrive_api_domain(services, tenant),
            tenant.config.pipedrive.company_domain,
        ),
        authorization=lambda: pipedrive_authorization(services, tenant),
    )


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
        services.http("DATEV", budget),
        base_url=addresses[api],
        client_id=settings.client_id,
        access_token=lambda: datev_access_token(services, tenant.id),
        renew_access_token=lambda refused: renew_datev_access_token(services, tenant.id, refused),
        upload_deadline=services.timers.upload,
    )
