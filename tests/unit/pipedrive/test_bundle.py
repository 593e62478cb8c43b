import json
from decimal import Decimal

import pytest

from connector.errors import NotFoundError, PermissionMissingError
from connector.pipedrive.bundle import json_safe, read_bundle, read_definitions, with_definitions
from tests.unit.pipedrive.fakes import Reply, client_with, data

DEAL = {"id": 42, "status": "won", "org_id": 17, "person_id": None, "value": 5}
LINE = {"id": 1, "product_id": 5}
GONE = Reply(404, {"success": False, "error": "not found"})
FORBIDDEN = Reply(403, {"success": False, "error": "Forbidden"})
NO_SCOPE = Reply(403, {"success": False, "error": "Scope and URL mismatch"})
NO_PLAN = Reply(402, {"success": False, "error": "payment required"})


def read(*replies):
    client, http = client_with(*replies)
    return read_bundle(client, 42, definitions={"deal": [{"field_code": "title"}]}), http


def whole(organization=None, installments=None):
    return [
        data(DEAL),
        data([LINE, {"id": 2, "product_id": None}]),
        organization or data({"id": 17, "name": "Muster GmbH"}),
        data([{"id": "u", "amount": 1}]),
        installments or data([]),
        data({"id": 5, "code": "X"}),
        data([{"id": 9, "file_name": "r.pdf"}]),
    ]


def test_everything_about_a_deal_is_read_into_one_document():
    found, http = read(*whole())
    assert {
        "deal": DEAL,
        "organization": {"id": 17, "name": "Muster GmbH"},
        "person": None,
        "products": [LINE, {"id": 2, "product_id": None}],
        "discounts": [{"id": "u", "amount": 1}],
        "installments": [],
        "catalog": [{"id": 5, "code": "X"}],
        "files": [{"id": 9, "file_name": "r.pdf"}],
        "unavailable": {},
        "deal_fields": [{"field_code": "title"}],
    } == found
    assert [
        "/api/v2/deals/42",
        "/api/v2/deals/42/products",
        "/api/v2/organizations/17",
        "/api/v2/deals/42/discounts",
        "/api/v2/deals/installments",
        "/api/v2/products/5",
        "/api/v1/deals/42/files",
    ] == [call.path for call in http.calls]
    assert 42 == http.calls[4].params["deal_ids"]


@pytest.mark.parametrize("reply", [GONE, FORBIDDEN])
def test_a_buyer_that_is_gone_or_hidden_is_said_so(reply):
    found, _ = read(*whole(organization=reply))
    assert found["organization"] is None
    assert "organization 17" in found["unavailable"]["organization"]


def test_a_missing_scope_concerns_every_deal_and_is_raised():
    with pytest.raises(PermissionMissingError):
        read(*whole(organization=NO_SCOPE))
    with pytest.raises(PermissionMissingError):
        read(*whole(installments=NO_SCOPE))


@pytest.mark.parametrize("reply", [NO_PLAN, FORBIDDEN])
def test_a_plan_without_instalments_has_none(reply):
    found, _ = read(*whole(installments=reply))
    assert [] == found["installments"]
    assert "plan" in found["unavailable"]["installments"]


def test_a_deal_that_is_gone_is_not_found():
    with pytest.raises(NotFoundError):
        read(GONE)


def test_decimals_survive_json_as_texts():
    value = {"a": [Decimal("199.90"), {"b": Decimal("1E+2")}], "c": 5, "d": None, "e": True}
    safe = json_safe(value)
    assert {"a": ["199.90", {"b": "100"}], "c": 5, "d": None, "e": True} == safe
    assert safe == json.loads(json.dumps(safe))


def test_definitions_are_read_for_the_entities_asked_for():
    client, http = client_with(data([{"field_code": "a"}]), data([]))
    assert {"deal": [{"field_code": "a"}], "person": []} == read_definitions(client, ["deal", "person"])
    assert ["/api/v2/dealFields", "/api/v2/personFields"] == [call.path for call in http.calls]


def test_newer_definitions_replace_only_their_own():
    old = {"deal_fields": [1], "person_fields": [2]}
    assert {"deal_fields": [3], "person_fields": [2]} == with_definitions(old, {"deal": [3]})
