"""Pauses between tries: doubling up to the cap, spread so that not all try at once."""

from datetime import timedelta

import pytest

from connector.pipeline.runner import backoff_pause
from connector.timers import RETRY_BUDGET, timers


@pytest.mark.parametrize("scale", [1, 0.1, 0.01])
@pytest.mark.parametrize("failures", range(RETRY_BUDGET))
def test_a_pause_lies_between_half_and_the_whole_of_its_step(failures: int, scale: float) -> None:
    table = timers(scale)
    whole = min(table.retry_first * 2**failures, table.retry_cap)

    pauses = [backoff_pause(failures, table) for _try in range(50)]

    assert whole / 2 <= min(pauses)
    assert max(pauses) <= whole
    assert len(set(pauses)) > 1


def test_all_tries_together_last_some_hours() -> None:
    """Long enough for a partner's bad night's hour, short enough that a person still hears of it that day."""
    table = timers(1)
    whole = sum(
        (min(table.retry_first * 2**n, table.retry_cap) for n in range(RETRY_BUDGET - 1)), timedelta()
    )

    assert timedelta(hours=2) < whole / 2 < whole < timedelta(hours=6)
