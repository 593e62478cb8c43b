"""The first command on a restored database."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connector.store import tenants
from tests.integration.cli.conftest import Machine
from tests.integration.cli.test_tenants import TOKEN
from tests.unit.cli.deals import write_tenant


def test_after_a_restore_every_tenant_is_parked_and_told_why(machine: Machine) -> None:
    machine.add_tenant()

    done = machine.run("restored", "--yes", "--format", "json")

    assert (0, {"tenants": 1, "runs": [], "batches": []}) == (done.exit_code, json.loads(done.stdout))
    [tenant] = json.loads(machine.run("tenant", "list", "--format", "json").stdout)
    assert (True, "restored_from_backup") == (tenant["parked"], tenant["parked_code"])


def test_nothing_is_parked_before_somebody_agrees(machine: Machine) -> None:
    machine.add_tenant()

    refused = machine.run("restored")

    assert 0 != refused.exit_code
    [tenant] = json.loads(machine.run("tenant", "list", "--format", "json").stdout)
    assert not tenant["parked"]


@pytest.mark.parametrize("earlier", [None, "setting_wrong", "permission_missing"])
def test_a_file_that_is_applied_does_not_set_a_restored_tenant_going(
    machine: Machine, tmp_path: Path, earlier: str | None
) -> None:
    path = write_tenant(tmp_path)
    machine.run("tenant", "apply", path, **TOKEN)
    with machine.services.database.transaction() as tx:
        muster = tenants.find(tx, "muster")
        assert muster is not None
        if earlier:
            now = datetime(2026, 11, 1, tzinfo=UTC)
            tenants.park(tx, muster.id, code=earlier, message="Parked before.", cure="Mend it.", now=now)
    machine.run("restored", "--yes")

    applied = machine.run("tenant", "apply", path, **TOKEN)

    assert "works again" not in applied.stdout
    assert "The tenant stays parked: The database was restored from a backup." in applied.stdout
    assert "ml-connector tenant resume muster" in machine.run("tenant", "show", "muster").stdout
    [tenant] = json.loads(machine.run("tenant", "list", "--format", "json").stdout)
    assert (True, "restored_from_backup") == (tenant["parked"], tenant["parked_code"])
    assert "muster works again" in machine.run("tenant", "resume", "muster").stdout


def test_a_new_login_does_not_set_a_restored_tenant_going(machine: Machine) -> None:
    machine.add_tenant()
    machine.run("restored", "--yes")

    machine.connect_datev()
    machine.connect_pipedrive()
    machine.run("ping", "acme")

    [tenant] = json.loads(machine.run("tenant", "list", "--format", "json").stdout)
    assert (True, "restored_from_backup") == (tenant["parked"], tenant["parked_code"])
