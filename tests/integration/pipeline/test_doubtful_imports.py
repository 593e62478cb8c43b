"""An import whose answer was lost: looked up twice, repeated only where that is allowed, never blindly."""

from datetime import timedelta

import pytest

from connector.pipeline.hand_over.extf import FIRST_LOOKUP_AFTER, SECOND_LOOKUP_AFTER
from connector.pipeline.retry import retry_run
from connector.store import tables as t
from connector.store.runs import RunRow
from tests.integration.pipeline.carriage import Carriage, config_for

IMPORT = "extf-files/import"


@pytest.fixture
def known_debtor(carriage: Carriage) -> Carriage:
    """A tenant whose buyer DATEV knows, so that the next import is one of postings."""
    carriage.win(1)
    carriage.finish()
    return carriage


def postings_of(carriage: Carriage, run: RunRow) -> list[tuple[int, str]]:
    batch = carriage.run(run.id).batch_id
    rows = carriage.rows(t.submission, "batch_id", "attempt", "state")
    return [(row.attempt, row.state) for row in rows if row.batch_id == batch]


@pytest.mark.parametrize(
    ("kind", "options"),
    [("reset", {}), ("status", {"status": 500}), ("status", {"status": 503}), ("malformed", {})],
)
def test_a_file_that_datev_took_is_found_and_never_sent_again(
    known_debtor: Carriage, kind: str, options: dict[str, int]
) -> None:
    run = known_debtor.win(7)
    known_debtor.sandbox.fault(IMPORT, kind, when="after", **options)

    known_debtor.finish()

    assert "done" == known_debtor.run(run.id).state
    assert [(1, "succeeded")] == postings_of(known_debtor, run)
    assert 2 == known_debtor.bookings()


def test_a_503_before_the_file_was_taken_is_repeated_as_another_attempt(known_debtor: Carriage) -> None:
    run = known_debtor.win(7)
    known_debtor.sandbox.fault(IMPORT, status=503)

    known_debtor.finish()

    assert "done" == known_debtor.run(run.id).state
    assert [(1, "abandoned"), (2, "succeeded")] == postings_of(known_debtor, run)
    names = [file["filename"] for file in known_debtor.sandbox.arrivals()["extf_files"]]
    assert len(set(names)) == len(names)


def test_a_503_without_an_end_is_repeated_twice_then_a_human_decides(known_debtor: Carriage) -> None:
    run = known_debtor.win(7)
    sent = known_debtor.sandbox.calls(IMPORT)
    known_debtor.sandbox.fault(IMPORT, status=503, times=99)

    known_debtor.finish()

    assert "hand_over_unclear" == known_debtor.run(run.id).reason_code
    assert [(1, "abandoned"), (2, "abandoned"), (3, "intended")] == postings_of(known_debtor, run)
    assert sent + 3 == known_debtor.sandbox.calls(IMPORT)


def test_nothing_is_repeated_before_the_file_is_missing_twice_ten_minutes_apart(
    known_debtor: Carriage,
) -> None:
    known_debtor.win(7)
    known_debtor.sandbox.fault(IMPORT, status=503)
    sent = known_debtor.sandbox.calls(IMPORT)
    known_debtor.carry()
    assert sent + 1 == known_debtor.sandbox.calls(IMPORT)

    known_debtor.let_pass(FIRST_LOOKUP_AFTER)
    known_debtor.carry()
    known_debtor.let_pass(SECOND_LOOKUP_AFTER - timedelta(seconds=5))
    known_debtor.carry()
    assert (sent + 1, 1) == (
        known_debtor.sandbox.calls(IMPORT),
        known_debtor.sandbox.calls("extf-files/jobs", "GET") - _polls(known_debtor),
    )

    known_debtor.let_pass(timedelta(seconds=5))
    known_debtor.carry()
    assert sent + 2 == known_debtor.sandbox.calls(IMPORT)


def _polls(carriage: Carriage) -> int:
    return carriage.sandbox.calls("extf-files/jobs/", "GET")


