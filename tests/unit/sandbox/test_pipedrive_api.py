"""Pipedrive's API: shapes, pages, strictness, limits."""

import pytest
from freezegun import freeze_time

from tests.unit.sandbox.driver import ACCOUNT, Driver


def test_a_missing_or_wrong_token_gets_pipedrives_401_body(acme: Driver) -> None:
    answer = acme.pipedrive("GET", "/api/v2/deals/1", token="wrong")
    assert answer.status_code == 401
    assert answer.json["error"] == "unauthorized access"
    assert answer.json["errorCode"] == 401
    assert answer.json["success"] is False
    assert acme.client.get("/pipedrive/api/v2/deals/1").status_code == 401


def test_an_api_token_is_no_bearer_token(acme: Driver) -> None:
    answer = acme.client.get(
        "/pipedrive/api/v2/deals/1", headers={"Authorization": "Bearer api-token-of-acme"}
    )
    assert answer.status_code == 401


def test_a_deal_shows_unset_custom_fields_as_null_and_its_value_as_a_float(acme: Driver) -> None:
    answer = acme.pipedrive("GET", "/api/v2/deals/1")
    deal = answer.json["data"]
    assert '"value": 199.98' in answer.get_data(as_text=True)
    assert sorted(deal["custom_fields"].values(), key=repr) == [2, None, None, [3]]
    assert deal["update_time"] is None
    assert not [key for key in deal if key.startswith("_")]


def test_a_whole_amount_is_printed_as_a_float(acme: Driver) -> None:
    key = acme.control("/pipedrive/accounts/acme/deals", deal={"title": "Fest", "value": 5000})["id"]
    assert '"value": 5000.0' in acme.pipedrive("GET", f"/api/v2/deals/{key}").get_data(as_text=True)


def test_option_labels_come_on_demand(acme: Driver) -> None:
    deal = acme.pipedrive("GET", "/api/v2/deals/1?include_option_labels=true").json["data"]
    assert {"id": 2, "label": "Dienstleistung"} in deal["custom_fields"].values()
    assert [{"id": 3, "label": "Web"}] in deal["custom_fields"].values()


def test_everything_on_a_deal_can_be_read(acme: Driver) -> None:
    lines = acme.pipedrive("GET", "/api/v2/deals/1/products").json["data"]
    assert [(2, 99.99, 199.98, 19, "exclusive")] == [
        (row["quantity"], row["item_price"], row["sum"], row["tax"], row["tax_method"]) for row in lines
    ]
    discounts = acme.pipedrive("GET", "/api/v2/deals/1/discounts").json["data"]
    assert [("percentage", 5)] == [(row["type"], row["amount"]) for row in discounts]
    rates = acme.pipedrive("GET", "/api/v2/deals/installments?deal_ids=1").json["data"]
    assert [(100, "2026-02-01", 1)] == [(row["amount"], row["billing_date"], row["deal_id"]) for row in rates]
    assert lines == acme.pipedrive("GET", "/api/v2/deals/products?deal_ids=1").json["data"]


def test_instalments_without_deal_ids_are_refused(acme: Driver) -> None:
    answer = acme.pipedrive("GET", "/api/v2/deals/installments")
    assert (400, "ERR_SCHEMA_VALIDATION_FAILED") == (answer.status_code, answer.json["code"])


def test_a_file_download_redirects_to_a_storage_that_refuses_tokens(acme: Driver) -> None:
    assert acme.pipedrive("GET", "/v1/deals/1/files").json["data"][0]["file_name"] == "Rechnung.pdf"
    answer = acme.pipedrive("GET", "/api/v1/files/1/download")
    assert answer.status_code == 302
    where = answer.headers["Location"]
    assert acme.client.get(where).data == b"%PDF-1.4"
    assert acme.client.get(where, headers={"x-api-token": "api-token-of-acme"}).status_code == 400


