"""Which account a customer gets: the adviser's list first where there is one, and never anybody else's."""

from dataclasses import replace
from typing import Any

import pytest

from connector.errors import DataError
from connector.pipeline.adviser_list import Clash, import_adviser_list, known_accounts
from connector.pipeline.retry import retry_run
from connector.store import tables as t
from connector.tenants.config import DebtorConfig, DebtorStrategy, FieldMap, SaleConfig, WhenNotListed
from tests.integration.pipeline.carriage import Carriage, add_customer, config_for

NUMBER_FIELD = "Debitorennummer"
VAT_ID_FIELD = "USt-IdNr."
BY_LIST = DebtorConfig(strategy=DebtorStrategy.LIST)
BY_LIST_OR_NEW = DebtorConfig(strategy=DebtorStrategy.LIST, when_not_listed=WhenNotListed.NEXT_FREE)

OURS = "10007;Rheinwerk Maschinen GmbH;;51063;Köln"


def bring_in(carriage: Carriage, *rows: str, dry_run: bool = False) -> Any:
    data = "\n".join(["Konto;Name;USt-IdNr;PLZ;Ort", *rows]).encode()
    return import_adviser_list(carriage.services, carriage.tenant, data, actor="test", dry_run=dry_run)


def use(carriage: Carriage, debtors: DebtorConfig, number_field: str = "") -> None:
    carriage.apply(config_for(debtors=debtors, sale=SaleConfig(fields=FieldMap(debtor_number=number_field))))


def number_on_record(carriage: Carriage, number: str, field: str = NUMBER_FIELD) -> None:
    """Somebody enters a debtor number, or another, on organization 1."""
    carriage.sandbox.control(
        "pipedrive/accounts/acme/seed",
        organization_fields=[{"field_name": field, "field_type": "varchar"}],
        organizations=[
            {
                "id": 1,
                "name": "Rheinwerk Maschinen GmbH",
                "address": "Weg 4, 51063 Köln, Germany",
                "custom_fields": {field: number},
            }
        ],
    )


def debtors_of(carriage: Carriage) -> list[tuple[str, int, str]]:
    rows = carriage.rows(t.debtor, "party", "account", "origin")
    return [(row.party, row.account, row.origin) for row in rows]


def test_a_customer_is_found_in_the_list_and_its_master_data_stay_the_advisers(carriage: Carriage) -> None:
    use(carriage, BY_LIST)
    bring_in(carriage, "10001;Other AG;;;", OURS)

    run = carriage.win(7)
    carriage.finish()

    assert "done" == carriage.run(run.id).state
    assert [("organization:1", 10007, "list")] == debtors_of(carriage)
    assert "Debtor 10007, recognised in the adviser's list by its name." in [
        row.message for row in carriage.story(run.id)
    ]
    assert (1, 0) == (carriage.bookings(), carriage.debtor_files())


def test_a_vat_id_without_its_country_finds_the_customer_whatever_its_name(carriage: Carriage) -> None:
    carriage.apply(config_for(debtors=BY_LIST_OR_NEW, sale=SaleConfig(fields=FieldMap(vat_id=VAT_ID_FIELD))))
    bring_in(carriage, "10001;Other AG;;;", "10007;Rheinwerk Holding SE;DE811128135;;")
    number_on_record(carriage, "811128135", VAT_ID_FIELD)

    run = carriage.win(7)
    carriage.finish()

    assert "done" == carriage.run(run.id).state
    assert [("organization:1", 10007, "list")] == debtors_of(carriage)


def test_listed_accounts_get_our_master_data_where_the_tenant_wants_it(carriage: Carriage) -> None:
    use(carriage, replace(BY_LIST, update_listed=True))
    bring_in(carriage, OURS)

    carriage.win(7)
    carriage.finish()

    assert (1, 1) == (carriage.bookings(), carriage.debtor_files())


@pytest.mark.parametrize(
    ("rows", "code", "told"),
    [
        ((), "adviser_list_missing", "has not been imported"),
        (("10001;Other AG;;;",), "debtor_not_listed", "organization:1"),
        (
            (OURS, "10008;RHEINWERK Maschinen;;51063;Köln"),
            "debtor_ambiguous",
            "10007 Rheinwerk Maschinen GmbH, 51063 Köln; 10008 RHEINWERK Maschinen, 51063 Köln",
        ),
        (("10007;Rheinwerk Maschinen GmbH;;80331;München",), "debtor_not_listed", "organization:1"),
    ],
)
def test_who_is_not_found_for_certain_waits_for_a_person(
    carriage: Carriage, rows: tuple[str, ...], code: str, told: str
) -> None:
    use(carriage, BY_LIST)
    if rows:
        bring_in(carriage, *rows)

    run = carriage.win(7)
    carriage.finish()

    parked = carriage.run(run.id)
    assert ("needs_attention", code) == (parked.state, parked.reason_code)
    assert told in parked.reason_message
    assert [] == debtors_of(carriage)


