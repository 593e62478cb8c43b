"""The environment, read once and checked whole."""

from pathlib import Path

import pytest

from connector import settings
from connector.errors import SettingsError


def test_nothing_has_to_be_set() -> None:
    loaded = settings.load({})

    assert loaded.public_url == "http://127.0.0.1:8000"
    assert loaded.time_scale == 1
    assert (loaded.log_level, loaded.log_format) == ("INFO", "json")
    assert loaded.var_dir == Path("var").absolute()
    assert loaded.key_file == loaded.var_dir / "keys"
    assert (loaded.database_url, loaded.redis_url) == ("", "")
    assert loaded.datev.environment == "production"
    assert loaded.datev.client_auth == "none"
    assert loaded.datev.xsd_dir is None
    assert loaded.pipedrive.api_base_url == ""


def test_the_process_environment_is_read_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLC_LOG_LEVEL", "WARNING")

    assert settings.load().log_level == "WARNING"


def test_an_empty_variable_counts_as_unset() -> None:
    assert settings.load({"MLC_LOG_LEVEL": "  ", "DATEV_XSD_DIR": ""}) == settings.load({})


def test_the_key_file_lies_in_the_var_folder_unless_it_is_named(tmp_path: Path) -> None:
    assert settings.load({"MLC_VAR_DIR": str(tmp_path)}).key_file == tmp_path / "keys"
    assert settings.load({"MLC_KEY_FILE": "/run/secrets/keys"}).key_file == Path("/run/secrets/keys")


@pytest.mark.parametrize("environment", ["production", "sandbox"])
@pytest.mark.parametrize("part", ["login", "token", "clients", "documents", "extf", "dxso"])
def test_the_environment_sets_the_addresses_and_a_set_variable_wins(environment: str, part: str) -> None:
    name = f"DATEV_{part.upper()}_BASE_URL"
    default = settings.DATEV_DEFAULT_BASE_URLS[environment][part]

    unset = settings.load({"DATEV_ENVIRONMENT": environment})
    given = settings.load({"DATEV_ENVIRONMENT": environment, name: "http://127.0.0.1:9000/here/"})

    assert default == getattr(unset.datev, f"{part}_base_url")
    assert getattr(given.datev, f"{part}_base_url") == "http://127.0.0.1:9000/here"


def test_sandbox_and_production_share_no_address() -> None:
    tables = settings.DATEV_DEFAULT_BASE_URLS

    assert not set(tables["production"].values()) & set(tables["sandbox"].values())
    assert set(tables["production"]) == set(tables["sandbox"])


def test_redirect_addresses_are_built_on_the_public_one() -> None:
    loaded = settings.load({"MLC_PUBLIC_URL": "https://connect.example.com/ml/"})

    assert loaded.datev_redirect_uri == "https://connect.example.com/ml/oauth/datev/callback"
    assert loaded.pipedrive_redirect_uri == "https://connect.example.com/ml/oauth/pipedrive/callback"


def test_every_wrong_variable_is_told_at_once_with_its_name_and_cure() -> None:
    wrong = {
        "MLC_PUBLIC_URL": "connect.example.com",
        "MLC_TIME_SCALE": "fast",
        "MLC_LOG_LEVEL": "LOUD",
        "MLC_LOG_FORMAT": "xml",
        "DATEV_ENVIRONMENT": "test",
        "DATEV_CLIENT_AUTH": "digest",
        "DATEV_EXTF_BASE_URL": "ftp://example.com",
        "PIPEDRIVE_API_BASE_URL": "https://",
    }

    with pytest.raises(SettingsError) as caught:
        settings.load(wrong)

    assert set(wrong) == {problem.field for problem in caught.value.problems}
    assert all(problem.field in problem.message and problem.cure for problem in caught.value.problems)


def test_what_only_the_servers_read_is_checked_as_well(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    wrong = {
        "MLC_WEB_BIND": "x",
        "FLOWER_PORT": "99999999",
        "WEB_CONCURRENCY": "abc",
        "MLC_WEB_THREADS": "0",
        "MLC_WEB_MAX_REQUESTS": "-1",
        "REDIS_URL": "http://x",
        "MLC_VAR_DIR": str(file / "var"),
        "DATEV_XSD_DIR": str(file),
        "MLC_CONFIG_DIR": str(tmp_path / "missing"),
    }

    with pytest.raises(SettingsError) as caught:
        settings.load(wrong)

    assert set(wrong) == {problem.field for problem in caught.value.problems}
    assert all(problem.field in problem.message and problem.cure for problem in caught.value.problems)


@pytest.mark.parametrize("bind", ["8000", ":8000", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:65536", "[::1]:x"])
def test_the_web_server_needs_an_address_and_a_port(bind: str) -> None:
    with pytest.raises(SettingsError, match="MLC_WEB_BIND is not an address and a port"):
        settings.load({"MLC_WEB_BIND": bind})


@pytest.mark.parametrize("address", ["http://x", "redis://", "redis://:s3cret@x:port", "s3cret"])
def test_a_wrong_redis_address_is_refused_without_showing_its_password(address: str) -> None:
    with pytest.raises(SettingsError, match="REDIS_URL is not the address of a Redis") as caught:
        settings.load({"REDIS_URL": address})
    assert "s3cret" not in f"{caught.value}{caught.value.cure}"


@pytest.mark.parametrize("address", ["redis://localhost", "rediss://:pw@redis.example.com:6380/2"])
def test_redis_may_be_reached_with_and_without_tls(address: str) -> None:
    assert address == settings.load({"REDIS_URL": address}).redis_url


def test_a_named_var_folder_is_made(tmp_path: Path) -> None:
    assert settings.load({"MLC_VAR_DIR": str(tmp_path / "a" / "b")}).var_dir.is_dir()


@pytest.mark.parametrize("scale", ["0", "-1", "1.01", "nan", "inf", "x"])
def test_the_time_scale_only_shortens(scale: str) -> None:
    with pytest.raises(SettingsError, match="MLC_TIME_SCALE is not a number above 0 and at most 1"):
        settings.load({"MLC_TIME_SCALE": scale})


def test_basic_authentication_needs_a_secret() -> None:
    with pytest.raises(SettingsError) as caught:
        settings.load({"DATEV_CLIENT_AUTH": "basic"})
    assert caught.value.field == "DATEV_CLIENT_SECRET"

    assert (
        settings.load({"DATEV_CLIENT_AUTH": "basic", "DATEV_CLIENT_SECRET": "s"}).datev.client_auth == "basic"
    )


def test_secrets_do_not_show_in_the_repr() -> None:
    names = ("DATABASE_URL", "MLC_ENCRYPTION_KEYS", "MLC_METRICS_TOKEN")
    names += ("DATEV_CLIENT_SECRET", "PIPEDRIVE_CLIENT_SECRET")

    shown = repr(settings.load({**dict.fromkeys(names, "s3cret"), "REDIS_URL": "redis://:s3cret@host/0"}))

    assert "s3cret" not in shown
