from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from connector.errors import (
    AmbiguousError,
    NotFoundError,
    PartnerRefusedError,
    RateLimitedError,
    ReconnectNeededError,
    TransientError,
)
from connector.pipedrive.client import DEAL_GONE, PipedriveClient
from connector.pipedrive.transport import MAX_KEPT_PAGES, MAX_PAGES
from tests.unit.pipedrive.fakes import NOW, FakeHttp, Reply, StoppedClock, client_with, data


def test_money_is_decimal_as_written_on_the_wire():
    client, _ = client_with(Reply(200, b'{"success": true, "data": {"id": 1, "value": 199.98}}'))
    assert Decimal("199.98") == client.deal(1)["value"]


def test_a_deal_is_asked_of_v2_with_the_login_s_header():
    client, http = client_with(data({"id": 17}))
    assert {"id": 17} == client.deal(17)
    call = http.calls[0]
    assert ("GET", "https://muster.pipedrive.com/api/v2/deals/17") == (call.method, call.url)
    assert {"x-api-token": "token"} == call.headers
    assert call.safe


def test_deals_follow_the_cursor_until_there_is_none():
    client, http = client_with(
        data([{"id": 1}], {"next_cursor": "abc"}), data([{"id": 2}], {"next_cursor": None})
    )
    since = datetime(2026, 3, 1, 8, 0, 0, 123456, tzinfo=UTC)
    assert [{"id": 1}, {"id": 2}] == list(client.deals(status="won", updated_since=since))
    assert {
        "limit": 200,
        "sort_by": "update_time",
        "sort_direction": "asc",
        "status": "won",
        "updated_since": "2026-03-01T08:00:00Z",
        "cursor": "abc",
    } == http.calls[1].params
    assert "cursor" not in http.calls[0].params


@pytest.mark.parametrize("additional", [None, {}, {"next_cursor": ""}, []])
def test_a_list_also_ends_without_additional_data(additional):
    client, http = client_with(data([{"id": 1}], additional))
    assert [{"id": 1}] == list(client.deals())
    assert 1 == len(http.calls)


def test_a_deal_is_asked_for_with_the_time_at_which_it_was_first_won():
    """Without it a deal of before the go-live, won again, would be booked."""
    client, http = client_with(data({"id": 17}))
    client.deal(17)
    assert {"include_fields": "first_won_time"} == http.calls[0].params


ASKED = {
    "deal": lambda client: client.deal(17),
    "organization": lambda client: client.organization(17),
    "person": lambda client: client.person(17),
    "product": lambda client: client.products([17]),
}
"""Questions about the record 17."""


@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
@pytest.mark.parametrize("answered", [{"id": 4242}, {"id": "x17"}, {"id": None}, {"id": True}, {}])
def test_another_record_than_was_asked_for_is_no_answer(asked, answered):
    client, _ = client_with(data({**answered, "title": "Another deal"}))
    with pytest.raises(TransientError) as caught:
        asked(client)
    assert "malformed_answer" == caught.value.code
    assert "Another deal" not in caught.value.message


LISTED = {
    "lines": lambda client: client.lines(17),
    "discounts": lambda client: client.discounts(17),
    "installments": lambda client: client.installments(17),
}
"""Questions about what belongs to the deal 17."""


@pytest.mark.parametrize("asked", LISTED.values(), ids=LISTED)
def test_what_belongs_to_another_deal_is_no_answer(asked):
    client, _ = client_with(data([{"id": 1, "deal_id": 17}, {"id": 2, "deal_id": 4242}]))
    with pytest.raises(TransientError, match="deal 4242, not of the deal 17"):
        asked(client)


@pytest.mark.parametrize("asked", LISTED.values(), ids=LISTED)
def test_what_names_no_deal_belongs_to_the_one_asked_for(asked):
    records = [{"id": 1, "deal_id": 17}, {"id": 2}, {"id": 3, "deal_id": None}, {"id": 4, "deal_id": "17"}]
    client, _ = client_with(data(records))
    assert records == asked(client)


def test_the_records_of_one_deal_end_far_sooner_than_a_list_of_deals():
    pages = [data([{"id": n}], {"next_cursor": str(n)}) for n in range(MAX_KEPT_PAGES + 1)]
    client, http = client_with(*pages)
    with pytest.raises(PartnerRefusedError, match="does not come to an end"):
        client.lines(17)
    assert MAX_KEPT_PAGES == len(http.calls)


