"""Whatever DATEV, or something in front of it, answers: never anything but an error of our tree."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from connector.datev import clients, documents, dxso_jobs, extf_files, oauth
from connector.errors import ConnectorError
from tests.unit.datev.api.datev_settings import PUBLIC
from tests.unit.datev.api.fake_http import FakeHttp, Script, api_with

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
CLIENT, JOB, GUID = "455148-2", "job-1", "07b94406-666b-4b3a-acdc-c8e783dcd7cd"

CALLS: dict[str, tuple[int, Callable[[FakeHttp], Any]]] = {
    "list_clients": (200, lambda h: clients.list_clients(api_with(h))),
    "get_client": (200, lambda h: clients.get_client(api_with(h), CLIENT)),
    "document_types": (200, lambda h: documents.document_types(api_with(h), CLIENT)),
    "get_documents_client": (200, lambda h: documents.get_documents_client(api_with(h), CLIENT)),
    "put_document": (
        201,
        lambda h: documents.put_document(api_with(h), CLIENT, GUID, file_name="a.pdf", content=b"%PDF-"),
    ),
    "import_file": (
        202,
        lambda h: extf_files.import_file(
            api_with(h), CLIENT, file_name="EXTF_1.csv", reference_id="r-1", content=b"x"
        ),
    ),
    "find_job": (
        200,
        lambda h: extf_files.find_job(api_with(h), CLIENT, reference_id="r-1", file_name="EXTF_1.csv"),
    ),
    "get_job": (200, lambda h: extf_files.get_job(api_with(h), CLIENT, JOB)),
    "create_job": (201, lambda h: dxso_jobs.create_job(api_with(h), CLIENT, accounting_month="2026-11")),
    "job_status": (200, lambda h: dxso_jobs.job_status(api_with(h), CLIENT, JOB)),
    "protocol_entries": (200, lambda h: dxso_jobs.protocol_entries(api_with(h), CLIENT, JOB)),
    "refresh": (200, lambda h: oauth.refresh(h, PUBLIC, "refresh-1", NOW)),
    "userinfo": (200, lambda h: oauth.userinfo(h, PUBLIC, "access-1")),
}

FIELD_NAMES = st.sampled_from(
    [
        "id",
        "result",
        "status",
        "client_number",
        "consultant_number",
        "name",
        "services",
        "validation_details",
        "affected_elements",
        "type",
        "title",
        "detail",
        "error",
        "error_description",
        "error_uri",
        "request_id",
        "filename",
        "reference_id",
        "timestamp",
        "time",
        "text",
        "scope",
        "account_length",
        "ledger_folder_names",
        "access_token",
        "refresh_token",
        "expires_in",
        "basic_accounting_information",
        "fiscal_year_start",
        "fiscal_year_end",
        "ledgers",
        "files",
        "upload_date",
        "sub",
    ]
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["455148-2", "pending", "2026-11-22", "0001-01-01T00:00:00+14:00", "\ud800", "\x00"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELD_NAMES, inner, max_size=6),
    max_leaves=12,
)
BODIES = VALUES.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=40)
STATUSES = (
    st.sampled_from([0, 200, 201, 202, 204, 302, 400, 401, 403, 404, 409, 413, 429, 500, 503]) | st.none()
)


@pytest.mark.parametrize("name", sorted(CALLS))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=BODIES,
    status=STATUSES,
    headers=st.dictionaries(
        st.sampled_from(["Retry-After", "Total-Items", "Location", "X-Global-Transaction-ID"]), st.text()
    ),
)
@example(body=b"[" * 100_000, status=None, headers={})
@example(body=b'{"status": 1e999999999}', status=None, headers={})
@example(body=b"9" * 5000, status=400, headers={})
@example(
    body=b'[{"type": "\\ud800", "affected_elements": [[]]}]', status=400, headers={"Retry-After": "\u0663"}
)
def test_no_answer_is_a_bug(name, body, status, headers):
    expected, call = CALLS[name]
    raised = None
    try:
        call(FakeHttp(Script(status or expected, body, headers)))
    except ConnectorError as error:
        raised = error
    # What is raised must fit into the journal: no NULs, no half surrogates.
    kept = [raised.message, *(raised.answer.as_dict().values() if raised.answer else ())] if raised else []
    assert not any("\x00" in str(value) for value in kept)
    "".join(map(str, kept)).encode()
