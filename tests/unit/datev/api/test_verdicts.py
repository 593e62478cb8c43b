"""Every row of the tables, and what no row knows."""

from datetime import timedelta

import pytest

from connector.datev import operations as op
from connector.datev.operations import OPERATIONS, Api, Operation, Repeat
from connector.datev.verdict_defaults import BY_STATUS
from connector.datev.verdict_tables import TABLES
from connector.datev.verdicts import error_from, verdict_on
from connector.errors import (
    AccessTokenRefusedError,
    AmbiguousError,
    ConfigurationError,
    ConnectorError,
    NotFoundError,
    PartnerRefusedError,
    PermissionMissingError,
    RateLimitedError,
    ReconnectNeededError,
    TransientError,
)
from connector.http import Answer
from tests.unit.datev.api.fake_http import FakeHttp, Script


def answer(status: int, body: object = None, headers: dict[str, str] | None = None) -> Answer:
    return FakeHttp(Script(status, body, headers)).send("GET", "https://datev.example/x")


def error_body(operation: Operation, code: str) -> dict[str, str]:
    """The code in the form in which this interface words its errors."""
    if operation.api in {Api.CLIENTS, Api.EXTF}:
        return {"type": f"http://www.datev.de/hilfe/{code}", "title": "Title", "detail": "Detail"}
    if operation.api is Api.LOGIN:
        return {"error": code, "error_description": "Words"}
    return {"error": f"#{code}", "error_description": "restapi.Fault"}


ROWS = [(api, key, verdict) for api, table in TABLES.items() for key, verdict in table.items()]


@pytest.mark.parametrize(("api", "key", "verdict"), ROWS, ids=lambda value: str(value)[:60])
def test_every_row_is_reached_and_raises_its_family(api, key, verdict):
    name, status, code = key
    operation = next(o for o in OPERATIONS if o.api is api and (name is None or o.name == name))
    if name is None:
        # A row for every operation must not be tried with one that has a row of its own.
        own = {row[0] for row in TABLES[api] if row[0]}
        operation = next(o for o in OPERATIONS if o.api is api and o.name not in own)
    body = error_body(operation, code) if code else {"request_id": "r-1"}

    error = error_from(operation, answer(status or 400, body))

    assert verdict.family is type(error)
    assert verdict.code == error.code
    assert verdict.cure == error.cure
    assert verdict.cure.endswith(".")
    assert verdict.says in error.message


@pytest.mark.parametrize("status", sorted(BY_STATUS))
def test_every_status_row_is_reached(status):
    error = error_from(op.GET_EXTF_JOB, answer(status, {"request_id": "r-1"}))
    assert BY_STATUS[status].family is type(error)


