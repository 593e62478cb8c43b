"""``tenant``: applying a file, looking at tenants, resuming a parked one."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import psycopg2
import pytest

from connector.errors import DataError
from connector.pipeline.onboarding import apply_tenant
from connector.store import tenants
from connector.tenants.config import SecretName
from connector.tenants.toml_file import TenantFile
from tests.integration.cli.conftest import Machine
from tests.integration.webapp.world import tenant_config
from tests.unit.cli.deals import write_tenant

NOW = datetime(2027, 1, 2, tzinfo=UTC)
TOKEN = {"NOT_SET_ANYWHERE": "token-acme"}


@pytest.fixture
def empty_database_url(postgres_url: str) -> Iterator[str]:
    """A database of its own without any table."""
    server = psycopg2.connect(postgres_url)
    server.autocommit = True
    try:
        with server.cursor() as cursor:
            cursor.execute("DROP DATABASE IF EXISTS cli_empty")
            cursor.execute("CREATE DATABASE cli_empty")
            yield f"{postgres_url.rpartition('/')[0]}/cli_empty"
            cursor.execute("DROP DATABASE cli_empty WITH (FORCE)")
    finally:
        server.close()


def test_a_file_is_applied_and_its_secret_stored_encrypted(machine: Machine, tmp_path: Path) -> None:
    shown = machine.run("tenant", "apply", write_tenant(tmp_path), **TOKEN)

    assert shown.exit_code == 0, shown.output
    assert "muster: stored as configuration version 1." in shown.stdout
    with machine.services.database.transaction() as tx:
        row = tenants.find(tx, "muster")
        assert row is not None
        stored = tenants.secret(tx, row.id, SecretName.PIPEDRIVE_API_TOKEN)
    assert stored is not None
    assert b"token-acme" not in stored
    assert "token-acme" == machine.services.vault.decrypt(stored)


def test_the_same_file_again_changes_nothing(machine: Machine, tmp_path: Path) -> None:
    path = write_tenant(tmp_path)
    machine.run("tenant", "apply", path, **TOKEN)

    shown = machine.run("tenant", "apply", path, "--format", "json", **TOKEN)

    assert {
        "tenant": "muster",
        "config_version": 1,
        "changed": False,
        "resumed": False,
        "parked": None,
        "subscribe_again": False,
        "webhook_url": f"{machine.environ['MLC_PUBLIC_URL']}/webhooks/pipedrive/muster",
    } == json.loads(shown.stdout)


@pytest.mark.parametrize("options", [[], ["--dry-run"]])
def test_a_second_tenant_that_would_book_over_the_first_is_refused_and_not_stored(
    machine: Machine, tmp_path: Path, options: list[str]
) -> None:
    machine.run("tenant", "apply", write_tenant(tmp_path), **TOKEN)
    path = Path(write_tenant(tmp_path))
    path.write_text(path.read_text("utf-8").replace('key = "muster"', 'key = "twin"'), "utf-8")

    shown = machine.run("tenant", "apply", str(path), *options, **TOKEN)

    assert (1, "") == (shown.exit_code, shown.stdout)
    assert "Error: 3 problems." in shown.stderr
    assert "each deal would be booked twice" in shown.stderr
    assert "debtors.first and debtors.last" in shown.stderr
    assert "Give the pattern a prefix of its own" in shown.stderr
    listed = json.loads(machine.run("tenant", "list", "--format", "json").stdout)
    assert ["muster"] == [row["key"] for row in listed]


def test_of_two_tenants_applied_at_once_the_second_waits_and_sees_the_first(machine: Machine) -> None:
    first = tenant_config()
    twin = TenantFile(config=tenant_config("twin"), secrets={}, source_text="", document={})
    with ThreadPoolExecutor(1) as pool:
        with machine.services.database.transaction() as tx:
            tenants.lock_all(tx)
            second = pool.submit(apply_tenant, machine.services, twin, actor="test")
            with pytest.raises(TimeoutError):
                second.result(timeout=0.2)
            tenants.apply(tx, first, source_text="", applied_by="test", now=NOW)
        with pytest.raises(DataError, match="The tenant acme already carries"):
            second.result(timeout=10)


def test_a_dry_run_stores_nothing(machine: Machine, tmp_path: Path) -> None:
    shown = machine.run("tenant", "apply", write_tenant(tmp_path), "--dry-run", **TOKEN)

    assert (0, True) == (shown.exit_code, "Nothing was stored." in shown.stdout)
    assert [] == json.loads(machine.run("tenant", "list", "--format", "json").stdout)


def test_a_missing_secret_is_refused_with_its_line(machine: Machine, tmp_path: Path) -> None:
    shown = machine.run("tenant", "apply", write_tenant(tmp_path))

    assert shown.exit_code == 1
    assert "line 9: pipedrive.api_token is to come from the environment variable" in shown.stderr


def test_show_tells_everything_but_secrets(machine: Machine, tmp_path: Path) -> None:
    machine.run("tenant", "apply", write_tenant(tmp_path), **TOKEN)

    text = machine.run("tenant", "show", "muster")
    value = json.loads(machine.run("tenant", "show", "muster", "--format", "json").stdout)

    assert "DATEV client   455148/1, EXTF, SKR03" in text.stdout
    assert "datev: not connected\n  → Connect: ml-connector connect datev muster\n" in text.stdout
    assert "pipedrive (api token): token stored, not tried\n" in text.stdout
    assert "extf" == value["config"]["datev"]["format"]
    assert ["token_stored", "not_connected"] == [login["state"] for login in value["logins"]]
    assert "token-acme" not in text.output + json.dumps(value)


def test_an_unknown_tenant_is_answered_with_the_known_ones(machine: Machine) -> None:
    machine.add_tenant()

    for arguments in (
        ("tenant", "show", "acne"),
        ("tenant", "resume", "acne"),
        ("ping", "acne"),
        ("datev", "clients", "acne"),
        ("connect", "datev", "acne"),
        ("disconnect", "datev", "acne"),
        ("webhook", "list", "acne"),
        ("webhook", "subscribe", "acne"),
        ("webhook", "remove", "acne"),
        ("run", "list", "--tenant", "acne"),
    ):
        shown = machine.run(*arguments)

        assert (1, "") == (shown.exit_code, shown.stdout), arguments
        assert "There is no tenant 'acne'." in shown.stderr
        assert "Known: acme." in shown.stderr


def test_a_parked_tenant_is_resumed_and_the_journal_tells(machine: Machine) -> None:
    tenant = machine.add_tenant()
    with machine.services.database.transaction() as tx:
        tenants.park(tx, tenant.id, code="permission_missing", message="No right.", cure="Ask.", now=NOW)

    parked = machine.run("tenant", "show", "acme")
    resumed = machine.run("tenant", "resume", "acme")
    again = machine.run("tenant", "resume", "acme", "--format", "json")

    assert "PARKED since 2027-01-02 01:00:00: No right." in parked.stdout
    assert (0, True) == (resumed.exit_code, "acme works again" in resumed.stdout)
    assert {"tenant": "acme", "resumed": False} == json.loads(again.stdout)


def test_a_database_that_is_away_ends_with_4_and_says_what_to_do(machine: Machine) -> None:
    shown = machine.run("tenant", "list", DATABASE_URL="postgresql://me:hunter2@127.0.0.1:9/x")

    assert (4, "") == (shown.exit_code, shown.stdout)
    assert "The database cannot be reached" in shown.stderr
    assert "correct DATABASE_URL" in shown.stderr
    assert "hunter2" not in shown.stderr


def test_a_database_without_our_tables_is_answered_with_the_command_that_makes_them(
    machine: Machine, empty_database_url: str
) -> None:
    shown = machine.run("tenant", "list", DATABASE_URL=empty_database_url)
    made = machine.run("migrate", DATABASE_URL=empty_database_url)
    again = machine.run("tenant", "list", DATABASE_URL=empty_database_url)

    assert shown.exit_code == 1
    assert "ml-connector migrate" in shown.stderr
    assert (0, 0) == (made.exit_code, again.exit_code)


def test_migrate_may_be_repeated(machine: Machine) -> None:
    shown = machine.run("migrate")

    assert (0, "The database is up to date.\n") == (shown.exit_code, shown.stdout)
