"""A tenant's share of chains, counted in a real Valkey."""

import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from kombu import Connection
from redis import Redis

from tasks import broker as counting
from tasks.app import app
from tasks.broker import ROW_SEPARATOR, Broker, Share, Woken
from tasks.broker import SECOND_ROW as SECOND_ROW_PRIORITY

LASTS = timedelta(minutes=5)
ACME = Share("run", 1, most=4, lasts=LASTS)
OTHER = Share("run", 2, most=4, lasts=LASTS)
FIRST_ROW, SECOND_ROW = "mlc:intake", "mlc:intake\x06\x169"


@pytest.fixture
def redis(valkey_url: str) -> Iterator[Redis]:
    """To look at what lies in the queue."""
    with Redis.from_url(valkey_url, socket_timeout=5, decode_responses=True) as client:
        yield client


@pytest.fixture
def broker(valkey_url: str) -> Broker:
    """One process's way to the broker."""
    return Broker(valkey_url, "mlc:")


def wake(broker: Broker, share: Share, row_id: int, *, again: bool = False) -> Woken:
    return broker.wake(share, row_id, "intake", f'{share.tenant_id}/{row_id} "@priority"', again=again)


def row(redis: Redis, key: str) -> list[str]:
    """What stands in a row, the next one first: workers take from the right."""
    found: list[str] = redis.lrange(key, 0, -1)[::-1]
    return found


def test_the_rows_have_the_names_that_kombu_gives_them(valkey_url: str) -> None:
    with Connection(valkey_url, transport_options=app.conf.broker_transport_options) as connection:
        channel = connection.default_channel
        names = [channel._q_for_pri("intake", priority) for priority in channel.priority_steps]
    assert ["intake", f"intake{ROW_SEPARATOR}{SECOND_ROW_PRIORITY}"] == names


def test_a_burst_of_two_thousand_deals_puts_no_more_than_a_share_before_the_next_tenants(
    broker: Broker, redis: Redis
) -> None:
    for row_id in range(1, 2001):
        wake(broker, ACME, row_id)
    assert Woken.SENT is wake(broker, OTHER, 1)

    assert ["1/1 0", "2/1 0"] == row(redis, FIRST_ROW)
    assert ["1/2 9", "1/3 9", "1/4 9"] == row(redis, SECOND_ROW)


def test_the_place_in_the_first_row_goes_to_the_tenants_next_chain(broker: Broker, redis: Redis) -> None:
    for row_id in range(1, 5):
        wake(broker, ACME, row_id)
    broker.end(ACME, 1)
    wake(broker, ACME, 5)
    broker.end(ACME, 2)
    wake(broker, ACME, 6)

    assert ["1/1 0", "1/5 0"] == row(redis, FIRST_ROW)
    assert ["1/2 9", "1/3 9", "1/4 9", "1/6 9"] == row(redis, SECOND_ROW)


def test_whoever_ends_learns_once_that_more_waits(broker: Broker) -> None:
    for row_id in range(1, 7):
        wake(broker, ACME, row_id)

    assert [True, False] == [broker.end(ACME, 1), broker.end(ACME, 2)]
    assert [Woken.SENT, Woken.SENT, Woken.FULL] == [wake(broker, ACME, row_id) for row_id in (5, 6, 7)]
    assert broker.end(ACME, 3), "the seventh waits"


def test_where_nothing_was_held_back_nobody_looks_for_more(broker: Broker) -> None:
    wake(broker, ACME, 1)

    assert not broker.end(ACME, 1)


def test_a_row_under_way_is_not_sent_twice_but_by_the_sweep(broker: Broker, redis: Redis) -> None:
    wake(broker, ACME, 1)

    assert Woken.UNDER_WAY is wake(broker, ACME, 1)
    assert Woken.SENT is wake(broker, ACME, 1, again=True), "its message may be lost"
    assert ["1/1 0", "1/1 0"] == row(redis, FIRST_ROW)


def test_a_deal_that_begins_anew_under_its_chain_is_looked_for_when_that_ends(broker: Broker) -> None:
    wake(broker, ACME, 1)
    wake(broker, ACME, 1)

    assert broker.end(ACME, 1)


def test_the_sweep_keeps_to_the_share_as_well(broker: Broker, redis: Redis) -> None:
    for row_id in range(1, 9):
        wake(broker, ACME, row_id, again=True)

    assert (1, 3) == (redis.llen(FIRST_ROW), redis.llen(SECOND_ROW))


def test_lanes_are_counted_apart(broker: Broker) -> None:
    for row_id in range(1, 6):
        wake(broker, ACME, row_id)

    assert Woken.SENT is wake(broker, Share("batch", 1, most=4, lasts=LASTS), 1)


def test_a_chain_that_died_counts_no_longer_than_it_can_live(broker: Broker) -> None:
    short = Share("run", 1, most=1, lasts=timedelta(seconds=0.2))
    wake(broker, short, 1)
    assert Woken.FULL is wake(broker, short, 2)
    deadline = time.monotonic() + 10
    while wake(broker, short, 2) is not Woken.SENT:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_memory_that_is_lost_lets_the_next_ones_through(broker: Broker, redis: Redis) -> None:
    for row_id in range(1, 7):
        wake(broker, ACME, row_id)
    redis.flushall()

    assert Woken.SENT is wake(broker, ACME, 5)
    assert not broker.end(ACME, 1), "the sweep finds what waits, and notes it anew"


def test_countdowns_are_bounded_for_each_tenant_and_for_all(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "MOST_ASLEEP", 5)
    monkeypatch.setattr(counting, "MOST_ASLEEP_OF_TENANT", 3)
    minute = timedelta(minutes=1)

    assert [True, True, True, False] == [broker.may_sleep(ACME, row, minute) for row in range(4)]
    assert [True, True, False] == [broker.may_sleep(OTHER, row, minute) for row in range(10, 13)]


def test_a_countdown_that_is_over_makes_room(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "MOST_ASLEEP", 1)

    assert broker.may_sleep(ACME, 1, timedelta(seconds=0.1))
    assert not broker.may_sleep(OTHER, 1, timedelta(seconds=0.1))
    time.sleep(0.15)
    assert broker.may_sleep(OTHER, 1, timedelta(seconds=0.1))
