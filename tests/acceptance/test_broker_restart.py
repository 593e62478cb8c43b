"""A worker whose broker was away for a moment does not stay alive without working."""

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import redis
from celery import Celery

from connector.runtime.processes import REPOSITORY
from connector.runtime.servers import ensure
from tests.acceptance.demo_process import PROGRAM, SETTINGS_OF_THE_CALLER

QUEUE = "ops"
NO_DATABASE = "postgresql://nobody@127.0.0.1:9/none"
"""Given, so that none is started; the worker opens no connection to it."""

TIMEOUT_S = 30
"""A reconnecting worker waits 2 s before its first try, 4 s before its second."""


def test_a_worker_whose_subscription_broke_takes_messages_again() -> None:
    """As after a quick restart of the broker, where it is chance which connection's end is seen first."""
    with tempfile.TemporaryDirectory(prefix="mlc-acceptance-") as folder:
        var_dir = Path(folder)
        with (
            ensure({"DATABASE_URL": NO_DATABASE}, var_dir) as servers,
            _worker(servers.redis_url, var_dir),
            redis.Redis.from_url(servers.redis_url, socket_timeout=5) as client,
        ):
            _deliver_one(servers.redis_url, client)
            assert 1 <= int(client.client_kill_filter(_type="pubsub"))
            # The first one only answers the question that the worker had asked before.
            for _message in range(3):
                _deliver_one(servers.redis_url, client)


@contextmanager
def _worker(redis_url: str, var_dir: Path) -> Iterator["subprocess.Popen[bytes]"]:
    inherited = {k: v for k, v in os.environ.items() if not SETTINGS_OF_THE_CALLER.match(k)}
    command = [str(PROGRAM.parent / "celery"), "-A", "tasks.app", "worker", "-Q", QUEUE, "-c", "1"]
    with (var_dir / "worker.log").open("wb") as log:
        worker = subprocess.Popen(
            [*command, "-E", "--without-mingle", "--without-gossip"],
            env={
                **inherited,
                "REDIS_URL": redis_url,
                "DATABASE_URL": NO_DATABASE,
                "MLC_VAR_DIR": str(var_dir),
            },
            cwd=REPOSITORY,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield worker
    finally:
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()


def _deliver_one(redis_url: str, client: redis.Redis) -> None:
    """A task that no worker knows is thrown away as soon as it is taken."""
    with Celery("sender", broker=redis_url, set_as_current=False) as sender:
        sender.conf.broker_transport_options = {"global_keyprefix": "mlc:"}
        sender.send_task("no such task", queue=QUEUE)
    _eventually(lambda: client.llen(f"mlc:{QUEUE}") == 0)


def _eventually(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + TIMEOUT_S
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.05)
