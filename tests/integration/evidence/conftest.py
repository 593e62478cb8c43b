"""Tenants with a journal, a clock that the test moves, and somebody who may do anything to the database."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from connector.pipeline.services import Services
from connector.settings import load
from connector.store import Database, journal, tenants
from connector.vault import Vault, generate_key
from tests.integration.pipeline.carriage import config_for
from tests.integration.webapp.world import MovableClock


@dataclass(frozen=True)
class Evidence:
    """The tenant ``acme`` and its journal."""

    services: Services
    clock: MovableClock
    tenant_id: int
    database_url: str

    def write(self, message: str = "It happened.", *, tenant_id: int | None = None, **changes: Any) -> None:
        """One more journal row, committed."""
        values: dict[str, Any] = {
            "at": self.clock.now(),
            "event": "moved",
            "actor": "step",
            "details": {"n": 1.5},
        }
        with self.services.database.transaction() as tx:
            journal.write(tx, tenant_id=tenant_id or self.tenant_id, message=message, **{**values, **changes})

    def another_tenant(self, key: str = "beta") -> int:
        """One more tenant."""
        with self.services.database.transaction() as tx:
            found, _changed = tenants.apply(
                tx, config_for_tenant(key), source_text="", applied_by="test", now=self.clock.now()
            )
        return found

    def rows(self, statement: str, *values: Any) -> list[Any]:
        """Ask the database."""
        connection = psycopg2.connect(self.database_url)
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(statement, values)
                return cursor.fetchall()
        finally:
            connection.close()

    def tamper(self, *statements: str) -> None:
        """Do what only a superuser can: switch the triggers off and change what is written."""
        connection = psycopg2.connect(self.database_url)
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute("SET LOCAL session_replication_role = replica")
                for statement in statements:
                    cursor.execute(statement)
        finally:
            connection.close()


def config_for_tenant(key: str) -> Any:
    """A configuration under another key."""
    return config_for(key=key)


@pytest.fixture
def clock() -> MovableClock:
    """A clock that the test moves."""
    return MovableClock()


@pytest.fixture
def evidence(database_url: str, clock: MovableClock, tmp_path: Path) -> Iterator[Evidence]:
    """The tenant ``acme`` with an empty journal."""
    settings = load({"DATABASE_URL": database_url, "MLC_VAR_DIR": str(tmp_path)})
    services = Services(settings, Database(database_url, pool_size=20), Vault([generate_key()]), clock)
    with services.database.transaction() as tx:
        tenant_id, _changed = tenants.apply(
            tx, config_for(), source_text="", applied_by="test", now=clock.now()
        )
    yield Evidence(services, clock, tenant_id, database_url)
    services.database.close()
