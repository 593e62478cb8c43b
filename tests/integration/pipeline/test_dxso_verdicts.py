"""How a DXSO job ended, and what that means for its deal."""

from typing import Any

import pytest

from connector.pipeline.retry import retry_run
from connector.store import tables as t
from connector.tenants.config import DatevFormat
from tests.integration.pipeline.carriage import Carriage, config_for

ERROR = {"text": "Belegdatum fehlt", "type": "error", "filename": "x.xml", "context": "Rechnung"}


def protocol(**settings: Any) -> dict[str, Any]:
    return {"dxso_status": 2, "dxso_protocol": [], **settings}


@pytest.mark.parametrize(
    ("settings", "state", "code"),
    [
        (protocol(dxso_status=2), "done", ""),
        (protocol(dxso_status=3, dxso_protocol=[ERROR]), "needs_attention", "dxso_job_failed"),
        (protocol(dxso_status=4), "done", ""),
        (protocol(dxso_status=4, dxso_protocol=[ERROR]), "needs_attention", "dxso_job_partly"),
        (protocol(dxso_status=5), "needs_attention", "dxso_job_failed"),
        (protocol(dxso_status=6), "needs_attention", "datev_silent"),
    ],
)
def test_a_job_ends_as_its_status_and_protocol_say(
    dxso: Carriage, settings: dict[str, Any], state: str, code: str
) -> None:
    run = dxso.win(7)
    dxso.sandbox.control("datev/settings", **settings)

    dxso.finish()

    ended = dxso.run(run.id)
    assert (state, code) == (ended.state, ended.reason_code)
    assert 1 == dxso.bookings()


def test_the_protocols_words_are_what_the_bookkeeper_reads(dxso: Carriage) -> None:
    run = dxso.win(7)
    dxso.sandbox.control("datev/settings", **protocol(dxso_status=3, dxso_protocol=[ERROR]))

    dxso.finish()

    assert "Belegdatum fehlt" in dxso.run(run.id).reason_message
    kept = [row.details for row in dxso.story(run.id) if row.event == "needs_attention" and row.details]
    assert "x.xml" in str(kept)


@pytest.mark.parametrize("kind", ["ERROR", "fatal", "", None])
@pytest.mark.parametrize(("status", "code"), [(3, "dxso_job_failed"), (4, "dxso_job_partly")])
def test_a_line_of_a_type_that_nobody_described_counts_as_an_error(
    dxso: Carriage, kind: str | None, status: int, code: str
) -> None:
    run = dxso.win(7)
    dxso.sandbox.control(
        "datev/settings", **protocol(dxso_status=status, dxso_protocol=[{**ERROR, "type": kind}])
    )

    dxso.finish()

    ended = dxso.run(run.id)
    assert ("needs_attention", code) == (ended.state, ended.reason_code)
    assert "Belegdatum fehlt" in ended.reason_message


@pytest.mark.parametrize("kind", ["information", "warning", "Warning"])
def test_lines_that_take_nothing_back_are_clean(dxso: Carriage, kind: str) -> None:
    run = dxso.win(7)
    dxso.sandbox.control("datev/settings", **protocol(dxso_status=4, dxso_protocol=[{**ERROR, "type": kind}]))

    dxso.finish()

    assert "done" == dxso.run(run.id).state


def test_another_jobs_end_is_not_ours(dxso: Carriage) -> None:
    run = dxso.win(7)
    dxso.sandbox.fault("/dxso-jobs/[^/]+$", status=200, method="GET", body={"id": "F" * 32, "status": 2})

    dxso.carry()

    assert "done" != dxso.run(run.id).state
    dxso.finish()
    assert "done" == dxso.run(run.id).state
    assert "malformed_answer" in str([row.details for row in dxso.story(run.id)])


def test_a_package_the_protocol_does_not_mention_is_unclear_and_not_sent_again(dxso: Carriage) -> None:
    run = dxso.win(7)
    dxso.sandbox.control("datev/settings", **protocol(dxso_status=4))
    dxso.sandbox.fault("protocol-entries", status=200, body=[])

    dxso.finish()

    assert "dxso_job_unclear" == dxso.run(run.id).reason_code
    assert 1 == dxso.bookings()


def test_after_the_cure_a_retry_hands_a_new_job_over(dxso: Carriage) -> None:
    run = dxso.win(7)
    dxso.sandbox.control("datev/settings", **protocol(dxso_status=3, dxso_protocol=[ERROR]))
    dxso.finish()
    dxso.sandbox.control("datev/settings", **protocol())

    retry_run(dxso.services, run.id, actor="anna")
    dxso.finish()

    assert "done" == dxso.run(run.id).state
    assert ["failed", "succeeded"] == [row.state for row in dxso.rows(t.submission, "state")]


def test_polls_that_are_used_up_ask_a_human_and_a_retry_asks_datev_again(dxso: Carriage) -> None:
    run = dxso.win(7)
    dxso.sandbox.control("datev/settings", job_delay_seconds=3 * 86400)
    dxso.finish()
    parked = dxso.run(run.id)
    assert ("needs_attention", "DATEV has not answered for a day.") == (parked.state, parked.reason_message)

    retry_run(dxso.services, run.id, actor="anna")
    dxso.finish()
    dxso.finish()

    while dxso.run(run.id).state == "needs_attention":
        retry_run(dxso.services, run.id, actor="anna")
        dxso.finish()
    assert "done" == dxso.run(run.id).state
    assert 1 == dxso.bookings()


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("operation", ["dxso-jobs$", "/files$", "dxso-jobs/[^/]+$"])
@pytest.mark.parametrize("kind", ["reset", "status"])
def test_a_lost_answer_neither_doubles_nor_loses_the_package(
    dxso: Carriage, operation: str, when: str, kind: str
) -> None:
    run = dxso.win(7)
    dxso.sandbox.fault(operation, kind, when=when, status=503)

    dxso.finish()

    assert "done" == dxso.run(run.id).state
    assert 1 == dxso.bookings()


def test_a_finalised_job_that_still_shows_as_open_is_not_begun_anew(dxso: Carriage) -> None:
    """The answer to the final PUT is lost and DATEV has not begun: its refusal to delete tells."""
    run = dxso.win(7)
    dxso.sandbox.fault("dxso-jobs/[^/]+$", "reset", when="after", method="PUT")
    dxso.sandbox.fault("dxso-jobs/[^/]+$", status=200, body={"id": "x", "status": 0}, method="GET")

    dxso.finish()

    assert "done" == dxso.run(run.id).state
    assert 1 == len(dxso.sandbox.arrivals()["dxso_jobs"])


def test_a_batch_keeps_its_road_when_the_tenant_changes_over(dxso: Carriage) -> None:
    run = dxso.win(7)
    dxso.carry_to("batched", run.id)
    dxso.apply(config_for(DatevFormat.EXTF))

    dxso.finish()

    assert "done" == dxso.run(run.id).state
    assert ["ledger"] == [row.content for row in dxso.rows(t.submission, "content")]
    assert "Buchungsvorschlag" in dxso.sandbox.arrivals()["notes"][0]["content"]


def test_a_document_is_uploaded_first_when_its_tenant_went_over_to_extf(dxso: Carriage) -> None:
    run = dxso.win(7)
    dxso.carry_to("documented", run.id)
    dxso.apply(config_for(DatevFormat.EXTF))
    dxso.connect(DatevFormat.EXTF)

    dxso.finish()

    assert "done" == dxso.run(run.id).state
    assert 1 == len(dxso.sandbox.arrivals()["documents"])
