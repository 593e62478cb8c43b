"""Documents, EXTF files and DXSO jobs, against the sandbox."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from connector.datev.documents import document_types, get_documents_client, put_document
from connector.datev.dxso_jobs import (
    JobStatus,
    add_file,
    create_job,
    delete_job,
    finalise_job,
    job_status,
    protocol_entries,
)
from connector.datev.extf_files import JobResult, find_job, get_job, import_file
from connector.errors import (
    AmbiguousError,
    ConfigurationError,
    NotFoundError,
    PartnerRefusedError,
    PermissionMissingError,
    TransientError,
)
from connector.http import HttpClient
from connector.tenants.config import DatevFormat
from tests.integration.datev.driver import CLIENT, api_for, lasting_login

PDF = b"%PDF-1.7\n%%EOF\n"
HEADER = (
    '"EXTF";700;16;"Debitoren/Kreditoren";5;20260130140659583;;"RE";"";"";455148;{client};20260101;4;;;"";"";'
    ';;;"";;"";;;"03";;;"";""'
)
REFERENCE, FILE_NAME = "mlc-batch-1-1", "EXTF_mlc_batch_1_1.csv"


def extf(client: int = 2) -> bytes:
    return f"{HEADER.format(client=client)}\r\nKonto;Name\r\n10000;Muster\r\n".encode("cp1252")


@pytest.fixture
def documents(http, settings):
    token = lasting_login(http, settings).access_token
    return api_for(http, settings, settings.documents_base_url, token)


@pytest.fixture
def files(http, settings):
    token = lasting_login(http, settings).access_token
    return api_for(http, settings, settings.extf_base_url, token)


@pytest.fixture
def jobs(http, settings):
    token = lasting_login(http, settings, DatevFormat.DXSO).access_token
    return api_for(http, settings, settings.dxso_base_url, token)


def hand_over(api, content: bytes | None = None):
    return import_file(api, CLIENT, file_name=FILE_NAME, reference_id=REFERENCE, content=content or extf())


def look_up(api):
    return find_job(api, CLIENT, reference_id=REFERENCE, file_name=FILE_NAME)


# Documents


def test_a_document_arrives_under_our_guid_with_its_type(documents, sandbox):
    guid = str(uuid.uuid4())
    kinds = [kind.name for kind in document_types(documents, CLIENT)]
    assert "Rechnungsausgang" in kinds
    uploaded = put_document(
        documents,
        CLIENT,
        guid,
        file_name="Rechnung Müller/4711.pdf",
        content=PDF,
        document_type="Rechnungsausgang",
        note="Deal 4711",
    )
    assert (False, "Rechnungsausgang") == (uploaded.already_there, uploaded.document_type)
    [arrived] = sandbox.arrivals()["documents"]
    assert (guid, "4711.pdf", "Rechnungsausgang", len(PDF)) == (
        arrived["guid"],
        arrived["name"],
        arrived["document_type"],
        arrived["size"],
    )
    assert "Deal 4711" == arrived["metadata"]["note"]


def test_umlauts_in_a_documents_name_survive(documents, sandbox):
    put_document(documents, CLIENT, str(uuid.uuid4()), file_name="Größe & Maß (é).pdf", content=PDF)
    assert ["Größe & Maß (é).pdf"] == [row["name"] for row in sandbox.arrivals()["documents"]]


def test_a_second_upload_under_our_guid_changes_nothing(documents, sandbox):
    guid = str(uuid.uuid4())
    put_document(documents, CLIENT, guid, file_name="a.pdf", content=PDF)
    assert put_document(documents, CLIENT, guid, file_name="a.pdf", content=PDF, repeated=True).already_there
    assert 1 == len(sandbox.arrivals()["documents"])


def test_an_upload_whose_answer_is_lost_is_found_there_at_the_next_try(documents, sandbox):
    guid = str(uuid.uuid4())
    sandbox.fault("datev_documents.put_document", "reset", when="after")
    with pytest.raises(TransientError):
        put_document(documents, CLIENT, guid, file_name="a.pdf", content=PDF)
    assert put_document(documents, CLIENT, guid, file_name="a.pdf", content=PDF, repeated=True).already_there
    assert 1 == len(sandbox.arrivals()["documents"])


def test_an_unknown_document_type_is_a_setting(documents):
    with pytest.raises(ConfigurationError) as caught:
        put_document(
            documents, CLIENT, str(uuid.uuid4()), file_name="a.pdf", content=PDF, document_type="Quittung"
        )
    assert "document_type_unknown" == caught.value.code
    assert "DCO01010" == caught.value.answer.partner_code
    assert caught.value.answer.request_id
    assert caught.value.answer.help_link.startswith("https://apps.datev.de/")


def test_a_pdf_that_is_none_is_refused(documents):
    with pytest.raises(PartnerRefusedError) as caught:
        put_document(documents, CLIENT, str(uuid.uuid4()), file_name="a.pdf", content=b"hello")
    assert "pdf_unreadable" == caught.value.code


def test_the_clients_fiscal_years_are_known(documents):
    client = get_documents_client(documents, CLIENT)
    assert client.has_belege_online
    assert {4} == {year.account_length for year in client.fiscal_years}
    assert datetime.now(UTC).year in {year.start.year for year in client.fiscal_years}


# EXTF files


def test_an_extf_file_is_handed_over_and_taken(files, sandbox):
    accepted = hand_over(files)
    job = get_job(files, CLIENT, accepted.job_id)
    assert (JobResult.SUCCEEDED, REFERENCE, FILE_NAME, 1) == (
        job.result,
        job.reference_id,
        job.file_name,
        job.records,
    )
    assert job.failure() is None
    assert timedelta(seconds=5) == accepted.retry_after
    assert 1 == len(sandbox.arrivals()["extf_files"])


def test_a_job_is_pending_first(files, sandbox):
    sandbox.control("datev/settings", {"job_delay_seconds": 60})
    accepted = hand_over(files)
    assert JobResult.PENDING is get_job(files, CLIENT, accepted.job_id).result


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "reset"},
        {"kind": "status", "status": 500},
        {"kind": "status", "status": 503},
        {"kind": "status", "status": 202},
    ],
    ids=lambda fault: f"{fault['kind']} {fault.get('status', '')}",
)
def test_an_import_whose_answer_is_lost_is_found_by_our_reference(files, sandbox, fault):
    assert look_up(files) is None
    sandbox.fault("datev_extf.import_file", when="after", **fault)
    with pytest.raises(AmbiguousError):
        hand_over(files)
    assert REFERENCE == look_up(files).reference_id
    assert 1 == len(sandbox.arrivals()["extf_files"])


def test_an_import_that_never_arrived_is_not_found(files, sandbox):
    sandbox.fault("datev_extf.import_file", "reset", when="before")
    with pytest.raises(AmbiguousError):
        hand_over(files)
    assert look_up(files) is None


def test_our_job_is_found_behind_more_than_a_hundred_others(files):
    for number in range(101):
        import_file(
            files,
            CLIENT,
            file_name=f"EXTF_other_{number}.csv",
            reference_id=f"other-{number}",
            content=extf(),
        )
    accepted = hand_over(files)
    assert accepted.job_id == look_up(files).id


def test_a_file_for_another_client_fails_with_datevs_words(files):
    accepted = hand_over(files, extf(client=3))
    failure = get_job(files, CLIENT, accepted.job_id).failure()
    assert PartnerRefusedError is type(failure)
    assert "extf_header_refused" == failure.code
    assert "1008834" == failure.answer.partner_code
    assert "http://www.datev.de/hilfe/1008834" == failure.answer.help_link


def test_an_expired_permission_parks_the_tenant(files, sandbox):
    sandbox.control(
        "datev/clients", {"consultant_number": 455148, "client_number": 2, "permission_expired": True}
    )
    accepted = hand_over(files)
    failure = get_job(files, CLIENT, accepted.job_id).failure()
    assert PermissionMissingError is type(failure)
    assert "tax adviser" in failure.cure


def test_an_unknown_job_is_not_found(files):
    with pytest.raises(NotFoundError):
        get_job(files, CLIENT, str(uuid.uuid4()))


# DXSO jobs

ARCHIVE = (
    b'<archive xmlns="http://xml.datev.de/bedi/tps/document/v06.0" version="6.0" generatingSystem="t">'
    b'<content><document><extension datafile="ledger.xml"/><extension name="R.pdf"/></document></content>'
    b"</archive>"
)
LEDGER = b'<LedgerImport xmlns="http://xml.datev.de/bedi/tps/ledger/v060" version="6.0"/>'


def fill(api, job_id: str) -> None:
    for name, content in (("document.xml", ARCHIVE), ("ledger.xml", LEDGER), ("R.pdf", PDF)):
        add_file(api, CLIENT, job_id, file_name=name, content=content)


def this_month() -> str:
    return datetime.now(UTC).strftime("%Y-%m")


def test_a_dxso_job_is_opened_filled_and_processed(jobs, sandbox):
    job = create_job(jobs, CLIENT, accounting_month=this_month())
    assert (4, ("Ausgangsrechnungen",)) == (job.account_length, job.ledger_folder_names)
    fill(jobs, job.id)
    assert JobStatus.OPEN is job_status(jobs, CLIENT, job.id)
    finalise_job(jobs, CLIENT, job.id)
    assert JobStatus.SUCCEEDED is job_status(jobs, CLIENT, job.id)
    assert ["document.xml", "ledger.xml", "R.pdf"] == [
        entry.file_name for entry in protocol_entries(jobs, CLIENT, job.id)
    ]
    [arrived] = sandbox.arrivals()["dxso_jobs"]
    assert ("accountsReceivableLedgerImport", this_month()) == (
        arrived["import_type"],
        arrived["accounting_month"],
    )


def test_a_finalised_job_takes_nothing_more(jobs):
    job = create_job(jobs, CLIENT, accounting_month=this_month())
    fill(jobs, job.id)
    finalise_job(jobs, CLIENT, job.id)
    for act in (finalise_job, delete_job):
        with pytest.raises(AmbiguousError) as caught:
            act(jobs, CLIENT, job.id)
        assert "dxso_job_already_finalised" == caught.value.code
    with pytest.raises(AmbiguousError):
        add_file(jobs, CLIENT, job.id, file_name="document.xml", content=ARCHIVE)


def test_a_finalisation_whose_answer_is_lost_shows_in_the_status(jobs, sandbox):
    job = create_job(jobs, CLIENT, accounting_month=this_month())
    fill(jobs, job.id)
    sandbox.fault("datev_dxso.finalise_job", "reset", when="after")
    with pytest.raises(AmbiguousError):
        finalise_job(jobs, CLIENT, job.id)
    assert JobStatus.SUCCEEDED is job_status(jobs, CLIENT, job.id)


def test_a_finalisation_that_never_arrived_leaves_the_job_open(jobs, sandbox):
    job = create_job(jobs, CLIENT, accounting_month=this_month())
    fill(jobs, job.id)
    sandbox.fault("datev_dxso.finalise_job", "status", status=503, when="before")
    with pytest.raises(AmbiguousError):
        finalise_job(jobs, CLIENT, job.id)
    assert JobStatus.OPEN is job_status(jobs, CLIENT, job.id)


def test_an_open_job_is_deleted_once_and_for_all(jobs):
    job = create_job(jobs, CLIENT, accounting_month=this_month())
    delete_job(jobs, CLIENT, job.id)
    delete_job(jobs, CLIENT, job.id)
    with pytest.raises(NotFoundError):
        job_status(jobs, CLIENT, job.id)


def test_a_job_whose_opening_got_lost_may_be_opened_again(jobs, sandbox):
    sandbox.fault("datev_dxso.create_job", "reset", when="after")
    with pytest.raises(TransientError):
        create_job(jobs, CLIENT, accounting_month=this_month())
    assert create_job(jobs, CLIENT, accounting_month=this_month()).id


def test_a_package_without_its_document_xml_fails_with_datevs_protocol(jobs):
    job = create_job(jobs, CLIENT, accounting_month=this_month())
    add_file(jobs, CLIENT, job.id, file_name="ledger.xml", content=LEDGER)
    finalise_job(jobs, CLIENT, job.id)
    assert JobStatus.FAILED is job_status(jobs, CLIENT, job.id)
    errors = [entry for entry in protocol_entries(jobs, CLIENT, job.id) if entry.type == "error"]
    assert [("document.xml", "Die Datei document.xml fehlt.")] == [(e.file_name, e.text) for e in errors]


def test_a_client_of_the_new_belege_online_takes_no_dxso_job(jobs, sandbox):
    sandbox.control(
        "datev/clients", {"consultant_number": 455148, "client_number": 2, "belege_online": "new"}
    )
    with pytest.raises(ConfigurationError) as caught:
        create_job(jobs, CLIENT, accounting_month=this_month())
    assert "dxso_not_supported_by_client" == caught.value.code


# Whatever is in front of DATEV


@pytest.mark.parametrize("kind", ["malformed", "html403", "drip"])
def test_a_spoiled_answer_to_a_question_may_be_asked_again(http, settings, sandbox, kind):
    token = lasting_login(http, settings).access_token
    accepted = hand_over(api_for(http, settings, settings.extf_base_url, token))
    hasty = HttpClient("datev", connect_timeout=timedelta(seconds=1), call_deadline=timedelta(seconds=0.5))
    sandbox.fault("datev_extf.get_job", kind, times=2, delay_seconds=0.2)
    with pytest.raises(TransientError):
        get_job(api_for(hasty, settings, settings.extf_base_url, token), CLIENT, accepted.job_id)