def test_cursor_pages_end_with_a_null_cursor_and_lose_nothing(acme: Driver) -> None:
    acme.seed(deals=[{"title": f"Deal {number}"} for number in range(7)])
    seen, cursor, pages = [], "", 0
    while cursor is not None:
        query = {"limit": "3", "cursor": cursor} if cursor else {"limit": "3"}
        body = acme.pipedrive("GET", "/api/v2/deals", query_string=query).json
        seen += [deal["id"] for deal in body["data"]]
        cursor, pages = body["additional_data"]["next_cursor"], pages + 1
    assert (list(range(1, 9)), 3) == (seen, pages)


def test_descending_pages_by_update_time_lose_nothing(acme: Driver) -> None:
    acme.seed(deals=[{"title": f"Deal {number}"} for number in range(4)])
    acme.control("/pipedrive/accounts/acme/deals/2/win")
    query = {"limit": "2", "sort_by": "update_time", "sort_direction": "desc"}
    first = acme.pipedrive("GET", "/api/v2/deals", query_string=query).json
    cursor = first["additional_data"]["next_cursor"]
    second = acme.pipedrive("GET", "/api/v2/deals", query_string={**query, "cursor": cursor}).json
    assert [2, 5, 4, 3] == [deal["id"] for deal in first["data"] + second["data"]]


@pytest.mark.parametrize(
    "query",
    [
        "updated_since=2026-01-01T00:00:00.000Z",
        "updated_since=yesterday",
        "status=done",
        "limit=501",
        "limit=0",
        "sort_by=value",
        "cursor=%%%",
        "ids=1,x",
        "sort_direction=up",
    ],
)
def test_a_wrong_list_parameter_is_refused(acme: Driver, query: str) -> None:
    answer = acme.pipedrive("GET", f"/api/v2/deals?{query}")
    assert (400, "ERR_SCHEMA_VALIDATION_FAILED") == (answer.status_code, answer.json["code"])


def test_the_reconciliation_poll_finds_deals_won_since(acme: Driver) -> None:
    with freeze_time("2026-03-01T10:00:00Z"):
        acme.control("/pipedrive/accounts/acme/deals/1/win")
    query = "status=won&sort_by=update_time&sort_direction=asc&limit=500&updated_since="
    found = acme.pipedrive("GET", f"/api/v2/deals?{query}2026-03-01T10:00:00Z").json["data"]
    later = acme.pipedrive("GET", f"/api/v2/deals?{query}2026-03-01T10:00:01Z").json["data"]
    assert ([1], []) == ([deal["id"] for deal in found], later)
    assert ("2026-03-01T10:00:00Z", "2026-03-01") == (found[0]["won_time"], found[0]["local_won_date"])


def test_a_deal_won_late_in_the_evening_has_the_local_day_of_the_company(acme: Driver) -> None:
    acme.control("/pipedrive/accounts/acme/deals/1/win", won_time="2026-01-31T23:30:00Z")
    deal = acme.pipedrive("GET", "/api/v2/deals/1").json["data"]
    assert ("2026-01-31T23:30:00Z", "2026-02-01") == (deal["won_time"], deal["local_won_date"])


def test_archived_deals_are_not_listed_and_deleted_ones_only_by_status(acme: Driver) -> None:
    acme.seed(deals=[{"title": "Archiv", "is_archived": True}])
    acme.control("/pipedrive/accounts/acme/deals/1/delete")
    assert acme.pipedrive("GET", "/api/v2/deals").json["data"] == []
    archived = acme.pipedrive("GET", "/api/v2/deals/archived").json["data"]
    assert ["Archiv"] == [deal["title"] for deal in archived]
    deleted = acme.pipedrive("GET", "/api/v2/deals?status=deleted").json["data"]
    assert [(1, "deleted", True)] == [(deal["id"], deal["status"], deal["is_deleted"]) for deal in deleted]


