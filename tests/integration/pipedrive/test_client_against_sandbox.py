"""The client against the sandbox: the same shapes, limits and refusals as Pipedrive's descriptions tell."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from connector.accounting.sale import SupplyKind
from connector.accounting.terms import BookingTerms
from connector.errors import (
    AmbiguousError,
    NotFoundError,
    PartnerRefusedError,
    PermissionMissingError,
    RateLimitedError,
    ReconnectNeededError,
    TransientError,
)
from connector.pipedrive.bundle import read_bundle, read_definitions, with_definitions
from connector.pipedrive.fields import FieldCatalog, stale_entities
from connector.pipedrive.oauth import api_token
from connector.pipedrive.sale import read_sale
from connector.tenants.config import FieldMap, SaleConfig
from tests.integration.pipedrive.conftest import DOMAIN, PDF, SandboxSession

CONFIG = SaleConfig(
    fields=FieldMap(vat_id="USt-IdNr.", supply_kind="Leistungsart", service_date="Leistungszeitraum"),
    supply_kind_labels=(("Dienstleistung", SupplyKind.CATALOGUE_SERVICE),),
)
TERMS = BookingTerms(chart="skr03")


def test_a_won_deal_becomes_a_sale(sandbox: SandboxSession, won_deal: int):
    client = sandbox.client()
    bundle = read_bundle(client, won_deal, definitions=read_definitions(client))
    assert bundle == json.loads(json.dumps(bundle))
    assert set() == stale_entities(bundle)
    sale = read_sale(bundle, config=CONFIG, terms=TERMS, document_number="PD-1")
    assert (won_deal, "EUR", date(2026, 3, 4)) == (sale.deal_id, sale.currency, sale.document_date)
    assert ("organization:17", "Käufer GmbH", "ATU12345678", "AT") == (
        sale.buyer.key,
        sale.buyer.name,
        sale.buyer.vat_id,
        sale.buyer.address.country,
    )
    assert [("B", Decimal("100.1"), Decimal(3)), ("R", Decimal("19.99"), Decimal(1))] == [
        (line.product_code, line.unit_price, line.quantity) for line in sale.lines
    ]
    assert {SupplyKind.CATALOGUE_SERVICE} == {line.supply_kind for line in sale.lines}
    assert (date(2026, 2, 1), date(2026, 2, 28)) == (sale.service_date, sale.service_period_end)
    assert [Decimal(10)] == [discount.value for discount in sale.discounts]
    assert ("e@example.org", "Erika Muster") == (sale.buyer.email, sale.buyer.contact)


def test_old_definitions_are_noticed_and_replaced(sandbox: SandboxSession, won_deal: int):
    client = sandbox.client()
    bundle = read_bundle(client, won_deal, definitions={})
    assert {"deal", "organization"} == stale_entities(bundle)
    fresh = with_definitions(bundle, read_definitions(client, ["deal", "organization"]))
    assert set() == stale_entities(fresh)
    assert FieldCatalog.of_bundle(fresh).find("deal", "Leistungsart") is not None


def test_files_are_downloaded(sandbox: SandboxSession, won_deal: int):
    client = sandbox.client()
    files = client.files(won_deal)
    assert ["rechnung.pdf"] == [file["name"] for file in files]
    assert PDF == client.file_content(files[0]["id"])


def test_notes_and_fields_are_written_back(sandbox: SandboxSession, won_deal: int):
    client = sandbox.client()
    note = client.add_note(won_deal, "<p>An DATEV übergeben</p>")
    client.update_note(note["id"], "<p>gebucht</p>")
    assert ["<p>gebucht</p>"] == [found["content"] for found in client.notes(won_deal)]
    catalog = FieldCatalog(read_definitions(client, ["deal"]))
    field = catalog.find("deal", "Buchungsstand")
    assert field is not None
    client.set_deal_field(won_deal, field.key, "posted")
    assert "posted" == catalog.value(field, client.deal(won_deal))
    client.set_deal_field(won_deal, field.key, "")
    assert catalog.value(field, client.deal(won_deal)) is None


def test_won_deals_are_listed_page_by_page(sandbox: SandboxSession, won_deal: int):
    deals = [{"title": f"Deal {n}", "org_id": 17, "status": "won", "value": n} for n in range(505)]
    sandbox.seed(deals=deals)
    client = sandbox.client()
    ids = [deal["id"] for deal in client.deals(status="won")]
    assert (506, 506) == (len(ids), len(set(ids)))
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    assert [] == list(client.deals(status="won", updated_since=tomorrow))


def test_products_that_were_deleted_do_not_break_a_list(sandbox: SandboxSession, won_deal: int):
    assert [5, 6] == [product["id"] for product in sandbox.client().products([6, 5, 999])]


def test_who_we_are_and_which_currencies_there_are(sandbox: SandboxSession):
    client = sandbox.client()
    assert DOMAIN == client.me()["company_domain"]
    assert "EUR" in {currency["code"] for currency in client.currencies()}


def test_a_wrong_token_needs_a_new_login(sandbox: SandboxSession, won_deal: int):
    with pytest.raises(ReconnectNeededError) as caught:
        sandbox.client(lambda: api_token("wrong")).deal(won_deal)
    assert caught.value.answer is not None
    assert ("401", True) == (caught.value.answer.partner_code, bool(caught.value.answer.request_id))


def test_a_deal_that_never_was_is_not_found(sandbox: SandboxSession):
    with pytest.raises(NotFoundError):
        sandbox.client().deal(4711)


def test_a_field_that_is_none_is_refused_with_pipedrive_s_words(sandbox: SandboxSession, won_deal: int):
    with pytest.raises(PartnerRefusedError) as caught:
        sandbox.client().set_deal_field(won_deal, "f" * 40, "x")
    assert caught.value.answer is not None
    assert 400 == caught.value.answer.status
    assert caught.value.answer.text


def test_the_burst_limit_is_told_as_a_wait(sandbox: SandboxSession, won_deal: int):
    settings = {"company_domain": DOMAIN, "api_token": "sandbox-api-token", "burst": {"api": 3}}
    sandbox.control("/pipedrive/accounts", settings)
    client = sandbox.client()
    for _call in range(3):
        client.deal(won_deal)
    with pytest.raises(RateLimitedError) as by_ourselves:
        client.deal(won_deal)
    with pytest.raises(RateLimitedError) as by_pipedrive:
        sandbox.client().deal(won_deal)
    for caught in (by_ourselves, by_pipedrive):
        assert caught.value.retry_after is not None
        assert timedelta(0) < caught.value.retry_after <= timedelta(seconds=2)
    assert (True, 429) == (
        by_ourselves.value.answer is None,
        by_pipedrive.value.answer and by_pipedrive.value.answer.status,
    )


def test_a_spent_day_is_told_apart_from_a_burst(sandbox: SandboxSession, won_deal: int):
    settings = {"company_domain": DOMAIN, "api_token": "sandbox-api-token", "daily_budget": 2}
    sandbox.control("/pipedrive/accounts", settings)
    client = sandbox.client()
    client.deal(won_deal)
    client.deal(won_deal)
    with pytest.raises(RateLimitedError) as caught:
        client.deal(won_deal)
    assert "daily_budget_spent" == caught.value.code


def test_the_block_page_is_a_wait_and_no_missing_right(sandbox: SandboxSession, won_deal: int):
    sandbox.control("/faults", {"kind": "html403", "partner": "pipedrive"})
    with pytest.raises(RateLimitedError) as caught:
        sandbox.client().deal(won_deal)
    assert "blocked_after_rate_limit" == caught.value.code


def test_a_fault_is_transient_for_questions_and_open_for_notes(sandbox: SandboxSession, won_deal: int):
    client = sandbox.client()
    sandbox.control("/faults", {"kind": "status", "status": 503, "partner": "pipedrive", "times": 2})
    with pytest.raises(TransientError):
        client.deal(won_deal)
    with pytest.raises(AmbiguousError):
        client.add_note(won_deal, "x")
    sandbox.control("/faults", {"kind": "reset", "partner": "pipedrive", "when": "after", "method": "POST"})
    with pytest.raises(AmbiguousError):
        client.add_note(won_deal, "written all the same")
    assert ["written all the same"] == [note["content"] for note in client.notes(won_deal)]


def test_a_malformed_answer_is_asked_again_later(sandbox: SandboxSession, won_deal: int):
    sandbox.control("/faults", {"kind": "malformed", "partner": "pipedrive"})
    with pytest.raises(TransientError) as caught:
        sandbox.client().deal(won_deal)
    assert "malformed_answer" == caught.value.code


def test_an_organization_that_may_not_be_seen_is_said_so(sandbox: SandboxSession, won_deal: int):
    body = '{"success": false, "error": "Forbidden"}'
    fault = {
        "kind": "status",
        "status": 403,
        "partner": "pipedrive",
        "operation": "organizations/17",
        "body": body,
    }
    sandbox.control("/faults", fault)
    bundle = read_bundle(sandbox.client(), won_deal, definitions={})
    assert bundle["organization"] is None
    assert "17" in bundle["unavailable"]["organization"]


def test_a_missing_scope_parks_the_tenant(sandbox: SandboxSession, won_deal: int):
    body = '{"success": false, "error": "Scope and URL mismatch", "errorCode": 403}'
    sandbox.control("/faults", {"kind": "status", "status": 403, "partner": "pipedrive", "body": body})
    with pytest.raises(PermissionMissingError) as caught:
        sandbox.client().deal(won_deal)
    assert "scope_missing" == caught.value.code
