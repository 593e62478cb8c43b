"""The pace of calls: turns, patience, and what an answer teaches all others of the same login."""

from datetime import timedelta

import pytest

from connector.call_budget import Learned, NotYet, Patience
from connector.errors import RateLimitedError
from connector.http import Answer
from connector.pipedrive.pace import JITTER, STEP_ROOM, Pace
from tests.unit.fake_budget import FakeBudget
from tests.unit.pipedrive.fakes import NOW, StoppedClock

S = timedelta(seconds=1)


def answer(status: int = 200, body: bytes = b"{}", **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, named, body, "https://muster.pipedrive.com/api/v2/deals/1", True)


def paced(budget: FakeBudget, patience: Patience | None = None) -> tuple[Pace, StoppedClock, list[float]]:
    """A pace whose sleep moves its clock."""
    clock, slept = StoppedClock(), list[float]()

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        clock.moment += timedelta(seconds=seconds)

    return Pace(clock, budget, patience, sleep), clock, slept


def test_a_step_begins_only_where_there_is_room_for_all_its_calls_and_then_needs_room_for_one() -> None:
    budget = FakeBudget()
    pace, _, _ = paced(budget)

    pace.send(answer)
    pace.send(answer)

    assert [STEP_ROOM, 1] == budget.rooms


def test_a_step_that_cannot_begin_is_sent_away_until_its_turn_and_nothing_is_sent() -> None:
    budget = FakeBudget([NotYet(7 * S)])
    pace, _, slept = paced(budget, Patience(under_way=10 * S))

    with pytest.raises(RateLimitedError) as caught:
        pace.send(lambda: pytest.fail("was sent"))

    assert caught.value.retry_after is not None
    assert 7 * S <= caught.value.retry_after <= 7 * S + JITTER
    assert ([], []) == (slept, budget.learned)


def test_a_step_under_way_waits_in_place_rather_than_beginning_anew() -> None:
    budget = FakeBudget()
    pace, _, slept = paced(budget, Patience(under_way=10 * S))
    pace.send(answer)
    budget.refusals = [NotYet(2 * S), NotYet(1 * S)]

    assert 200 == pace.send(answer).status
    assert [2.0, 1.0] == slept


def test_patience_is_counted_over_the_whole_step() -> None:
    budget = FakeBudget()
    pace, _, slept = paced(budget, Patience(under_way=3 * S))
    pace.send(answer)
    budget.refusals = [NotYet(2 * S), NotYet(2 * S)]

    with pytest.raises(RateLimitedError):
        pace.send(answer)
    assert [2.0] == slept


def test_a_person_who_waits_for_an_answer_needs_room_for_one_call_and_waits_for_it() -> None:
    budget = FakeBudget([NotYet(2 * S)])
    pace, _, slept = paced(budget, Patience(10 * S, to_begin=10 * S))

    assert 200 == pace.send(answer).status
    assert ([1, 1], [2.0]) == (budget.rooms, slept)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (answer(x_ratelimit_limit="100", x_ratelimit_remaining="60"), Learned(100)),
        (
            answer(x_ratelimit_limit="100", x_ratelimit_remaining="0", x_ratelimit_reset="2"),
            Learned(100, 2 * S, "rate_limited"),
        ),
        (
            answer(429, x_ratelimit_limit="20", x_ratelimit_reset="3"),
            Learned(20, 3 * S, "rate_limited", refused=True),
        ),
        (answer(403, b"<html>"), Learned(None, timedelta(minutes=5), "blocked_after_rate_limit", True)),
        (
            answer(429, x_daily_ratelimit_token_remaining="0"),
            Learned(None, timedelta(hours=12, minutes=5), "daily_budget_spent", refused=True),
        ),
        (answer(404), Learned()),
        (answer(x_ratelimit_limit="many"), Learned()),
    ],
)
def test_all_others_of_the_login_learn_from_an_answer(said: Answer, expected: Learned) -> None:
    budget = FakeBudget()
    pace, clock, _ = paced(budget)
    assert NOW == clock.moment

    pace.send(lambda: said)

    assert [expected] == budget.learned


def test_a_call_that_breaks_off_is_settled_too() -> None:
    budget = FakeBudget()
    pace, _, _ = paced(budget)

    def broken() -> Answer:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        pace.send(broken)
    assert [Learned()] == budget.learned


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("", "used up by other runs"),
        ("blocked_after_rate_limit", "blocks our calls"),
        ("daily_budget_spent", "goes on tomorrow"),
    ],
)
def test_a_refusal_of_our_own_says_why(reason: str, words: str) -> None:
    pace, _, _ = paced(FakeBudget([NotYet(5 * S, reason)]))

    with pytest.raises(RateLimitedError, match=words) as caught:
        pace.send(answer)
    assert (reason or "rate_limited") == caught.value.code
