"""accounting-documents v2."""

import json
from datetime import UTC, date, datetime

import pytest

from connector.datev.documents import (
    LARGEST_FILE,
    DocumentType,
    FiscalYear,
    document_types,
    get_documents_client,
    put_document,
)
from connector.errors import AmbiguousError, DataError, PartnerRefusedError, TransientError
from tests.unit.datev.api.fake_http import FakeHttp, Script, api_with

GUID = "07b94406-666b-4b3a-acdc-c8e783dcd7cd"
PDF = b"%PDF-1.7 ..."
CREATED = Script(
    201,
    {
        "files": [{"name": "R.pdf", "size": "12", "upload_date": "2026-11-22T09:24:12+01:00"}],
        "document_type": "Rechnungsausgang",
    },
)
ALREADY = Script(409, {"error": "#DCO01012", "error_description": "restapi.KeyConflictFault"})
SAME_CONTENT = Script(400, {"error": "#DCO01253", "error_description": "restapi.DuplicateFileFault"})


def put(http: FakeHttp, **changes):
    given = {"file_name": "Rechnung Müller.pdf", "content": PDF, **changes}
    return put_document(api_with(http), "455148-1", GUID, **given)


def test_a_document_goes_under_our_guid_with_type_and_note():
    http = FakeHttp(CREATED)
    uploaded = put(http, document_type="Rechnungsausgang", note="Deal 4711: Müller")
    sent = http.sent[0]
    assert "PUT" == sent.method
    assert sent.url.endswith(f"/clients/455148-1/documents/{GUID}")
    file_part, metadata_part = sent.files
    assert ("file", ("Rechnung Müller.pdf", PDF, "application/pdf")) == file_part
    assert "metadata" == metadata_part[0]
    assert {"document_type": "Rechnungsausgang", "note": "Deal 4711: Müller"} == json.loads(
        metadata_part[1][1]
    )
    assert GUID == uploaded.guid
    assert not uploaded.already_there
    assert "Rechnungsausgang" == uploaded.document_type
    assert datetime(2026, 11, 22, 8, 24, 12, tzinfo=UTC) == uploaded.uploaded_at


def test_an_upload_that_is_told_of_another_document_is_repeated():
    with pytest.raises(TransientError, match="another document"):
        put(FakeHttp(Script(201, {**CREATED.body, "id": "deadbeef"})))


@pytest.mark.parametrize("named", [GUID, GUID.upper(), GUID.replace("-", ""), None, 7])
def test_an_upload_that_is_told_of_no_other_document_is_ours(named):
    assert GUID == put(FakeHttp(Script(201, {**CREATED.body, "id": named}))).guid


def test_the_documents_of_another_client_are_no_answer():
    with pytest.raises(TransientError, match="another client"):
        get_documents_client(api_with(FakeHttp(Script(200, {"id": "455148-2"}))), "455148-1")


def test_without_document_type_and_note_no_metadata_is_sent():
    http = FakeHttp(CREATED)
    put(http)
    assert ["file"] == [name for name, _part in http.sent[0].files]


def test_a_conflict_on_our_own_guid_is_a_success_after_an_upload_without_an_end():
    uploaded = put(FakeHttp(ALREADY), repeated=True)
    assert uploaded.already_there
    assert GUID == uploaded.guid


def test_a_conflict_on_a_guid_that_we_never_sent_is_a_persons_turn():
    with pytest.raises(PartnerRefusedError) as caught:
        put(FakeHttp(ALREADY))
    assert "document_already_there" == caught.value.code


def test_the_same_content_under_another_id_is_a_persons_turn():
    with pytest.raises(PartnerRefusedError) as caught:
        put(FakeHttp(SAME_CONTENT))
    assert "document_content_exists" == caught.value.code


def test_the_same_content_after_a_lost_answer_is_our_own_upload():
    assert put(FakeHttp(SAME_CONTENT), repeated=True).already_there


def test_a_lost_answer_is_tried_again_later_because_the_guid_is_ours():
    with pytest.raises(TransientError):
        put(FakeHttp(AmbiguousError("broken off")))


def test_everything_wrong_with_a_file_is_said_at_once_and_nothing_is_sent():
    http = FakeHttp(CREATED)
    with pytest.raises(DataError) as caught:
        put(
            http,
            file_name="rechnungen.zip",
            content=b"x" * (LARGEST_FILE + 1),
            document_type="t" * 31,
            note="n" * 256,
        )
    assert ["file_too_large", "file_type_not_accepted", "document_type_too_long", "note_too_long"] == [
        problem.code for problem in caught.value.problems
    ]
    assert [] == http.sent


def test_a_file_of_exactly_the_limit_is_sent():
    http = FakeHttp(CREATED)
    put(http, content=b"x" * LARGEST_FILE)
    assert 1 == len(http.sent)


def test_an_empty_file_is_refused():
    with pytest.raises(DataError, match="is empty"):
        put(FakeHttp(CREATED), content=b"")


def test_document_types_are_read_per_client():
    types = [
        {"name": "Rechnungsausgang", "category": "outgoing_invoices", "debit_credit_identifier": "credit"},
        {"name": "Sonstige", "category": "other_documents"},
    ]
    http = FakeHttp(Script(200, types))
    assert [
        DocumentType("Rechnungsausgang", "outgoing_invoices", "credit"),
        DocumentType("Sonstige", "other_documents", ""),
    ] == document_types(api_with(http), "455148-1")
    assert http.sent[0].url.endswith("/clients/455148-1/document-types")


def test_a_client_may_have_no_document_types():
    assert [] == document_types(api_with(FakeHttp(Script(200, []))), "455148-1")


def test_fiscal_years_are_read_in_each_form_of_the_description():
    body = {
        "id": "455148-1",
        "name": "Muster GmbH",
        "is_document_management_available": "true",
        "basic_accounting_information": [
            {
                "fiscal_year_start": "2015-01-01T00:00:00.000Z",
                "fiscal_year_end": "2015-12-31T00:00:00.000+0000",
                "account_length": "4",
                "ledgers": {"is_accounts_receivable_ledger_available": "true"},
            },
            {"fiscal_year_start": "2023-01-01", "fiscal_year_end": "2023-12-31", "account_length": 5},
        ],
    }
    client = get_documents_client(api_with(FakeHttp(Script(200, body))), "455148-1")
    assert client.has_belege_online
    assert (
        FiscalYear(date(2015, 1, 1), date(2015, 12, 31), 4, receivable_ledger=True),
        FiscalYear(date(2023, 1, 1), date(2023, 12, 31), 5, receivable_ledger=False),
    ) == client.fiscal_years
