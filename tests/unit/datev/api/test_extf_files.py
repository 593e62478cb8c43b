"""accounting-extf-files v3."""

from datetime import UTC, datetime, timedelta

import pytest

from connector.datev.extf_files import ImportAccepted, JobResult, find_job, get_job, import_file
from connector.errors import (
    AmbiguousError,
    DataError,
    PartnerRefusedError,
    PermissionMissingError,
    TransientError,
)
from tests.unit.datev.api.fake_http import FakeHttp, Script, api_with

FILE_NAME, REFERENCE = "EXTF_BS_202611_1.csv", "mlc-b17-1"
LOCATION = "/clients/455148-2/extf-files/jobs/8a772151-6c21-40fe-96ae-4d42cbeeda5a"
ACCEPTED = Script(202, None, {"Location": LOCATION, "Retry-After": "5"})


def hand_over(http: FakeHttp, **changes):
    given = {"file_name": FILE_NAME, "reference_id": REFERENCE, "content": b'"EXTF";700', **changes}
    return import_file(api_with(http), "455148-2", **given)


def job(number: int, **changes):
    return {"id": f"job-{number}", "result": "pending", "filename": f"EXTF_{number}.csv", **changes}


def find(http: FakeHttp):
    return find_job(api_with(http), "455148-2", reference_id=REFERENCE, file_name=FILE_NAME)


def test_a_file_is_sent_raw_with_its_name_and_our_reference():
    http = FakeHttp(ACCEPTED)
    accepted = hand_over(http)
    sent = http.sent[0]
    assert ImportAccepted("8a772151-6c21-40fe-96ae-4d42cbeeda5a", timedelta(seconds=5)) == accepted
    assert b'"EXTF";700' == sent.data
    assert sent.files is None
    assert "application/octet-stream" == sent.headers["Content-Type"]
    assert FILE_NAME == sent.headers["Filename"]
    assert REFERENCE == sent.headers["Reference-Id"]
    assert not sent.safe


def test_an_absolute_location_names_the_job_too():
    http = FakeHttp(Script(202, None, {"Location": f"https://x.datev.de/platform/v3{LOCATION}?a=1"}))
    assert ImportAccepted("8a772151-6c21-40fe-96ae-4d42cbeeda5a", None) == hand_over(http)


@pytest.mark.parametrize("location", ["", "/", "/clients/1/extf-files/jobs/", "/extf-files/jobs/.."])
def test_accepted_without_a_job_is_in_doubt(location):
    with pytest.raises(AmbiguousError, match="names no job"):
        hand_over(FakeHttp(Script(202, None, {"Location": location})))


@pytest.mark.parametrize(
    "name", ["BS.csv", "EXTF_.csv", f"EXTF_{'x' * 52}.csv", "EXTF_ü.csv", "EXTF_a\n.csv"]
)
def test_a_file_name_that_datev_would_change_is_our_bug(name):
    with pytest.raises(ValueError, match="file name"):
        hand_over(FakeHttp(ACCEPTED), file_name=name)


@pytest.mark.parametrize("reference", ["", "x" * 255, "ä", "a\r\nb", "a/b"])
def test_a_reference_that_datev_would_refuse_is_our_bug(reference):
    with pytest.raises(ValueError, match="reference"):
        hand_over(FakeHttp(ACCEPTED), reference_id=reference)


@pytest.mark.parametrize(("size", "code"), [(0, "extf_file_empty"), (50 * 2**20 + 1, "extf_file_too_large")])
def test_a_file_of_a_wrong_size_is_not_sent(size, code):
    http = FakeHttp(ACCEPTED)
    with pytest.raises(DataError) as caught:
        hand_over(http, content=b"x" * size)
    assert code == caught.value.code
    assert [] == http.sent


def test_a_job_is_read_with_its_validation_details():
    body = job(
        1,
        result="failed",
        reference_id=REFERENCE,
        timestamp="2020-04-13T17:55:42Z",
        number_of_accounting_records=127,
        validation_details={
            "type": "http://www.datev.de/hilfe/1008834",
            "title": "Invalid EXTF-header",
            "detail": "Fields with error",
            "affected_elements": [{"name": "DATEV Format Identifier", "reason": "must be 'EXTF'"}],
        },
    )
    read = get_job(api_with(FakeHttp(Script(200, body))), "455148-2", "job-1")
    assert JobResult.FAILED is read.result
    assert REFERENCE == read.reference_id
    assert 127 == read.records
    assert datetime(2020, 4, 13, 17, 55, 42, tzinfo=UTC) == read.received_at
    assert (
        "Invalid EXTF-header; Fields with error; DATEV Format Identifier: must be 'EXTF'" == read.details.text
    )


STRANGE_IDS = ["../../clients", "", "a/b", "a\x00b", "x" * 65, "ä", 7, None, {"a": 1}]


