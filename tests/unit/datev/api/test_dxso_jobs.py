"""accounting-dxso-jobs v2."""

from datetime import UTC, datetime

import pytest

from connector.datev.dxso_jobs import (
    DxsoJob,
    JobStatus,
    ProtocolEntry,
    add_file,
    create_job,
    delete_job,
    finalise_job,
    job_status,
    protocol_entries,
)
from connector.errors import AmbiguousError, ConfigurationError, DataError, TransientError
from tests.unit.datev.api.fake_http import FakeHttp, Script, api_with

JOB = "CDD8BCFAD7034008AD143D330084FC22"
FINALISED = Script(400, {"error": "#DCO01007", "error_description": "restapi.InvalidDxsoJobStateFault"})


def test_a_job_is_opened_for_outgoing_invoices_of_a_month():
    body = {"id": JOB, "account_length": 4, "ledger_folder_names": ["Ausgangsrechnungen"]}
    http = FakeHttp(Script(201, body))
    assert DxsoJob(JOB, 4, ("Ausgangsrechnungen",)) == create_job(
        api_with(http), "455148-1", accounting_month="2026-11"
    )
    assert {"import_type": "accountsReceivableLedgerImport", "accounting_month": "2026-11"} == http.sent[
        0
    ].json


@pytest.mark.parametrize("month", ["2026-13", "2026-1", "11/2026", "2026-11-01"])
def test_what_is_no_month_is_our_bug(month):
    with pytest.raises(ValueError, match="month"):
        create_job(api_with(FakeHttp(Script(201, {"id": JOB}))), "455148-1", accounting_month=month)


def test_an_opened_job_whose_answer_cannot_be_read_may_be_opened_again():
    with pytest.raises(TransientError):
        create_job(api_with(FakeHttp(Script(201, b"<html>"))), "455148-1", accounting_month="2026-11")


def test_an_opened_job_whose_id_no_path_can_carry_may_be_opened_again():
    with pytest.raises(TransientError, match="not as described"):
        create_job(
            api_with(FakeHttp(Script(201, {"id": "../../clients"}))), "455148-1", accounting_month="2026-11"
        )


def test_another_jobs_status_is_no_answer():
    with pytest.raises(TransientError, match="another job"):
        job_status(api_with(FakeHttp(Script(200, {"id": "F" * 32, "status": 2}))), "455148-1", JOB)


@pytest.mark.parametrize("named", [{}, {"id": JOB}, {"id": JOB.lower()}, {"id": None}])
def test_a_status_that_names_no_other_job_is_ours(named):
    http = FakeHttp(Script(200, {**named, "status": 2}))
    assert JobStatus.SUCCEEDED is job_status(api_with(http), "455148-1", JOB)


def test_a_client_of_the_new_belege_online_is_sent_the_other_road():
    http = FakeHttp(Script(400, {"error": "#DCO01301"}))
    with pytest.raises(ConfigurationError, match=r"Rechnungsdatenservice 1\.0") as caught:
        create_job(api_with(http), "455148-1", accounting_month="2026-11")
    assert 'format = "extf"' in caught.value.cure


def test_files_go_one_by_one():
    http = FakeHttp(Script(201, {}))
    add_file(api_with(http), "455148-1", JOB, file_name="document.xml", content=b"<archive/>")
    sent = http.sent[0]
    assert sent.url.endswith(f"/clients/455148-1/dxso-jobs/{JOB}/files")
    assert [("files", ("document.xml", b"<archive/>", "text/xml"))] == sent.files
    assert not sent.safe


def test_a_file_that_datev_would_rename_or_refuse_is_not_sent():
    http = FakeHttp(Script(201, {}))
    with pytest.raises(DataError) as caught:
        add_file(api_with(http), "455148-1", JOB, file_name="a:b.zip", content=b"")
    assert ["file_name_not_clean", "file_type_not_accepted", "file_empty"] == [
        problem.code for problem in caught.value.problems
    ]
    assert [] == http.sent


def test_finalising_sends_exactly_what_datev_describes():
    http = FakeHttp(Script(204))
    finalise_job(api_with(http), "455148-1", JOB)
    sent = http.sent[0]
    assert ("PUT", b'{"ready":"true"}') == (sent.method, sent.data)
    assert "application/merge-patch+json" == sent.on_the_wire().headers["Content-Type"]


@pytest.mark.parametrize("act", [finalise_job, delete_job])
def test_a_job_finalised_before_is_to_be_looked_up(act):
    with pytest.raises(AmbiguousError) as caught:
        act(api_with(FakeHttp(FINALISED)), "455148-1", JOB)
    assert "dxso_job_already_finalised" == caught.value.code


@pytest.mark.parametrize("script", [Script(204), Script(404, {"request_id": "r"})])
def test_a_deleted_job_is_gone_also_when_it_was_gone_before(script):
    http = FakeHttp(script)
    delete_job(api_with(http), "455148-1", JOB)
    assert ["DELETE"] == [sent.method for sent in http.sent]


@pytest.mark.parametrize("status", list(JobStatus))
def test_every_status_is_read_and_has_a_meaning(status):
    http = FakeHttp(Script(200, {"id": JOB, "status": int(status)}))
    assert status is job_status(api_with(http), "455148-1", JOB)
    assert status.meaning.endswith(".")


@pytest.mark.parametrize("status", [7, -1, None, "two"])
def test_a_status_nobody_described_is_not_guessed_at(status):
    with pytest.raises(TransientError):
        job_status(api_with(FakeHttp(Script(200, {"status": status}))), "455148-1", JOB)


def test_the_protocol_is_read_line_by_line():
    body = [
        {
            "text": "wurde empfangen!",
            "type": "information",
            "filename": "document.xml",
            "time": "2017-02-07T14:12:57+01:00",
        },
        {"text": " ", "type": "error", "context": "Rechnung Anfang", "filename": "", "time": "bad"},
    ]
    assert [
        ProtocolEntry(
            datetime(2017, 2, 7, 13, 12, 57, tzinfo=UTC),
            "wurde empfangen!",
            "",
            "information",
            "document.xml",
        ),
        ProtocolEntry(None, "", "Rechnung Anfang", "error", ""),
    ] == protocol_entries(api_with(FakeHttp(Script(200, body))), "455148-1", JOB)
