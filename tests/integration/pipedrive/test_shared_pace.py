"""Many workers, one login, one burst limit at the sandbox."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta

from connector.call_budget import Patience, RedisCalls
from connector.clock import SystemClock
from connector.pipedrive.client import PipedriveClient
from connector.pipedrive.oauth import api_token
from connector.pipedrive.pace import WINDOW, Pace
from tests.integration.pipedrive.conftest import DOMAIN, SandboxSession


def test_many_workers_of_one_login_never_see_the_burst_limit(
    sandbox: SandboxSession, won_deal: int, valkey_url: str
) -> None:
    """Together they may make 20 calls in two seconds; any refusal would end the test."""
    settings = {"company_domain": DOMAIN, "api_token": "sandbox-api-token", "burst": {"api": 20}}
    sandbox.control("/pipedrive/accounts", settings)
    patience = Patience(timedelta(seconds=30), timedelta(seconds=30))

    def worker(_number: int) -> None:
        with closing(RedisCalls(valkey_url)) as calls:
            budget = calls.budget("pipedrive muster", window=WINDOW, limit=20)
            client = PipedriveClient(
                sandbox.http,
                base_url=f"{sandbox.root}/pipedrive",
                authorization=lambda: api_token("sandbox-api-token"),
                pace=Pace(SystemClock(), budget, patience),
            )
            for _call in range(5):
                client.deal(won_deal)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(worker, range(8)))
