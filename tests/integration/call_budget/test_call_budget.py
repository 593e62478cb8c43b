"""One budget for all processes, counted in a real Valkey."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from itertools import pairwise

import pytest

from connector.call_budget import CallBudget, Learned, NotYet, RedisCalls, Slot

WINDOW = timedelta(seconds=0.3)
S = timedelta(seconds=1)


@pytest.fixture
def calls(valkey_url: str) -> Iterator[RedisCalls]:
    """One process's connection."""
    with closing(RedisCalls(valkey_url)) as made:
        yield made


@pytest.fixture
def budget(calls: RedisCalls) -> CallBudget:
    """Four calls in a window."""
    return calls.budget("pipedrive muster", window=WINDOW, limit=4)


class CountingPartner:
    """Counts as Pipedrive does: so many arrivals in a rolling window."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._arrivals: list[float] = []
        self._lock = threading.Lock()
        self.served = 0
        self.refused = 0

    def call(self) -> Learned:
        with self._lock:
            now = time.monotonic()
            self._arrivals = [at for at in self._arrivals if at > now - WINDOW.total_seconds()]
            if len(self._arrivals) >= self._limit:
                self.refused += 1
                return Learned(self._limit, WINDOW, "rate_limited", refused=True)
            self._arrivals.append(now)
            self.served += 1
            return Learned(self._limit)


def taken(budget: CallBudget) -> Slot:
    said = budget.take(1)
    assert isinstance(said, Slot)
    return said


def refused(budget: CallBudget, room: int = 1) -> NotYet:
    said = budget.take(room)
    assert isinstance(said, NotYet)
    return said


def eventually_taken(budget: CallBudget, room: int = 1) -> Slot:
    deadline = time.monotonic() + 10
    while not isinstance(said := budget.take(room), Slot):
        assert time.monotonic() < deadline, said
        time.sleep(min(said.wait.total_seconds(), 0.1))
    return said


def test_two_processes_share_one_window(calls: RedisCalls, budget: CallBudget, valkey_url: str) -> None:
    program = (
        "import sys; from datetime import timedelta; from connector.call_budget import RedisCalls\n"
        "calls = RedisCalls(sys.stdin.read())\n"
        "b = calls.budget('pipedrive muster', window=timedelta(seconds=0.3), limit=4)\n"
        "print([type(b.take(1)).__name__ for _ in range(3)])"
    )
    said = subprocess.run(
        [sys.executable, "-c", program], input=valkey_url, capture_output=True, text=True, check=True
    )

    assert "['Slot', 'Slot', 'Slot']\n" == said.stdout
    taken(budget)
    assert "" == refused(budget).reason


def test_many_threads_of_many_workers_never_earn_a_refusal(valkey_url: str) -> None:
    partner = CountingPartner(limit=6)

    def worker(_number: int) -> None:
        with closing(RedisCalls(valkey_url)) as calls:
            budget = calls.budget("pipedrive muster", window=WINDOW, limit=2)
            for _call in range(4):
                slot = eventually_taken(budget)
                budget.settle(slot, partner.call())

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(worker, range(8)))

    assert (32, 0) == (partner.served, partner.refused)


def test_a_call_counts_from_its_sending_until_a_window_after_its_answer(budget: CallBudget) -> None:
    slow = [taken(budget) for _ in range(4)]
    time.sleep(WINDOW.total_seconds())
    refused(budget)

    for slot in slow:
        budget.settle(slot, Learned())
    refused(budget)
    eventually_taken(budget)


def test_one_tenants_full_window_is_no_other_tenants_matter(calls: RedisCalls, budget: CallBudget) -> None:
    for _ in range(4):
        taken(budget)

    refused(budget)
    taken(calls.budget("pipedrive beispiel", window=WINDOW, limit=4))


def test_those_who_wait_get_turns_one_after_another(budget: CallBudget) -> None:
    """A step here costs two of four calls, so a window serves two steps."""
    for _ in range(4):
        taken(budget)

    waits = [refused(budget, room=2).wait for _ in range(6)]

    gaps = [later - earlier for earlier, later in pairwise(waits)]
    assert WINDOW <= waits[0]
    for gap in gaps:
        assert WINDOW / 2 - timedelta(seconds=0.1) < gap < WINDOW / 2 + timedelta(seconds=0.1)


def test_a_step_under_way_goes_before_those_that_begin(budget: CallBudget) -> None:
    for _ in range(3):
        taken(budget)

    refused(budget, room=2)
    taken(budget)


def test_a_login_once_closed_is_left_alone_by_all_until_then(calls: RedisCalls, budget: CallBudget) -> None:
    slot = taken(budget)
    budget.settle(slot, Learned(closed_for=300 * S, reason="blocked_after_rate_limit", refused=True))

    said = refused(calls.budget("pipedrive muster", window=WINDOW, limit=4))

    assert "blocked_after_rate_limit" == said.reason
    assert 295 * S < said.wait <= 300 * S


def test_a_shorter_closing_does_not_open_a_longer_one(budget: CallBudget) -> None:
    first, second = taken(budget), taken(budget)
    budget.settle(first, Learned(closed_for=300 * S, reason="blocked_after_rate_limit", refused=True))
    budget.settle(second, Learned(closed_for=2 * S, reason="rate_limited", refused=True))

    assert 295 * S < refused(budget).wait


def test_refusal_after_refusal_doubles_the_pause_and_a_good_answer_ends_that(budget: CallBudget) -> None:
    limited = Learned(closed_for=0.1 * S, reason="rate_limited", refused=True)

    def pause() -> timedelta:
        budget.settle(eventually_taken(budget), limited)
        return refused(budget).wait

    assert pause() <= 0.1 * S
    assert 0.1 * S < pause() <= 0.2 * S
    assert 0.2 * S < pause() <= 0.4 * S
    budget.settle(eventually_taken(budget), Learned())
    assert pause() <= 0.1 * S


def test_the_partners_own_figure_replaces_ours(budget: CallBudget) -> None:
    budget.settle(taken(budget), Learned(limit=6))

    for _ in range(5):
        taken(budget)
    refused(budget)


def test_a_lost_memory_lets_the_next_call_through(
    calls: RedisCalls, budget: CallBudget, valkey_url: str
) -> None:
    budget.settle(taken(budget), Learned(closed_for=300 * S, reason="rate_limited", refused=True))
    refused(budget)

    emptied = calls.run("redis.call('FLUSHDB') return 1", [], [])

    assert 1 == emptied
    taken(budget)


def test_without_redis_every_call_goes_through_and_a_dead_one_costs_one_moment() -> None:
    with closing(RedisCalls("redis://127.0.0.1:1/0")) as dead:
        budget = dead.budget("pipedrive muster", window=WINDOW, limit=4)
        started = time.monotonic()
        for _ in range(10):
            budget.settle(taken(budget), Learned())
    assert time.monotonic() - started < 2
