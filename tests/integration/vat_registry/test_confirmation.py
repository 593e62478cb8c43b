"""A deal whose tax case rests on a VAT id: confirmed, kept as proof, parked, or carried on without."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.accounting.party import CustomerStatus
from connector.accounting.terms import BookingTerms
from connector.pipeline import run_chain
from connector.pipeline.retry import retry_run
from connector.pipeline.services import Services
from connector.store import Database
from connector.store import tables as t
from connector.tenants.config import (
    FieldMap,
    SaleConfig,
    VatCheckConfig,
    VatCheckProvider,
    WhenUnavailable,
)
from connector.vault import Vault, generate_key
from tests.integration.pipeline.carriage import Carriage, Sandbox, config_for, settings_for
from tests.integration.pipeline.conftest import clock, sandbox, sandbox_url
from tests.integration.vat_registry.fake_registry import FakeRegistry
from tests.integration.webapp.world import MovableClock

__all__ = ["clock", "sandbox", "sandbox_url"]

VIES = VatCheckConfig(provider=VatCheckProvider.VIES)
KNOWN = {"valid": True, "userError": "VALID", "requestIdentifier": "WAPI1"}
EVIDENCE = ("vat_id", "provider", "valid", "status", "reference", "name_match", "address_match")


@pytest.fixture
def services(
    database_url: str, sandbox: Sandbox, clock: MovableClock, registry: FakeRegistry, tmp_path: Path
) -> Iterator[Services]:
    """Services whose partners and registries stand on this machine."""
    settings = settings_for(database_url, sandbox.url, str(tmp_path))
    registries = replace(settings.vat_registries, vies_base_url=registry.url, bzst_base_url=registry.url)
    settings = replace(settings, vat_registries=registries)
    services = Services(settings, Database(database_url), Vault([generate_key()]), clock)
    yield services
    services.database.close()


@pytest.fixture
def carriage(services: Services, sandbox: Sandbox, clock: MovableClock) -> Carriage:
    """The tenant ``acme`` with an Austrian customer."""
    sandbox.seed(
        organization_fields=[{"field_name": "USt-IdNr.", "field_type": "varchar"}],
        organizations=[
            {
                "id": 2,
                "name": "Wiener Handel GmbH",
                "address": {
                    "route": "Ring",
                    "street_number": "1",
                    "postal_code": "1010",
                    "locality": "Wien",
                    "country": "Austria",
                },
                "custom_fields": {"USt-IdNr.": "ATU13585627"},
            }
        ],
    )
    return Carriage(services, sandbox, clock)


def set_up(carriage: Carriage, check: VatCheckConfig) -> None:
    sale = SaleConfig(fields=FieldMap(vat_id="USt-IdNr."), organizations_are=CustomerStatus.BUSINESS)
    terms = BookingTerms(chart="skr03", home_vat_id="DE136695976")
    carriage.apply(config_for(sale=sale, terms=terms, vat_check=check))


def win(carriage: Carriage, deal_id: int, org_id: int = 2) -> Any:
    tax = 0 if org_id == 2 else 19
    line = {"name": "Workshop", "item_price": 100, "quantity": 1, "tax": tax, "tax_method": "exclusive"}
    run = carriage.win(deal_id, org_id=org_id, products=[line])
    run_chain.advance(carriage.services, run.id, "resolve")
    return carriage.run(run.id)


def evidence(carriage: Carriage) -> list[Any]:
    return [tuple(row) for row in carriage.rows(t.vat_check, *EVIDENCE)]


def told(carriage: Carriage, run_id: int) -> list[str]:
    return [row.message for row in carriage.story(run_id) if row.event == "vat_id_checked"]


def test_nobody_is_asked_unless_the_tenant_wants_it(carriage: Carriage, registry: FakeRegistry) -> None:
    set_up(carriage, VatCheckConfig())

    assert "resolved" == win(carriage, 7).state
    assert [] == registry.asked


def test_a_domestic_deal_asks_nobody(carriage: Carriage, registry: FakeRegistry) -> None:
    set_up(carriage, VIES)

    assert "resolved" == win(carriage, 7, org_id=1).state
    assert [] == registry.asked


def test_a_confirmed_number_is_booked_and_the_answer_kept_as_proof(
    carriage: Carriage, registry: FakeRegistry
) -> None:
    set_up(carriage, VIES)
    registry.answer(200, {**KNOWN, "traderNameMatch": "VALID"})

    run = win(carriage, 7)

    assert "resolved" == run.state
    assert [("ATU13585627", "vies", True, "VALID", "WAPI1", "yes", "")] == evidence(carriage)
    assert ["VAT id ATU13585627 confirmed by VIES (VALID, reference WAPI1)."] == told(carriage, run.id)


def test_a_confirmation_holds_for_the_next_deals_until_it_is_old(
    carriage: Carriage, registry: FakeRegistry
) -> None:
    set_up(carriage, replace(VIES, keep_days=30))
    registry.answer(200, KNOWN)

    win(carriage, 7)
    carriage.let_pass(timedelta(days=29))
    win(carriage, 8)
    assert 1 == len(registry.asked)

    carriage.let_pass(timedelta(days=1))
    win(carriage, 9)
    assert 2 == len(registry.asked) == len(evidence(carriage))


@pytest.mark.parametrize(
    ("answer", "code", "name_match"),
    [
        ({"valid": False, "userError": "INVALID"}, "vat_id_not_registered", ""),
        ({**KNOWN, "traderNameMatch": "INVALID"}, "vat_id_of_other_name", "no"),
    ],
)
def test_a_number_that_is_not_the_customers_parks_and_is_asked_anew_after_the_cure(
    carriage: Carriage, registry: FakeRegistry, answer: dict[str, Any], code: str, name_match: str
) -> None:
    set_up(carriage, VIES)
    registry.answer(200, answer)

    run = win(carriage, 7)

    assert ("needs_attention", code) == (run.state, run.reason_code)
    assert [name_match] == [row.name_match for row in carriage.rows(t.vat_check, "name_match")]
    registry.answer(200, KNOWN)
    retry_run(carriage.services, run.id, actor="test")
    run_chain.advance(carriage.services, run.id, "resolve")
    assert "resolved" == carriage.run(run.id).state
    assert 2 == len(evidence(carriage))


def test_while_the_registry_is_away_the_deal_waits_and_then_asks_for_a_person(
    carriage: Carriage, registry: FakeRegistry
) -> None:
    set_up(carriage, VIES)
    registry.answer(200, {"valid": False, "userError": "MS_UNAVAILABLE"})

    run = win(carriage, 7)

    assert "received" == run.state
    carriage.finish()
    run = carriage.run(run.id)
    assert ("needs_attention", "vat_registry_unavailable") == (run.state, run.reason_code)
    assert [] == evidence(carriage)


def test_while_the_registry_is_away_the_deal_goes_on_where_the_tenant_wants_it(
    carriage: Carriage, registry: FakeRegistry
) -> None:
    set_up(carriage, replace(VIES, when_unavailable=WhenUnavailable.CONTINUE))
    registry.answer(200, {"valid": False, "userError": "MS_UNAVAILABLE"})

    run = win(carriage, 7)

    assert "resolved" == run.state
    assert ["VAT id ATU13585627 was not confirmed: VIES cannot answer now (MS_UNAVAILABLE)."] == told(
        carriage, run.id
    )


def test_the_bzst_confirms_as_well(carriage: Carriage, registry: FakeRegistry) -> None:
    set_up(carriage, VatCheckConfig(provider=VatCheckProvider.BZST))
    registry.answer(200, {"id": "a1", "status": "evatr-0000", "ergFirmenname": "A", "ergOrt": "A"})

    assert "resolved" == win(carriage, 7).state
    assert [("ATU13585627", "bzst", True, "evatr-0000", "a1", "yes", "yes")] == evidence(carriage)
