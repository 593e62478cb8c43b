"""Watching a login happen in somebody's browser, from the command that made the link."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from connector.errors import Problem
from connector.pipeline.kept_logins import ConnectionStatus, status
from connector.pipeline.login_attempts import LOGIN_FAILED
from connector.pipeline.services import Services
from connector.pipeline.tokens import DATEV
from connector.store import connections, journal
from connector.store.connections import LONG, SESSION, ConnectionKey
from connector.store.tenants import TenantRow

POLL_S = 1.0
"""A person types a password meanwhile; a second more does not matter."""


def await_login(
    services: Services,
    tenant: TenantRow,
    partner: str,
    *,
    since: datetime,
    patience: timedelta,
    tell: Callable[[str], None],
    sleep: Callable[[float], None] = time.sleep,
) -> ConnectionStatus | Problem | None:
    """Wait for a login that was kept after ``since``; a problem: it failed; None: none came in time.

    :param tell: told each step once, as it is seen.
    """
    deadline = time.monotonic() + patience.total_seconds()
    session_told = False
    while True:
        if _kept_since(services, ConnectionKey(tenant.id, partner, LONG), since):
            return next(
                login for login in status(services, tenant) if login.partner == partner and login.kind == LONG
            )
        if failed := _failed_since(services, tenant, partner, since):
            return failed
        session = ConnectionKey(tenant.id, DATEV, SESSION)
        if partner == DATEV and not session_told and _kept_since(services, session, since):
            tell("The short login is done; the client is being chosen and confirmed by a second login …")
            session_told = True
        if time.monotonic() >= deadline:
            return None
        sleep(POLL_S)


def _kept_since(services: Services, key: ConnectionKey, since: datetime) -> bool:
    with services.database.transaction() as tx:
        row = connections.find(tx, key)
    return row is not None and row.connected_at >= since


def _failed_since(services: Services, tenant: TenantRow, partner: str, since: datetime) -> Problem | None:
    with services.database.transaction() as tx:
        rows = journal.of_tenant_since(tx, tenant.id, LOGIN_FAILED, since)
    ended = [row for row in rows if row.details.get("partner") == partner]
    return Problem(**ended[-1].details["problems"][0]) if ended else None