@pytest.mark.parametrize(
    "body",
    [
        {"title": 5},
        {"value": "100"},
        {"is_archived": 1},
        {"org_id": "1"},
        {"status": "done"},
        {"f1d5" * 10: "hash outside of custom_fields"},
        {"custom_fields": {"f1d5" * 10: "unknown hash"}},
        {"custom_fields": []},
    ],
)
def test_patch_is_strict(acme: Driver, body: dict[str, object]) -> None:
    answer = acme.pipedrive("PATCH", "/api/v2/deals/1", json=body)
    assert (400, "ERR_SCHEMA_VALIDATION_FAILED") == (answer.status_code, answer.json["code"])
    assert acme.arrivals()["patched_deals"] == []


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("Leistungsdatum", "2026-01-31", "31.01.2026"),
        ("Art", 1, 99),
        ("Budget", {"value": 5.5, "currency": "EUR"}, 5.5),
        ("Kanäle", [3, 4], []),
    ],
)
def test_custom_fields_are_checked_by_type_and_cleared_by_null(
    acme: Driver, name: str, right: object, wrong: object
) -> None:
    fields = acme.pipedrive("GET", "/api/v2/dealFields").json["data"]
    code = next(field["field_code"] for field in fields if field["field_name"] == name)
    refused = acme.pipedrive("PATCH", "/api/v2/deals/1", json={"custom_fields": {code: wrong}})
    taken = acme.pipedrive("PATCH", "/api/v2/deals/1", json={"custom_fields": {code: right}})
    cleared = acme.pipedrive("PATCH", "/api/v2/deals/1", json={"custom_fields": {code: None}})
    assert (400, 200, 200) == (refused.status_code, taken.status_code, cleared.status_code)
    assert (right, None) == (
        taken.json["data"]["custom_fields"][code],
        cleared.json["data"]["custom_fields"][code],
    )


def test_field_codes_are_forty_hex_characters_and_options_have_ids(acme: Driver) -> None:
    listed = acme.pipedrive("GET", "/api/v2/dealFields").json["data"]
    assert {"title", "status"} <= {field["field_code"] for field in listed if not field["is_custom_field"]}
    fields = [field for field in listed if field["is_custom_field"]]
    assert {40} == {len(field["field_code"]) for field in fields}
    one = acme.pipedrive("GET", f"/api/v2/dealFields/{fields[1]['field_code']}").json["data"]
    assert [(1, "Ware"), (2, "Dienstleistung")] == [
        (option["id"], option["label"]) for option in one["options"]
    ]
    assert acme.pipedrive("GET", "/api/v2/dealFields/none").status_code == 404


def test_an_address_is_an_object_with_all_parts_or_null(acme: Driver) -> None:
    acme.seed(organizations=[{"name": "Ohne Adresse"}])
    first = acme.pipedrive("GET", "/api/v2/organizations/1").json["data"]["address"]
    assert ("Berlin, Germany", "Berlin", None) == (first["value"], first["locality"], first["postal_code"])
    assert acme.pipedrive("GET", "/api/v2/organizations/2").json["data"]["address"] is None


def test_notes_take_org_and_person_from_the_deal_and_lose_scripts(acme: Driver) -> None:
    body = {"content": "<b>Gebucht</b><script>alert(1)</script>", "deal_id": 1, "pinned_to_deal_flag": 1}
    made = acme.pipedrive("POST", "/api/v1/notes", json=body).json["data"]
    assert ("<b>Gebucht</b>", 1, 1, True) == (
        made["content"],
        made["org_id"],
        made["person_id"],
        made["pinned_to_deal_flag"],
    )
    changed = acme.pipedrive("PUT", f"/api/v1/notes/{made['id']}", json={"content": "Neu"}).json["data"]
    assert "Neu" == changed["content"]
    assert ["Neu"] == [note["content"] for note in acme.arrivals()["notes"]]


@pytest.mark.parametrize("body", [{"deal_id": 1}, {"content": "ohne Ziel"}, {"content": "x", "deal_id": "1"}])
def test_an_incomplete_note_is_refused(acme: Driver, body: dict[str, object]) -> None:
    assert acme.pipedrive("POST", "/api/v1/notes", json=body).status_code == 400


