"""``keys rotate``: every secret under the newest key, while others work."""

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest

from connector.pipeline.key_rotation import rotate_keys
from connector.pipeline.login_attempts import hashed
from connector.pipeline.services import open_vault
from connector.store import secret_columns, tenants, tickets
from connector.store.evidence_tables import http_log
from connector.store.secret_columns import SECRET_COLUMNS
from connector.store.tickets import NewAttempt
from connector.tenants.config import SecretName
from connector.vault import Vault, generate_key
from tests.integration.cli.conftest import Machine
from tests.integration.webapp.world import PASSWORD

SCHEMA = sorted((Path(secret_columns.__file__).parent / "migrations" / "versions").glob("*.sql"))


def fill(machine: Machine) -> None:
    """A secret in every column."""
    tenant = machine.add_tenant()
    machine.connect_datev()
    now, vault = machine.services.clock.now(), machine.services.vault
    with machine.services.database.transaction() as tx:
        tickets.add_attempt(
            tx,
            NewAttempt(
                state_hash=hashed("state", "x"),
                tenant_id=tenant.id,
                partner="datev",
                purpose="long",
                browser_hash="x",
                created_at=now,
                expires_at=now + timedelta(hours=1),
                nonce=vault.encrypt("nonce"),
                verifier=vault.encrypt("verifier"),
            ),
        )
        tx.execute(
            http_log.insert().values(
                at=now,
                step="",
                partner="DATEV",
                method="GET",
                url="https://api.example",
                failure="",
                request_ids={},
                duration_ms=1,
                sent_bytes=0,
                received_bytes=1,
                error_body=vault.encrypt("refused"),
            )
        )


def ciphertexts(machine: Machine) -> list[bytes]:
    with machine.services.database.transaction() as tx:
        return [
            content
            for column in SECRET_COLUMNS
            for _key, content in secret_columns.next_rows(tx, column, after=None, limit=100)
        ]


def keys_in_file(machine: Machine) -> list[str]:
    return machine.services.settings.key_file.read_text().split()


def test_every_column_that_the_schema_calls_encrypted_is_rotated() -> None:
    called = set()
    table = ""
    for line in "\n".join(file.read_text("utf-8") for file in SCHEMA).splitlines():
        if made := re.match(r"CREATE TABLE (\w+)", line):
            table = made[1]
        if re.search(r"\bbytea\b.*-- encrypted", line):
            called.add(f"{table}.{line.split()[0]}")

    assert called
    assert called | {"tenant_secret.ciphertext"} == {column.name for column in SECRET_COLUMNS}


def test_every_secret_is_under_the_new_key_afterwards(machine: Machine) -> None:
    fill(machine)
    before = keys_in_file(machine)

    shown = machine.run("keys", "rotate", "--format", "json")

    after = keys_in_file(machine)
    assert shown.exit_code == 0, shown.output
    assert before == after[1:]
    only_new = Vault([after[0]])
    assert all(only_new.is_current(content) for content in ciphertexts(machine))
    value = json.loads(shown.stdout)
    assert {
        "tenant_secret.ciphertext": 2,
        "connection.access_token": 1,
        "connection.refresh_token": 1,
        "login_attempt.nonce": 1,
        "login_attempt.verifier": 1,
        "http_log.error_body": 1,
    } == {column["column"]: column["rotated"] for column in value["columns"]}


def test_a_running_process_reads_and_writes_with_the_new_key_at_once(machine: Machine) -> None:
    tenant = machine.add_tenant()
    running = open_vault(machine.services.settings)

    machine.run("keys", "rotate")

    with machine.services.database.transaction() as tx:
        stored = tenants.secret(tx, tenant.id, SecretName.RECEIVER_BASIC_PASSWORD)
    assert stored is not None
    assert PASSWORD == running.decrypt(stored)
    assert Vault([keys_in_file(machine)[0]]).is_current(running.encrypt("new"))


def test_an_interrupted_rotation_is_finished_without_another_key(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(machine)
    calls = 0
    replace = secret_columns.replace

    def dies_at_the_third(*arguments: object) -> None:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise KeyboardInterrupt
        replace(*arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(secret_columns, "replace", dies_at_the_third)
        with pytest.raises(KeyboardInterrupt):
            rotate_keys(machine.services, new_key=True)
    keys = keys_in_file(machine)

    shown = machine.run("keys", "rotate", "--same-key", "--format", "json")

    columns = json.loads(shown.stdout)["columns"]
    assert keys == keys_in_file(machine)
    assert (5, 2) == (
        sum(column["rotated"] for column in columns),
        sum(column["already_current"] for column in columns),
    )


def test_more_rows_than_one_transaction_takes_are_all_rotated(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(machine)
    monkeypatch.setattr("connector.pipeline.key_rotation.ROWS_AT_ONCE", 1)

    done = rotate_keys(machine.services, new_key=True)

    assert 7 == sum(column.rotated for column in done)


def test_keys_from_the_environment_are_never_made_and_the_steps_are_told(machine: Machine) -> None:
    fill(machine)
    old, new = keys_in_file(machine)[0], generate_key()

    refused = machine.run("keys", "rotate", MLC_ENCRYPTION_KEYS=f"{new},{old}")
    done = machine.run("keys", "rotate", "--all-processes-know", MLC_ENCRYPTION_KEYS=f"{new},{old}")

    assert refused.exit_code == 1
    assert "ml-connector keys generate" in refused.stderr
    assert done.exit_code == 0, done.output
    assert [old] == keys_in_file(machine)
    assert all(Vault([new]).is_current(content) for content in ciphertexts(machine))


def test_a_secret_whose_key_is_lost_is_said_and_nothing_is_destroyed(machine: Machine) -> None:
    fill(machine)
    before = ciphertexts(machine)

    shown = machine.run("keys", "rotate", "--all-processes-know", MLC_ENCRYPTION_KEYS=generate_key())

    assert shown.exit_code == 1
    assert "Put the earlier key back" in shown.stderr
    assert before == ciphertexts(machine)