def test_a_newer_list_lets_the_deal_go_on(carriage: Carriage) -> None:
    use(carriage, BY_LIST)
    bring_in(carriage, "10001;Other AG;;;")
    run = carriage.win(7)
    carriage.finish()

    bring_in(carriage, "10001;Other AG;;;", OURS)
    retry_run(carriage.services, run.id, actor="test")
    carriage.finish()

    assert "done" == carriage.run(run.id).state
    assert [("organization:1", 10007, "list")] == debtors_of(carriage)


def test_the_number_on_the_record_wins_and_must_stand_in_the_list(carriage: Carriage) -> None:
    made = carriage.sandbox.control(
        "pipedrive/accounts/acme/seed",
        organization_fields=[{"field_name": NUMBER_FIELD, "field_type": "varchar"}],
    )
    key = made["fields"]["organization"][NUMBER_FIELD]
    for number, account in ((1, "10008"), (2, "10099")):
        carriage.sandbox.seed(
            organizations=[
                {
                    "id": number,
                    "name": "Rheinwerk Maschinen GmbH",
                    "address": "Weg 4, 51063 Köln, Germany",
                    "custom_fields": {key: account},
                }
            ]
        )
    use(carriage, BY_LIST, NUMBER_FIELD)
    bring_in(carriage, OURS, "10008;Kept under another name;;;")

    listed, unlisted = carriage.win(7), carriage.win(8, org_id=2)
    carriage.finish()

    assert ("done", "") == (carriage.run(listed.id).state, carriage.run(listed.id).reason_message)
    assert [("organization:1", 10008, "list")] == debtors_of(carriage)
    assert "debtor_number_not_listed" == carriage.run(unlisted.id).reason_code


def test_two_customers_that_the_list_takes_for_one_do_not_share_its_account(carriage: Carriage) -> None:
    add_customer(carriage.sandbox, 2, "Rheinwerk Maschinen GmbH")
    use(carriage, BY_LIST)
    bring_in(carriage, OURS)

    first, second = carriage.win(7), carriage.win(8, org_id=2)
    carriage.finish()

    assert "done" == carriage.run(first.id).state
    assert "debtor_account_taken" == carriage.run(second.id).reason_code


def test_new_accounts_avoid_the_list_and_what_is_taken(carriage: Carriage) -> None:
    add_customer(carriage.sandbox, 2, "Second AG")
    add_customer(carriage.sandbox, 3, "Third AG")
    use(carriage, replace(BY_LIST_OR_NEW, first=10000, last=10004))
    bring_in(carriage, "10000;A;;;", "10001;B;;;", "10003;Rheinwerk Maschinen GmbH;;;")

    runs = [carriage.win(7), carriage.win(8, org_id=2), carriage.win(9, org_id=3)]
    carriage.finish()

    assert ["done"] * 3 == [carriage.run(run.id).state for run in runs]
    assert [
        ("organization:1", 10003, "list"),
        ("organization:2", 10002, "next_free"),
        ("organization:3", 10004, "next_free"),
    ] == sorted(debtors_of(carriage))

    add_customer(carriage.sandbox, 4, "Fourth AG")
    late = carriage.win(10, org_id=4)
    carriage.finish()
    assert "debtor_range_used_up" == carriage.run(late.id).reason_code


def test_an_account_that_was_posted_on_is_never_given_to_another_customer(carriage: Carriage) -> None:
    """Its customer has got another account since, by the adviser's list."""
    add_customer(carriage.sandbox, 2, "Second AG")
    carriage.win(7)
    carriage.finish()
    number_on_record(carriage, "10007")
    use(carriage, BY_LIST_OR_NEW, NUMBER_FIELD)
    bring_in(carriage, OURS)

    carriage.win(8)
    carriage.win(9, org_id=2)
    carriage.finish()

    assert [("organization:1", 10007, "list"), ("organization:2", 10001, "next_free")] == sorted(
        debtors_of(carriage)
    )