EXPECTED = [
    # the import: whatever a failing server says, nobody knows whether it kept the file
    (op.IMPORT_FILE, 500, None, AmbiguousError),
    (op.IMPORT_FILE, 502, None, AmbiguousError),
    (op.IMPORT_FILE, 503, "1008837", AmbiguousError),
    (op.IMPORT_FILE, 504, None, AmbiguousError),
    (op.IMPORT_FILE, 408, None, AmbiguousError),
    (op.IMPORT_FILE, 200, None, AmbiguousError),
    (op.IMPORT_FILE, 500, "1008833", AmbiguousError),
    # refused before anything happened
    (op.IMPORT_FILE, 400, "1008831", PartnerRefusedError),
    (op.IMPORT_FILE, 400, "1008832", PartnerRefusedError),
    (op.IMPORT_FILE, 400, "1008835", ConfigurationError),
    (op.IMPORT_FILE, 403, "1008829", PermissionMissingError),
    (op.IMPORT_FILE, 403, "1008838", PermissionMissingError),
    (op.IMPORT_FILE, 404, None, NotFoundError),
    (op.IMPORT_FILE, 413, "1008833", PartnerRefusedError),
    (op.IMPORT_FILE, 415, None, PartnerRefusedError),
    (op.IMPORT_FILE, 401, None, AccessTokenRefusedError),
    (op.IMPORT_FILE, 429, None, RateLimitedError),
    (op.IMPORT_FILE, 302, None, ConfigurationError),
    # reading may be repeated
    (op.GET_EXTF_JOB, 500, None, TransientError),
    (op.GET_EXTF_JOB, 503, None, TransientError),
    (op.LIST_EXTF_JOBS, 503, "1008837", TransientError),
    (op.LIST_CLIENTS, 403, None, ConfigurationError),
    (op.LIST_CLIENTS, 403, "1008829", PermissionMissingError),
    (op.GET_CLIENT, 403, None, PermissionMissingError),
    (op.GET_CLIENT, 404, None, NotFoundError),
    # documents: our key makes the upload repeatable
    (op.PUT_DOCUMENT, 409, None, PartnerRefusedError),
    (op.PUT_DOCUMENT, 503, "DCO01020", TransientError),
    (op.PUT_DOCUMENT, 400, "DCO01020", TransientError),
    (op.PUT_DOCUMENT, 500, None, TransientError),
    (op.PUT_DOCUMENT, 400, "DCO01017", PartnerRefusedError),
    # a job is inert until it is finalised
    (op.CREATE_DXSO_JOB, 503, None, TransientError),
    (op.CREATE_DXSO_JOB, 500, None, TransientError),
    (op.ADD_DXSO_FILE, 503, None, AmbiguousError),
    (op.FINALISE_DXSO_JOB, 503, None, AmbiguousError),
    (op.FINALISE_DXSO_JOB, 400, "DCO01007", AmbiguousError),
    (op.DXSO_JOB_STATUS, 404, None, NotFoundError),
    # the login
    (op.REFRESH, 400, "invalid_grant", ReconnectNeededError),
    (op.EXCHANGE_CODE, 400, "invalid_grant", PartnerRefusedError),
    (op.REFRESH, 401, "invalid_client", ConfigurationError),
    (op.REFRESH, 401, None, ConfigurationError),
    (op.REFRESH, 503, "temporarily_unavailable", AmbiguousError),
    (op.REVOKE, 503, None, TransientError),
    (op.USERINFO, 401, "invalid_token", AccessTokenRefusedError),
]


@pytest.mark.parametrize(("operation", "status", "code", "family"), EXPECTED)
def test_an_answer_means(operation, status, code, family):
    body = error_body(operation, code) if code else {"request_id": "r-1"}
    assert family is type(error_from(operation, answer(status, body)))


@pytest.mark.parametrize("status", [201, 206, 300, 307, 402, 418, 451, 499, 501, 505, 599])
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: o.name)
def test_a_status_that_nobody_described_is_judged_too(operation, status):
    verdict = verdict_on(operation, status, "")
    assert issubclass(verdict.family, ConnectorError)
    if operation.repeat is Repeat.NEVER and (status < 300 or status >= 500):
        assert AmbiguousError is verdict.family


def test_datevs_own_words_request_id_and_help_link_are_kept():
    body = {
        "type": "http://www.datev.de/hilfe/1008834",
        "title": "Invalid EXTF-header",
        "detail": "Fields with error",
        "affected_elements": [{"name": "Client", "reason": "is invalid (12)"}],
        "request_id": "f11381c7",
        "status": 400,
    }
    kept = error_from(op.IMPORT_FILE, answer(400, body)).answer
    assert "datev" == kept.partner
    assert "import_file" == kept.operation
    assert 400 == kept.status
    assert "1008834" == kept.partner_code
    assert "Invalid EXTF-header; Fields with error; Client: is invalid (12)" == kept.text
    assert "f11381c7" == kept.request_id
    assert "http://www.datev.de/hilfe/1008834" == kept.help_link


