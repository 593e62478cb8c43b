"""What the commands that start things hand to the processes."""

import pytest

from connector.cli import processes
from connector.runtime.processes import Ports


def test_the_sandboxs_addresses_win_over_those_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIPEDRIVE_OAUTH_BASE_URL", "https://oauth.pipedrive.com")
    monkeypatch.setenv("DATEV_ENVIRONMENT", "production")
    monkeypatch.setenv("DATEV_CLIENT_AUTH", "basic")

    values = processes._sandbox_settings(Ports(8000, 5555, 8001))

    assert "http://127.0.0.1:8001/pipedrive/oauth-host" == values["PIPEDRIVE_OAUTH_BASE_URL"]
    assert ("sandbox", "none") == (values["DATEV_ENVIRONMENT"], values["DATEV_CLIENT_AUTH"])
