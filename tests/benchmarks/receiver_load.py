"""500 deliveries a second for a minute, while workers, PostgreSQL and Valkey use the same processors.

The whole product as the demo starts it, with its real timers. Every delivery is a first win of a deal and
proves itself twice (HTTP Basic and a signature); the first of these deals exist in the sandbox, so that the
workers carry what they are woken for, invoices and uploads included.
"""

import base64
import contextlib
import hashlib
import hmac
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import psycopg2
import requests

from connector.runtime.folders import read_record
from connector.runtime.postgres import EmbeddedPostgres
from connector.runtime.processes import REPOSITORY
from connector.vault import Vault, generate_key
from tests.acceptance.demo_process import DemoProcess
from tests.benchmarks.load import request
from tests.benchmarks.open_loop import written
from tests.benchmarks.result import Result

RATE = 500
SECONDS = int(os.environ.get("MLC_BENCH_SECONDS") or "60")
WARM_UP_SECONDS = 5
"""At a tenth of the rate, not counted: connections are opened and statements prepared."""

GOAL_MS = 50
TENANT = "beispiel-digital"
REAL_DEALS = 3_000
"""More than the workers can carry in the time, so that they are never without work."""

FIRST_DEAL = 5_000_000


@dataclass(frozen=True, slots=True)
class _Target:
    """Where the deliveries go and what they prove."""

    port: int
    user: str
    password: str
    key: str


def measure() -> list[Result]:
    """The slowest per cent, the statuses, and what the workers did meanwhile."""
    with tempfile.TemporaryDirectory(prefix="mlc-bench-") as folder:
        Path(folder).chmod(0o711)  # PostgreSQL may run as another user
        var_dir = Path(folder) / "var" / "demo"
        key = generate_key()
        extra = {"MLC_TIME_SCALE": "1", "MLC_ENCRYPTION_KEYS": key}
        with DemoProcess(var_dir, extra=extra) as demo:
            demo.await_text("Everything stays up", timeout_s=360)
            ports = read_record(var_dir / "run" / "demo.ports.json")
            environment = psutil.Process(demo.pids()["web"]).environ()
            url = EmbeddedPostgres(var_dir / "postgres").url
            target = _Target(
                ports["web"],
                "pipedrive",
                Vault([key]).decrypt(_one(url, _PASSWORD, TENANT)),
                environment["DEMO_SIGNATURE_KEY"],
            )
            _seed(ports["sandbox"])
            _let_go_behind(demo.pids()["sandbox"])
            _send(target, RATE / 10, _deliveries(target, FIRST_DEAL - 100_000, RATE // 10 * WARM_UP_SECONDS))
            before = _one(url, _STEPS)
            measured = _send(target, RATE, _deliveries(target, FIRST_DEAL, RATE * SECONDS))
            return _results(measured, steps=_one(url, _STEPS) - before, stored=_one(url, _STORED, FIRST_DEAL))


_PASSWORD = """SELECT ciphertext FROM tenant_secret JOIN tenant ON tenant.id = tenant_id
    WHERE tenant_secret.name = 'receiver_basic_password' AND tenant.key = %s"""
_STEPS = "SELECT count(*) FROM journal WHERE actor <> 'intake'"
_STORED = "SELECT count(*) FROM run WHERE deal_id >= %s"


def _one(url: str, statement: str, *values: object) -> Any:
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement, values)
        row = cursor.fetchone()
        return row[0] if row else None


def _let_go_behind(pid: int) -> None:
    """The sandbox stands for other machines: it takes what processor time the product leaves."""
    with contextlib.suppress(OSError):
        Path(f"/proc/{pid}/autogroup").write_text("15")


def _seed(port: int) -> None:
    address = {"route": "Weg 1", "postal_code": "50667", "locality": "Köln", "country": "Germany"}
    line = {"name": "Beratung", "item_price": 100.0, "quantity": 1, "tax": 19, "tax_method": "exclusive"}
    account = f"http://127.0.0.1:{port}/control/pipedrive/accounts/{TENANT}/seed"
    organization = {"id": FIRST_DEAL, "name": "Messstand GmbH", "address": address}
    for first in range(FIRST_DEAL, FIRST_DEAL + REAL_DEALS, 250):
        deals = [
            {
                "id": number,
                "title": f"Messung {number}",
                "org_id": FIRST_DEAL,
                "status": "won",
                "products": [line],
            }
            for number in range(first, first + 250)
        ]
        body = {"organizations": [organization] if first == FIRST_DEAL else [], "deals": deals}
        requests.post(account, json=body, timeout=120).raise_for_status()


def _deliveries(target: _Target, first: int, count: int) -> Iterator[bytes]:
    basic = base64.b64encode(f"{target.user}:{target.password}".encode()).decode()
    for number in range(first, first + count):
        body = _body(number)
        digest = hmac.new(target.key.encode(), body, hashlib.sha256).digest()
        headers = {
            "Authorization": f"Basic {basic}",
            "X-Signature": f"sha256={base64.b64encode(digest).decode()}",
        }
        yield request(f"/webhooks/pipedrive/{TENANT}", headers, body)


def _body(number: int) -> bytes:
    """A deal that has just been won, with about the fields that Pipedrive sends."""
    deal = {
        "id": number,
        "title": f"Messung {number}",
        "status": "won",
        "won_time": "2026-03-01T10:00:00Z",
        "update_time": "2026-03-01T10:00:00Z",
        "value": 119.0,
        "currency": "EUR",
        "org_id": FIRST_DEAL,
        "pipeline_id": 1,
        "stage_id": 1,
        "label_ids": [],
        "custom_fields": {f"{field:040x}": None for field in range(10)},
    }
    meta = {
        "action": "change",
        "entity": "deal",
        "entity_id": str(number),
        "id": f"load-{number}",
        "webhook_id": "1",
        "attempt": 1,
        "version": "2.0",
    }
    return json.dumps({"meta": meta, "data": deal, "previous": {"status": "open"}}).encode()


def _send(target: _Target, rate: float, deliveries: Iterator[bytes]) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.open_loop", str(target.port), str(rate)],
        input=written(list(deliveries)),
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        start_new_session=True,
        check=True,
        timeout=SECONDS + 120,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _results(measured: dict[str, Any], *, steps: int, stored: int) -> list[Result]:
    took, late = measured["took_ms"], measured["late_ms"]
    sent = RATE * SECONDS
    good = sum(count for status, count in measured["statuses"].items() if status.startswith("2"))
    others = {status: count for status, count in measured["statuses"].items() if not status.startswith("2")}
    return [
        Result(
            f"Receiver at {RATE}/s for {SECONDS} s: slowest per cent",
            f"{took['p99']:.1f} ms",
            f"<= {GOAL_MS} ms",
            met=took["p99"] <= GOAL_MS,
        ),
        Result("  median, 90 %, 99.9 %, slowest", " / ".join(f"{took[n]:.0f}" for n in _SHOWN) + " ms"),
        Result("  of it our sender's own lateness (99 %)", f"{late['p99']:.1f} ms"),
        Result(
            "  deliveries not answered with 2xx",
            f"{sent - good:,} {others or ''}".strip(),
            "0",
            met=sent == good,
        ),
        Result("  runs stored", f"{stored:,}", f"{sent:,}", met=stored == sent),
        Result("  steps that workers took meanwhile", f"{steps:,}"),
    ]


_SHOWN = ("p50", "p90", "p999", "max")