def test_a_dco_error_is_kept_with_its_help_link():
    body = {
        "error": "#DCO01010",
        "error_description": "restapi.InvalidDocumentTypeFault",
        "error_uri": "https://apps.datev.de/knowledge/help/search?q=DCO01010",
        "request_id": "0a13eff2",
    }
    error = error_from(op.PUT_DOCUMENT, answer(400, [body]))
    assert "DCO01010" == error.answer.partner_code
    assert "restapi.InvalidDocumentTypeFault" == error.answer.text
    assert "https://apps.datev.de/knowledge/help/search?q=DCO01010" == error.answer.help_link
    assert str(error).startswith("[0a13eff2] ")


@pytest.mark.parametrize("header", ["X-Global-Transaction-ID", "V-Cap-Request-ID"])
def test_a_header_gives_the_request_id_where_the_body_has_none(header):
    error = error_from(op.GET_CLIENT, answer(503, None, {header: "tx-9"}))
    assert "tx-9" == error.answer.request_id


def test_a_help_link_that_is_no_web_address_is_dropped():
    error = error_from(op.GET_CLIENT, answer(400, {"type": "javascript:alert(1)", "title": "x"}))
    assert "" == error.answer.help_link


def test_retry_after_reaches_the_error():
    error = error_from(op.GET_EXTF_JOB, answer(429, {"request_id": "r"}, {"Retry-After": "17"}))
    assert timedelta(seconds=17) == error.retry_after


@pytest.mark.parametrize("text", ["soon", "-5", "²", "Wed, 21 Oct 2026 07:28:00 GMT", "9" * 40])
def test_a_retry_after_that_cannot_be_read_falls_back_to_our_pause(text):
    error = error_from(op.GET_EXTF_JOB, answer(429, {"request_id": "r"}, {"Retry-After": text}))
    assert timedelta(seconds=60) == error.retry_after


def test_a_retry_after_of_years_is_cut_to_a_day():
    error = error_from(op.GET_EXTF_JOB, answer(503, None, {"Retry-After": "99999999"}))
    assert timedelta(days=1) == error.retry_after


def test_a_web_page_with_403_does_not_park_the_tenant():
    page = b"<!DOCTYPE html><title>Access denied</title>"
    assert TransientError is type(error_from(op.GET_CLIENT, answer(403, page)))
    assert PermissionMissingError is type(error_from(op.GET_CLIENT, answer(403, {"request_id": "r"})))


def test_of_a_web_page_people_read_the_title():
    page = b"<!DOCTYPE html><html><head><title>Access\n denied</title></head><body><h1>Error 1015</h1></body>"
    said = "While reading the client, DATEV says that it blocks the call before its interface sees it."
    assert f"{said} DATEV's words: Access denied" == error_from(op.GET_CLIENT, answer(403, page)).message
    assert (
        f"{said} DATEV's words: <b>no title" == error_from(op.GET_CLIENT, answer(403, b"<b>no title")).message
    )


def test_broken_json_is_nobodys_words():
    message = error_from(op.GET_CLIENT, answer(503, b'{"title": "Ser')).message
    assert "While reading the client, DATEV says that it is not available." == message


def test_invalid_client_names_the_setting_that_cures_it():
    error = error_from(op.REFRESH, answer(401, {"error": "invalid_client"}))
    assert "DATEV_CLIENT_AUTH" in error.cure


def test_reconnect_names_the_partner():
    error = error_from(op.REFRESH, answer(400, {"error": "invalid_grant"}))
    assert "datev" == error.partner


def test_operations_have_names_of_their_own():
    names = [operation.name for operation in OPERATIONS]
    assert sorted(set(names)) == sorted(names)


@pytest.mark.parametrize("bad", ["..", "a/b", "", "1-1?x", "ü", "a" * 65])
def test_an_id_that_would_change_the_path_is_refused(bad):
    with pytest.raises(ValueError, match="client_id"):
        op.GET_CLIENT.address(client_id=bad)
