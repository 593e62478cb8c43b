"""Waiting for a partner's limit, or for our own, is no failure: it uses up none of a step's tries."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connector.call_budget import RedisCalls
from connector.datev import pace as datev_limits
from connector.pipeline.services import Services
from connector.store import Database
from connector.timers import RETRY_BUDGET
from connector.vault import Vault, generate_key
from tests.integration.pipeline.carriage import (
    Carriage,
    MovableClock,
    Sandbox,
    config_for,
    settings_for,
)

MORE_THAN_THE_BUDGET = RETRY_BUDGET + 3
EVENING = datetime(2026, 12, 3, 18, 30, tzinfo=UTC)


@pytest.fixture
def counted(
    database_url: str, sandbox: Sandbox, clock: MovableClock, valkey_url: str, tmp_path: Path
) -> Iterator[Carriage]:
    """The tenant ``acme``, whose calls are counted in Valkey."""
    settings = replace(settings_for(database_url, sandbox.url, str(tmp_path)), redis_url=valkey_url)
    services = Services(settings, Database(database_url), Vault([generate_key()]), clock)
    made = Carriage(services, sandbox, clock)
    made.apply(config_for())
    made.connect()
    yield made
    assert services.calls is not None
    services.calls.close()
    services.database.close()


@pytest.mark.parametrize("operation", ["/pipedrive/api/v2/deals/", "/accounting-documents/"])
def test_refusals_for_a_limit_use_up_no_tries(carriage: Carriage, operation: str) -> None:
    run = carriage.win(7)
    for _refusal in range(MORE_THAN_THE_BUDGET):
        carriage.sandbox.fault(operation, status=429, headers={"Retry-After": "7"})
        carriage.carry()
        waiting = carriage.run(run.id)
        assert 0 == waiting.attempts
        assert waiting.due_at is not None
        assert timedelta(seconds=5) < waiting.due_at - carriage.clock.now() < timedelta(seconds=10)
        assert carriage.until_due()

    carriage.finish()
    assert "done" == carriage.run(run.id).state


def full(calls: RedisCalls, key: str, window: timedelta, limit: int) -> None:
    """Other runs have used the window up."""
    budget = calls.budget(key, window=window, limit=limit)
    for _call in range(limit):
        budget.take(1)


@pytest.mark.parametrize("partner", ["pipedrive", "datev"])
def test_waiting_for_our_own_limit_uses_up_no_tries_and_sends_nothing(
    counted: Carriage, partner: str
) -> None:
    calls = counted.services.calls
    assert calls is not None
    run = counted.win(7)
    if partner == "datev":
        counted.carry_to("rendered", run.id)
    key = {"pipedrive": "pipedrive acme token", "datev": f"datev {counted.tenant.id}"}[partner]
    before = counted.sandbox.calls(f"/{partner}/")
    for _turn in range(MORE_THAN_THE_BUDGET):
        full(calls, key, timedelta(minutes=1), max(20, datev_limits.LIMIT))
        counted.carry()
        waiting = counted.run(run.id)
        assert 0 == waiting.attempts
        assert "used up by other runs" in waiting.waiting_for
        assert counted.until_due()

    assert before == counted.sandbox.calls(f"/{partner}/")
    calls.run("redis.call('FLUSHDB') return 1", [], [])
    counted.finish()
    assert "done" == counted.run(run.id).state


def test_a_daily_budget_that_is_spent_is_waited_for_until_the_next_day(counted: Carriage) -> None:
    """Once told, nobody of the company asks again before; then all of it goes on by itself."""
    counted.let_pass(EVENING - counted.clock.now())
    first, second = counted.win(7), counted.win(8)
    counted.sandbox.fault(
        "/pipedrive/api/v2/deals/", status=429, headers={"x-daily-ratelimit-token-remaining": "0"}
    )
    before = counted.sandbox.calls("/pipedrive/api/v2/deals/")
    counted.carry()

    assert 1 == counted.sandbox.calls("/pipedrive/api/v2/deals/") - before
    midnight = datetime(2026, 12, 4, tzinfo=UTC)
    for run in (first, second):
        waiting = counted.run(run.id)
        assert (0, "received") == (waiting.attempts, waiting.state)
        assert waiting.due_at is not None
        assert midnight < waiting.due_at < midnight + timedelta(minutes=7)
    assert "today is used up" in counted.run(first.id).waiting_for

    calls = counted.services.calls
    assert calls is not None
    counted.let_pass(midnight + timedelta(minutes=7) - counted.clock.now())
    counted.connect()
    # Valkey has a clock of its own, which no test moves.
    calls.run("redis.call('FLUSHDB') return 1", [], [])
    counted.finish()
    assert {"done"} == {counted.run(run.id).state for run in (first, second)}
