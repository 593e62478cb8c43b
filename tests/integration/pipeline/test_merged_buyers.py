"""Organizations merged in Pipedrive: the debtor follows; nobody gets two accounts, and none is lost."""

from dataclasses import replace

import pytest

from connector.accounting.party import CustomerStatus
from connector.pipedrive.merges import PartyMerge, parse_merge
from connector.pipedrive.webhook import parse_delivery
from connector.pipeline import intake
from connector.pipeline.merged_buyers import follow_merge
from connector.pipeline.onboarding import subscribe_webhook, tenant_webhooks
from connector.store import debtors
from connector.store import tables as t
from connector.store.debtors import CREDITOR, Origin
from connector.tenants.config import DebtorConfig, DebtorStrategy, FieldMap, SaleConfig
from tests.integration.pipeline.carriage import Carriage, add_customer, config_for


@pytest.fixture(autouse=True)
def hooks(carriage: Carriage) -> None:
    """Pipedrive tells us of deals and of deleted buyers."""
    subscribe_webhook(carriage.services, carriage.tenant)
    add_customer(carriage.sandbox, 2, "Rheinwerk GmbH")


def merge(carriage: Carriage, gone: int, survivor: int) -> None:
    """Somebody merges two organizations, and everything that Pipedrive tells of it arrives."""
    before = len(carriage.sandbox.arrivals()["deliveries"])
    carriage.sandbox.control(f"pipedrive/accounts/acme/organizations/{gone}/merge", merge_with_id=survivor)
    told = carriage.sandbox.arrivals()["deliveries"]
    for parcel in told[before:]:
        event, merged = parse_delivery(parcel["body"]), parse_merge(parcel["body"])
        if event is not None:
            intake.receive(carriage.services, carriage.tenant, event, "webhook")
        if merged is not None:
            follow_merge(carriage.services, carriage.tenant, merged)


def debtors_of(carriage: Carriage) -> list[tuple[str, int]]:
    return [(row.party, row.account) for row in carriage.rows(t.debtor, "party", "account")]


def told(carriage: Carriage, event: str) -> list[str]:
    return [row.message for row in carriage.rows(t.journal, "event", "message") if row.event == event]


def booked_on(carriage: Carriage) -> list[int]:
    return [row.account for row in carriage.rows(t.posting, "account")]


def test_each_kind_of_buyer_has_a_hook_of_its_own_beside_that_of_the_deals(carriage: Carriage) -> None:
    subscribe_webhook(carriage.services, carriage.tenant)

    found = [
        (hook.event_object, hook.event_action) for hook in tenant_webhooks(carriage.services, carriage.tenant)
    ]

    assert [("deal", "*"), ("organization", "delete"), ("person", "delete")] == sorted(found)


def test_a_survivor_without_debtor_inherits_the_others(carriage: Carriage) -> None:
    carriage.win(7, org_id=1)
    carriage.finish()

    merge(carriage, 1, 2)
    carriage.win(8, org_id=2)
    carriage.finish()

    assert [("organization:2", 10000)] == debtors_of(carriage)
    assert [10000, 10000] == booked_on(carriage)
    assert ["organization:1 was merged into organization:2, which takes over the debtor 10000."] == told(
        carriage, "parties_merged"
    )
    # Its name is another now, so DATEV is told once more.
    assert 2 == carriage.debtor_files()


def test_a_survivor_keeps_its_own_debtor_and_the_others_is_never_given_again(carriage: Carriage) -> None:
    carriage.win(7, org_id=1)
    carriage.win(8, org_id=2)
    carriage.finish()

    merge(carriage, 1, 2)
    add_customer(carriage.sandbox, 3, "Third AG")
    carriage.win(9, org_id=2)
    carriage.win(10, org_id=3)
    carriage.finish()

    assert [("organization:1", 10000), ("organization:2", 10001), ("organization:3", 10002)] == debtors_of(
        carriage
    )
    assert [10000, 10001, 10001, 10002] == sorted(booked_on(carriage))
    [message] = told(carriage, "parties_merged")
    assert message == (
        "organization:1 was merged into organization:2, which keeps the debtor 10001. "
        "The account 10000 stays behind: its open items are settled or carried over in DATEV."
    )


@pytest.mark.parametrize("state", ["resolved", "debtor_ready", "rendered"])
def test_a_deal_on_its_way_is_booked_on_the_survivors_debtor(carriage: Carriage, state: str) -> None:
    carriage.win(8, org_id=2)
    carriage.finish()
    run = carriage.win(7, org_id=1)
    carriage.carry_to(state, run.id)

    merge(carriage, 1, 2)
    carriage.finish()

    assert "done" == carriage.run(run.id).state
    assert [10000, 10000] == booked_on(carriage)


def test_a_deal_read_before_the_merge_gives_the_vanished_organization_no_new_debtor(
    carriage: Carriage,
) -> None:
    """The merge is told first, and the deal's own change never."""
    carriage.win(8, org_id=2)
    carriage.finish()
    run = carriage.win(7, org_id=1)
    carriage.carry_to("resolved", run.id)

    follow_merge(carriage.services, carriage.tenant, PartyMerge("organization:1", "organization:2"))
    carriage.finish()

    assert "done" == carriage.run(run.id).state
    assert [("organization:2", 10000)] == debtors_of(carriage)


def test_merges_in_a_row_end_at_the_last_survivor(carriage: Carriage) -> None:
    add_customer(carriage.sandbox, 3, "Third AG")
    carriage.win(7, org_id=1)
    carriage.finish()

    merge(carriage, 1, 2)
    merge(carriage, 2, 3)
    carriage.win(8, org_id=3)
    carriage.finish()

    assert [("organization:3", 10000)] == debtors_of(carriage)
    rows = carriage.rows(t.debtor, "party")
    assert ["organization:3"] == [row.party for row in rows]


