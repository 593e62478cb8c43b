"""Counting refused deliveries without being flooded."""

import pytest
import structlog

from connector.errors import DatabaseUnavailableError
from webapp.refusals import PAUSE_S, Refusals


class Monotonic:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Monotonic:
    return Monotonic()


def test_the_first_is_told_at_once_and_those_soon_after_together(clock: Monotonic) -> None:
    written: list[tuple[str, int]] = []
    refusals = Refusals(lambda key, count: written.append((key, count)), clock)

    with structlog.testing.capture_logs() as logs:
        for _ in range(4):
            refusals.note("acme")
        clock.now += PAUSE_S
        refusals.note("acme")

    assert [("acme", 1), ("acme", 4)] == written
    assert [
        {"event": "deliveries_refused", "log_level": "warning", "tenant": "acme", "count": count}
        for count in (1, 4)
    ] == logs


def test_one_tenants_flood_hides_no_other_tenants_refusal(clock: Monotonic) -> None:
    written: list[tuple[str, int]] = []
    refusals = Refusals(lambda key, count: written.append((key, count)), clock)

    for key in ("", "", "acme"):
        refusals.note(key)

    assert [("", 1), ("acme", 1)] == written


def test_without_the_database_the_count_is_kept_for_later(clock: Monotonic) -> None:
    written: list[tuple[str, int]] = []

    def write(key: str, count: int) -> None:
        if clock.now == 100.0:
            raise DatabaseUnavailableError("away")
        written.append((key, count))

    refusals = Refusals(write, clock)
    refusals.note("acme")
    clock.now += PAUSE_S
    refusals.note("acme")

    assert [("acme", 2)] == written