def test_an_activity_fills_its_person_from_the_participants(acme: Driver) -> None:
    body = {"subject": "Prüfen", "deal_id": 1, "participants": [{"person_id": 1, "primary": True}]}
    made = acme.pipedrive("POST", "/api/v2/activities", json=body).json["data"]
    assert (1, "task", False) == (made["person_id"], made["type"], made["done"])
    refused = acme.pipedrive("POST", "/api/v2/activities", json={"subject": "x", "person_id": 1})
    assert refused.status_code == 400


def test_the_burst_limit_answers_429_and_a_deaf_caller_gets_the_block_page(acme: Driver) -> None:
    acme.make_account(burst={"api": 2})
    answers = [acme.pipedrive("GET", "/api/v2/deals/1") for _ in range(3)]
    assert [200, 200, 429] == [answer.status_code for answer in answers]
    assert ("2", "0") == (
        answers[2].headers["x-ratelimit-limit"],
        answers[2].headers["x-ratelimit-remaining"],
    )
    assert answers[2].headers["x-ratelimit-reset"] in ("1", "2")
    deaf = [acme.pipedrive("GET", "/api/v2/deals/1") for _ in range(12)][-1]
    assert (403, "text/html") == (deaf.status_code, deaf.mimetype)


def test_a_spent_daily_budget_answers_429_with_nothing_remaining(acme: Driver) -> None:
    acme.make_account(daily_budget=11)
    first = acme.pipedrive("GET", "/api/v2/deals")
    second = acme.pipedrive("GET", "/api/v2/deals")
    third = acme.pipedrive("GET", "/api/v2/deals/1")
    assert [200, 429, 200] == [first.status_code, second.status_code, third.status_code]
    assert "1" == first.headers["x-daily-ratelimit-token-remaining"]
    assert "0" == second.headers["x-daily-ratelimit-token-remaining"]
    assert ("request over limit", False) == (second.json["error"], second.json["success"])


def test_webhooks_are_listed_created_and_deleted(acme: Driver) -> None:
    made = acme.subscribe(http_auth_user="u", http_auth_password="p")
    assert (201, "2.0", 1) == (made.status_code, made.json["data"]["version"], made.json["data"]["is_active"])
    listed = acme.pipedrive("GET", "/api/v1/webhooks").json
    assert ("ok", [made.json["data"]]) == (listed["status"], listed["data"])
    gone = acme.pipedrive("DELETE", "/api/v1/webhooks/1")
    again = acme.pipedrive("DELETE", "/api/v1/webhooks/1")
    assert (200, 404) == (gone.status_code, again.status_code)
    assert {"id": ["Webhook not found"]} == again.json["errors"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"event_action": "updated"}, "event_action"),
        ({"event_object": "deal_product"}, "event_object"),
        ({"version": "3.0"}, "version"),
        ({"subscription_url": "ftp://x"}, "subscription_url"),
        ({"subscription_url": "https://acme.pipedrive.com/x"}, "subscription_url"),
    ],
)
def test_a_wrong_webhook_is_refused_by_field(acme: Driver, change: dict[str, str], field: str) -> None:
    answer = acme.subscribe(**change)
    assert (400, [field]) == (answer.status_code, list(answer.json["errors"]))


def test_the_forty_first_webhook_is_422(acme: Driver) -> None:
    acme.make_account(burst={"api": 1000})
    answers = [acme.subscribe().status_code for _ in range(41)]
    assert [201] * 40 + [422] == answers


def test_users_me_names_the_company(acme: Driver) -> None:
    me = acme.pipedrive("GET", "/api/v1/users/me").json["data"]
    assert ("acme", "Acme GmbH", "EUR", "Europe/Berlin") == (
        me["company_domain"],
        me["company_name"],
        me["default_currency"],
        me["timezone_name"],
    )


def test_an_unknown_key_in_a_seed_is_named(acme: Driver) -> None:
    answer = acme.client.post(f"{ACCOUNT}/seed", json={"deals": [{"title": "x", "valeu": 1}]})
    assert answer.status_code == 400
    assert "deals.valeu is not known" in answer.json["error"]
