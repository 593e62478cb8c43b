"""Waking with a broker that refuses or says nothing: the caller, who owes an answer, goes on at once."""

import socket
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta

import pytest

from tasks.broker import Broker, Share, Woken

AT_ONCE_S = 1.5
"""Twice what it takes, for a machine that is busy; Celery's own patience is many seconds."""
A_MOMENT_S = 0.1
"""After a lost call none is tried for a while."""


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Takes connections and never says a word."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        yield server.getsockname()[1]


@pytest.fixture
def closed_port() -> int:
    """Nobody listens here."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port: int = server.getsockname()[1]
    return port


@pytest.mark.parametrize("port", ["silent_port", "closed_port"])
def test_waking_gives_up_within_a_second_and_never_fails(port: str, request: pytest.FixtureRequest) -> None:
    broker = Broker(f"redis://127.0.0.1:{request.getfixturevalue(port)}/0", "mlc:")
    share = Share("run", 1, most=4, lasts=timedelta(minutes=5))

    started = time.monotonic()
    assert Woken.LOST is broker.wake(share, 1, "intake", "message", again=False)
    first = time.monotonic() - started
    assert broker._silent_until > started, "the call was not lost, so it went to some broker"
    started = time.monotonic()
    assert Woken.LOST is broker.wake(share, 2, "intake", "message", again=False)
    second = time.monotonic() - started

    assert not broker.end(share, 1), "nobody knows of more that waits"
    assert broker.may_sleep(share, 1, timedelta(seconds=1)), "what is not counted is let through"
    assert first < AT_ONCE_S
    assert second < A_MOMENT_S
