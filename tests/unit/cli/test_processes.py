"""What the commands that start things hand to the processes."""

from pathlib import Path

import pytest

from connector import settings
from connector.cli import processes
from connector.runtime.processes import Ports


def test_the_sandboxs_addresses_win_over_those_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIPEDRIVE_OAUTH_BASE_URL", "https://oauth.pipedrive.com")
    monkeypatch.setenv("DATEV_ENVIRONMENT", "production")
    monkeypatch.setenv("DATEV_CLIENT_AUTH", "basic")

    values = processes._sandbox_settings(Ports(8000, 5555, 8001))

    assert "http://127.0.0.1:8001/pipedrive/oauth-host" == values["PIPEDRIVE_OAUTH_BASE_URL"]
    assert ("sandbox", "none") == (values["DATEV_ENVIRONMENT"], values["DATEV_CLIENT_AUTH"])


def test_the_demo_has_a_folder_and_keys_of_its_own(tmp_path: Path) -> None:
    own = processes.demo_folder(settings.load({"MLC_VAR_DIR": str(tmp_path)}))

    assert tmp_path / "demo" == own
    assert own / "keys" == settings.load({"MLC_VAR_DIR": str(own)}).key_file


def test_the_demo_keeps_to_its_folder_on_a_given_database_too(tmp_path: Path) -> None:
    given = settings.load({"MLC_VAR_DIR": str(tmp_path), "DATABASE_URL": "postgresql://given/db"})

    assert tmp_path / "demo" == processes.demo_folder(given)
    assert {} == processes.demo_environment({}, given)


def test_the_demo_on_a_given_database_uses_that_databases_keys(tmp_path: Path) -> None:
    given = settings.load({"MLC_VAR_DIR": str(tmp_path), "DATABASE_URL": "postgresql://given/db"})
    given.key_file.write_text("a key")

    assert {"MLC_KEY_FILE": str(tmp_path / "keys")} == processes.demo_environment({}, given)
