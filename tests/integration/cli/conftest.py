"""A machine on which the product is set up: database, key file, sandbox for both partners, web process."""

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from werkzeug.serving import make_server

from connector import settings as environment
from connector.datev import identity
from connector.demo.browser import log_in
from connector.pipeline.connecting import issue_ticket
from connector.pipeline.onboarding import find_tenant, subscribe_webhook
from connector.pipeline.services import Services, open_services
from connector.store.tenants import TenantRow
from tests.integration.hashes import cheapen
from tests.integration.webapp.world import Sandbox, add_tenant, running_sandbox, tenant_config
from tests.unit.cli.console import command
from webapp.app import create_app

POLL_S = 0.02
"""How often the server looks whether it shall end; its own half second would be most of a test's time."""


@dataclass
class Machine:
    """Commands on it see its environment."""

    environ: dict[str, str]
    services: Services
    sandbox: Sandbox

    def run(self, *arguments: str, **environ: str) -> Result:
        """Run a command."""
        return command(*arguments, environ={**self.environ, **environ})

    def add_tenant(self, **changes: Any) -> TenantRow:
        """The tenant ``acme``, Pipedrive by OAuth."""
        return add_tenant(self.services, tenant_config(**changes))

    def connect_datev(self, client_id: str = "455148-1") -> None:
        """Somebody logs the tenant in at DATEV for this client."""
        choices = {"decision": "approve", "user": "sandbox-anna"}
        log_in(issue_ticket(self.services, "acme", "datev", client_id=client_id), choices=choices)

    def subscribe(self) -> None:
        """Our hooks at Pipedrive."""
        subscribe_webhook(self.services, find_tenant(self.services, "acme"))

    def connect_pipedrive(self) -> None:
        """Somebody logs the tenant in at Pipedrive."""
        log_in(issue_ticket(self.services, "acme", "pipedrive"), choices={"decision": "approve"})


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords are hashed in no time here."""
    cheapen(monkeypatch)


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """Both partners."""
    identity.forget_keys()
    with running_sandbox(tmp_path_factory.mktemp("sandbox")) as running:
        yield running
    identity.forget_keys()


@pytest.fixture
def machine(database_url: str, sandbox: Sandbox, tmp_path: Path) -> Iterator[Machine]:
    """Database, key file and web process of this test; the partners are shared."""
    pages = _LaterApp()
    server = make_server("127.0.0.1", 0, pages, threaded=True)
    public_url = f"http://127.0.0.1:{server.server_port}"
    environ = _environment(database_url, sandbox.url, public_url, tmp_path)
    for app in ("app", "secret-app"):
        callback = f"{public_url}/oauth/datev/callback"
        sandbox.control("/datev/apps", client_id=app, redirect_uris=[callback])
    sandbox.control(
        "/pipedrive/oauth-apps",
        client_id="pd-app",
        client_secret="pd-secret",
        redirect_uri=f"{public_url}/oauth/pipedrive/callback",
    )
    services = open_services(environment.load(environ))
    pages.app = create_app(services, wake=lambda *_ids: None)
    thread = threading.Thread(target=server.serve_forever, args=(POLL_S,), daemon=True)
    thread.start()
    yield Machine(environ, services, sandbox)
    server.shutdown()
    thread.join(10)
    server.server_close()
    services.database.close()


class _LaterApp:
    """The web process needs its address in its settings, so the socket comes first."""

    app: Flask | None = None

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        assert self.app is not None
        return self.app(environ, start_response)


def _environment(database_url: str, sandbox_url: str, public_url: str, folder: Path) -> dict[str, str]:
    return {
        "DATABASE_URL": database_url,
        "MLC_VAR_DIR": str(folder / "var"),
        "MLC_PUBLIC_URL": public_url,
        "PIPEDRIVE_API_BASE_URL": f"{sandbox_url}/pipedrive",
        "PIPEDRIVE_OAUTH_BASE_URL": f"{sandbox_url}/pipedrive/oauth-host",
        "PIPEDRIVE_CLIENT_ID": "pd-app",
        "PIPEDRIVE_CLIENT_SECRET": "pd-secret",
        "DATEV_LOGIN_BASE_URL": f"{sandbox_url}/datev/openid",
        "DATEV_TOKEN_BASE_URL": f"{sandbox_url}/datev/api",
        "DATEV_CLIENTS_BASE_URL": f"{sandbox_url}/datev/accounting-clients/platform/v2",
        "DATEV_CLIENT_ID": "app",
    }