def test_a_cursor_that_leads_to_itself_is_refused():
    same = data([{"id": 1}], {"next_cursor": "same"})
    client, _ = client_with(same, same)
    with pytest.raises(PartnerRefusedError) as caught:
        list(client.deals())
    assert "endless_paging" == caught.value.code


def test_paging_without_end_is_stopped():
    pages = [data([{"id": n}], {"next_cursor": str(n)}) for n in range(MAX_PAGES + 1)]
    client, http = client_with(*pages)
    with pytest.raises(PartnerRefusedError):
        list(client.deals())
    assert MAX_PAGES == len(http.calls)


def test_v1_lists_follow_the_offset():
    def more(start, following):
        return {"pagination": {"start": start, "more_items_in_collection": True, "next_start": following}}

    client, http = client_with(
        data([{"id": 1}], more(0, 100)),
        data([{"id": 2}], {"pagination": {"more_items_in_collection": False}}),
    )
    assert [{"id": 1}, {"id": 2}] == client.files(5)
    assert "/api/v1/deals/5/files" == http.calls[0].path
    assert [{"start": 0, "limit": 100}, {"start": 100, "limit": 100}] == [call.params for call in http.calls]


def test_an_offset_that_does_not_move_is_refused():
    stuck = data([{"id": 1}], {"pagination": {"more_items_in_collection": True, "next_start": 0}})
    client, _ = client_with(stuck)
    with pytest.raises(PartnerRefusedError) as caught:
        client.notes(5)
    assert "endless_paging" == caught.value.code


def test_v1_s_null_for_an_empty_list_is_an_empty_list():
    client, _ = client_with(data(None))
    assert [] == client.notes(5)


@pytest.mark.parametrize("body", [b"[]", b'{"success": true, "data": 3}', b"<html>", b'{"success": true}'])
def test_a_strange_answer_to_a_question_is_asked_again(body):
    client, _ = client_with(Reply(200, body))
    with pytest.raises(TransientError) as caught:
        client.deal(1)
    assert "malformed_answer" == caught.value.code


def test_a_strange_answer_to_a_note_leaves_it_open_whether_it_was_written():
    client, _ = client_with(Reply(201, b"<html>"))
    with pytest.raises(AmbiguousError):
        client.add_note(1, "text")


def test_a_used_up_window_stops_the_next_call_without_asking():
    clock = StoppedClock()
    spent = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "2"}
    first = Reply(200, {"success": True, "data": {"id": 1}}, spent)
    client, http = client_with(first, data({"id": 2}), clock=clock)
    client.deal(1)
    clock.moment = NOW + timedelta(seconds=0.5)
    with pytest.raises(RateLimitedError) as caught:
        client.deal(2)
    assert (timedelta(seconds=1.5), 1) == (caught.value.retry_after, len(http.calls))
    clock.moment = NOW + timedelta(seconds=2)
    assert {"id": 2} == client.deal(2)


def test_a_deal_field_is_written_alone():
    client, http = client_with(data({"id": 3}), data({"id": 3}))
    client.set_deal_field(3, "a" * 40, "booked")
    client.set_deal_field(3, "a" * 40, "")
    assert [
        ("PATCH", "/api/v2/deals/3", {"custom_fields": {"a" * 40: "booked"}}, True),
        ("PATCH", "/api/v2/deals/3", {"custom_fields": {"a" * 40: None}}, True),
    ] == [(call.method, call.path, call.json, call.safe) for call in http.calls]


def test_a_note_is_written_once_and_never_repeated_by_itself():
    client, http = client_with(Reply(201, {"success": True, "data": {"id": 9}}))
    assert {"id": 9} == client.add_note(3, "<p>posted</p>")
    assert ({"content": "<p>posted</p>", "deal_id": 3}, False) == (http.calls[0].json, http.calls[0].safe)


def test_products_that_the_list_hides_are_asked_for_singly():
    client, http = client_with(data([{"id": 1}]), data({"id": 2}), Reply(404, {"success": False}))
    assert [{"id": 1}, {"id": 2}] == client.products([3, 2, 1, 1])
    assert "1,2,3" == http.calls[0].params["ids"]
    assert ["/api/v2/products", "/api/v2/products/2", "/api/v2/products/3"] == [
        call.path for call in http.calls
    ]


def test_one_product_is_one_cheap_call():
    client, http = client_with(data({"id": 7}))
    assert [{"id": 7}] == client.products([7])
    assert ["/api/v2/products/7"] == [call.path for call in http.calls]


