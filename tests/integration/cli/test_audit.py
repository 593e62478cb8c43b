"""``audit``: what an auditor sees, and the exit codes."""

import json
from datetime import timedelta
from pathlib import Path

import psycopg2

from connector.store import journal
from tests.integration.cli.conftest import Machine


def tampered(machine: Machine, statement: str) -> None:
    connection = psycopg2.connect(machine.environ["DATABASE_URL"])
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute(statement)
    finally:
        connection.close()


def with_journal(machine: Machine, rows: int = 3, *, ago: timedelta = timedelta(0)) -> str:
    """The tenant ``acme`` with sealed rows; the head of its chain."""
    tenant = machine.add_tenant()
    with machine.services.database.transaction() as tx:
        for number in range(rows):
            at = machine.services.clock.now() - ago
            journal.write(tx, tenant_id=tenant.id, at=at, event="moved", actor="test", message=str(number))
    return machine.run("audit", "head").stdout.strip()


def test_a_journal_that_holds_says_so_with_its_head(machine: Machine) -> None:
    head = with_journal(machine)

    shown = machine.run("audit", "verify")

    assert (0, f"OK  acme: 3 rows hold. Head {head}\n") == (shown.exit_code, shown.stdout)
    assert head.startswith("acme:3:")


def test_a_changed_row_is_named_with_exit_code_1(machine: Machine) -> None:
    with_journal(machine)
    tampered(machine, "UPDATE journal SET actor = 'nobody' WHERE message = '1'")

    shown = machine.run("audit", "verify", "--tenant", "acme")
    facts = json.loads(machine.run("audit", "verify", "--format", "json").stdout)

    assert shown.exit_code == 1
    assert shown.stdout.startswith("BROKEN  acme: changed at number 2. The journal row ")
    assert (False, "changed", 2, 1) == (
        facts[0]["ok"],
        facts[0]["broken"]["kind"],
        facts[0]["broken"]["number"],
        facts[0]["rows"],
    )


def test_a_cut_off_end_is_found_with_the_noted_heads_of_a_file(machine: Machine, tmp_path: Path) -> None:
    head = with_journal(machine)
    noted = tmp_path / "heads.txt"
    noted.write_text(f"{head}\n")
    assert 0 == machine.run("audit", "verify", "--heads", str(noted)).exit_code
    tampered(machine, "DELETE FROM journal WHERE message = '2'; DELETE FROM journal_seal WHERE seq = 3")

    shown = machine.run("audit", "verify", "--heads", str(noted))

    assert shown.exit_code == 1
    assert "truncated at number 3. The chain ends at number 2, before the noted head 3." in shown.stdout
    assert 1 == machine.run("audit", "verify", "--expect-head", head).exit_code


def test_what_is_no_head_is_refused_with_its_form(machine: Machine) -> None:
    shown = machine.run("audit", "verify", "--expect-head", "acme:3")

    assert shown.exit_code == 2
    assert "TENANT:NUMBER:HASH" in shown.stderr


def test_an_unknown_tenant_is_refused(machine: Machine) -> None:
    machine.add_tenant()

    assert 1 == machine.run("audit", "verify", "--tenant", "nobody").exit_code


def test_rows_that_wait_long_for_their_seal_end_with_exit_code_3(machine: Machine) -> None:
    tenant = machine.add_tenant()
    at = machine.services.clock.now() - timedelta(hours=1)
    with machine.services.database.transaction() as tx:
        journal.write(tx, tenant_id=tenant.id, at=at, event="moved", actor="test")

    shown = machine.run("audit", "verify")

    assert shown.exit_code == 3
    assert "1 newer rows are not sealed yet" in shown.stdout
