"""The desk in a real browser: the system's Chromium, a real web server, PostgreSQL; no partner.

On Debian the browser comes with ``apt-get install chromium``. Where there is none, these tests are skipped
and say so.
"""

import shutil
import threading
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, sync_playwright
from werkzeug.serving import make_server

from connector.pipeline.services import Services
from connector.store.tenants import TenantRow
from tests.browser.world import World, fill
from tests.integration.conftest import (  # noqa: F401 - the servers of the integration tests
    database_url,
    emptier,
    migrated_database_url,
    postgres_url,
    running_servers,
    test_var_dir,
)
from tests.integration.hashes import cheapen
from tests.integration.webapp.world import (
    MovableClock,
    add_tenant,
    services_for,
    settings_for,
    tenant_config,
)
from webapp.app import create_app

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

POLL_S = 0.02


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The browser itself; gone before other tests, because Playwright keeps an event loop running."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine; on Debian: apt-get install chromium")
    with sync_playwright() as playwright:
        # In a container there is no user namespace for Chromium's own sandbox; the pages are ours.
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords are hashed in no time here."""
    cheapen(monkeypatch)


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:  # noqa: F811
    """The web process behind a socket, with a tenant, deals and people."""
    pages = _LaterApp()
    server = make_server("127.0.0.1", 0, pages, threaded=True)
    url = f"http://127.0.0.1:{server.server_port}"
    settings = replace(settings_for(database_url, "http://127.0.0.1:9", tmp_path), public_url=url)
    services: Services = services_for(settings, MovableClock())
    tenant: TenantRow = add_tenant(services, tenant_config("acme", name="Acme Beratung GmbH"))
    fill(services, tenant)
    pages.app = create_app(services, wake=lambda *_row: None)
    thread = threading.Thread(target=server.serve_forever, args=(POLL_S,), daemon=True)
    thread.start()
    yield World(url, services, tenant)
    server.shutdown()
    thread.join(10)
    server.server_close()
    services.database.close()


@pytest.fixture(params=["de-DE", "en-GB"])
def locale(request: pytest.FixtureRequest) -> str:
    """The language that the browser asks for."""
    return str(request.param)


@pytest.fixture
def context(chromium: Browser, locale: str) -> Iterator[BrowserContext]:
    """A browser without cookies and without JavaScript: German on a laptop, English on a phone."""
    width, height = (1280, 900) if locale == "de-DE" else (360, 740)
    made = chromium.new_context(
        viewport={"width": width, "height": height}, locale=locale, java_script_enabled=False
    )
    made.set_default_timeout(15_000)
    yield made
    made.close()


class _LaterApp:
    """The web process needs its address in its settings, so the socket comes first."""

    app: Flask | None = None

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        assert self.app is not None
        return self.app(environ, start_response)
