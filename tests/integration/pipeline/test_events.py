"""Events about deals that have a run: before the hand-over it is read again, after it a human is asked."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connector.pipedrive.webhook import DealAction
from connector.pipeline.cancelling import cancel_run
from connector.pipeline.retry import retry_run
from connector.store import tables as t
from connector.tenants.config import IgnoreBy, IgnoreRule, NumberConfig, NumberSource
from tests.integration.pipeline.carriage import Carriage, config_for


def kinds(carriage: Carriage, deal: int = 7) -> list[tuple[str, int, str]]:
    rows = carriage.rows(t.run, "deal_id", "kind", "revision", "state")
    return [(row.kind, row.revision, row.state) for row in rows if row.deal_id == deal]


def merged(carriage: Carriage, deal: int, survivor: int) -> list[int]:
    return carriage.receive(
        carriage.event(
            deal,
            action=DealAction.DELETED,
            status_now="",
            status_before="",
            became_won=False,
            merged_to=survivor,
        )
    )


def test_a_delivery_that_comes_twice_acts_once(carriage: Carriage) -> None:
    carriage.sandbox.deal(7)
    event = carriage.event(7)

    assert [1] == carriage.receive(event)
    assert [] == carriage.receive(replace(event, attempt=2))

    assert 1 == len(carriage.rows(t.inbox, "event_id"))


@pytest.mark.parametrize("state", ["received", "resolved", "rendered", "documented"])
def test_two_hooks_that_tell_the_same_win_book_once(carriage: Carriage, state: str) -> None:
    run = carriage.win(7)
    carriage.carry_to(state, run.id)
    with carriage.services.database.transaction() as tx:
        bundle = tx.execute(t.run.select()).one().bundle or {}
    won = datetime.fromisoformat(bundle["deal"]["won_time"]) if bundle else None
    carriage.receive(carriage.event(7, event_id="v1::deal:7:updated:1", version="1.0", won_time=won))

    carriage.finish()

    assert [("invoice", 0, "done")] == kinds(carriage)
    assert 1 == carriage.bookings()


def test_the_same_win_told_after_the_hand_over_asks_nobody(carriage: Carriage) -> None:
    carriage.win(7)
    carriage.finish()
    with carriage.services.database.transaction() as tx:
        won = datetime.fromisoformat(tx.execute(t.run.select()).one().bundle["deal"]["won_time"])

    carriage.receive(carriage.event(7, event_id="v1::deal:7:updated:1", version="1.0", won_time=won))

    assert [("invoice", 0, "done")] == kinds(carriage)


def test_reopened_and_won_again_before_the_hand_over_is_the_same_run(carriage: Carriage) -> None:
    run = carriage.win(7)
    carriage.carry_to("rendered", run.id)
    carriage.sandbox.act(7, "reopen")
    carriage.receive(carriage.reopened(7))
    carriage.carry()
    assert "cancelled" == carriage.run(run.id).state
    carriage.sandbox.act(7, "win")
    carriage.receive(carriage.event(7))

    carriage.finish()

    assert [("invoice", 0, "done")] == kinds(carriage)
    assert 1 == carriage.bookings()


def test_an_old_reopening_that_arrives_late_does_not_lose_the_deal(carriage: Carriage) -> None:
    run = carriage.win(7)
    carriage.receive(carriage.reopened(7))

    carriage.finish()

    assert "done" == carriage.run(run.id).state


@pytest.mark.parametrize("numbers", [NumberSource.PATTERN, NumberSource.SEQUENCE])
def test_reopened_and_won_again_after_the_hand_over_books_nothing_more(
    carriage: Carriage, numbers: NumberSource
) -> None:
    """Not even where every run could draw a number of its own: a correction is a human's."""
    pattern = "A{next}" if numbers is NumberSource.SEQUENCE else "A{deal_id}"
    carriage.apply(config_for(numbers=NumberConfig(numbers, pattern=pattern)))
    carriage.win(7)
    carriage.finish()
    later = datetime.now(UTC) + timedelta(hours=1)

    for act, event in (
        ("reopen", carriage.reopened(7)),
        ("win", carriage.event(7, won_time=later)),
        ("lose", carriage.event(7, became_won=False, status_now="lost", status_before="won")),
        ("win", carriage.event(7, won_time=later + timedelta(hours=1))),
        ("lose", carriage.event(7, became_won=False, status_now="lost", status_before="won")),
    ):
        carriage.sandbox.act(7, act)
        assert [] == carriage.receive(event)
        carriage.finish()

    assert [("invoice", 0, "done"), ("correction", 1, "needs_attention")] == kinds(carriage)
    assert 1 == carriage.bookings()
    told = carriage.story(carriage.run_of(7, "correction").id)
    assert ["needs_attention", "cancelled"] * 2 + ["needs_attention"] == [
        row.to_state for row in told if row.event == "moved"
    ]


