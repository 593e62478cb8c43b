"""Workers are killed at every point that matters: each deal is booked once, and nothing waits in silence."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from connector.datev.api import DatevApi
from connector.datev.operations import Operation
from connector.pipeline import batch_chain, run_chain
from connector.store import Database, Transaction, claims
from connector.store import tables as t
from connector.store.claims import Subject
from tests.integration.pipeline.carriage import Carriage, CrashError, config_for, crashing

BEFORE, AFTER = "before", "after"

EVERY = 4
"""Of the commits of a whole way, each fourth is tried; all of them take a minute (and were tried)."""


@pytest.fixture
def extf(carriage: Carriage) -> Carriage:
    """A tenant that lets a file be sent again that DATEV has not listed twice."""
    carriage.apply(config_for(datev={"resend_when_not_found": True}))
    return carriage


def kill_at_call(patch: pytest.MonkeyPatch, name: str, when: str, turn: int = 1) -> None:
    """Kill the worker at a call to DATEV: before it is sent, or when DATEV has acted and not been heard."""
    original, seen = DatevApi.call, [0]

    def call(self: DatevApi, operation: Operation, **content: Any) -> Any:
        if operation.name != name:
            return original(self, operation, **content)
        seen[0] += 1
        if seen[0] == turn and when == BEFORE:
            raise CrashError
        answer = original(self, operation, **content)
        if seen[0] == turn:
            raise CrashError
        return answer

    patch.setattr(DatevApi, "call", call)


def kill_at_commit(patch: pytest.MonkeyPatch, turn: int, when: str) -> None:
    """Kill the worker right before or right after one of its commits."""
    original, seen = Database.transaction, [0]

    @contextmanager
    def transaction(self: Database) -> Iterator[Transaction]:
        seen[0] += 1
        mine = seen[0] == turn
        with original(self) as tx:
            yield tx
            if mine and when == BEFORE:
                raise CrashError
        if mine:
            raise CrashError

    patch.setattr(Database, "transaction", transaction)


def recover(carriage: Carriage) -> None:
    """The dead worker's lease ends; the sweep does the rest."""
    carriage.past_the_lease()
    carriage.finish()


def expect_one_of_each(carriage: Carriage, run_id: int) -> None:
    assert "done" == carriage.run(run_id).state
    assert 1 == carriage.bookings()
    assert 1 == len(carriage.rows(t.document, "guid"))
    assert 1 == len(carriage.rows(t.debtor, "account"))
    assert 1 == len(carriage.sandbox.arrivals()["notes"])


@pytest.mark.parametrize("when", [BEFORE, AFTER])
@pytest.mark.parametrize(
    ("operation", "turn"),
    [("put_document", 1), ("import_file", 1), ("import_file", 2), ("get_extf_job", 1), ("get_extf_job", 2)],
)
def test_extf_books_once_whichever_call_the_worker_dies_at(
    extf: Carriage, operation: str, turn: int, when: str
) -> None:
    run = extf.win(7)
    with pytest.MonkeyPatch.context() as patch, crashing():
        kill_at_call(patch, operation, when, turn)
        extf.finish()

    recover(extf)

    expect_one_of_each(extf, run.id)
    assert 1 == len(extf.sandbox.arrivals()["documents"])
    assert 1 == extf.debtor_files()


@pytest.mark.parametrize("when", [BEFORE, AFTER])
@pytest.mark.parametrize(
    ("operation", "turn"),
    [
        ("create_dxso_job", 1),
        ("add_dxso_file", 1),
        ("add_dxso_file", 3),
        ("finalise_dxso_job", 1),
        ("dxso_job_status", 1),
    ],
)
def test_dxso_books_once_whichever_call_the_worker_dies_at(
    dxso: Carriage, operation: str, turn: int, when: str
) -> None:
    run = dxso.win(7)
    with pytest.MonkeyPatch.context() as patch, crashing():
        kill_at_call(patch, operation, when, turn)
        dxso.finish()

    recover(dxso)

    expect_one_of_each(dxso, run.id)


