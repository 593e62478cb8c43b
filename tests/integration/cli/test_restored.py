"""The first command on a restored database."""

import json

from tests.integration.cli.conftest import Machine


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
