"""The shared way to DATEV's interfaces."""

from datetime import timedelta

import pytest

from connector.datev import operations as op
from connector.datev.api import MOST_PAGES, PAGE_SIZE
from connector.datev.clients import list_clients
from connector.errors import (
    AccessTokenRefusedError,
    AmbiguousError,
    ReconnectNeededError,
    TransientError,
)
from tests.unit.datev.api.fake_http import APP_ID, BASE_URL, FakeHttp, Script, api_with

CLIENT = {"id": "455148-2"}
REFUSED = Script(401, {"title": "Unauthorized"})


def client(number: int) -> dict[str, object]:
    return {"id": f"455148-{number}", "consultant_number": 455148, "client_number": number, "name": "M"}


def test_every_call_carries_the_token_and_the_apps_id():
    http = FakeHttp(Script(200, {}))
    api_with(http).call(op.GET_CLIENT, ids={"client_id": "455148-2"})
    sent = http.sent[0]
    assert f"{BASE_URL}/clients/455148-2" == sent.url
    assert "Bearer token-1" == sent.headers["Authorization"]
    assert APP_ID == sent.headers["X-DATEV-Client-Id"]
    assert "application/json" == sent.headers["Accept"]
    assert sent.safe


def test_a_refused_token_is_renewed_once_and_the_call_repeated():
    http = FakeHttp(REFUSED, Script(202, None, {"Location": "/x"}))
    given = []

    def renew(old: str) -> str:
        given.append(old)
        return "token-2"

    api = api_with(http, renew_access_token=renew)
    api.call(op.IMPORT_FILE, ids={"client_id": "1001-1"}, data=b"content")

    assert ["token-1"] == given
    assert ["Bearer token-1", "Bearer token-2"] == [sent.headers["Authorization"] for sent in http.sent]
    assert [b"content", b"content"] == [sent.data for sent in http.sent]


def test_a_token_refused_right_after_its_renewal_parks_the_tenant():
    http = FakeHttp(REFUSED)
    api = api_with(http, renew_access_token=lambda _old: "token-2")
    with pytest.raises(ReconnectNeededError) as caught:
        api.call(op.GET_CLIENT, ids={"client_id": "1001-1"})
    assert "datev" == caught.value.partner
    assert 2 == len(http.sent)


def test_without_a_way_to_renew_the_caller_is_told():
    with pytest.raises(AccessTokenRefusedError):
        api_with(FakeHttp(REFUSED)).call(op.GET_CLIENT, ids={"client_id": "1001-1"})


@pytest.mark.parametrize(
    ("operation", "family"),
    [
        (op.PUT_DOCUMENT, TransientError),
        (op.CREATE_DXSO_JOB, TransientError),
        (op.IMPORT_FILE, AmbiguousError),
        (op.ADD_DXSO_FILE, AmbiguousError),
        (op.FINALISE_DXSO_JOB, AmbiguousError),
    ],
)
def test_a_lost_answer_is_in_doubt_only_where_a_repeat_could_harm(operation, family):
    http = FakeHttp(AmbiguousError("DATEV broke the connection off."))
    ids = {"client_id": "1001-1", "job_id": "j", "document_id": "d"}
    with pytest.raises(family) as caught:
        api_with(http).call(operation, ids=ids)
    assert family is type(caught.value)
    assert not http.sent[0].safe


def test_only_calls_that_carry_a_file_get_the_longer_deadline():
    http = FakeHttp(Script(202, None), Script(200, {}))
    api = api_with(http, upload_deadline=timedelta(seconds=60))
    api.call(op.IMPORT_FILE, ids={"client_id": "1001-1"}, data=b"x")
    api.call(op.GET_CLIENT, ids={"client_id": "1001-1"})
    assert [timedelta(seconds=60), None] == [sent.deadline for sent in http.sent]


def test_a_list_is_read_page_by_page_up_to_its_total():
    first, second = [client(n) for n in range(1, 101)], [client(101)]
    http = FakeHttp(Script(200, first, {"Total-Items": "101"}), Script(200, second, {"Total-Items": "101"}))
    assert 101 == len(list_clients(api_with(http)))
    assert [{"skip": 0, "top": 100}, {"skip": 100, "top": 100}] == [sent.params for sent in http.sent]


def test_pages_shorter_than_asked_for_do_not_end_a_list_early():
    http = FakeHttp(
        Script(200, [client(1)], {"Total-Items": "Total-Items: 2"}),
        Script(200, [client(2)], {"Total-Items": "Total-Items: 2"}),
    )
    assert [1, 2] == [found.client_number for found in list_clients(api_with(http))]


def test_without_a_total_a_short_page_ends_the_list():
    http = FakeHttp(Script(200, [client(1)]))
    assert 1 == len(list_clients(api_with(http)))
    assert 1 == len(http.sent)


def test_an_empty_page_ends_a_list_whatever_its_total_says():
    http = FakeHttp(Script(200, [], {"Total-Items": "5"}))
    assert [] == list_clients(api_with(http))


def test_a_list_without_end_is_a_fault_not_a_loop():
    http = FakeHttp(Script(200, [client(n) for n in range(PAGE_SIZE)]))
    with pytest.raises(TransientError, match="does not end"):
        list_clients(api_with(http))
    assert MOST_PAGES == len(http.sent)
