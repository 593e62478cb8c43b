"""Both partners' limits over many workers, in a real Valkey that may lose everything or be away."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta

import pytest
from redis import Redis

from connector.call_budget import CallBudget, Learned, Patience, PatientCaller, RedisCalls, Slot
from connector.datev.pace import DatevPace

WINDOW = timedelta(seconds=0.4)
LIMIT = 10
WORKERS, CALLS = 6, 10
LONG = timedelta(seconds=30)


class Partner:
    """Notes when it was called."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.arrivals: list[float] = []

    def call(self) -> None:
        with self._lock:
            self.arrivals.append(time.monotonic())

    def most_in_window(self) -> int:
        """The largest number of calls within one window."""
        length = WINDOW.total_seconds()
        return max(sum(first <= at < first + length for at in self.arrivals) for first in self.arrivals)


def carry_all(url: str, partner: Partner, between: Callable[[int], None] = lambda _call: None) -> None:
    """Several workers with their own connections make their calls through a DATEV pace."""

    def worker(_number: int) -> None:
        with closing(RedisCalls(url)) as calls:
            budget: CallBudget = calls.budget("datev 1", window=WINDOW, limit=LIMIT)
            pace = DatevPace(budget, PatientCaller(Patience(LONG, LONG), step_room=4))
            for call in range(CALLS):
                slot = pace.take(1)
                assert isinstance(slot, Slot)
                partner.call()
                pace.settle(slot, Learned())
                between(call)

    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(worker, range(WORKERS)))


def test_all_workers_together_keep_our_own_limit_to_datev(valkey_url: str) -> None:
    partner = Partner()

    carry_all(valkey_url, partner)

    assert WORKERS * CALLS == len(partner.arrivals)
    assert partner.most_in_window() <= LIMIT


def test_a_memory_lost_in_the_middle_costs_moderation_and_no_call(valkey_url: str) -> None:
    partner = Partner()
    with Redis.from_url(valkey_url, socket_timeout=5) as redis:
        carry_all(valkey_url, partner, lambda call: redis.flushall() if call == CALLS // 2 else None)

    assert WORKERS * CALLS == len(partner.arrivals)


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0"])
def test_with_valkey_away_everything_is_let_through(url: str) -> None:
    partner = Partner()
    started = time.monotonic()

    carry_all(url, partner)

    assert WORKERS * CALLS == len(partner.arrivals)
    assert time.monotonic() - started < 5, "each connection tries once and then leaves it alone"


def test_one_tenants_limit_is_no_other_tenants_matter(valkey_url: str) -> None:
    with closing(RedisCalls(valkey_url)) as calls:
        first, other = (calls.budget(f"datev {tenant}", window=LONG, limit=1) for tenant in (1, 2))
        assert isinstance(first.take(1), Slot)
        assert not isinstance(first.take(1), Slot)
        assert isinstance(other.take(1), Slot)
