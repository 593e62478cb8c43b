"""What a tenant with 50,000 waiting deals costs another tenant's deal, with the product's own workers.

The whole product as the demo starts it, with its real timers. The waiting deals stand in the database as the
receiver stores them, and each has had its wake-up call; the first of them exist at the sandbox, so that the
workers are never without real work of the busy tenant. Beside them the quiet tenant wins a deal now and then.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
import psycopg2

from connector.runtime.folders import read_record
from connector.runtime.postgres import EmbeddedPostgres
from connector.runtime.processes import REPOSITORY
from tests.acceptance.demo_process import DemoProcess
from tests.benchmarks.hand_over import carried_ms, post, seeded_organization
from tests.benchmarks.result import Result

GOAL_S = 5.0
WAITING = int(os.environ.get("MLC_BENCH_WAITING") or "50000")
REAL_DEALS = 2_000
"""More than the workers carry in the time."""
DEALS = int(os.environ.get("MLC_BENCH_DEALS") or "20")
"""Of the quiet tenant, before and while the other one's wait."""
PAUSE_S = 1.5

BUSY, QUIET = "beispiel-digital", "muster-beratung"
FIRST_DEAL = 7_000_000

FINISHED = int(os.environ.get("MLC_BENCH_FINISHED") or "1000000")
"""Runs that ended long ago, for the price of a sweep."""

_WAITING = """
    INSERT INTO run (tenant_id, deal_id, kind, state, due_at, created_at, updated_at)
    SELECT id, %(first)s + number, 'invoice', 'received',
        now() - (%(count)s - number) * interval '1 millisecond', now(), now()
    FROM tenant, generate_series(0, %(count)s - 1) AS number WHERE key = %(tenant)s ORDER BY number
    RETURNING tenant_id, id
"""
_FINISHED = """
    INSERT INTO run (tenant_id, deal_id, kind, state, ignore_rule, due_at, created_at, updated_at)
    SELECT id, 100000000 + number, 'invoice', 'ignored', 'benchmark', now(), now(), now()
    FROM tenant, generate_series(1, %(count)s) AS number WHERE key = %(tenant)s
"""
_LEFT = """
    SELECT count(*) FILTER (WHERE state = 'received' AND waiting_for = ''), count(*) FILTER (WHERE state IN
    ('resolved', 'debtor_ready', 'rendered', 'documented', 'batched', 'posted', 'done'))
    FROM run WHERE deal_id >= %(first)s AND deal_id < %(first)s + %(count)s
"""
_WAKE = """
import sys
from tasks.wake import wake_run
tenant_id, first, last = map(int, sys.argv[1:])
print(sum(wake_run(run_id, tenant_id) for run_id in range(first, last + 1)))
"""
_SWEEP = """
import time
from connector.pipeline.lanes import LANES
from connector.pipeline.sweep import due, not_woken
from tasks.process import services
for lane in LANES:
    due(services(), lane)
times = []
for _ in range(10):
    started = time.perf_counter()
    for lane in LANES:
        not_woken(services(), lane, [row.id for row in due(services(), lane)])
    times.append(time.perf_counter() - started)
print(sorted(times)[len(times) // 2] * 1000)
"""


def measure() -> list[Result]:
    """The quiet tenant's deals alone and beside the waiting ones, and what a sweep costs then."""
    with tempfile.TemporaryDirectory(prefix="mlc-bench-") as folder:
        Path(folder).chmod(0o711)  # PostgreSQL may run as another user
        var_dir = Path(folder) / "var" / "demo"
        with DemoProcess(var_dir, extra={"MLC_TIME_SCALE": "1"}) as demo:
            demo.await_text("Everything stays up", timeout_s=360)
            port = read_record(var_dir / "run" / "demo.ports.json")["sandbox"]
            environment = psutil.Process(demo.pids()["worker-intake"]).environ()
            with closing(psycopg2.connect(EmbeddedPostgres(var_dir / "postgres").url)) as connection:
                connection.autocommit = True
                return _measured(connection, port, environment)


def _measured(connection: Any, port: int, environment: Mapping[str, str]) -> list[Result]:
    quiet = f"http://127.0.0.1:{port}/control/pipedrive/accounts/{QUIET}"
    organization_id = seeded_organization(quiet)
    # The first deal brings the debtor and fills the caches; it does not count.
    alone = [_carried(connection, quiet, organization_id, number) for number in range(DEALS + 1)][1:]
    _seed(port)
    _execute(connection, _FINISHED, tenant=QUIET, count=FINISHED)
    _execute(connection, "ANALYZE run")
    sweep_alone = float(_run(_SWEEP, environment))
    rows = _execute(connection, _WAITING, tenant=BUSY, first=FIRST_DEAL, count=WAITING)
    runs = sorted(run_id for _tenant, run_id in rows)
    sent = int(_run(_WAKE, environment, str(rows[0][0]), str(runs[0]), str(runs[-1])))
    beside = [_carried(connection, quiet, organization_id, 100 + number) for number in range(DEALS)]
    [(untouched, carried)] = _execute(connection, _LEFT, first=FIRST_DEAL, count=WAITING)
    sweep_beside = float(_run(_SWEEP, environment))
    worst = (max(beside) - statistics.median(alone)) / 1000
    return [
        Result("Quiet tenant alone: received to submitted, median (longest)", _times(alone)),
        Result(f"… beside {WAITING:,} waiting deals of another", _times(beside)),
        Result(
            "Longest delay by another tenant's deals", f"{worst:.2f} s", f"< {GOAL_S:.0f} s", worst < GOAL_S
        ),
        Result("Wake-up calls let into the queues, of those made", f"{sent:,} of {WAITING:,}"),
        Result("Busy tenant meanwhile: carried, not yet begun", f"{carried:,}, {untouched:,}"),
        Result(
            f"A sweep's questions with {FINISHED:,} finished runs, and with the waiting",
            f"{sweep_alone:.1f} ms, {sweep_beside:.1f} ms",
        ),
    ]


def _carried(connection: Any, account: str, organization_id: int, number: int) -> float:
    time.sleep(PAUSE_S)
    return carried_ms(connection, account, "postings", organization_id, number)


def _times(found: list[float]) -> str:
    return f"{statistics.median(found):.0f} ms ({max(found):.0f} ms)"


def _seed(port: int) -> None:
    account = f"http://127.0.0.1:{port}/control/pipedrive/accounts/{BUSY}"
    organization_id = seeded_organization(account)
    line = {"name": "Beratung", "item_price": 100.0, "quantity": 1, "tax": 19, "tax_method": "exclusive"}
    deal = {"org_id": organization_id, "status": "won", "products": [line]}
    for first in range(FIRST_DEAL, FIRST_DEAL + REAL_DEALS, 250):
        deals = [{**deal, "id": number, "title": f"Messung {number}"} for number in range(first, first + 250)]
        post(f"{account}/seed", {"deals": deals})


def _execute(connection: Any, statement: str, **values: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall()) if cursor.description else []


def _run(program: str, environment: Mapping[str, str], *arguments: str) -> str:
    """A program beside the workers, with their settings."""
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env=dict(environment),
        cwd=REPOSITORY,
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    return done.stdout.splitlines()[-1]
