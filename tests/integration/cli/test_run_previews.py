"""``preview --run``: with the deal as it was read, and the account that its customer has or would get."""

import json

from connector.accounting.debtor_records import build_debtor_record
from connector.accounting.party import Address, Party
from connector.store import debtors
from connector.store.debtors import Origin
from connector.store.tenants import TenantRow
from connector.tenants.config import DebtorConfig, DebtorStrategy
from tests.integration.cli.conftest import Machine
from tests.integration.cli.test_runs import NOW, parked
from tests.unit.cli.deals import bundle


def test_a_run_is_previewed_with_the_deal_as_it_was_read(machine: Machine) -> None:
    run_id = parked(machine, machine.add_tenant(), bundle=bundle(), config_version=1)

    shown = machine.run("preview", "--run", str(run_id), "--format", "json")

    value = json.loads(shown.stdout)
    assert (3, "needs_attention") == (shown.exit_code, value["outcome"])
    assert ["seller_tax_number_missing"] == [reason["code"] for reason in value["reasons"]]


def test_a_run_without_an_account_is_previewed_with_the_one_its_customer_has(machine: Machine) -> None:
    tenant = machine.add_tenant()
    for party, account in [("organization:1", 10000), ("organization:17", 10005)]:
        give_account(machine, tenant, party, account)
    run_id = parked(machine, tenant, bundle=bundle(), config_version=1)

    assert (10005, False) == previewed_debtor(machine, run_id)


def test_a_new_customer_is_previewed_with_an_account_that_nobody_has(machine: Machine) -> None:
    tenant = machine.add_tenant()
    give_account(machine, tenant, "organization:1", 10000)
    run_id = parked(machine, tenant, bundle=bundle(), config_version=1)

    assert (10001, True) == previewed_debtor(machine, run_id)
    with machine.services.database.transaction() as tx:
        assert [10000] == [row.account for row in debtors.all_of(tx, tenant.id)]


def test_a_preview_of_a_run_tells_why_its_customer_gets_no_account(machine: Machine) -> None:
    by_list = DebtorConfig(strategy=DebtorStrategy.LIST)
    run_id = parked(machine, machine.add_tenant(debtors=by_list), bundle=bundle(), config_version=1)

    value = json.loads(machine.run("preview", "--run", str(run_id), "--format", "json").stdout)

    assert value["debtor"] is None
    assert "adviser_list_missing" in [reason["code"] for reason in value["reasons"]]


def give_account(machine: Machine, tenant: TenantRow, party: str, account: int) -> None:
    """A customer that has its account for itself, as after its first deal."""
    customer = Party(party, "Rheinwerk GmbH", Address("Weg 1", "", "51063", "Köln", "DE"))
    with machine.services.database.transaction() as tx:
        debtors.keep(
            tx,
            tenant_id=tenant.id,
            party=party,
            record=build_debtor_record(customer, account),
            record_hash="x",
            collective=False,
            origin=Origin.NEXT_FREE,
            now=NOW,
        )


def previewed_debtor(machine: Machine, run_id: int) -> tuple[int, bool]:
    """The debtor account that a preview of the run shows, and whether it is an example."""
    shown = machine.run("preview", "--run", str(run_id), "--format", "json")
    debtor = json.loads(shown.stdout)["debtor"]
    return debtor["account"], debtor["provisional"]


def test_a_run_whose_deal_is_not_kept_is_previewed_with_the_deal_read_again(machine: Machine) -> None:
    """A deal that cannot be booked is not kept: the reasons must be shown all the same."""
    tenant = machine.add_tenant()
    machine.connect_pipedrive()
    deal = {"id": 4711, "title": "Ohne Käufer", "status": "won", "won_time": "2027-01-02T10:00:00Z"}
    machine.sandbox.control("/pipedrive/accounts/acme/seed", deals=[deal])
    run_id = parked(machine, tenant, deal_id=4711)

    shown = machine.run("preview", "--run", str(run_id), "--format", "json")

    assert shown.exit_code == 3, shown.output
    value = json.loads(shown.stdout)
    assert "needs_attention" == value["outcome"]
    assert "The deal has neither an organization nor a person." in [
        reason["message"] for reason in value["reasons"]
    ]


def test_a_preview_that_needs_pipedrive_says_what_keeps_it_from_it(machine: Machine) -> None:
    run_id = parked(machine, machine.add_tenant())

    shown = machine.run("preview", "--run", str(run_id))

    assert shown.exit_code == 1
    assert "ml-connector connect pipedrive acme" in shown.stderr
