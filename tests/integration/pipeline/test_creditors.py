"""A customer that is a supplier, too: a creditor account besides, while its invoices stay on the debtor."""

from dataclasses import replace
from typing import Any

import pytest

from connector.pipeline.adviser_list import import_adviser_list
from connector.store import tables as t
from connector.tenants.config import DebtorConfig, DebtorStrategy, FieldMap, SaleConfig
from tests.integration.pipeline.carriage import Carriage, config_for

LABELS = {
    "field_name": "Labels",
    "field_code": "label_ids",
    "field_type": "set",
    "is_custom_field": False,
    "options": [{"id": 5, "label": "Lieferant"}, {"id": 6, "label": "Kunde"}],
}
NUMBER = {"field_name": "Kreditorennummer", "field_type": "varchar"}
SUPPLIERS = DebtorConfig(creditor_labels=("lieferant",))


def organization(carriage: Carriage, number: int, name: str, *labels: int, **custom: str) -> None:
    carriage.sandbox.seed(
        organizations=[
            {
                "id": number,
                "name": name,
                "address": "Weg 4, 51063 Köln, Germany",
                "label_ids": list(labels),
                "custom_fields": custom,
            }
        ]
    )


def accounts(carriage: Carriage) -> list[tuple[str, str, int, str]]:
    rows = carriage.rows(t.debtor, "party", "kind", "account", "origin")
    return [(row.party, row.kind, row.account, row.origin) for row in rows]


@pytest.fixture
def suppliers(carriage: Carriage) -> Carriage:
    """A tenant for which a label makes suppliers; organization 1 is one, 2 is none."""
    carriage.sandbox.seed(organization_fields=[LABELS, NUMBER])
    organization(carriage, 1, "Rheinwerk Maschinen GmbH", 5, 6)
    organization(carriage, 2, "Only Customer AG", 6)
    carriage.apply(config_for(debtors=SUPPLIERS))
    return carriage


def test_a_supplier_gets_a_creditor_and_its_invoice_stays_on_the_debtor(suppliers: Carriage) -> None:
    suppliers.win(7)
    suppliers.win(8, org_id=2)
    suppliers.finish()

    assert [
        ("organization:1", "creditor", 70000, "next_free"),
        ("organization:1", "debtor", 10000, "next_free"),
        ("organization:2", "debtor", 10001, "next_free"),
    ] == sorted(accounts(suppliers))
    assert [10000, 10001] == sorted(row.account for row in suppliers.rows(t.posting, "account"))
    assert ["done", "done"] == [row.state for row in suppliers.rows(t.run, "state")]


def test_the_creditor_goes_to_datev_once_and_again_only_when_it_changes(suppliers: Carriage) -> None:
    suppliers.win(7)
    suppliers.finish()
    first = suppliers.debtor_files()
    suppliers.win(8)
    suppliers.finish()
    unchanged = suppliers.debtor_files()
    organization(suppliers, 1, "Rheinwerk Anlagenbau GmbH", 5)
    suppliers.win(9)
    suppliers.finish()

    assert (1, 1, 2) == (first, unchanged, suppliers.debtor_files())
    hashes = suppliers.rows(t.debtor, "record_hash", "transferred_hash")
    assert 2 == len(hashes)
    assert all(row.record_hash == row.transferred_hash for row in hashes)


@pytest.mark.parametrize("label", ["5", "LIEFERANT ", "Lieferant"])
def test_a_label_is_named_by_its_id_or_its_name(suppliers: Carriage, label: str) -> None:
    suppliers.apply(config_for(debtors=replace(SUPPLIERS, creditor_labels=(label,))))

    run = suppliers.win(7)
    suppliers.carry_to("debtor_ready", run.id)

    assert ["creditor", "debtor"] == sorted(row[1] for row in accounts(suppliers))


def field_strategy(carriage: Carriage, **changes: Any) -> None:
    fields = FieldMap(creditor_number=NUMBER["field_name"])
    carriage.apply(config_for(debtors=replace(SUPPLIERS, **changes), sale=SaleConfig(fields=fields)))


def test_the_creditor_number_may_stand_on_the_record(suppliers: Carriage) -> None:
    organization(suppliers, 1, "Rheinwerk Maschinen GmbH", 5, Kreditorennummer="70123")
    field_strategy(suppliers)

    run = suppliers.win(7)
    suppliers.carry_to("debtor_ready", run.id)

    assert ("organization:1", "creditor", 70123, "field") in accounts(suppliers)


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("", "creditor_number_missing"),
        ("12345", "creditor_account_out_of_range"),
        ("K-1", "creditor_number_not_a_number"),
    ],
)
def test_a_creditor_number_that_is_none_waits_for_a_person(
    suppliers: Carriage, number: str, code: str
) -> None:
    organization(suppliers, 1, "Rheinwerk Maschinen GmbH", 5, Kreditorennummer=number)
    field_strategy(suppliers)

    run = suppliers.win(7)
    suppliers.finish()

    assert ("needs_attention", code) == (suppliers.run(run.id).state, suppliers.run(run.id).reason_code)
    assert [] == accounts(suppliers)


def test_two_suppliers_never_share_an_account(suppliers: Carriage) -> None:
    organization(suppliers, 1, "Rheinwerk Maschinen GmbH", 5, Kreditorennummer="70123")
    organization(suppliers, 2, "Second AG", 5, Kreditorennummer="70123")
    field_strategy(suppliers)

    first, second = suppliers.win(7), suppliers.win(8, org_id=2)
    suppliers.finish()

    assert "done" == suppliers.run(first.id).state
    assert "creditor_account_taken" == suppliers.run(second.id).reason_code


def test_a_creditor_is_found_in_the_advisers_list_among_the_creditors(suppliers: Carriage) -> None:
    suppliers.apply(config_for(debtors=replace(SUPPLIERS, strategy=DebtorStrategy.LIST)))
    rows = "Konto;Name\n10007;Rheinwerk Maschinen GmbH\n70009;Rheinwerk Maschinen GmbH\n"
    import_adviser_list(suppliers.services, suppliers.tenant, rows.encode(), actor="test", dry_run=False)

    suppliers.win(7)
    suppliers.finish()

    assert [
        ("organization:1", "creditor", 70009, "list"),
        ("organization:1", "debtor", 10007, "list"),
    ] == sorted(accounts(suppliers))
    assert 0 == suppliers.debtor_files()


def test_new_creditors_avoid_the_list_and_end_with_their_range(suppliers: Carriage) -> None:
    suppliers.apply(config_for(debtors=replace(SUPPLIERS, creditor_first=70000, creditor_last=70001)))
    rows = b"Konto;Name\n70000;Somebody\n"
    import_adviser_list(suppliers.services, suppliers.tenant, rows, actor="test", dry_run=False)
    organization(suppliers, 2, "Second AG", 5)

    first, second = suppliers.win(7), suppliers.win(8, org_id=2)
    suppliers.finish()

    assert ("organization:1", "creditor", 70001, "next_free") in accounts(suppliers)
    assert "done" == suppliers.run(first.id).state
    assert "creditor_range_used_up" == suppliers.run(second.id).reason_code