def test_an_import_replaces_the_list_and_says_what_is_different(carriage: Carriage) -> None:
    use(carriage, BY_LIST)
    first = bring_in(carriage, "10001;A;;;", "10002;B;;;", OURS)
    carriage.win(7)
    carriage.finish()

    tried = bring_in(carriage, "10001;A;;;", "10002;B2;;;", "10003;C;;;", dry_run=True)
    again = bring_in(carriage, "10001;A;;;", "10002;B2;;;", "10003;C;;;")

    assert (3, 3, 0) == (first.accounts, len(first.new), first.unchanged)
    assert tried == again
    assert ((10003,), (10002,), 1) == (again.new, again.changed, again.unchanged)
    assert [(10007, "organization:1")] == [(gone.account, gone.party) for gone in again.gone]
    assert 3 == bring_in(carriage, "10001;A;;;", "10002;B2;;;", "10003;C;;;").unchanged


def test_a_wrong_file_changes_nothing(carriage: Carriage) -> None:
    bring_in(carriage, OURS)

    with pytest.raises(DataError):
        bring_in(carriage, "10001;A;;;", "8400;Erlöse;;;")

    with carriage.services.database.transaction() as tx:
        assert [10007] == [known.account for known in known_accounts(tx, carriage.tenant.id, range(0))]


def test_an_account_of_ours_that_the_list_gives_to_another_is_reported_and_waits(carriage: Carriage) -> None:
    carriage.win(7)
    carriage.finish()
    assert [("organization:1", 10000, "next_free")] == debtors_of(carriage)

    imported = bring_in(carriage, "10000;Somebody Else AG;;;")
    run = carriage.win(8)
    carriage.finish()

    expected = Clash(10000, "organization:1", "Rheinwerk Maschinen GmbH", "Somebody Else AG")
    assert (expected,) == imported.clashes
    assert "debtor_account_clashes" == carriage.run(run.id).reason_code

    # The adviser exports our own record with the rest.
    assert () == bring_in(carriage, "10000;RHEINWERK MASCHINEN;;;").clashes
    retry_run(carriage.services, run.id, actor="test")
    carriage.finish()
    assert "done" == carriage.run(run.id).state


def test_a_clash_is_settled_by_the_number_on_the_record(carriage: Carriage) -> None:
    carriage.win(7)
    carriage.finish()
    number_on_record(carriage, "10007")
    use(carriage, BY_LIST, NUMBER_FIELD)
    bring_in(carriage, "10000;Somebody Else AG;;;", OURS)

    run = carriage.win(8)
    carriage.finish()

    assert "done" == carriage.run(run.id).state
    assert [("organization:1", 10007, "list")] == debtors_of(carriage)


def test_every_known_account_tells_where_it_comes_from(carriage: Carriage) -> None:
    carriage.win(7)
    carriage.finish()
    bring_in(carriage, "10000;Rheinwerk Maschinen;;;", "10001;A;;;", "70001;L;;;")

    with carriage.services.database.transaction() as tx:
        found = known_accounts(tx, carriage.tenant.id, range(70000, 100000))

    assert [
        (10000, "debtor", "next_free", "organization:1", True, True),
        (10001, "debtor", "list", "", True, False),
        (70001, "creditor", "list", "", True, False),
    ] == [(one.account, one.kind, one.source, one.party, one.in_list, one.transferred) for one in found]


def person(carriage: Carriage, number: int, **facts: Any) -> None:
    carriage.sandbox.seed(persons=[{"id": number, **facts}])


def test_a_person_without_organization_is_a_debtor_of_its_own(carriage: Carriage) -> None:
    config = config_for()
    carriage.apply(replace(config, sale=replace(config.sale, persons_are="consumer")))
    person(
        carriage,
        4,
        name="Eva Maria Ernst",
        first_name="Eva Maria",
        last_name="Ernst",
        postal_address={
            "route": "Gasse",
            "street_number": "1",
            "postal_code": "50667",
            "locality": "Köln",
            "country": "Germany",
        },
    )

    run = carriage.win(7, org_id=None, person_id=4)
    carriage.finish()

    assert "done" == carriage.run(run.id).state
    assert [("person:4", 10000, "next_free")] == debtors_of(carriage)
    [row] = carriage.rows(t.debtor, "record")
    assert (False, "Eva Maria", "Ernst", "Ernst") == tuple(
        row.record[name] for name in ("is_organization", "first_name", "last_name", "short_name")
    )
