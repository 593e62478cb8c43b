"""``debtors``: the adviser's list brought in and looked at."""

import json
from pathlib import Path
from typing import Any

import pytest

from connector.accounting.debtor_records import build_debtor_record
from connector.accounting.party import Address, Party
from connector.store import debtors
from connector.store.debtors import Origin
from tests.integration.cli.conftest import Machine

HEADINGS = "Debitor;Name;USt-IdNr.;PLZ;Ort\n"


@pytest.fixture
def acme(machine: Machine) -> Machine:
    """A tenant whose customer organization:1 has the account 10000 from us."""
    tenant = machine.add_tenant()
    party = Party("organization:1", "Rheinwerk GmbH", Address("Weg 1", "", "51063", "Köln", "DE"))
    with machine.services.database.transaction() as tx:
        debtors.keep(
            tx,
            tenant_id=tenant.id,
            party=party.key,
            record=build_debtor_record(party, 10000),
            record_hash="x",
            collective=False,
            origin=Origin.NEXT_FREE,
            now=machine.services.clock.now(),
        )
    return machine


def bring_in(machine: Machine, folder: Path, rows: str, *options: str) -> Any:
    file = folder / "debitoren.csv"
    file.write_text(HEADINGS + rows, encoding="cp1252")
    return machine.run("debtors", "import", str(file), "--tenant", "acme", *options)


def test_a_list_is_brought_in_and_told_in_numbers(acme: Machine, tmp_path: Path) -> None:
    tried = bring_in(acme, tmp_path, "10001;Müller GmbH;;50667;Köln\n", "--dry-run")
    done = bring_in(acme, tmp_path, "10001;Müller GmbH;;50667;Köln\n")
    again = json.loads(bring_in(acme, tmp_path, "10002;Neu AG;;;\n", "--format", "json").stdout)

    assert (0, 0) == (tried.exit_code, done.exit_code)
    counts = "acme: the list has 1 accounts: 1 new, 0 changed, 0 gone, 0 unchanged.\n"
    assert (f"{counts}Nothing was stored.\n", counts) == (tried.stdout, done.stdout)
    assert {
        "tenant": "acme",
        "stored": True,
        "accounts": 1,
        "new": [10002],
        "changed": [],
        "gone": [{"account": 10001, "name": "Müller GmbH", "party": ""}],
        "unchanged": 0,
        "clashes": [],
    } == again


def test_mistakes_are_told_on_stderr_and_store_nothing(acme: Machine, tmp_path: Path) -> None:
    bring_in(acme, tmp_path, "10001;Müller GmbH;;;\n")

    refused = bring_in(acme, tmp_path, "10002;Neu AG;;;\nabc;Broken;;;\n8400;Erlöse;;;\n")
    listed = json.loads(acme.run("debtors", "list", "--tenant", "acme", "--format", "json").stdout)

    assert (1, "") == (refused.exit_code, refused.stdout)
    assert "Line 3: 'abc' is no account number. [Debitor]" in refused.stderr
    assert "Line 4: 8400 is no personal account" in refused.stderr
    assert [10000, 10001] == [row["account"] for row in listed]


def test_a_clash_needs_a_person(acme: Machine, tmp_path: Path) -> None:
    clashing = bring_in(acme, tmp_path, "10000;Somebody Else AG;;;\n")
    listed = acme.run("debtors", "list", "--tenant", "acme")

    assert 3 == clashing.exit_code
    assert (
        "CLASH: we gave 10000 to organization:1 (Rheinwerk GmbH), the list to Somebody Else AG."
        in clashing.stdout
    )
    assert "The adviser's list gives to others: 10000." in listed.stdout


def test_an_account_in_use_that_is_gone_from_the_list_needs_a_person(acme: Machine, tmp_path: Path) -> None:
    before = bring_in(acme, tmp_path, "10000;Rheinwerk GmbH;;51063;Köln\n10001;Müller GmbH;;50667;Köln\n")
    unused = bring_in(acme, tmp_path, "10000;Rheinwerk GmbH;;51063;Köln\n")
    used = bring_in(acme, tmp_path, "10001;Müller GmbH;;50667;Köln\n")

    assert (0, 0, 3) == (before.exit_code, unused.exit_code, used.exit_code)
    assert "Gone, but in use: 10000 Rheinwerk GmbH is the account of organization:1." in used.stdout


def test_the_list_shows_where_each_account_comes_from(acme: Machine, tmp_path: Path) -> None:
    bring_in(acme, tmp_path, "10001;Müller GmbH;;50667;Köln\n70001;Lieferant AG;;;\n")

    rows = json.loads(acme.run("debtors", "list", "--tenant", "acme", "--format", "json").stdout)
    text = acme.run("debtors", "list", "--tenant", "acme").stdout

    assert [
        (10000, "debtor", "next_free", "organization:1", False),
        (10001, "debtor", "list", "", True),
        (70001, "creditor", "list", "", True),
    ] == [(row["account"], row["kind"], row["source"], row["party"], row["in_list"]) for row in rows]
    assert text.startswith("ACCOUNT  KIND")


def test_an_unknown_tenant_and_an_empty_list_are_told(machine: Machine, tmp_path: Path) -> None:
    unknown = bring_in(machine, tmp_path, "10001;A;;;\n")
    machine.add_tenant()
    empty = machine.run("debtors", "list", "--tenant", "acme")

    assert 1 == unknown.exit_code
    assert "There is no tenant 'acme'." in unknown.stderr
    assert "There is no account yet." in empty.stdout
