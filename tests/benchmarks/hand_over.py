"""From the stored webhook to the hand-over that DATEV has accepted, for single deals on an idle system."""

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import psycopg2
import requests

from connector.runtime.folders import read_record
from connector.runtime.postgres import EmbeddedPostgres
from tests.acceptance.demo_process import DemoProcess
from tests.benchmarks.result import Result

GOAL_MS = 300
DEALS = 20
"""Of each tenant."""

PAUSE_S = 1.5
"""Between two deals, so that each finds the system idle."""

PATIENCE_S = 60

TENANTS = {"muster-beratung": ("postings", "EXTF"), "beispiel-digital": ("ledger", "DXSO")}

QUERY = """
    SELECT run.created_at, submission.accepted_at FROM run
    JOIN submission ON submission.batch_id = run.batch_id AND submission.content = %s
    WHERE run.deal_id = %s AND submission.accepted_at IS NOT NULL
"""


def measure() -> list[Result]:
    """Median and 95th percentile, with the product's real timers (scale 1)."""
    with tempfile.TemporaryDirectory(prefix="mlc-bench-") as folder:
        Path(folder).chmod(0o711)  # PostgreSQL may run as another user
        var_dir = Path(folder) / "var" / "demo"
        with DemoProcess(var_dir, extra={"MLC_TIME_SCALE": "1"}) as demo:
            demo.await_text("Everything stays up", timeout_s=360)
            port = read_record(var_dir / "run" / "demo.ports.json")["sandbox"]
            connection = psycopg2.connect(EmbeddedPostgres(var_dir / "postgres").url)
            connection.autocommit = True
            try:
                return [
                    _result(title, _times(connection, port, domain, content))
                    for domain, (content, title) in TENANTS.items()
                ]
            finally:
                connection.close()


def _result(title: str, times_ms: list[float]) -> Result:
    median = statistics.median(times_ms)
    late = statistics.quantiles(times_ms, n=20)[-1]
    return Result(
        f"{title}: received to submitted, median (95 %) of {len(times_ms)} deals",
        f"{median:.0f} ms ({late:.0f} ms)",
        f"< {GOAL_MS} ms",
        met=median < GOAL_MS,
    )


def _times(connection: Any, port: int, domain: str, content: str) -> list[float]:
    account = f"http://127.0.0.1:{port}/control/pipedrive/accounts/{domain}"
    organization_id = seeded_organization(account)
    # The first deal brings the debtor and fills the caches; it does not count.
    times = []
    for number in range(DEALS + 1):
        times.append(carried_ms(connection, account, content, organization_id, number))
        time.sleep(PAUSE_S if number else PATIENCE_S / 4)
    return times[1:]


def seeded_organization(account: str) -> int:
    """A buyer at the sandbox."""
    organization = {
        "name": "Messstand GmbH",
        "address": {"route": "Weg 1", "postal_code": "50667", "locality": "Köln", "country": "Germany"},
    }
    (organization_id,) = post(f"{account}/seed", {"organizations": [organization]})["organizations"]
    return int(organization_id)


def carried_ms(connection: Any, account: str, content: str, organization_id: int, number: int) -> float:
    """Win a deal at the sandbox and wait until DATEV has accepted it; the time from its delivery on."""
    price = {"item_price": 100.0 + number, "quantity": 1, "tax": 19, "tax_method": "exclusive"}
    line = {"name": "Beratung", **price}
    deal = {"title": f"Messung {number}", "org_id": organization_id, "status": "won", "products": [line]}
    deal_id = post(f"{account}/deals", {"deal": deal})["id"]
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute(QUERY, (content, deal_id))
            if row := cursor.fetchone():
                received, accepted = row
                return float((accepted - received).total_seconds() * 1000)
        time.sleep(0.1)
    raise RuntimeError(f"deal {deal_id} was not handed over within {PATIENCE_S} s")


def post(address: str, body: dict[str, Any]) -> dict[str, Any]:
    """Tell the sandbox something."""
    answer = requests.post(address, json=body, timeout=30)
    answer.raise_for_status()
    found: dict[str, Any] = answer.json()
    return found
