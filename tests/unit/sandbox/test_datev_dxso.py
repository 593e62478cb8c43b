"""accounting:dxso-jobs: the life of a job and its refusals."""

import pytest

from tests.unit.sandbox.driver import DXSO, Driver
from tests.unit.sandbox.partner import PDF, Partner, configured

DOCUMENT_XML = b"""<archive xmlns="http://xml.datev.de/bedi/tps/document/v06.0"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><content><document>
 <extension xsi:type="accountsReceivableLedger" datafile="RE1.xml"/>
 <extension xsi:type="File" name="RE1.pdf"/>
</document></content></archive>"""
LEDGER_XML = b'<LedgerImport xmlns="http://xml.datev.de/bedi/tps/ledger/v060"/>'


def filled_job(partner: Partner, *, without: str = "") -> str:
    job: str = partner.create_dxso().json["id"]
    files = {"document.xml": DOCUMENT_XML, "RE1.xml": LEDGER_XML, "RE1.pdf": PDF}
    for name, content in files.items():
        if name != without:
            assert 201 == partner.add_dxso_file(job, name, content).status_code
    return job


def job_state(partner: Partner, job: str) -> tuple[int, list[str]]:
    path = f"{DXSO}/clients/455148-1/dxso-jobs/{job}"
    entries = partner.get(f"{path}/protocol-entries").json
    return partner.get(path).json["status"], [row["filename"] for row in entries if row["type"] == "error"]


def test_a_dxso_job_runs_from_open_to_ok(partner: Partner) -> None:
    created = partner.create_dxso()
    assert (201, 4, ["Ausgangsrechnungen"]) == (
        created.status_code,
        created.json["account_length"],
        created.json["ledger_folder_names"],
    )
    job = filled_job(partner)
    assert (0, []) == job_state(partner, job)
    assert 204 == partner.finalise(job).status_code
    assert (1, []) == job_state(partner, job)
    partner.driver.control("/clock", offset_seconds=3)
    assert (2, []) == job_state(partner, job)


def test_a_file_named_in_document_xml_but_not_sent_fails_the_job(partner: Partner) -> None:
    job = filled_job(partner, without="RE1.pdf")
    partner.finalise(job)
    partner.driver.control("/clock", offset_seconds=3)
    assert (3, ["RE1.pdf"]) == job_state(partner, job)


def test_after_finalising_nothing_changes_any_more(partner: Partner) -> None:
    job = filled_job(partner)
    partner.finalise(job)
    path = f"{DXSO}/clients/455148-1/dxso-jobs/{job}"
    answers = [
        partner.add_dxso_file(job, "x.pdf", PDF),
        partner.finalise(job),
        partner.driver.client.delete(path, headers=partner.headers),
    ]
    assert ["#DCO01007"] * 3 == [answer.json["error"] for answer in answers]


def test_a_deleted_job_is_gone(partner: Partner) -> None:
    job = filled_job(partner)
    path = f"{DXSO}/clients/455148-1/dxso-jobs/{job}"
    assert 204 == partner.driver.client.delete(path, headers=partner.headers).status_code
    assert [404, 404] == [partner.get(path).status_code, partner.finalise(job).status_code]
    assert [True] == [row["deleted"] for row in partner.driver.arrivals()["dxso_jobs"]]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"import_type": "salesImport", "accounting_month": "2026-01"}, "#DCO01008"),
        ({"import_type": "accountsReceivableLedgerImport"}, "#DCO01017"),
        ({"accounting_month": "2026-01"}, "#DCO01017"),
        ({"import_type": "accountsReceivableLedgerImport", "accounting_month": "2026-13"}, "#DCO01008"),
        ({"import_type": "accountsReceivableLedgerImport", "accounting_month": "1999-01"}, "#DCO01002"),
        ([], "#DCO01008"),
    ],
)
def test_a_wrong_job_is_refused(partner: Partner, body: object, code: str) -> None:
    answer = partner.create_dxso(body)
    assert (400, code) == (answer.status_code, answer.json["error"])


def test_the_next_fiscal_year_is_made_by_datev_except_for_cash(sandbox: Driver) -> None:
    partner = configured(sandbox, fiscal_years=[2025])
    months = {"accountsReceivableLedgerImport": 201, "cashLedgerImport": 400}
    for kind, status in months.items():
        answer = partner.create_dxso({"import_type": kind, "accounting_month": "2026-03"})
        assert status == answer.status_code


@pytest.mark.parametrize(
    ("client", "code"),
    [
        ({"belege_online": "new"}, "#DCO01301"),
        ({"belege_online": False}, "#DCO01002"),
        ({"services": ["Buchungsdatenservice"]}, "#DCO01002"),
    ],
)
def test_a_client_that_cannot_take_dxso_is_refused(
    sandbox: Driver, client: dict[str, object], code: str
) -> None:
    assert code == configured(sandbox, **client).create_dxso().json["error"]


def test_one_right_file_per_call(partner: Partner) -> None:
    job = partner.create_dxso().json["id"]
    zipped = partner.add_dxso_file(job, "a.zip", b"PK")
    wrong_part = partner.add_dxso_file(job, "a.xml", b"<a/>", part="document")
    assert ["#DCO01015", "#DCO01004"] == [zipped.json["error"], wrong_part.json["error"]]


def test_finalising_wants_a_merge_patch_that_says_ready(partner: Partner) -> None:
    job = filled_job(partner)
    assert 415 == partner.finalise(job, kind="application/json").status_code
    assert "#DCO01008" == partner.finalise(job, body='{"ready":"false"}').json["error"]
    assert 0 == job_state(partner, job)[0]


def test_a_partly_processed_job_can_be_staged(partner: Partner) -> None:
    entry = {"text": "Betrag fehlt", "filename": "RE1.xml", "type": "error"}
    partner.driver.control("/datev/settings", dxso_status=4, dxso_protocol=[entry])
    job = filled_job(partner)
    partner.finalise(job)
    partner.driver.control("/clock", offset_seconds=3)
    assert (4, ["RE1.xml"]) == job_state(partner, job)
