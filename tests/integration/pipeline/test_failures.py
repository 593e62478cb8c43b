"""The failure table: what each family of errors leads to, for every link."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from connector.errors import (
    AmbiguousError,
    ConfigurationError,
    ConnectorError,
    DatabaseUnavailableError,
    DataError,
    NotFoundError,
    PartnerAnswer,
    PartnerRefusedError,
    PermissionMissingError,
    Problem,
    RateLimitedError,
    ReconnectNeededError,
    TransientError,
)
from connector.pipeline import batch_chain, run_chain
from connector.pipeline.lanes import RUNS
from connector.pipeline.parking import resume_tenant
from connector.pipeline.retry import retry_run
from connector.pipeline.runner import Outcome
from connector.pipeline.sweep import due
from connector.store import connections
from connector.store import tables as t
from connector.store.claims import DueRow
from connector.store.connections import ConnectionKey
from connector.tenants.config import DocumentConfig
from connector.timers import RETRY_BUDGET
from tests.integration.pipeline.carriage import Carriage, config_for

SAID = "Something is wrong."
CURE = "Mend it."

RUN_LINKS = {
    "resolve": "received",
    "build_debtor": "resolved",
    "render": "debtor_ready",
    "upload_document": "rendered",
    "join_batch": "documented",
}


def raising(error: Exception) -> Callable[..., Any]:
    def link(_work: Any) -> Any:
        raise error

    return link


def fail(carriage: Carriage, run_id: int, link: str, error: Exception) -> Outcome:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(run_chain.FUNCTIONS, link, raising(error))  # type: ignore[arg-type]
        return run_chain.advance(carriage.services, run_id, link)


@pytest.mark.parametrize("link", list(RUN_LINKS))
@pytest.mark.parametrize(
    "error",
    [
        ConfigurationError(SAID, cure=CURE),
        DataError([Problem("missing", SAID, "field", CURE)]),
        NotFoundError(SAID, cure=CURE),
        PartnerRefusedError(SAID, cure=CURE),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_no_retry_helps_is_a_humans_turn_with_reason_and_cure(
    carriage: Carriage, link: str, error: ConnectorError
) -> None:
    run = carriage.win(7)
    carriage.carry_to(RUN_LINKS[link], run.id)

    outcome = fail(carriage, run.id, link, error)

    parked = carriage.run(run.id)
    assert Outcome(go_on=False) == outcome
    assert ("needs_attention", RUN_LINKS[link], error.code, SAID, CURE, None) == (
        parked.state,
        parked.resume_state,
        parked.reason_code,
        parked.reason_message,
        parked.reason_cure,
        parked.due_at,
    )
    last = carriage.story(run.id)[-1]
    assert ("needs_attention", link, SAID) == (last.event, last.actor, last.message)
    retry_run(carriage.services, run.id, actor="anna")
    carriage.finish()
    assert "done" == carriage.run(run.id).state


@pytest.mark.parametrize("link", list(RUN_LINKS))
def test_what_may_work_later_is_tried_later(carriage: Carriage, link: str) -> None:
    run = carriage.win(7)
    carriage.carry_to(RUN_LINKS[link], run.id)

    outcome = fail(carriage, run.id, link, TransientError(SAID))

    waiting = carriage.run(run.id)
    assert (RUN_LINKS[link], 1, SAID) == (waiting.state, waiting.attempts, waiting.waiting_for)
    assert outcome.again_in is not None
    first = carriage.services.timers.retry_first
    assert first / 2 <= outcome.again_in <= first
    carriage.finish()
    assert ("done", 0) == (carriage.run(run.id).state, carriage.run(run.id).attempts)


def test_a_partner_that_says_when_is_obeyed(carriage: Carriage) -> None:
    run = carriage.win(7)

    outcome = fail(carriage, run.id, "resolve", TransientError(SAID, retry_after=timedelta(seconds=200)))

    assert timedelta(seconds=200) == outcome.again_in


def test_a_long_wait_is_left_to_the_sweep(carriage: Carriage) -> None:
    run = carriage.win(7)

    outcome = fail(carriage, run.id, "resolve", TransientError(SAID, retry_after=timedelta(hours=2)))

    assert Outcome(go_on=False) == outcome
    assert 0 == carriage.sweep()
    carriage.let_pass(timedelta(hours=2))
    assert 1 == carriage.sweep()


def test_after_the_last_try_a_human_is_told_how_often_it_was_tried(carriage: Carriage) -> None:
    run = carriage.win(7)
    for _failure in range(RETRY_BUDGET):
        fail(carriage, run.id, "resolve", TransientError("Pipedrive is away.", cure="Nothing to do."))
        carriage.until_due()

    parked = carriage.run(run.id)
    assert ("needs_attention", f"Pipedrive is away. It was tried {RETRY_BUDGET} times.") == (
        parked.state,
        parked.reason_message,
    )
    assert "run retry RUN" in parked.reason_cure
    assert "Nothing to do" not in parked.reason_cure


def test_being_told_to_wait_costs_no_try_and_one_line_of_the_journal(carriage: Carriage) -> None:
    run = carriage.win(7)
    for _time in range(RETRY_BUDGET + 3):
        fail(carriage, run.id, "resolve", RateLimitedError("Slow down."))
        carriage.until_due()

    assert ("received", 0) == (carriage.run(run.id).state, carriage.run(run.id).attempts)
    assert 1 == len([row for row in carriage.story(run.id) if row.message == "Slow down."])
    carriage.finish()
    assert "done" == carriage.run(run.id).state


def test_a_bug_is_a_humans_turn(carriage: Carriage) -> None:
    run = carriage.win(7)

    fail(carriage, run.id, "resolve", KeyError("secret"))

    parked = carriage.run(run.id)
    assert ("needs_attention", "internal_error") == (parked.state, parked.reason_code)
    assert "secret" not in parked.reason_message


UNSTORABLE = "a\x00b\ud800c"


@pytest.mark.parametrize(
    "error",
    [
        DataError([Problem("missing", f"Bad: {UNSTORABLE}.", UNSTORABLE, f"Mend {UNSTORABLE}.")]),
        PartnerRefusedError(
            f"Bad: {UNSTORABLE}.",
            code="missing",
            cure=f"Mend {UNSTORABLE}.",
            answer=PartnerAnswer("Pipedrive", "GET /v2/deals/{id}", 400, UNSTORABLE, UNSTORABLE),
        ),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_reason_with_texts_that_postgresql_cannot_keep_is_told_with_these_replaced(
    carriage: Carriage, error: ConnectorError
) -> None:
    run = carriage.win(7)

    fail(carriage, run.id, "resolve", error)

    parked = carriage.run(run.id)
    assert ("needs_attention", "missing", "Bad: a\ufffdb\ufffdc.", "Mend a\ufffdb\ufffdc.") == (
        parked.state,
        parked.reason_code,
        parked.reason_message,
        parked.reason_cure,
    )
    assert "a\ufffdb\ufffdc" in str(carriage.story(run.id)[-1].details)


def test_a_wait_for_such_a_reason_is_told_too(carriage: Carriage) -> None:
    run = carriage.win(7)

    fail(carriage, run.id, "resolve", TransientError(f"Away: {UNSTORABLE}."))

    assert ("received", 1, "Away: a\ufffdb\ufffdc.") == (
        carriage.run(run.id).state,
        carriage.run(run.id).attempts,
        carriage.run(run.id).waiting_for,
    )


def test_a_failure_that_cannot_be_written_down_is_parked_all_the_same(carriage: Carriage) -> None:
    run = carriage.win(7)
    error = PartnerRefusedError("Bad.", answer=PartnerAnswer("Pipedrive", "GET", text={1, 2}))  # type: ignore[arg-type]

    fail(carriage, run.id, "resolve", error)

    parked = carriage.run(run.id)
    assert ("needs_attention", "internal_error") == (parked.state, parked.reason_code)


def test_an_unknown_outcome_that_a_link_lets_through_is_a_humans_turn(carriage: Carriage) -> None:
    run = carriage.win(7)

    fail(carriage, run.id, "resolve", AmbiguousError(SAID))

    assert "needs_attention" == carriage.run(run.id).state


class TooSlowError(Exception):
    """What the executor breaks a step off with."""


def test_a_step_that_is_broken_off_is_tried_again(carriage: Carriage) -> None:
    run = carriage.win(7)
    services = replace(carriage.services, interruptions=(TooSlowError,))
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(run_chain.FUNCTIONS, "resolve", raising(TooSlowError()))  # type: ignore[arg-type]
        run_chain.advance(services, run.id, "resolve")

    assert ("received", 1) == (carriage.run(run.id).state, carriage.run(run.id).attempts)
    carriage.finish()
    assert "done" == carriage.run(run.id).state


def test_a_database_that_goes_away_leaves_the_row_to_the_lease(carriage: Carriage) -> None:
    run = carriage.win(7)
    with pytest.raises(DatabaseUnavailableError):
        fail(carriage, run.id, "resolve", DatabaseUnavailableError("gone"))
    assert 0 == carriage.sweep()

    carriage.past_the_lease()
    carriage.finish()

    assert "done" == carriage.run(run.id).state


@pytest.mark.parametrize(
    "error",
    [ReconnectNeededError(SAID, partner="datev", cure=CURE), PermissionMissingError(SAID, cure=CURE)],
    ids=lambda error: type(error).__name__,
)
def test_a_login_or_right_that_is_gone_stops_the_tenant_and_everything_goes_on_after_the_cure(
    carriage: Carriage, error: ConnectorError
) -> None:
    first, second = carriage.win(7), carriage.win(8)
    assert 2 == len(_sweep_only(carriage))

    fail(carriage, first.id, "resolve", error)
    tenant = carriage.tenant
    assert (SAID, CURE) == (tenant.parked_message, tenant.parked_cure)
    assert "tenant_parked" in [row.event for row in carriage.rows(t.journal, "event")]
    carriage.let_pass(timedelta(hours=5))
    assert 0 == carriage.sweep()

    resume_tenant(carriage.services, tenant, actor="anna")
    carriage.finish()
    assert {"done"} == {carriage.run(first.id).state, carriage.run(second.id).state}


def _sweep_only(carriage: Carriage) -> list[DueRow]:
    return due(carriage.services, RUNS)


def test_rows_woken_in_vain_are_due_with_the_first_sweep_after_the_cure(carriage: Carriage) -> None:
    first, _second = carriage.win(7), carriage.win(8)
    _sweep_only(carriage)
    fail(carriage, first.id, "resolve", PermissionMissingError(SAID, cure=CURE))

    resume_tenant(carriage.services, carriage.tenant, actor="anna")

    assert 2 == len(_sweep_only(carriage))


def test_a_datev_login_that_ended_parks_the_tenant_until_it_is_connected_again(carriage: Carriage) -> None:
    run = carriage.win(7)
    carriage.carry_to("rendered", run.id)
    carriage.let_pass(timedelta(minutes=20))
    carriage.sandbox.fault("/api/token", status=400, body={"error": "invalid_grant"})

    carriage.finish()

    assert carriage.tenant.parked
    assert "ml-connector connect datev acme" in (carriage.tenant.parked_cure or "")
    assert "rendered" == carriage.run(run.id).state
    with carriage.services.database.transaction() as tx:
        found = connections.find(tx, ConnectionKey(carriage.tenant.id, "datev"))
    assert found is not None
    assert "reconnect_needed" == found.state
    carriage.connect()
    carriage.finish()
    assert "done" == carriage.run(run.id).state
    assert 1 == carriage.bookings()


def test_a_missing_permission_in_a_job_parks_the_tenant_and_the_next_attempt_follows(
    carriage: Carriage,
) -> None:
    client = {"consultant_number": 455148, "client_number": 2}
    carriage.sandbox.control("datev/clients", **client, permission_expired=True)
    run = carriage.win(7)
    carriage.finish()
    assert carriage.tenant.parked
    assert ["closed"] == carriage.states()
    assert "batched" == carriage.run(run.id).state

    carriage.sandbox.control("datev/clients", **client, permission_expired=False)
    resume_tenant(carriage.services, carriage.tenant, actor="anna")
    carriage.finish()

    assert "done" == carriage.run(run.id).state
    assert [("debtors", 1, "failed"), ("debtors", 2, "succeeded"), ("postings", 1, "succeeded")] == [
        (row.content, row.attempt, row.state)
        for row in carriage.rows(t.submission, "content", "attempt", "state")
    ]


def test_an_unknown_document_type_names_those_that_the_client_has(carriage: Carriage) -> None:
    carriage.apply(config_for(documents=DocumentConfig(document_type="Ausgang")))
    run = carriage.win(7)

    carriage.finish()

    parked = carriage.run(run.id)
    assert ("needs_attention", "document_type_unknown") == (parked.state, parked.reason_code)
    assert "Rechnungsausgang" in parked.reason_message


def test_a_note_is_written_once_however_often_its_answer_is_lost(carriage: Carriage) -> None:
    run = carriage.win(7)
    carriage.sandbox.fault("/notes$", "reset", when="after", method="POST")

    carriage.finish()

    assert "done" == carriage.run(run.id).state
    assert 1 == len(carriage.sandbox.arrivals()["notes"])


def test_a_deal_that_cannot_be_told_stays_booked(carriage: Carriage) -> None:
    run = carriage.win(7)
    carriage.sandbox.fault("/notes$", status=400, method="POST")
    carriage.finish()
    parked = carriage.run(run.id)
    assert ("needs_attention", "posted") == (parked.state, parked.resume_state)

    retry_run(carriage.services, run.id, actor="anna")
    carriage.finish()

    assert "done" == carriage.run(run.id).state
    assert 1 == carriage.bookings()


def test_of_two_people_who_retry_a_batch_at_once_the_second_changes_nothing(carriage: Carriage) -> None:
    run = carriage.win(7)
    carriage.sandbox.fault("extf-files/import", status=400, body={})
    carriage.finish()
    retry_run(carriage.services, run.id, actor="anna", send_again=True)
    batch = carriage.run(run.id).batch_id
    assert batch is not None
    batch_chain.advance(carriage.services, batch, "submit_debtors")
    before = carriage.rows(t.submission, "attempt", "state")

    with pytest.raises(ConnectorError):
        retry_run(carriage.services, run.id, actor="bert", send_again=True)

    assert before == carriage.rows(t.submission, "attempt", "state")


def test_the_booking_names_the_configuration_that_decided_it(carriage: Carriage) -> None:
    run = carriage.win(7)
    carriage.carry_to("resolved", run.id)
    assert 1 == carriage.run(run.id).config_version
    carriage.apply(config_for(numbers=replace(carriage.tenant.config.numbers, pattern="NEW-{deal_id}")))

    carriage.finish()

    assert 2 == carriage.run(run.id).config_version
    assert ["NEW-7"] == [row.document_number for row in carriage.rows(t.document, "document_number")]
