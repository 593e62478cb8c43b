"""A tenant with kept logins at the sandbox, and access tokens that are about to end."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from connector.pipeline.services import Services
from connector.vault import Vault, generate_key
from tests.integration.webapp.conftest import browser, clock, person, sandbox, tenant
from tests.integration.webapp.world import MovableClock, Sandbox, services_for, settings_for

__all__ = ["browser", "clock", "person", "sandbox", "services", "tenant", "vault_key"]


@pytest.fixture
def vault_key() -> str:
    """The key under which tokens are stored, for workers in processes of their own."""
    return generate_key()


@pytest.fixture
def services(
    database_url: str, sandbox: Sandbox, clock: MovableClock, tmp_path: Path, vault_key: str
) -> Iterator[Services]:
    """Services whose partners are the sandbox."""
    made = replace(
        services_for(settings_for(database_url, sandbox.url, tmp_path), clock), vault=Vault([vault_key])
    )
    yield made
    made.database.close()
