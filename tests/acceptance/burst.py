"""A burst of deliveries over HTTP against the real web process: exactly the right runs, and no refusal.

``python -m tests.acceptance.burst`` sends 10,000, of which 30 % tell what others tell as well: half of those
are the same delivery again, as Pipedrive repeats it, half the same win by another hook.
"""

import argparse
import base64
import http.client
import json
import os
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
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
from tests.integration.webapp.world import PASSWORD, add_tenant, tenant_config

DELIVERIES = 10_000
DUPLICATES = 0.3
THREADS = 8
"""Senders at once: as many as the web process has threads."""

TIMEOUT_S = 10.0
"""Pipedrive waits no longer for an answer."""

_AUTHORIZATION = "Basic " + base64.b64encode(f"pipedrive:{PASSWORD}".encode()).decode()


@dataclass(frozen=True)
class Burst:
    """What is sent, and what has to come of it."""

    bodies: Sequence[bytes]
    deals: int
    events: int
    """Different ones: a repeated delivery is the same event."""


@dataclass(frozen=True)
class Ended:
    """What came of it."""

    took_s: float
    statuses: Counter[int]
    runs: int
    deals: int
    """Deals that have a run."""
    stored: int
    """Deliveries in the inbox."""

    def problems(self, burst: Burst) -> list[str]:
        """Everything that is not as it has to be."""
        refused = {status: count for status, count in self.statuses.items() if status not in (200, 202)}
        checks = (
            ("answers other than 200 and 202", refused, {}),
            ("answers", self.statuses.total(), len(burst.bodies)),
            ("runs", self.runs, burst.deals),
            ("deals with a run", self.deals, burst.deals),
            ("deliveries in the inbox", self.stored, burst.events),
        )
        return [f"{what}: {found}, not {wanted}" for what, found, wanted in checks if found != wanted]


def make_burst(deliveries: int, seed: int) -> Burst:
    """Deliveries in a random order."""
    chance = random.Random(seed)  # noqa: S311 - a repeatable choice, no secret
    deals = deliveries - round(deliveries * DUPLICATES)
    repeats = [
        (chance.randint(1, deals), hook) for hook in (1, 2) for _one in range((deliveries - deals) // 2)
    ]
    told = [*((deal, 1, 1) for deal in range(1, deals + 1)), *((deal, hook, 2) for deal, hook in repeats)]
    told += [(1, 1, 2)] * (deliveries - len(told))
    chance.shuffle(told)
    bodies = [_body(deal, hook, attempt) for deal, hook, attempt in told]
    return Burst(bodies, deals, len({(deal, hook) for deal, hook, _attempt in told}))


def send_burst(burst: Burst, *, threads: int = THREADS) -> Ended:
    """Start PostgreSQL, Valkey and the web process, send everything, and look what is stored."""
    with tempfile.TemporaryDirectory(prefix="mlc-burst-") as folder:
        Path(folder).chmod(0o711)  # PostgreSQL may run as another user
        var_dir = Path(folder) / "var"
        with ensure({}, var_dir) as servers:
            values = {**servers.environment, "MLC_VAR_DIR": str(var_dir)}
            store.migrate(values["DATABASE_URL"])
            services = open_services(environment.load({**os.environ, **values}))
            add_tenant(services, tenant_config())
            services.database.close()
            port = ports.free_ports(["web"])["web"]
            with Supervisor([_web(values, port)], var_dir):
                started = time.monotonic()
                statuses = _send(port, burst.bodies, threads)
                took_s = time.monotonic() - started
            return Ended(took_s, statuses, *_stored(values["DATABASE_URL"]))


def _body(deal_id: int, hook: int, attempt: int) -> bytes:
    deal = {
        "id": deal_id,
        "status": "won",
        "won_time": "2026-03-01T10:00:00Z",
        "update_time": "2026-03-01T10:00:00Z",
        "currency": "EUR",
        "pipeline_id": 1,
    }
    meta = {
        "action": "change",
        "entity": "deal",
        "entity_id": str(deal_id),
        "id": f"burst-{deal_id}",
        "webhook_id": str(hook),
        "attempt": attempt,
        "version": "2.0",
    }
    return json.dumps({"meta": meta, "data": deal, "previous": {"status": "open"}}).encode()


def _web(values: dict[str, str], port: int) -> ProcessSpec:
    gunicorn = str(Path(sys.executable).parent / "gunicorn")
    return ProcessSpec(
        "web",
        (gunicorn, "-c", "config/gunicorn.conf.py", "webapp.app:create_app()"),
        env={**values, "MLC_WEB_BIND": f"127.0.0.1:{port}"},
        ready=lambda: healthy(port, "/healthz"),
        cwd=REPOSITORY,
    )


def _send(port: int, bodies: Sequence[bytes], threads: int) -> Counter[int]:
    """Every delivery once, by several senders; 0 counts those that got no answer in time."""
    found: list[Counter[int]] = [Counter() for _thread in range(threads)]
    senders = [
        threading.Thread(target=_send_share, args=(port, bodies[number::threads], found[number]))
        for number in range(threads)
    ]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    return sum(found, Counter())


def _send_share(port: int, bodies: Sequence[bytes], statuses: Counter[int]) -> None:
    headers = {"Content-Type": "application/json", "Authorization": _AUTHORIZATION}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    for body in bodies:
        # A web process that is renewed closes its kept connections: any client then opens another.
        for last in (False, True):
            try:
                connection.request("POST", "/webhooks/pipedrive/acme", body, headers)
                answer = connection.getresponse()
                answer.read()
                statuses[answer.status] += 1
                break
            except (OSError, http.client.HTTPException) as e:
                connection.close()
                if last or not isinstance(e, ConnectionError):
                    statuses[0] += 1
                    break
    connection.close()


def _stored(database_url: str) -> tuple[int, int, int]:
    connection = psycopg2.connect(database_url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(
                "SELECT (SELECT count(*) FROM run), (SELECT count(DISTINCT deal_id) FROM run), "
                "(SELECT count(*) FROM inbox)"
            )
            runs, deals, stored = cursor.fetchone() or (0, 0, 0)
    finally:
        connection.close()
    return runs, deals, stored


def main() -> int:
    """The whole burst; 0 if everything is as it has to be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deliveries", type=int, default=DELIVERIES)
    parser.add_argument("--threads", type=int, default=THREADS)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    chosen = parser.parse_args()
    burst = make_burst(chosen.deliveries, chosen.seed)
    ended = send_burst(burst, threads=chosen.threads)
    answers = ", ".join(f"{count} x {status or 'none'}" for status, count in sorted(ended.statuses.items()))
    sent = len(burst.bodies)
    print(
        f"seed {chosen.seed}: {sent} deliveries about {burst.deals} deals in {ended.took_s:.1f} s "
        f"({sent / ended.took_s:.0f}/s); answers: {answers}; runs: {ended.runs}"
    )
    problems = ended.problems(burst)
    print("\n".join(problems) if problems else "as it has to be")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
