"""Many deals won within a second: together their runs keep Pipedrive's burst limit."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from connector.pipeline import run_chain
from connector.pipeline.services import Services
from connector.store import Database
from connector.vault import Vault, generate_key
from tests.integration.pipeline.carriage import (
    API_TOKEN,
    Carriage,
    MovableClock,
    Sandbox,
    config_for,
    settings_for,
)

DEALS = range(101, 106)
"""With three a busy machine does not come near the limit."""
LIMIT = {"api": 8}
"""Below the smallest plan, so that a slow machine comes near it, too."""
DEADLINE_S = 90


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


def test_a_burst_of_deals_is_read_without_one_refusal(counted: Carriage) -> None:
    run_ids = [counted.win(deal_id).id for deal_id in DEALS]
    counted.sandbox.control("pipedrive/accounts", company_domain="acme", api_token=API_TOKEN, burst=LIMIT)
    deadline = time.monotonic() + DEADLINE_S

    def worker(run_id: int) -> int:
        """As a worker does: come back when it is told to; how often that was."""
        for came_back in range(DEADLINE_S):
            outcome = run_chain.advance(counted.services, run_id, "resolve")
            if outcome.again_in is None:
                return came_back
            assert time.monotonic() < deadline
            time.sleep(outcome.again_in.total_seconds())
        raise AssertionError("it never had a turn")

    with ThreadPoolExecutor(len(run_ids)) as pool:
        came_back = list(pool.map(worker, run_ids))

    assert [("resolved", 0)] * len(run_ids) == [
        (counted.run(run_id).state, counted.run(run_id).attempts) for run_id in run_ids
    ]
    assert 0 < sum(came_back), "the limit was never near, so nothing was shown"
    listed = requests.get(f"{counted.sandbox.url}/control/requests?limit=5000", timeout=10).json()
    assert [] == [call for call in listed["requests"] if call["status"] in (403, 429)]