def test_a_change_after_a_correction_was_settled_opens_another(carriage: Carriage) -> None:
    carriage.win(7)
    carriage.finish()
    carriage.sandbox.act(7, "reopen")
    carriage.receive(carriage.reopened(7))
    carriage.finish()
    cancel_run(
        carriage.services, carriage.run_of(7, "correction").id, actor="anna", reason="Mended in DATEV."
    )

    carriage.sandbox.act(7, "win")
    carriage.receive(carriage.event(7, won_time=datetime.now(UTC) + timedelta(hours=1)))
    carriage.finish()

    assert [
        ("invoice", 0, "done"),
        ("correction", 1, "cancelled"),
        ("correction", 2, "needs_attention"),
    ] == kinds(carriage)


def test_a_deal_that_was_mended_goes_on_by_itself(carriage: Carriage) -> None:
    run = carriage.win(7, products=[])
    carriage.finish()
    assert "needs_attention" == carriage.run(run.id).state
    carriage.sandbox.deal(7)
    carriage.sandbox.act(7, "win")

    carriage.receive(carriage.event(7, became_won=False, status_before=""))
    carriage.finish()

    assert "done" == carriage.run(run.id).state


def test_a_deal_cancelled_by_hand_is_not_won_back_by_an_event(carriage: Carriage) -> None:
    run = carriage.win(7, products=[])
    carriage.finish()
    cancel_run(carriage.services, run.id, actor="anna", reason="Booked by hand.")
    carriage.sandbox.deal(7)
    carriage.sandbox.act(7, "win")

    carriage.receive(carriage.event(7, won_time=datetime.now(UTC) + timedelta(hours=1)))
    carriage.finish()

    asked = carriage.run(run.id)
    assert ("needs_attention", "won_after_cancelling") == (asked.state, asked.reason_code)
    retry_run(carriage.services, run.id, actor="anna")
    carriage.finish()
    assert "done" == carriage.run(run.id).state


def test_a_deal_merged_before_the_hand_over_is_booked_as_the_surviving_one(carriage: Carriage) -> None:
    loser, survivor = carriage.win(7), carriage.win(8)
    carriage.carry_to("rendered", loser.id)

    assert [survivor.id] == merged(carriage, 7, 8)
    carriage.finish()

    ended = carriage.run(loser.id)
    assert ("cancelled", "The deal was merged into deal 8 before it was handed over.") == (
        ended.state,
        ended.reason_message,
    )
    assert "done" == carriage.run(survivor.id).state
    assert 1 == carriage.bookings()


def test_the_surviving_deal_gets_a_run_where_it_had_none(carriage: Carriage) -> None:
    carriage.win(7)
    carriage.sandbox.deal(8)
    carriage.sandbox.act(8, "win")

    [made] = merged(carriage, 7, 8)
    carriage.finish()

    assert 8 == carriage.run(made).deal_id
    assert "done" == carriage.run(made).state
    assert 1 == carriage.bookings()


def test_a_deal_merged_after_its_hand_over_asks_for_both_deals(carriage: Carriage) -> None:
    carriage.win(7)
    carriage.finish()
    survivor = carriage.win(8)

    assert [] == merged(carriage, 7, 8)
    carriage.finish()

    assert [("invoice", 0, "done"), ("correction", 1, "needs_attention")] == kinds(carriage)
    asked = carriage.run(survivor.id)
    assert ("needs_attention", "merged_with_booked_deal") == (asked.state, asked.reason_code)
    assert 1 == carriage.bookings()


@pytest.mark.parametrize(
    ("event", "config", "rule"),
    [
        ({"first_won_time": datetime(2025, 6, 1, tzinfo=UTC)}, {}, "won before go-live"),
        (
            {"pipeline_id": 3},
            {"ignore": (IgnoreRule("test deals", IgnoreBy.PIPELINE, ("3",)),)},
            "test deals",
        ),
        ({"currency": "USD"}, {"ignore": (IgnoreRule("dollars", IgnoreBy.CURRENCY, ("USD",)),)}, "dollars"),
    ],
)
def test_an_ignored_deal_says_by_which_rule(
    carriage: Carriage, event: dict[str, Any], config: dict[str, Any], rule: str
) -> None:
    carriage.apply(config_for(**config))
    carriage.sandbox.deal(7)

    assert [] == carriage.receive(carriage.event(7, **event))

    ignored = carriage.run_of(7)
    assert ("ignored", rule) == (ignored.state, ignored.ignore_rule)


def test_an_event_about_a_deal_that_was_never_won_makes_no_run(carriage: Carriage) -> None:
    for change in (
        {"status_before": ""},
        {"status_now": "lost", "status_before": "open"},
        {"status_now": "open", "status_before": "won"},
    ):
        assert [] == carriage.receive(carriage.event(7, **{"became_won": False, **change}))

    assert [] == carriage.rows(t.run, "id")
    assert 3 == len(carriage.rows(t.inbox, "id"))


def test_a_merge_that_two_hooks_tell_after_the_hand_over_asks_once(carriage: Carriage) -> None:
    carriage.win(7)
    carriage.finish()
    carriage.sandbox.act(7, "delete")

    for _hook in range(2):
        merged(carriage, 7, 8)

    assert [("invoice", 0, "done"), ("correction", 1, "needs_attention")] == kinds(carriage)