@pytest.mark.parametrize(("kind", "status"), [("reset", 0), ("status", 500)])
def test_other_doubt_is_a_humans_turn_with_both_ways_out(
    known_debtor: Carriage, kind: str, status: int
) -> None:
    run = known_debtor.win(7)
    known_debtor.sandbox.fault(IMPORT, kind, status=status or 503)

    known_debtor.finish()

    parked = known_debtor.run(run.id)
    assert ("needs_attention", "hand_over_unclear") == (parked.state, parked.reason_code)
    assert (
        "Look for the file in DATEV. If DATEV shows it: ml-connector run retry RUN looks it up again and "
        "takes it over. If it is certainly not there: ml-connector run retry RUN --send-again"
    ) == parked.reason_cure
    assert 1 == known_debtor.bookings()


def test_after_a_look_in_datev_a_human_sends_it_again_as_the_next_attempt(known_debtor: Carriage) -> None:
    run = known_debtor.win(7)
    known_debtor.sandbox.fault(IMPORT, "reset")
    known_debtor.finish()

    retry_run(known_debtor.services, run.id, actor="anna", send_again=True)
    known_debtor.finish()

    assert "done" == known_debtor.run(run.id).state
    assert [(1, "abandoned"), (2, "succeeded")] == postings_of(known_debtor, run)
    assert 2 == known_debtor.bookings()


def test_a_plain_retry_of_an_unclear_hand_over_only_looks_again(known_debtor: Carriage) -> None:
    run = known_debtor.win(7)
    known_debtor.sandbox.fault(IMPORT, "reset")
    known_debtor.finish()
    sent = known_debtor.sandbox.calls(IMPORT)

    retry_run(known_debtor.services, run.id, actor="anna")
    known_debtor.finish()

    assert "hand_over_unclear" == known_debtor.run(run.id).reason_code
    assert sent == known_debtor.sandbox.calls(IMPORT)


def test_a_tenant_may_allow_the_repeat_beforehand(known_debtor: Carriage) -> None:
    known_debtor.apply(config_for(datev={"resend_when_not_found": True}))
    run = known_debtor.win(7)
    known_debtor.sandbox.fault(IMPORT, "reset")

    known_debtor.finish()

    assert "done" == known_debtor.run(run.id).state
    assert 2 == known_debtor.bookings()


def test_a_file_that_appears_late_in_the_list_is_still_found(known_debtor: Carriage) -> None:
    run = known_debtor.win(7)
    known_debtor.sandbox.fault(IMPORT, status=503, when="after")
    empty = {"headers": {"X-Total-Count": "0"}, "body": []}
    known_debtor.sandbox.fault("extf-files/jobs$", status=200, **empty)

    known_debtor.finish()

    assert "done" == known_debtor.run(run.id).state
    assert 2 == known_debtor.bookings()


def test_an_import_that_datev_refuses_is_a_new_attempt_after_the_cure(known_debtor: Carriage) -> None:
    run = known_debtor.win(7)
    body = {"type": "https://help/1008835", "title": "Invalid", "detail": "Client id is not valid"}
    known_debtor.sandbox.fault(IMPORT, status=400, body=body)
    known_debtor.finish()
    assert "needs_attention" == known_debtor.run(run.id).state

    retry_run(known_debtor.services, run.id, actor="anna")
    known_debtor.finish()

    assert "done" == known_debtor.run(run.id).state
    assert [(1, "failed"), (2, "succeeded")] == postings_of(known_debtor, run)


def test_a_rate_limited_import_was_not_taken_and_stays_the_same_attempt(known_debtor: Carriage) -> None:
    run = known_debtor.win(7)
    known_debtor.sandbox.fault(IMPORT, status=429, headers={"Retry-After": "7"}, times=15)

    known_debtor.finish()

    assert "done" == known_debtor.run(run.id).state
    assert [(1, "succeeded")] == postings_of(known_debtor, run)


def failing_job(code: str) -> dict[str, object]:
    return {
        "import_result": "failed",
        "validation_details": {
            "type": f"https://developer.datev.de/help/{code}",
            "title": "Fehler",
            "detail": "Something is wrong",
            "affected_elements": [],
        },
    }


