"""100,000 hostile requests against the real web process: statuses counted, none of them a 5xx.

gunicorn with the product's configuration and a real PostgreSQL; beside the requests, slow senders hold most
threads of a process half of the time. ``MLC_TEST_SEED`` chooses other requests,
``MLC_BENCH_HOSTILE`` another number.
"""

import contextlib
import os
import random
import socket
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from connector import settings as environment
from connector import store
from connector.pipeline.services import open_services
from connector.runtime import ports
from connector.runtime.probe import healthy
from connector.runtime.processes import REPOSITORY
from connector.runtime.servers import ensure
from connector.runtime.specs import ProcessSpec
from connector.runtime.supervisor import Supervisor
from tests.benchmarks.result import Result
from tests.integration.security.hostile import raw, request, send, status
from tests.integration.webapp.world import add_tenant, tenant_config

REQUESTS = int(os.environ.get("MLC_BENCH_HOSTILE") or "100000")
SEED = int(os.environ.get("MLC_TEST_SEED") or "4")
SENDERS = 6
"""Two fewer than the processes have threads."""

SLOW = 3
"""Slow senders at any time, one fewer than one process has threads: as many would hold everybody up until
they are thrown out after ten seconds, which the test of slow senders shows. They come back after as long."""

PAUSE_S = 10.0


def measure() -> list[Result]:
    """The count of each status, and whether the process is what it was."""
    with tempfile.TemporaryDirectory(prefix="mlc-bench-") as folder:
        Path(folder).chmod(0o711)  # PostgreSQL may run as another user
        var_dir = Path(folder) / "var"
        with ensure({}, var_dir) as servers:
            port = ports.free_port(())
            values = {**servers.environment, "MLC_VAR_DIR": str(var_dir)}
            store.migrate(values["DATABASE_URL"])
            services = open_services(environment.load({**os.environ, **values}))
            add_tenant(services, tenant_config())
            services.database.close()
            with Supervisor([_web(values, port)], var_dir), _slow_senders(port):
                started = time.monotonic()
                seen, wrong = _send_all(port)
                took = time.monotonic() - started
                alive = status(send(port, raw(["GET /healthz HTTP/1.1", "Host: a", "Connection: close"])))
                log = (var_dir / "log" / "web.log").read_text("utf-8", "replace")
    return _results(seen, wrong, took=took, alive=alive == 200, traces=log.count("Traceback"))


def _web(values: dict[str, str], port: int) -> ProcessSpec:
    return ProcessSpec(
        "web",
        (
            str(Path(sys.executable).parent / "gunicorn"),
            *("-c", "config/gunicorn.conf.py", "webapp.app:create_app()"),
        ),
        env={**values, "MLC_WEB_BIND": f"127.0.0.1:{port}"},
        ready=lambda: healthy(port, "/healthz"),
        cwd=REPOSITORY,
    )


def _send_all(port: int) -> tuple[Counter[int], list[str]]:
    seen: Counter[int] = Counter()
    wrong: list[str] = []
    lock = threading.Lock()

    def work(share: int) -> None:
        rng = random.Random(f"{SEED}-{share}")  # noqa: S311 - repeatable, no secret
        for _number in range(len(range(share, REQUESTS, SENDERS))):
            content = request(rng)
            try:
                answer = send(port, content)
            except OSError as e:
                with lock:
                    wrong.append(f"{type(e).__name__}: {content[:200]!r}")
                continue
            with lock:
                seen[status(answer)] += 1
                if status(answer) >= 500 or b"Traceback" in answer:
                    wrong.append(f"{content[:200]!r} -> {answer[:200]!r}")

    threads = [threading.Thread(target=work, args=(share,)) for share in range(SENDERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return seen, wrong


@contextlib.contextmanager
def _slow_senders(port: int) -> Iterator[None]:
    over = threading.Event()

    def drip() -> None:
        head = b"POST /webhooks/pipedrive/acme HTTP/1.1\r\nHost: a\r\nX-Slow: "
        while not over.is_set():
            with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
                slow = [
                    stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=5))
                    for _number in range(SLOW)
                ]
                for connection in slow:
                    connection.sendall(head)
                while not over.wait(1.0):
                    for connection in slow:
                        connection.sendall(b"x")
            over.wait(PAUSE_S)

    thread = threading.Thread(target=drip)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _results(seen: Counter[int], wrong: list[str], *, took: float, alive: bool, traces: int) -> list[Result]:
    for line in wrong[:20]:
        print(line)
    answered = seen.total()
    shown = ", ".join(f"{code or 'closed'}: {count:,}" for code, count in sorted(seen.items()))
    failures = sum(count for code, count in seen.items() if code >= 500)
    return [
        Result(f"Hostile requests (seed {SEED}) in {took:.0f} s", f"{answered:,}", f"{REQUESTS:,}"),
        Result(f"  {shown}", ""),
        Result(
            "  5xx, or no answer and no end", f"{failures:,}, {len(wrong) - failures:,}", "0", met=not wrong
        ),
        Result(
            "  traces in the log; process alive", f"{traces}, {alive}", "0, True", met=alive and not traces
        ),
    ]
