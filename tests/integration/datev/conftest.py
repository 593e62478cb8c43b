"""The sandbox as a real server on a free port."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from connector.datev.identity import forget_keys
from connector.http import HttpClient
from connector.settings import DatevSettings
from tests.integration.datev.driver import (
    APP_ID,
    APP_SECRET,
    REDIRECT,
    SECRET_APP_ID,
    Sandbox,
    settings_for,
)
from tests.integration.serving import served
from webapp.sandbox import create_app


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The sandbox on a free port of this machine."""
    folder: Path = tmp_path_factory.mktemp("sandbox")
    with served(create_app(str(folder), deliver=False)) as url:
        yield url


@pytest.fixture
def sandbox(server: str) -> Sandbox:
    """A sandbox that knows two apps and two clients, and nothing else."""
    found = Sandbox(server)
    forget_keys()
    found.control("reset")
    found.control("datev/apps", {"client_id": APP_ID, "redirect_uris": [REDIRECT]})
    found.control(
        "datev/apps",
        {"client_id": SECRET_APP_ID, "redirect_uris": [REDIRECT], "client_secret": APP_SECRET},
    )
    for number in (2, 3):
        found.control("datev/clients", {"consultant_number": 455148, "client_number": number})
    found.control("datev/settings", {"job_delay_seconds": 0})
    return found


@pytest.fixture
def settings(sandbox: Sandbox) -> DatevSettings:
    """Settings of the public app."""
    return settings_for(sandbox)


@pytest.fixture
def http() -> HttpClient:
    """The real way out, with short deadlines."""
    return HttpClient("datev", connect_timeout=timedelta(seconds=2), call_deadline=timedelta(seconds=5))
