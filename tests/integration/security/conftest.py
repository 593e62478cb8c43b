"""A web process behind gunicorn's own parser, as strangers reach it, and one in this process."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from connector.pipeline.services import Services
from connector.runtime.ports import free_port
from connector.runtime.probe import healthy
from connector.vault import Vault, generate_key
from tests.integration.webapp.world import MovableClock, add_tenant, services_for, settings_for, tenant_config

STARTED_TIMEOUT_S = 60.0
KEY = generate_key()
"""Of the vault, in both processes."""


@pytest.fixture
def services(database_url: str, tmp_path: Path) -> Iterator[Services]:
    """Services with the tenant ``acme``, who asks for HTTP Basic."""
    made = services_for(settings_for(database_url, "http://127.0.0.1:9", tmp_path), MovableClock())
    made = replace(made, vault=Vault([KEY]))
    add_tenant(made, tenant_config())
    yield made
    made.database.close()


@pytest.fixture
def web_port(services: Services, tmp_path: Path) -> Iterator[int]:
    """The port of a real web process: gunicorn with the product's configuration."""
    with _web_process(services, tmp_path, "config/gunicorn.conf.py") as port:
        yield port


@pytest.fixture
def hasty_port(services: Services, tmp_path: Path) -> Iterator[int]:
    """The same, but heads and bodies have less time."""
    with _web_process(services, tmp_path, "tests/integration/security/hasty_gunicorn.py") as port:
        yield port


@contextmanager
def _web_process(services: Services, tmp_path: Path, configuration: str) -> Iterator[int]:
    port = free_port(())
    environment = {
        **os.environ,
        "DATABASE_URL": services.settings.database_url,
        "REDIS_URL": "",
        "MLC_ENCRYPTION_KEYS": KEY,
        "MLC_VAR_DIR": str(tmp_path),
        "MLC_WEB_BIND": f"127.0.0.1:{port}",
        "WEB_CONCURRENCY": "1",
    }
    with (tmp_path / "web.log").open("wb") as log:
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "gunicorn",
                "-c",
                configuration,
                "webapp.app:create_app()",
            ],
            cwd=Path(__file__).resolve().parents[3],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            deadline = time.monotonic() + STARTED_TIMEOUT_S
            while not healthy(port, "/healthz"):
                assert process.poll() is None, (tmp_path / "web.log").read_text()
                assert time.monotonic() < deadline
                time.sleep(0.05)
            yield port
            assert process.poll() is None, "the process is still alive"
        finally:
            process.terminate()
            process.wait(60)
