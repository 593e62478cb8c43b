"""What no webhook told is found in Pipedrive's lists; what one told is left in peace."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import requests

from connector.pipedrive.webhook import DealAction
from connector.pipeline import backfill
from connector.pipeline.cancelling import cancel_run
from connector.store import tables as t
from connector.store.watches import Watch
from tests.integration.pipeline.carriage import API_TOKEN, Carriage
from tests.integration.pipeline.listing import runs_of, sources, sweep_lists, watch_of, win_untold


def test_a_win_that_no_webhook_told_is_found_and_booked_once(carriage: Carriage) -> None:
    win_untold(carriage, 7)

    sweep_lists(carriage)
    sweep_lists(carriage)
    carriage.finish()

    assert [(7, "invoice", "done")] == runs_of(carriage)
    assert 1 == carriage.bookings()
    assert [("sweep", 7)] == sources(carriage)[:1]
    story = carriage.story(carriage.run_of(7).id)
    assert "The deal was won. The reconciliation found it; no webhook had told of it." == story[0].message


def test_what_a_webhook_told_is_left_in_peace(carriage: Carriage) -> None:
    carriage.sandbox.deal(7)
    won = carriage.sandbox.act(7, "win")
    when = datetime.fromisoformat(won["won_time"])
    carriage.receive(carriage.event(7, won_time=when, as_of=when))

    sweep_lists(carriage)
    sweep_lists(carriage)

    assert [("webhook", 7)] == sources(carriage)
    assert 0 == watch_of(carriage).found


def test_a_late_webhook_after_the_reconciliation_books_nothing_more(carriage: Carriage) -> None:
    win_untold(carriage, 7)
    sweep_lists(carriage)
    carriage.finish()
    bundle = carriage.rows(t.run, "bundle")[0].bundle
    won = datetime.fromisoformat(bundle["deal"]["won_time"])

    carriage.receive(carriage.event(7, won_time=won, as_of=won))
    carriage.finish()

    assert [(7, "invoice", "done")] == runs_of(carriage)
    assert 1 == carriage.bookings()


def test_a_deal_won_before_go_live_is_ignored_by_name(carriage: Carriage) -> None:
    carriage.sandbox.deal(7)
    carriage.sandbox.act(7, "win", won_time="2025-12-30T10:00:00Z")

    sweep_lists(carriage)
    carriage.finish()

    assert [(7, "invoice", "ignored")] == runs_of(carriage)
    assert "won before go-live" == carriage.run_of(7).ignore_rule
    assert 0 == carriage.bookings()


def test_what_is_so_young_that_its_webhook_may_be_on_its_way_is_read_later(carriage: Carriage) -> None:
    sweep_lists(carriage)
    carriage.let_pass(carriage.services.timers.reconciliation)
    win_untold(carriage, 7)

    sweep_lists(carriage, after=timedelta(0))
    assert [] == runs_of(carriage)

    sweep_lists(carriage)
    assert [(7, "invoice", "received")] == runs_of(carriage)


def reopen(carriage: Carriage) -> None:
    carriage.sandbox.act(7, "reopen")


def lose(carriage: Carriage) -> None:
    carriage.sandbox.act(7, "lose")


def delete(carriage: Carriage) -> None:
    carriage.sandbox.act(7, "delete")


def retitle(carriage: Carriage) -> None:
    carriage.sandbox.act(7, "update", title="Another title")


def sell_more(carriage: Carriage) -> None:
    carriage.sandbox.deal(7, price=2000.0)
    carriage.sandbox.act(7, "win")


def win_again(carriage: Carriage) -> None:
    reopen(carriage)
    carriage.let_pass(timedelta(minutes=1))
    carriage.sandbox.act(7, "win")


_EVERY = ("resolved", "rendered", "documented")
BEFORE_THE_HAND_OVER = [
    *((state, reopen, "cancelled") for state in _EVERY),
    *((state, lose, "cancelled") for state in _EVERY),
    *((state, delete, "cancelled") for state in _EVERY),
    *((state, retitle, "done") for state in ("resolved", "rendered")),
    # Its PDF, which DATEV has, shows the old title.
    ("documented", retitle, "needs_attention"),
    *((state, win_again, "done") for state in _EVERY),
]
"""How far the run is, what happens to the deal while no webhook tells → the run in the end."""

AFTER_THE_HAND_OVER = [
    (reopen, [(7, "invoice", "done"), (7, "correction", "needs_attention")]),
    (lose, [(7, "invoice", "done"), (7, "correction", "needs_attention")]),
    (delete, [(7, "invoice", "done"), (7, "correction", "needs_attention")]),
    (sell_more, [(7, "invoice", "done"), (7, "correction", "needs_attention")]),
    (retitle, [(7, "invoice", "done"), (7, "correction", "cancelled")]),
    (win_again, [(7, "invoice", "done"), (7, "correction", "cancelled")]),
]


@pytest.mark.parametrize(("state", "happens", "ended"), BEFORE_THE_HAND_OVER)
def test_an_untold_change_before_the_hand_over_is_followed(
    carriage: Carriage, state: str, happens: Callable[[Carriage], None], ended: str
) -> None:
    run = carriage.win(7)
    carriage.carry_to(state, run.id)
    carriage.let_pass(timedelta(minutes=1))
    happens(carriage)

    sweep_lists(carriage)
    carriage.finish()

    assert [(7, "invoice", ended)] == runs_of(carriage)
    assert (ended == "done") == carriage.bookings()


@pytest.mark.parametrize(("happens", "ended"), AFTER_THE_HAND_OVER)
def test_an_untold_change_after_the_hand_over_asks_or_ends_by_itself(
    carriage: Carriage, happens: Callable[[Carriage], None], ended: list[tuple[int, str, str]]
) -> None:
    carriage.win(7)
    carriage.finish()
    carriage.let_pass(timedelta(minutes=1))
    happens(carriage)

    sweep_lists(carriage)
    carriage.finish()
    sweep_lists(carriage)
    carriage.finish()

    assert ended == runs_of(carriage)
    assert 1 == carriage.bookings()


def test_a_deal_that_waits_for_a_person_is_cancelled_when_it_was_lost_meanwhile(carriage: Carriage) -> None:
    run = carriage.win(7, products=[])
    carriage.finish()
    assert "needs_attention" == carriage.run(run.id).state
    carriage.let_pass(timedelta(minutes=1))
    lose(carriage)

    sweep_lists(carriage)
    carriage.finish()

    assert "cancelled" == carriage.run(run.id).state


def test_a_deal_deleted_and_put_back_is_booked(carriage: Carriage) -> None:
    run = carriage.win(7)
    carriage.carry_to("rendered", run.id)
    delete(carriage)
    carriage.receive(
        carriage.event(7, action=DealAction.DELETED, status_now="", status_before="", became_won=False)
    )
    carriage.finish()
    assert "cancelled" == carriage.run(run.id).state
    carriage.let_pass(timedelta(minutes=1))
    restore(carriage)

    sweep_lists(carriage)
    carriage.finish()

    assert [(7, "invoice", "done")] == runs_of(carriage)


def restore(carriage: Carriage) -> None:
    """Somebody fetches the deal out of Pipedrive's bin; its win stays as it was."""
    answer = requests.patch(
        f"{carriage.sandbox.url}/pipedrive/api/v2/deals/7",
        json={"is_deleted": False},
        headers={"x-api-token": API_TOKEN},
        timeout=10,
    )
    assert answer.ok, answer.text


