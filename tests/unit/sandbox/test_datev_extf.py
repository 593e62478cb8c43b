"""accounting:extf-files: imports, jobs and their refusals."""

import pytest

from tests.unit.sandbox.driver import EXTF, GUID, Driver, extf
from tests.unit.sandbox.partner import Partner, configured


def test_a_file_becomes_a_job_that_is_pending_then_succeeded(partner: Partner) -> None:
    accepted = partner.send_extf(extf(), Reference_Id="ref-1")
    assert (202, "5", b"") == (accepted.status_code, accepted.headers["Retry-After"], accepted.data)
    assert accepted.headers["Location"].startswith("/clients/455148-1/extf-files/jobs/")
    pending = partner.get(EXTF + accepted.headers["Location"]).json
    done = partner.finished_job(accepted)
    assert ("pending", "succeeded") == (pending["result"], done["result"])
    wanted = {
        "filename": "EXTF_RE_1.csv",
        "reference_id": "ref-1",
        "data_category_id": 21,
        "fiscal_year_begin": "2026-01-01",
        "date_from": "2026-01-01",
        "date_to": "2026-01-31",
        "label": "Test",
        "number_of_accounting_records": 1,
    }
    assert wanted == {name: done[name] for name in wanted}


def test_a_second_identical_batch_is_accepted_as_by_datev(partner: Partner) -> None:
    for _ in range(2):
        assert 202 == partner.send_extf(extf(), Reference_Id="same").status_code
    listed = partner.get(f"{EXTF}/clients/455148-1/extf-files/jobs")
    assert ["same", "same"] == [job["reference_id"] for job in listed.json]
    assert "2" == listed.headers["Total-Items"]
    assert "1008828" in partner.get(f"{EXTF}/clients/455148-1/extf-files/jobs?top=-1").json["type"]


def test_an_umlaut_in_the_reference_arrives(partner: Partner) -> None:
    reference = "Verkäufe".encode().decode("latin-1")
    assert (
        "Verkäufe" == partner.finished_job(partner.send_extf(extf(), Reference_Id=reference))["reference_id"]
    )


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"Filename": ""}, 400, "1008832"),
        ({"Filename": "RE_1.csv"}, 400, "1008832"),
        ({"Filename": f"EXTF_{'x' * 52}.csv"}, 400, "1008832"),
        ({"Filename": "EXTF_1.txt"}, 400, "1008832"),
        ({"Reference_Id": "r" * 255}, 400, "1008832"),
        ({"Reference_Id": "a/b"}, 400, "1008832"),
        ({"Client_Application_Version": "1#2"}, 400, "1008832"),
        ({"client": "nonsense"}, 400, "1008835"),
        ({"Content_Type": "text/csv"}, 415, ""),
        ({"Accept": "text/html"}, 406, ""),
    ],
)
def test_a_wrong_import_is_refused_at_once(
    partner: Partner, headers: dict[str, str], status: int, code: str
) -> None:
    answer = partner.send_extf(extf(), **headers)
    assert (status, True) == (answer.status_code, answer.json.get("type", "").endswith(code))
    assert [] == partner.driver.arrivals()["extf_files"]


def test_an_empty_body_is_1008831(partner: Partner) -> None:
    answer = partner.send_extf(b"")
    assert (400, "http://www.datev.de/hilfe/1008831") == (answer.status_code, answer.json["type"])


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5, 6, 7, 11, 12, 13, 14, 15, 16, 23, 24, 25, 26, 29, 30])
def test_a_wrong_header_field_fails_the_job_with_its_number(partner: Partner, number: int) -> None:
    wrong = {f"f{number}": '"x"'}
    job = partner.finished_job(partner.send_extf(extf(**wrong)))
    details = job["validation_details"]
    assert isinstance(details, dict)
    assert ("failed", "http://www.datev.de/hilfe/1008834") == (job["result"], details["type"])
    assert f"({number})" in details["detail"]


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (extf(f11="29098"), "consultant-number in the EXTF-header does not match"),
        (extf(f12="2"), "client-number in the EXTF-header does not match"),
        (extf(f15="20260201"), "DateFrom must not be greater"),
        (extf(f5="5"), "Invalid combination"),
        (extf(category=16), "Invalid combination"),
        (extf(rows=0), "No payload"),
        (extf(f17='"' + "x" * 1000 + '"'), "exceeds maximum length"),
        (b'"EXTF";700;21\r\n', "Missing columns"),
        (b"\xff\xfe\x00", "Only Windows-1252"),
        (b"\x81" + extf(), "Only Windows-1252"),
    ],
)
def test_a_wrong_file_fails_the_job(partner: Partner, raw: bytes, words: str) -> None:
    job = partner.finished_job(partner.send_extf(raw))
    details = job["validation_details"]
    assert isinstance(details, dict)
    assert ("failed", True) == (job["result"], words in details["detail"])


def test_utf8_with_a_byte_order_mark_is_read(partner: Partner) -> None:
    raw = extf().decode("cp1252").replace("Test", "Łódź").encode("utf-8-sig")
    assert "Łódź" == partner.finished_job(partner.send_extf(raw))["label"]


def test_a_missing_service_or_expired_permission_fails_with_1008838(sandbox: Driver) -> None:
    for change in ({"services": ["Belegbilderservice"]}, {"permission_expired": True}):
        partner = configured(sandbox, **change)
        details = partner.finished_job(partner.send_extf(extf()))["validation_details"]
        assert isinstance(details, dict)
        assert details["type"].endswith("1008838")


def test_results_can_be_set_to_failed(partner: Partner) -> None:
    wanted = {"type": "t", "title": "Try again", "detail": "Job failed"}
    partner.driver.control("/datev/settings", import_result="failed", validation_details=wanted)
    job = partner.finished_job(partner.send_extf(extf()))
    assert ("failed", wanted) == (job["result"], job["validation_details"])


def test_arrivals_hold_rows_by_heading_and_name_dead_links(partner: Partner) -> None:
    partner.send_extf(extf())
    file = partner.driver.arrivals()["extf_files"][0]
    assert ("119,00", f'BEDI "{GUID}"') == (
        file["rows"][0]["Umsatz"],
        file["rows"][0]["Beleglink"],
    )
    assert ([GUID], [GUID]) == (file["linked_guids"], file["dead_links"])
    partner.put_document()
    assert [] == partner.driver.arrivals()["extf_files"][0]["dead_links"]


def test_the_page_of_an_extf_file_shows_its_rows_escaped(partner: Partner) -> None:
    partner.send_extf(extf(f17='"<b>fett</b>"'))
    key = partner.driver.arrivals()["extf_files"][0]["id"]
    page = partner.driver.client.get(f"/extf/455148-1/{key}").get_data(as_text=True)
    assert ("119,00" in page, "<b>fett" in page) == (True, False)
