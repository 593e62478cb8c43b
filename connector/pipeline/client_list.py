"""The DATEV clients that a tenant's short login may see."""

from connector.datev import clients as datev_clients
from connector.datev.api import DatevApi
from connector.datev.clients import DatevClient
from connector.errors import ConfigurationError
from connector.pipeline.services import Services
from connector.pipeline.tokens import DATEV, TITLES, access_token
from connector.store import connections
from connector.store.connections import SESSION, ConnectionKey
from connector.store.tenants import TenantRow


def visible_clients(services: Services, tenant: TenantRow) -> list[DatevClient]:
    """Every client that the short login may book for.

    :raises ConfigurationError: there is no short login; the kept one is bound to one client and cannot list.
    :raises ConnectorError: DATEV does not answer, or the short login has ended.
    """
    key = ConnectionKey(tenant.id, DATEV, SESSION)
    with services.database.transaction() as tx:
        session = connections.find(tx, key)
    if session is None:
        raise ConfigurationError(
            f"There is no short DATEV login of {tenant.key}, and only that one can list clients; the login "
            "that is kept is bound to one client.",
            code="session_missing",
            cure=f"Log in with: ml-connector connect datev {tenant.key} — the page after the login shows the "
            f"list. The client that is connected is checked by: ml-connector ping {tenant.key}",
        )
    settings = services.settings.datev
    api = DatevApi(
        services.http(TITLES[DATEV], tenant=tenant.key),
        base_url=settings.clients_base_url,
        client_id=settings.client_id,
        access_token=lambda: access_token(services, key),
    )
    return datev_clients.list_clients(api)