def test_an_archived_deal_is_found_in_its_own_list(carriage: Carriage) -> None:
    win_untold(carriage, 7)
    carriage.sandbox.act(7, "update", is_archived=True)

    sweep_lists(carriage)

    assert [(7, "invoice", "received")] == runs_of(carriage)
    assert (0, 1) == (watch_of(carriage).found, watch_of(carriage, Watch.ARCHIVED).found)


def test_a_deal_that_a_person_cancelled_is_not_asked_about_again_until_it_is_won_anew(
    carriage: Carriage,
) -> None:
    run = carriage.win(7, products=[])
    carriage.finish()
    cancel_run(carriage.services, run.id, actor="anna", reason="Booked by hand.")
    carriage.let_pass(timedelta(minutes=1))
    retitle(carriage)

    sweep_lists(carriage)
    carriage.finish()
    assert "cancelled" == carriage.run(run.id).state

    win_again(carriage)
    sweep_lists(carriage)
    assert "won_after_cancelling" == carriage.run(run.id).reason_code


def test_an_upgraded_installation_asks_about_nothing_that_it_has_carried(carriage: Carriage) -> None:
    """What was stored before events named their state counts up to the moment of its arrival."""
    carriage.win(7)
    carriage.finish()
    echo = carriage.event(7, became_won=False, status_before="", changed=("update_time",))
    carriage.receive(replace(echo, changed=("stage_id",)))

    sweep_lists(carriage)

    assert [(7, "invoice", "done")] == runs_of(carriage)


def test_what_a_person_wants_booked_despite_go_live_is_carried_to_its_end(carriage: Carriage) -> None:
    carriage.sandbox.deal(7)
    carriage.sandbox.act(7, "win", won_time="2025-12-30T10:00:00Z")
    since = datetime(2025, 12, 1, tzinfo=UTC)
    for page in backfill.won_deals(carriage.services, carriage.tenant, since):
        for one in backfill.foresee(carriage.services, carriage.tenant, page, before_go_live=True):
            backfill.bring_in(carriage.services, carriage.tenant, one, actor="operator anna")
    carriage.finish()
    carriage.receive(carriage.event(7, became_won=False, status_before="", changed=("value",)))
    sweep_lists(carriage)
    carriage.finish()

    assert (7, "invoice", "done") == runs_of(carriage)[0]
    assert 1 == carriage.bookings()
    story = carriage.story(carriage.run_of(7).id)
    assert ("operator anna", "To be booked although the rule says: won before go-live.") == (
        story[0].actor,
        story[0].message,
    )
