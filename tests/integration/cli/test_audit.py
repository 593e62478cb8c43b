"""``audit``: what an auditor sees, and the exit codes."""

import json
from datetime import timedelta
from pathlib import Path

import psycopg2

from connector.clock import berlin_date
from connector.store import journal, runs
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


def by_hand(machine: Machine, event: str, details: str) -> None:
    """A row that somebody has written who may write to the database; our own sealer seals it."""
    tampered(
        machine,
        "INSERT INTO journal (tenant_id, at, event, actor, details) "  # noqa: S608 - of this test
        f"SELECT id, now(), '{event}', 'retention', '{details}' FROM tenant WHERE key = 'acme'",
    )
    machine.run("audit", "head")


def test_a_malformed_cut_ends_with_exit_code_1_and_every_other_tenant_is_verified(machine: Machine) -> None:
    with_journal(machine)
    machine.add_tenant(key="beta")
    by_hand(machine, "journal_cut", '{"through": 1, "hash": "zz"}')
    tampered(machine, "DELETE FROM journal WHERE id = 1; DELETE FROM journal_seal WHERE journal_id = 1")

    shown = machine.run("audit", "verify")

    assert shown.exit_code == 1
    assert "BROKEN  acme: deleted at number 1." in shown.stdout
    assert "OK  beta: 0 rows hold." in shown.stdout


def test_a_forged_cut_of_a_young_journal_ends_with_exit_code_1(machine: Machine, tmp_path: Path) -> None:
    head = with_journal(machine)
    noted = tmp_path / "heads.txt"
    noted.write_text(f"{head}\n")
    told = {"through": 3, "hash": head.split(":")[2], "rows": 3, "before": "2016-01-01T00:00:00+01:00"}
    by_hand(machine, "journal_cut", json.dumps(told))
    tampered(machine, "DELETE FROM journal WHERE id <= 3; DELETE FROM journal_seal WHERE seq <= 3")

    assert 1 == machine.run("audit", "verify").exit_code
    shown = machine.run("audit", "verify", "--heads", str(noted))
    assert shown.exit_code == 1
    assert "the tenant exists since" in shown.stdout


def test_a_forged_erasure_ends_with_exit_code_1_and_names_the_rows(machine: Machine) -> None:
    with_journal(machine)
    by_hand(machine, "journal_texts_erased", '{"rows": [3]}')
    tampered(
        machine,
        "UPDATE journal SET message = '', details = '{}' WHERE id = 3; "
        "UPDATE journal_seal SET salt = NULL WHERE journal_id = 3",
    )

    shown = machine.run("audit", "verify")

    assert shown.exit_code == 1
    assert "the texts of the journal rows 3 were erased, and no demand of a person" in shown.stdout


def test_seals_made_anew_over_older_rows_end_with_exit_code_3(machine: Machine) -> None:
    head = with_journal(machine, ago=timedelta(hours=1))

    shown = machine.run("audit", "verify")
    facts = json.loads(machine.run("audit", "verify", "--format", "json").stdout)

    assert shown.exit_code == 3
    assert "3 rows were sealed long after they were written" in shown.stdout
    assert (True, 3) == (facts[0]["ok"], facts[0]["sealed_late"])
    assert 0 == machine.run("audit", "verify", "--expect-head", head).exit_code


def test_a_run_without_a_journal_ends_with_exit_code_3(machine: Machine) -> None:
    tenant = machine.add_tenant()
    with machine.services.database.transaction() as tx:
        run_id = runs.create(
            tx, tenant_id=tenant.id, deal_id=7, kind="invoice", now=machine.services.clock.now()
        )

    shown = machine.run("audit", "verify")

    assert shown.exit_code == 3
    assert f"No journal row tells of the runs {run_id}." in shown.stdout


def test_a_head_noted_without_a_day_is_taken_and_one_with_no_real_day_is_refused(machine: Machine) -> None:
    head = with_journal(machine)
    undated, day = head.rsplit(":", 1)

    assert 0 == machine.run("audit", "verify", "--expect-head", undated).exit_code
    assert berlin_date(machine.services.clock.now()).isoformat() == day
    assert 2 == machine.run("audit", "verify", "--expect-head", f"{undated}:2026-02-30").exit_code
