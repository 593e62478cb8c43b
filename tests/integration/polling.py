"""Waiting for what another thread or process does: asked again and again, with a deadline."""

import time
from collections.abc import Callable

DEADLINE_S = 30.0

_POLL_S = 0.05


def wait_until(reached: Callable[[], bool]) -> None:
    """Return as soon as it is reached; a failed assertion if it is not in time."""
    deadline = time.monotonic() + DEADLINE_S
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(_POLL_S)
