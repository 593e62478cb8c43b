"""The front page with the tenants, and a tenant's overview."""

from datetime import timedelta

from flask import Response

from connector.pipeline.desk import sessions
from connector.pipeline.desk.roles import Role
from connector.pipeline.desk.rooms import overview as overview_of
from connector.pipeline.kept_logins import ConnectionStatus
from connector.pipeline.services import Services
from connector.pipeline.tokens import DATEV, TITLES
from connector.store.tenants import TenantRow
from webapp.desk.doors import TENANT, Access, Doors, page, see_other
from webapp.desk.visit import Visit

ENDS_SOON = timedelta(days=14)
"""Two weeks to find the person who may log in at DATEV."""


def add_overview(doors: Doors, services: Services) -> None:
    """Register the pages."""

    @doors.page("/", needs=Access.SIGNED_IN)
    def front(visit: Visit) -> Response:
        assert visit.session is not None  # noqa: S101 - asked at the door
        seats = sessions.seats_of(services, visit.session)
        if len(seats) == 1:
            return see_other("desk.overview", tenant_key=seats[0].key)
        return page(visit, "tenants.html", seats=seats)

    @doors.page(f"{TENANT}/", needs=Role.VIEWER)
    def overview(visit: Visit, tenant: TenantRow) -> Response:
        found = overview_of(services, tenant)
        now = services.clock.now()
        return page(
            visit,
            "overview.html",
            found=found,
            now=now,
            partners=TITLES,
            heard={"pipedrive": found.traffic.pipedrive_at, "datev": found.traffic.datev_at},
            broken=[login for login in found.connections if login.state in {"reconnect_needed", "ended"}],
            ending=[login for login in found.connections if _ends_soon(login, services)],
        )


def _ends_soon(login: ConnectionStatus, services: Services) -> bool:
    """Pipedrive's logins renew themselves; DATEV's end for good."""
    if login.partner != DATEV or not login.connected or login.ends_at is None:
        return False
    return login.ends_at - services.clock.now() <= ENDS_SOON
