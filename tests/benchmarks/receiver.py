"""The receiver's full path beside the bare endpoint: same gunicorn, same servers, in turns."""

import hashlib
import hmac
import json
import os
import statistics
import sys
import tempfile
from pathlib import Path

import psycopg2

from connector import settings as environment
from connector import store
from connector.pipeline.services import open_services
from connector.runtime import ports
from connector.runtime.probe import healthy
from connector.runtime.processes import REPOSITORY
from connector.runtime.servers import ensure
from connector.runtime.specs import ProcessSpec
from connector.runtime.supervisor import Supervisor
from tests.benchmarks.bare import HEADER, TABLE
from tests.benchmarks.load import request, requests_per_second
from tests.benchmarks.result import Result
from tests.integration.webapp.world import HMAC_KEY, add_tenant, signed_receiver, tenant_config

GOAL = 0.8
ROUNDS = 8
"""Each of both endpoints gets as many, in turns, so that a busy machine slows down both."""

REQUESTS = 400
"""Of one round: a quarter of a second."""

WARM_UP = 100


def measure() -> list[Result]:
    """Rates of both and their ratio, which is the median over the rounds."""
    with tempfile.TemporaryDirectory(prefix="mlc-bench-") as folder:
        Path(folder).chmod(0o711)  # PostgreSQL may run as another user
        var_dir = Path(folder) / "var"
        with ensure({}, var_dir) as servers:
            chosen = ports.free_ports(["ours", "bare"])
            values = {**servers.environment, "MLC_VAR_DIR": str(var_dir), "BARE_KEY": HMAC_KEY}
            _prepare(values)
            with Supervisor(_specs(values, chosen), var_dir):
                return _results(chosen)


def _prepare(values: dict[str, str]) -> None:
    store.migrate(values["DATABASE_URL"])
    services = open_services(environment.load({**os.environ, **values}))
    add_tenant(services, tenant_config(receiver=signed_receiver()))
    services.database.close()
    connection = psycopg2.connect(values["DATABASE_URL"])
    with connection, connection.cursor() as cursor:
        cursor.execute(TABLE)
    connection.close()


def _specs(values: dict[str, str], chosen: dict[str, int]) -> list[ProcessSpec]:
    apps = {"ours": "webapp.app:create_app()", "bare": "tests.benchmarks.bare:create_app()"}
    return [
        ProcessSpec(
            name,
            (str(Path(sys.executable).parent / "gunicorn"), "-c", "config/gunicorn.conf.py", app),
            env={**values, "MLC_WEB_BIND": f"127.0.0.1:{chosen[name]}"},
            ready=lambda name=name: healthy(chosen[name], "/healthz"),  # type: ignore[misc]
            cwd=REPOSITORY,
        )
        for name, app in apps.items()
    ]


def _results(chosen: dict[str, int]) -> list[Result]:
    paths = {"ours": "/webhooks/pipedrive/acme", "bare": "/webhook"}
    rates: dict[str, list[float]] = {"ours": [], "bare": []}
    number = 0
    for count in (WARM_UP, *[REQUESTS] * ROUNDS):
        for name, path in paths.items():
            deliveries = [_delivery(path, number + offset) for offset in range(count)]
            number += count
            rates[name].append(requests_per_second(chosen[name], deliveries, b" 202 "))
    ours, bare = rates["ours"][1:], rates["bare"][1:]
    ratio = statistics.median(mine / theirs for mine, theirs in zip(ours, bare, strict=True))
    return [
        Result("Receiver: HMAC, inbox, run, journal, wake-up call", f"{statistics.median(ours):,.0f} /s"),
        Result("Bare endpoint: HMAC, INSERT, delay", f"{statistics.median(bare):,.0f} /s"),
        Result("Receiver beside the bare endpoint", f"{ratio:.2f} x", f">= {GOAL} x", met=ratio >= GOAL),
    ]


def _delivery(path: str, number: int) -> bytes:
    """A deal that has just been won, with about the fields that Pipedrive sends."""
    deal = {
        "id": 1_000_000 + number,
        "title": f"Deal {number}",
        "status": "won",
        "won_time": "2026-03-01T10:00:00Z",
        "update_time": "2026-03-01T10:00:00Z",
        "value": 1000.0,
        "currency": "EUR",
        "org_id": 1,
        "pipeline_id": 1,
        "stage_id": 1,
        "label_ids": [],
        "custom_fields": {f"{field:040x}": None for field in range(10)},
    }
    meta = {
        "action": "change",
        "entity": "deal",
        "entity_id": str(deal["id"]),
        "id": f"bench-{number}",
        "webhook_id": "1",
        "attempt": 1,
        "version": "2.0",
    }
    body = json.dumps({"meta": meta, "data": deal, "previous": {"status": "open"}}).encode()
    signature = hmac.new(HMAC_KEY.encode(), body, hashlib.sha256).hexdigest()
    return request(path, {HEADER: f"sha256={signature}"}, body)