@pytest.mark.parametrize("strange", STRANGE_IDS)
def test_an_id_that_no_path_can_carry_is_no_answer(strange):
    with pytest.raises(TransientError, match="not as described"):
        get_job(api_with(FakeHttp(Script(200, job(1, id=strange)))), "455148-2", "job-1")


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "another-job"},
        {"reference_id": "not ours"},
        {"filename": "EXTF_other.csv"},
        {"reference_id": REFERENCE, "filename": "EXTF_other.csv"},
    ],
)
def test_another_job_or_file_is_no_answer(changes):
    answered = {"id": "job-1", "result": "succeeded", **changes}
    with pytest.raises(TransientError, match="another") as caught:
        get_job(
            api_with(FakeHttp(Script(200, answered))),
            "455148-2",
            "job-1",
            reference_id=REFERENCE,
            file_name=FILE_NAME,
        )
    assert "malformed_answer" == caught.value.code


@pytest.mark.parametrize(
    "changes",
    [{}, {"id": "JOB-1"}, {"reference_id": None, "filename": None}, {"reference_id": REFERENCE}],
)
def test_a_job_that_does_not_contradict_is_ours(changes):
    answered = {"id": "job-1", "result": "succeeded", **changes}
    read = get_job(
        api_with(FakeHttp(Script(200, answered))),
        "455148-2",
        "job-1",
        reference_id=REFERENCE,
        file_name=FILE_NAME,
    )
    assert JobResult.SUCCEEDED is read.result


@pytest.mark.parametrize("result", ["pending", "succeeded"])
def test_a_job_that_did_not_fail_has_no_failure(result):
    read = get_job(api_with(FakeHttp(Script(200, job(1, result=result)))), "455148-2", "job-1")
    assert read.failure() is None


@pytest.mark.parametrize(
    ("number", "family", "code"),
    [
        ("1008838", PermissionMissingError, "datev_permission_missing"),
        ("1008834", PartnerRefusedError, "extf_header_refused"),
        ("1008836", PartnerRefusedError, "virus_found"),
        ("1008837", PartnerRefusedError, "datev_job_failed_try_again"),
        ("1009999", PartnerRefusedError, "extf_file_refused"),
    ],
)
def test_a_failed_job_says_what_it_means(number, family, code):
    details = {"type": f"http://www.datev.de/hilfe/{number}", "title": "Title", "detail": "Words"}
    read = get_job(
        api_with(FakeHttp(Script(200, job(1, result="failed", validation_details=details)))),
        "1001-1",
        "job-1",
    )
    failure = read.failure()
    assert family is type(failure)
    assert code == failure.code
    assert "Title; Words" == failure.answer.text
    assert f"http://www.datev.de/hilfe/{number}" == failure.answer.help_link


def test_a_failed_job_without_details_is_a_refusal():
    read = get_job(api_with(FakeHttp(Script(200, job(1, result="failed")))), "1001-1", "job-1")
    assert PartnerRefusedError is type(read.failure())


def test_a_job_is_found_by_our_reference_on_the_last_page():
    many = [job(n) for n in range(100)]
    last = [job(100), job(101, reference_id=REFERENCE)]
    http = FakeHttp(Script(200, many, {"Total-Items": "102"}), Script(200, last, {"Total-Items": "102"}))
    assert "job-101" == find(http).id


def test_a_job_is_found_by_its_file_name_where_the_reference_is_missing():
    assert "job-1" == find(FakeHttp(Script(200, [job(1, filename=FILE_NAME)]))).id


def test_of_several_jobs_one_that_did_not_fail_counts():
    jobs = [job(1, reference_id=REFERENCE, result="failed"), job(2, reference_id=REFERENCE)]
    assert "job-2" == find(FakeHttp(Script(200, jobs))).id


def test_a_job_that_is_not_in_the_list_is_none():
    assert find(FakeHttp(Script(200, [job(1)], {"Total-Items": "1"}))) is None
    assert find(FakeHttp(Script(200, [], {"Total-Items": "0"}))) is None


def test_a_list_that_grew_while_it_was_read_is_read_again():
    page = [job(n) for n in range(100)]
    http = FakeHttp(
        Script(200, page, {"Total-Items": "101"}),
        # a new job came in at the front, so this page repeats the last job and hides ours
        Script(200, [job(99)], {"Total-Items": "102"}),
        Script(200, [job(100)], {"Total-Items": "102"}),
        Script(200, [job(200, reference_id=REFERENCE), *page[:99]], {"Total-Items": "102"}),
        Script(200, [job(99), job(100)], {"Total-Items": "102"}),
    )
    assert "job-200" == find(http).id


def test_a_list_that_never_stands_still_is_no_proof_of_absence():
    with pytest.raises(TransientError) as caught:
        find(FakeHttp(Script(200, [job(1)], {"Total-Items": "2"}), Script(200, [], {"Total-Items": "2"})))
    assert "job_list_unsteady" == caught.value.code
