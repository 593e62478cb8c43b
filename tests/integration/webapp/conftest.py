"""The web process in this process, with real PostgreSQL and the sandbox behind a socket."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from connector.datev import identity
from connector.pipeline.services import Services
from connector.store.tenants import TenantRow
from tests.integration.webapp.world import (
    MovableClock,
    Person,
    Sandbox,
    add_tenant,
    running_sandbox,
    services_for,
    settings_for,
    tenant_config,
)
from webapp.app import create_app


@pytest.fixture
def clock() -> MovableClock:
    """A clock that the test moves."""
    return MovableClock()


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    """Both partners."""
    identity.forget_keys()
    with running_sandbox(tmp_path / "sandbox") as running:
        yield running
    identity.forget_keys()


@pytest.fixture
def offline(database_url: str, clock: MovableClock, tmp_path: Path) -> Iterator[Services]:
    """Services for what needs no partner."""
    services = services_for(settings_for(database_url, "http://127.0.0.1:9", tmp_path), clock)
    yield services
    services.database.close()


@pytest.fixture
def services(database_url: str, sandbox: Sandbox, clock: MovableClock, tmp_path: Path) -> Iterator[Services]:
    """Services whose partners are the sandbox."""
    services = services_for(settings_for(database_url, sandbox.url, tmp_path), clock)
    yield services
    services.database.close()


@pytest.fixture
def tenant(services: Services) -> TenantRow:
    """The tenant ``acme``."""
    return add_tenant(services, tenant_config())


@pytest.fixture
def browser(services: Services) -> FlaskClient:
    """A browser without cookies."""
    return create_app(services, wake=lambda *_ids: None).test_client()


@pytest.fixture
def person(browser: FlaskClient, sandbox: Sandbox) -> Person:
    """Somebody who connects the tenant."""
    return Person(browser, sandbox)