def test_a_job_that_datev_asks_to_send_again_is_tried_three_times(known_debtor: Carriage) -> None:
    run = known_debtor.win(7)
    known_debtor.sandbox.control("datev/settings", **failing_job("1008837"))

    known_debtor.finish()

    parked = known_debtor.run(run.id)
    assert ("needs_attention", "datev_job_failed_try_again") == (parked.state, parked.reason_code)
    assert [(1, "failed"), (2, "failed"), (3, "failed")] == postings_of(known_debtor, run)


def test_the_second_of_three_attempts_may_succeed(known_debtor: Carriage) -> None:
    run = known_debtor.win(7)
    known_debtor.sandbox.control("datev/settings", **failing_job("1008837"))
    known_debtor.carry()
    known_debtor.sandbox.control("datev/settings", import_result="succeeded", validation_details=None)

    known_debtor.finish()

    assert "done" == known_debtor.run(run.id).state
    assert [(1, "failed"), (2, "succeeded")] == postings_of(known_debtor, run)
    assert 2 == known_debtor.bookings()


def test_a_header_that_datev_refuses_is_a_humans_turn_in_datevs_words(known_debtor: Carriage) -> None:
    run = known_debtor.win(7)
    known_debtor.sandbox.control("datev/settings", **failing_job("1008834"))

    known_debtor.finish()

    parked = known_debtor.run(run.id)
    assert "extf_header_refused" == parked.reason_code
    assert "Something is wrong" in parked.reason_message
    story = known_debtor.story(run.id)
    assert "1008834" in str([row.details for row in story if row.event == "needs_attention"])


def test_postings_wait_until_their_debtors_have_succeeded(carriage: Carriage) -> None:
    run = carriage.win(7)
    carriage.sandbox.control("datev/settings", **failing_job("1008834"))

    carriage.finish()

    assert "needs_attention" == carriage.run(run.id).state
    assert ["debtors"] == [row.content for row in carriage.rows(t.submission, "content")]


def test_a_debtor_that_changed_while_its_batch_was_parked_goes_again_before_the_postings(
    carriage: Carriage,
) -> None:
    """Master data may be handed over twice; the unique key forbids it for postings only."""
    first = carriage.win(7)
    carriage.carry_to("batched", first.id)
    carriage.sweep()
    carriage.until_due()
    carriage.sandbox.control("datev/settings", **failing_job("1008834"))
    carriage.finish()
    assert "needs_attention" == carriage.run(first.id).state
    assert 1 == carriage.debtor_files()
    with carriage.services.database.transaction() as tx:
        tx.execute(t.debtor.update().values(record_hash="changed"))
    carriage.sandbox.control("datev/settings", import_result="succeeded", validation_details=None)

    retry_run(carriage.services, first.id, actor="anna")
    carriage.finish()

    assert "done" == carriage.run(first.id).state
    assert 2 == carriage.debtor_files()
    assert 1 == carriage.bookings()


@pytest.mark.parametrize(
    "strange",
    [
        {"id": "another-job", "filename": "EXTF_other.csv", "reference_id": "not ours"},
        {"filename": "EXTF_other.csv"},
        {"reference_id": "not ours"},
    ],
)
def test_another_jobs_success_posts_nothing_of_ours(known_debtor: Carriage, strange: dict[str, str]) -> None:
    run = known_debtor.win(7)
    known_debtor.carry()
    job_id = known_debtor.rows(t.submission, "job_id")[-1].job_id
    body = {"id": job_id, "result": "succeeded", **strange}
    known_debtor.sandbox.fault("/extf-files/jobs/", status=200, method="GET", body=body)
    known_debtor.until_due()
    known_debtor.carry()
    assert [(1, "accepted")] == postings_of(known_debtor, run)

    known_debtor.finish()

    assert "malformed_answer" in str([row.details for row in known_debtor.story(run.id)])
    assert "done" == known_debtor.run(run.id).state
    assert 2 == known_debtor.bookings()
