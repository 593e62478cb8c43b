"""The pipeline in this process, with real PostgreSQL and both partners' sandboxes behind a socket."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.datev.identity import forget_keys
from connector.pipeline.services import Services
from connector.store import Database
from connector.tenants.config import DatevFormat
from connector.vault import Vault, generate_key
from tests.integration.pipeline.carriage import Carriage, Sandbox, config_for, settings_for
from tests.integration.serving import served
from tests.integration.webapp.world import MovableClock
from webapp.sandbox import create_app


@pytest.fixture(scope="module")
def sandbox_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The sandbox on a free port of this machine."""
    folder = tmp_path_factory.mktemp("sandbox")
    with served(create_app(str(folder), deliver=False)) as url:
        yield url


@pytest.fixture
def sandbox(sandbox_url: str) -> Sandbox:
    """Both partners, set up anew."""
    forget_keys()
    found = Sandbox(sandbox_url)
    found.set_up()
    return found


@pytest.fixture
def clock() -> MovableClock:
    """A clock that the test moves."""
    return MovableClock()


@pytest.fixture
def services(database_url: str, sandbox: Sandbox, clock: MovableClock, tmp_path: Path) -> Iterator[Services]:
    """Services whose partners are the sandbox."""
    settings = settings_for(database_url, sandbox.url, str(tmp_path))
    services = Services(settings, Database(database_url), Vault([generate_key()]), clock)
    yield services
    services.database.close()


@pytest.fixture
def carriage(services: Services, sandbox: Sandbox, clock: MovableClock) -> Carriage:
    """The tenant ``acme``, connected, on the road by EXTF."""
    made = Carriage(services, sandbox, clock)
    made.apply(config_for())
    made.connect()
    return made


@pytest.fixture
def dxso(services: Services, sandbox: Sandbox, clock: MovableClock) -> Carriage:
    """The tenant ``acme``, connected, on the road by DXSO."""
    made = Carriage(services, sandbox, clock)
    made.apply(config_for(DatevFormat.DXSO))
    made.connect(DatevFormat.DXSO)
    return made
