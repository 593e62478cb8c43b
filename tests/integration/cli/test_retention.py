"""``retention`` and ``privacy`` at the command line: tables, confirmations, exit codes."""

import base64
import json
import stat
import zipfile
from pathlib import Path

from connector.store import runs
from connector.store import tables as t
from tests.integration.cli.conftest import Machine


def with_run(machine: Machine, *, state: str = "cancelled", document: bool = False) -> int:
    """A run of ``acme`` about organization 1."""
    tenant = machine.add_tenant()
    now = machine.services.clock.now()
    with machine.services.database.transaction() as tx:
        run_id = runs.create(tx, tenant_id=tenant.id, deal_id=7, kind="invoice", now=now)
        assert run_id is not None
        bundle = {"deal": {"id": 7, "org_id": 1}, "organization": {"id": 1, "name": "Rheinwerk"}}
        runs.reset(tx, run_id, from_states=("received",), now=now, state=state, bundle=bundle)
        if document:
            tx.execute(
                t.document.insert().values(
                    tenant_id=tenant.id,
                    run_id=run_id,
                    guid="00000000-0000-4000-8000-000000000001",
                    document_number="A1",
                    document_date=now.date(),
                    origin="made",
                    file_name="a.pdf",
                    content=b"%PDF-1",
                    sha256="s",
                    created_at=now,
                )
            )
    return run_id


def test_every_period_stands_beside_its_law(machine: Machine) -> None:
    shown = machine.run("retention", "rules")
    value = json.loads(machine.run("retention", "rules", "--format", "json").stdout)

    assert shown.exit_code == 0
    kept = {row["name"]: (row["kept"], row["source"]) for row in value["ends"]}
    assert ("8 years", "§147 (1) no. 4, (3) AO as of 2025 (BEG IV), §257 HGB, §14b UStG: 8 years") == kept[
        "document.content"
    ]
    assert "10 years" == kept["journal"][0]
    assert "30 days" == kept["http_log"][0]
    assert "Nothing of these ends by itself:" in shown.stdout


def test_a_setting_that_lengthens_a_period_is_shown(machine: Machine) -> None:
    shown = machine.run("retention", "rules", "--format", "json", MLC_KEEP_HTTP_LOG_DAYS="60")

    assert "60 days" in {row["kept"] for row in json.loads(shown.stdout)["ends"]}


def test_a_dry_run_counts_and_a_run_deletes(machine: Machine) -> None:
    with_run(machine)

    tried = machine.run("retention", "run", "--dry-run")
    done = json.loads(machine.run("retention", "run", "--format", "json").stdout)

    assert tried.exit_code == 0
    assert tried.stdout.endswith("Nothing was deleted.\n")
    assert {0} == {row["deleted"] for row in done}


def test_a_hold_is_placed_listed_and_released(machine: Machine) -> None:
    run_id = with_run(machine)
    hold = ("--tenant", "acme", "--run", str(run_id), "--reason", "Audit 2026")

    assert 0 == machine.run("retention", "hold", *hold).exit_code
    twice = machine.run("retention", "hold", *hold)
    (listed,) = json.loads(machine.run("retention", "holds", "--format", "json").stdout)
    assert 0 == machine.run("retention", "release", *hold).exit_code

    assert (1, True) == (twice.exit_code, "held already" in twice.stderr)
    assert ("acme", run_id, "Audit 2026") == (listed["tenant"], listed["run"], listed["reason"])
    assert "Nothing is held.\n" == machine.run("retention", "holds").stdout


def test_a_hold_without_a_reason_is_refused(machine: Machine) -> None:
    machine.add_tenant()

    assert 2 == machine.run("retention", "hold", "--tenant", "acme", "--reason", " ").exit_code


def test_an_export_as_zip_is_readable_by_its_maker_alone(machine: Machine, tmp_path: Path) -> None:
    with_run(machine, document=True)
    file = tmp_path / "person.zip"

    shown = machine.run("privacy", "export", "--tenant", "acme", "--organization", "1", "-o", str(file))

    assert (0, "1 runs, 1 PDFs about organization:1") == (shown.exit_code, shown.stderr.split(": ")[0])
    assert 0o600 == stat.S_IMODE(file.stat().st_mode)
    with zipfile.ZipFile(file) as archive:
        assert ["data.json", "document-1.pdf"] == archive.namelist()
        assert b"%PDF-1" == archive.read("document-1.pdf")
        assert "Rheinwerk" in json.dumps(json.loads(archive.read("data.json")))


def test_an_export_as_json_holds_the_pdf_too(machine: Machine, tmp_path: Path) -> None:
    with_run(machine, document=True)
    file = tmp_path / "person.json"

    machine.run("privacy", "export", "--tenant", "acme", "--organization", "1", "-o", str(file))

    value = json.loads(file.read_text("utf-8"))
    assert b"%PDF-1" == base64.b64decode(value["pdfs"]["document-1.pdf"])
    assert "organization:1" == value["about"]


def test_another_kind_of_file_is_refused(machine: Machine, tmp_path: Path) -> None:
    shown = machine.run(
        "privacy", "export", "--tenant", "acme", "--person", "1", "-o", str(tmp_path / "person.csv")
    )

    assert (2, True) == (shown.exit_code, ".zip" in shown.stderr)


def test_erasing_asks_for_the_name_and_anything_else_erases_nothing(machine: Machine) -> None:
    with_run(machine)
    erase = ("privacy", "erase", "--tenant", "acme", "--organization", "1", "--confirm")

    refused = machine.run(*erase, "organization:2")
    done = machine.run(*erase, "organization:1")
    again = machine.run(*erase, "organization:1")

    assert (1, True) == (refused.exit_code, "nothing was erased" in refused.stderr)
    assert (0, True) == (done.exit_code, "Erased: 1 × copies of deals" in done.stdout)
    assert (0, "Nothing to erase about organization:1.\n") == (again.exit_code, again.stdout)


def test_what_stays_by_law_is_named_with_its_last_day_and_is_no_failure(machine: Machine) -> None:
    with_run(machine, document=True)
    year = machine.services.clock.now().year

    shown = machine.run("privacy", "erase", "--tenant", "acme", "--organization", "1", "--dry-run")

    assert shown.exit_code == 0
    assert f"Stays until {year + 8}-12-31: run 1: invoice and its PDF" in shown.stdout


def test_what_stays_because_it_is_on_its_way_ends_with_3(machine: Machine) -> None:
    with_run(machine, state="resolved")

    shown = machine.run("privacy", "erase", "--tenant", "acme", "--organization", "1", "--dry-run")

    assert shown.exit_code == 3
    assert "Stays until that ends: run 1" in shown.stdout


def test_nobody_and_two_at_once_are_refused(machine: Machine) -> None:
    machine.add_tenant()

    both = ("--person", "1", "--organization", "1")
    assert 2 == machine.run("privacy", "erase", "--tenant", "acme", *both).exit_code
    assert 2 == machine.run("privacy", "erase", "--tenant", "acme").exit_code


def test_a_number_that_is_none_is_refused_and_not_taken_for_nobody(machine: Machine) -> None:
    machine.add_tenant()
    erase = ("privacy", "erase", "--tenant", "acme", "--dry-run", "--person")

    assert 2 == machine.run(*erase, "99999999999999999999").exit_code
    assert 0 == machine.run(*erase, "9223372036854775807").exit_code