def renewing_client(*replies):
    """A client of an OAuth login, its access tokens numbered, and the refused ones."""
    http, tokens, refused = FakeHttp(*replies), iter("123"), []
    current = [next(tokens)]

    def renew(login):
        refused.append(login["Authorization"])
        current[0] = next(tokens)

    client = PipedriveClient(
        http,
        base_url="https://muster.pipedrive.com",
        authorization=lambda: {"Authorization": f"Bearer {current[0]}"},
        clock=StoppedClock(),
        renew=renew,
    )
    return client, http, refused


@pytest.mark.parametrize("call", ["deal", "add_note"])
def test_an_access_token_refused_before_its_time_is_renewed_and_the_call_made_once_more(call):
    client, http, refused = renewing_client(Reply(401, {"success": False}), data({"id": 7}))
    assert {"id": 7} == (client.deal(7) if call == "deal" else client.add_note(7, "text"))
    assert ["Bearer 1"] == refused
    assert ["Bearer 1", "Bearer 2"] == [sent.headers["Authorization"] for sent in http.calls]


def test_a_renewed_access_token_that_is_refused_too_ends_the_login():
    client, http, refused = renewing_client(Reply(401, {"success": False}), Reply(401, {"success": False}))
    with pytest.raises(ReconnectNeededError):
        client.deal(7)
    assert (["Bearer 1"], 2) == (refused, len(http.calls))


def test_a_download_is_made_once_more_with_a_renewed_token():
    client, _http, refused = renewing_client(Reply(401, {"success": False}), Reply(200, b"%PDF"))
    assert b"%PDF" == client.file_content(4)
    assert ["Bearer 1"] == refused


def test_a_redirected_download_leaves_the_token_behind():
    client, http = client_with(
        Reply(302, b"", {"Location": "https://storage.example/x"}), Reply(200, b"%PDF")
    )
    assert b"%PDF" == client.file_content(4)
    assert "https://muster.pipedrive.com/api/v1/files/4/download" == http.calls[0].url
    assert ("https://storage.example/x", {}) == (http.calls[1].url, http.calls[1].headers)


@pytest.mark.parametrize("status", [401, 403, 404, 429, 503])
def test_a_storage_that_refuses_says_nothing_about_the_login(status):
    client, _ = client_with(
        Reply(302, b"", {"Location": "https://storage.example/x"}), Reply(status, b"<Error/>")
    )
    with pytest.raises(TransientError) as caught:
        client.file_content(4)
    said = f"The storage of Pipedrive's files answered GET /v1/files/{{id}}/download with {status}."
    assert ("storage_refused", said) == (caught.value.code, caught.value.message)


def test_a_deal_that_is_gone_is_told_from_a_list_that_is():
    gone, _ = client_with(Reply(404, {"success": False}))
    with pytest.raises(NotFoundError) as caught:
        gone.deal(7)
    assert DEAL_GONE == caught.value.code
    listless, _ = client_with(Reply(404, {"success": False}))
    with pytest.raises(NotFoundError) as caught:
        listless.lines(7)
    assert "not_found" == caught.value.code


def test_a_missing_file_is_not_found():
    client, _ = client_with(Reply(404, {"success": False}))
    with pytest.raises(NotFoundError):
        client.file_content(4)


def test_a_file_that_datev_would_not_take_is_refused():
    client, _ = client_with(Reply(200, b"x" * (20 * 1024 * 1024 + 1)))
    with pytest.raises(PartnerRefusedError) as caught:
        client.file_content(4)
    assert "file_too_large" == caught.value.code


def test_the_41st_webhook_is_refused_with_the_cure():
    client, _ = client_with(Reply(422, {"status": "error", "errors": {"limit": ["reached"]}}))
    with pytest.raises(PartnerRefusedError) as caught:
        client.add_webhook({})
    assert "webhook_limit" == caught.value.code
    assert "Remove" in caught.value.cure


def test_an_answer_without_content_is_a_success():
    client, http = client_with(Reply(204, b""))
    client.delete_webhook(8)
    assert 1 == len(http.calls)


def test_a_webhook_that_is_gone_is_deleted():
    client, http = client_with(Reply(404, {"success": False}))
    client.delete_webhook(8)
    assert ("DELETE", "/api/v1/webhooks/8") == (http.calls[0].method, http.calls[0].path)
