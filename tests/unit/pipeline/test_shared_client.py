"""Several tenants on one DATEV client: what they must not have in common."""

from dataclasses import replace
from pathlib import Path

import pytest

from connector.pipeline.shared_client import sharing_problems
from connector.tenants.config import (
    DatevConfig,
    DatevFormat,
    DebtorConfig,
    DebtorStrategy,
    NumberConfig,
    NumberSource,
    PipedriveAuth,
    PipedriveConfig,
    TenantConfig,
    WhenNotListed,
)
from connector.tenants.toml_file import read_tenant_file
from tests.integration.webapp.world import tenant_config

DEMO = Path(__file__).parents[3] / "config" / "demo"
LOW, HIGH = DebtorConfig(last=39999), DebtorConfig(first=40000)
FROM_FIELD = DebtorConfig(DebtorStrategy.FIELD)


def collective(account: int) -> DebtorConfig:
    return DebtorConfig(DebtorStrategy.COLLECTIVE, collective_account=account)


def beside(**changes: object) -> TenantConfig:
    """A tenant of the same client as ``acme`` that gets on with it, but for the changes."""
    config = tenant_config(
        "beta",
        pipedrive=PipedriveConfig(PipedriveAuth.OAUTH, "beta"),
        debtors=HIGH,
        numbers=NumberConfig(pattern="B-{deal_id}"),
    )
    return replace(config, **changes)


def codes(config: TenantConfig, other: TenantConfig) -> list[str]:
    return [problem.code for problem in sharing_problems(config, [other])]


ACME = tenant_config(debtors=LOW)


def test_tenants_with_nothing_in_common_share_a_client() -> None:
    assert [] == codes(beside(), ACME)


def test_all_that_clashes_is_told_at_once_with_field_and_cure() -> None:
    problems = sharing_problems(tenant_config("beta"), [tenant_config()])

    assert [
        ("client_shared_by_company", "pipedrive.company_domain"),
        ("client_shared_by_debtors", "debtors.first"),
        ("client_shared_by_numbers", "numbers.pattern"),
    ] == [(problem.code, problem.field) for problem in problems]
    assert all(problem.cure and "The tenant acme" in problem.message for problem in problems)


def test_suppliers_of_two_tenants_never_get_one_account() -> None:
    mine, theirs = replace(HIGH, creditor_labels=("Lieferant",)), replace(LOW, creditor_labels=("5",))
    apart = replace(mine, creditor_first=80000), replace(theirs, creditor_last=79999)

    assert ["client_shared_by_creditors"] == codes(beside(debtors=mine), replace(ACME, debtors=theirs))
    assert [] == codes(beside(debtors=apart[0]), replace(ACME, debtors=apart[1]))
    assert [] == codes(beside(debtors=mine), ACME)


def test_a_list_that_also_gives_new_accounts_needs_a_range_of_its_own() -> None:
    by_list = DebtorConfig(DebtorStrategy.LIST)

    assert [] == codes(beside(debtors=by_list), ACME)
    assert ["client_shared_by_debtors"] == codes(
        beside(debtors=replace(by_list, when_not_listed=WhenNotListed.NEXT_FREE)), ACME
    )


@pytest.mark.parametrize("datev", [(455148, 2), (455149, 1)])
def test_tenants_of_other_clients_may_be_alike(datev: tuple[int, int]) -> None:
    other = DatevConfig(*datev, DatevFormat.EXTF)

    assert [] == codes(tenant_config("beta", datev=other), tenant_config())


def test_a_tenant_does_not_clash_with_itself() -> None:
    assert [] == codes(tenant_config(), tenant_config())


def test_the_same_company_is_refused_however_it_is_spelled() -> None:
    config = beside(pipedrive=PipedriveConfig(PipedriveAuth.TOKEN, "ACME"))

    assert ["client_shared_by_company"] == codes(config, ACME)


@pytest.mark.parametrize(
    ("mine", "theirs", "clash"),
    [
        (DebtorConfig(first=39999), LOW, True),
        (HIGH, LOW, False),
        (LOW, HIGH, False),
        (DebtorConfig(first=20000, last=20000), LOW, True),
        (collective(10000), LOW, True),
        (HIGH, collective(40000), True),
        (collective(40000), LOW, False),
        (collective(10000), collective(10000), False),
        (FROM_FIELD, LOW, False),
        (FROM_FIELD, FROM_FIELD, False),
    ],
)
def test_no_account_may_be_given_out_by_two(mine: DebtorConfig, theirs: DebtorConfig, clash: bool) -> None:
    found = codes(beside(debtors=mine), tenant_config(debtors=theirs))

    assert (["client_shared_by_debtors"] if clash else []) == found


@pytest.mark.parametrize(
    ("mine", "theirs", "clash"),
    [
        (NumberConfig(), NumberConfig(), True),
        (NumberConfig(pattern="pd-{deal_id}"), NumberConfig(), True),
        (NumberConfig(NumberSource.SEQUENCE, pattern="PD-{year}{next:05d}"), NumberConfig(), True),
        (NumberConfig(NumberSource.SEQUENCE, pattern="PD-{year}-{next}"), NumberConfig(), False),
        (NumberConfig(pattern="B-{deal_id}"), NumberConfig(), False),
        (NumberConfig(NumberSource.FIELD, field="number"), NumberConfig(), False),
    ],
)
def test_no_document_number_may_be_made_by_two(mine: NumberConfig, theirs: NumberConfig, clash: bool) -> None:
    found = codes(beside(numbers=mine), tenant_config(debtors=LOW, numbers=theirs))

    assert (["client_shared_by_numbers"] if clash else []) == found


def test_the_demos_tenants_stand_beside_each_other_and_beside_the_example() -> None:
    environ = dict.fromkeys(
        ("DEMO_PIPEDRIVE_TOKEN", "DEMO_SIGNATURE_KEY", "MUSTER_PIPEDRIVE_TOKEN", "MUSTER_WEBHOOK_PASSWORD"),
        "x" * 40,
    )
    files = (*sorted(DEMO.glob("*-*.toml")), DEMO.parent / "tenant.example.toml")
    configs = [read_tenant_file(path, environ).config for path in files]

    assert ["beispiel-digital", "muster-beratung", "muster"] == [config.key for config in configs]
    assert [[], [], []] == [sharing_problems(config, configs) for config in configs]