def test_the_same_merge_told_twice_or_the_other_way_round_acts_once(carriage: Carriage) -> None:
    carriage.win(7, org_id=1)
    carriage.finish()
    there, back = (
        PartyMerge("organization:1", "organization:2"),
        PartyMerge("organization:2", "organization:1"),
    )

    for one in (there, there, back):
        assert [] == follow_merge(carriage.services, carriage.tenant, one)

    assert [("organization:2", 10000)] == debtors_of(carriage)
    assert 1 == len(told(carriage, "parties_merged"))


VAT_FIELD = "USt-IdNr."


def with_vat_ids(carriage: Carriage, **vat_ids: str) -> None:
    """Organizations 1 and 2 with a VAT id each."""
    carriage.sandbox.seed(organization_fields=[{"field_name": VAT_FIELD, "field_type": "varchar"}])
    for number, vat_id in vat_ids.items():
        carriage.sandbox.seed(
            organizations=[
                {
                    "id": int(number.removeprefix("org")),
                    "name": f"Customer {number}",
                    "address": "Weg 4, 51063 Köln, Germany",
                    "custom_fields": {VAT_FIELD: vat_id},
                }
            ]
        )
    carriage.apply(config_for(sale=SaleConfig(fields=FieldMap(vat_id=VAT_FIELD))))


def merge_unheard(carriage: Carriage, gone: int, survivor: int) -> None:
    """Pipedrive's hook is banned: nothing of the merge arrives."""
    carriage.sandbox.control(f"pipedrive/accounts/acme/organizations/{gone}/merge", merge_with_id=survivor)


def test_a_merge_that_nobody_told_is_noticed_by_the_vat_id(carriage: Carriage) -> None:
    with_vat_ids(carriage, org1="DE136695976", org2="DE 136 695 976")
    carriage.win(7, org_id=1)
    carriage.finish()

    merge_unheard(carriage, 1, 2)
    run = carriage.win(8, org_id=2)
    carriage.finish()

    assert "done" == carriage.run(run.id).state
    assert [("organization:2", 10000)] == debtors_of(carriage)


def test_two_customers_with_one_vat_id_that_both_exist_stay_two(carriage: Carriage) -> None:
    with_vat_ids(carriage, org1="DE136695976", org2="DE136695976")
    carriage.win(7, org_id=1)
    carriage.win(8, org_id=2)
    carriage.finish()

    assert {"organization:1", "organization:2"} == {party for party, _account in debtors_of(carriage)}


def test_a_customer_that_is_gone_leaves_its_debtor_to_nobody_else(carriage: Carriage) -> None:
    with_vat_ids(carriage, org1="DE136695976", org2="DE129273398")
    carriage.win(7, org_id=1)
    carriage.finish()

    merge_unheard(carriage, 1, 2)
    carriage.win(8, org_id=2)
    carriage.finish()

    assert [("organization:1", 10000), ("organization:2", 10001)] == debtors_of(carriage)


NUMBER_FIELD = "Debitorennummer"


def test_a_missed_merge_is_noticed_by_the_number_that_the_survivor_took_over(carriage: Carriage) -> None:
    carriage.sandbox.seed(organization_fields=[{"field_name": NUMBER_FIELD, "field_type": "varchar"}])
    carriage.sandbox.seed(
        organizations=[
            {
                "id": 1,
                "name": "Rheinwerk Maschinen GmbH",
                "address": "Weg 4, 51063 Köln, Germany",
                "custom_fields": {NUMBER_FIELD: "10007"},
            }
        ]
    )
    carriage.apply(
        config_for(
            debtors=DebtorConfig(DebtorStrategy.FIELD), sale=SaleConfig(FieldMap(debtor_number=NUMBER_FIELD))
        )
    )
    carriage.win(7, org_id=1)
    carriage.finish()

    merge_unheard(carriage, 1, 2)
    run = carriage.win(8, org_id=2)
    carriage.finish()

    assert "done" == carriage.run(run.id).state
    assert [("organization:2", 10007)] == debtors_of(carriage)


def test_a_creditor_follows_although_the_survivor_has_a_debtor_of_its_own(carriage: Carriage) -> None:
    for deal, organization in ((7, 1), (8, 2)):
        carriage.win(deal, org_id=organization)
    carriage.finish()
    with carriage.services.database.transaction() as tx:
        own = debtors.of_party(tx, carriage.tenant.id, "organization:1")
        assert own is not None
        debtors.keep(
            tx,
            tenant_id=carriage.tenant.id,
            party="organization:1",
            record=replace(own.record, account=70000),
            record_hash="x",
            collective=False,
            origin=Origin.NEXT_FREE,
            kind=CREDITOR,
            now=carriage.clock.now(),
        )

    merge(carriage, 1, 2)

    assert {("organization:1", 10000), ("organization:2", 10001), ("organization:2", 70000)} == set(
        debtors_of(carriage)
    )


def test_merged_persons_follow_as_organizations_do(carriage: Carriage) -> None:
    config = config_for(sale=SaleConfig(fields=FieldMap(), persons_are=CustomerStatus.CONSUMER))
    carriage.apply(config)
    for number in (4, 5):
        carriage.sandbox.seed(
            persons=[{"id": number, "name": "Eva Ernst", "postal_address": "Gasse 1, 50667 Köln, Germany"}]
        )
    carriage.win(7, org_id=None, person_id=4)
    carriage.finish()

    follow_merge(carriage.services, carriage.tenant, PartyMerge("person:4", "person:5"))
    carriage.win(8, org_id=None, person_id=5)
    carriage.finish()

    assert [("person:5", 10000)] == debtors_of(carriage)