def test_extf_books_once_whichever_commit_the_worker_dies_at(extf: Carriage) -> None:
    for turn in range(2, 400, EVERY):
        deal = 1000 + turn
        run = extf.win(deal)
        booked = extf.bookings()
        with pytest.MonkeyPatch.context() as patch:
            kill_at_commit(patch, turn, AFTER if turn // EVERY % 2 else BEFORE)
            try:
                extf.finish()
            except CrashError:
                pass
            else:
                break
        recover(extf)
        assert ("done", booked + 1) == (extf.run(run.id).state, extf.bookings()), f"killed at commit {turn}"
    assert turn > 40


def test_a_row_whose_worker_always_dies_is_a_humans_turn_after_twelve_times(carriage: Carriage) -> None:
    run = carriage.win(7)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatevApi, "call", _die)
        for _death in range(12):
            with crashing():
                carriage.finish()
            carriage.past_the_lease()
        carriage.finish()

    parked = carriage.run(run.id)
    assert ("needs_attention", "step_keeps_dying", "rendered") == (
        parked.state,
        parked.reason_code,
        parked.resume_state,
    )


def _die(*_args: Any, **_kwargs: Any) -> Any:
    raise CrashError


def test_a_file_that_was_never_sent_is_sent_as_the_same_attempt(carriage: Carriage) -> None:
    """Died between intent and sending: nothing is in doubt, so nothing has to be looked up or waited for."""
    run = carriage.win(7)
    with pytest.MonkeyPatch.context() as patch, crashing():
        patch.setattr("connector.pipeline.hand_over.extf._send", _die)
        carriage.finish()

    recover(carriage)

    assert "done" == carriage.run(run.id).state
    assert [1, 1] == [row.attempt for row in carriage.rows(t.submission, "attempt")]
    assert 0 == carriage.sandbox.calls("extf-files/jobs?")


def test_a_file_given_up_has_its_successor_in_the_same_moment(extf: Carriage) -> None:
    """Killed while it repeats: never is an attempt given up without the next one written down."""
    extf.win(7)
    with pytest.MonkeyPatch.context() as patch, crashing():
        kill_at_call(patch, "import_file", BEFORE, 2)
        extf.finish()
    extf.past_the_lease()
    extf.carry()
    extf.until_due()

    with pytest.MonkeyPatch.context() as patch, crashing():
        patch.setattr("connector.pipeline.hand_over.extf._send", _die)
        extf.carry()

    attempts = [
        row for row in extf.rows(t.submission, "content", "state", "doubt") if row.content == "postings"
    ]
    assert [("abandoned", ""), ("intended", "not_sent")] == [(row.state, row.doubt) for row in attempts]
    recover(extf)
    assert 1 == extf.bookings()


def test_a_late_worker_is_refused_once_another_has_the_claim(carriage: Carriage) -> None:
    run = carriage.win(7)
    late = replace(carriage.services)
    with late.database.transaction() as tx:
        old = claims.take(
            tx, Subject.RUN, run.id, state="received", now=carriage.clock.now(), lease=late.timers.lease
        )
    assert old is not None
    assert "claim_lost" not in str(run_chain.advance(carriage.services, run.id, "resolve"))
    assert "received" == carriage.run(run.id).state
    carriage.past_the_lease()
    run_chain.advance(carriage.services, run.id, "resolve")
    assert "resolved" == carriage.run(run.id).state

    with pytest.raises(claims.ClaimLostError), late.database.transaction() as tx:
        claims.move(tx, old, "debtor_ready", now=carriage.clock.now(), actor="late", due_at=None)

    assert "resolved" == carriage.run(run.id).state


def test_a_worker_that_lost_its_claim_stops_quietly_whatever_it_wanted_to_write(carriage: Carriage) -> None:
    """Its own failure is not written either: the row belongs to another."""
    run = carriage.win(7)
    carriage.carry_to("rendered", run.id)
    original = DatevApi.call

    def overtaken(self: DatevApi, operation: Operation, **content: Any) -> Any:
        carriage.receive(carriage.event(7, became_won=False, status_before=""))
        carriage.sandbox.fault("documents", status=503)
        return original(self, operation, **content)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatevApi, "call", overtaken)
        outcome = run_chain.advance(carriage.services, run.id, "upload_document")

    assert (False, None) == (outcome.go_on, outcome.again_in)
    assert ("received", 0) == (carriage.run(run.id).state, carriage.run(run.id).attempts)


def test_a_batch_whose_debtors_arrived_before_the_crash_is_not_told_twice(extf: Carriage) -> None:
    run = extf.win(7)
    extf.carry_to("batched", run.id)
    batch = extf.run(run.id).batch_id
    assert batch is not None
    with pytest.MonkeyPatch.context() as patch, crashing():
        kill_at_call(patch, "import_file", AFTER)
        batch_chain.advance(extf.services, batch, "submit_debtors")
    assert ["debtors_submitting"] == extf.states()

    recover(extf)

    assert 1 == extf.debtor_files()
    assert 1 == extf.bookings()
