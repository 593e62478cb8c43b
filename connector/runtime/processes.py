"""The table of the product's processes: what ``ml-connector up`` and the demo start.

Procfile and docker-compose.yml name the same processes with the same commands; a test compares them. One
worker process type per queue, because a slow partner must not hold up the others.
"""

import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from connector.runtime.ports import LOOPBACK
from connector.runtime.probe import healthy
from connector.runtime.specs import ProcessSpec

REPOSITORY = Path(__file__).resolve().parents[2]
"""Where config/ lies; commands name their configuration files relative to it."""

WORKER_STOP_TIMEOUT_S = 150.0
"""More than a task's hard limit (120 s), so that a worker finishes its task before it is killed."""

_WEB_STOP_TIMEOUT_S = 35.0
"""More than gunicorn's own graceful timeout of 30 s."""


@dataclass(frozen=True, slots=True)
class Process:
    """One row: a name and the command as Procfile and compose file have it."""

    name: str
    command: tuple[str, ...]
    stop_timeout_s: float = 10.0
    once: bool = False


def _worker(queue: str, processes: int) -> Process:
    # Mingle and gossip synchronise workers with each other; ours share nothing, and mingle delays every start
    # by a second. Events (-E) are for Flower.
    command = ("celery", "-A", "tasks.app", "worker", "-Q", queue, "-n", f"{queue}@%h", "-c", str(processes))
    return Process(
        f"worker-{queue}",
        (*command, "-E", "--without-mingle", "--without-gossip"),
        stop_timeout_s=WORKER_STOP_TIMEOUT_S,
    )


RELEASE = Process("release", ("ml-connector", "migrate"), once=True)

PROCESSES = (
    RELEASE,
    Process(
        "web",
        ("gunicorn", "-c", "config/gunicorn.conf.py", "webapp.app:create_app()"),
        stop_timeout_s=_WEB_STOP_TIMEOUT_S,
    ),
    _worker("intake", 2),
    _worker("datev", 2),
    _worker("ops", 1),
    # The plain scheduler keeps its times in memory. Our schedules only start sweeps that claim rows, so
    # nothing is lost with them, and there is no schedule file that a kill could damage.
    Process("beat", ("celery", "-A", "tasks.app", "beat", "-S", "celery.beat.Scheduler")),
    Process("flower", ("celery", "-A", "tasks.app", "flower", "--conf=config/flowerconfig.py")),
)

SANDBOX = Process("sandbox", ("gunicorn", "-c", "config/gunicorn.conf.py", "webapp.sandbox:create_app()"))
"""The stand-ins for Pipedrive and DATEV; only in the demo and in ``up --sandbox``."""

_SANDBOX_HEALTH_PATH = "/control/health"

_SANDBOX_ENVIRONMENT = {"WEB_CONCURRENCY": "1", "MLC_WEB_THREADS": "8", "MLC_WEB_MAX_REQUESTS": "0"}
"""One process, because its clock and its webhook deliveries are in it; threads for many callers at once."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the processes listen on the loopback address; kept for the life of the supervisor."""

    web: int
    flower: int
    sandbox: int | None = None
    """None: no sandbox."""

    @property
    def web_url(self) -> str:
        """The desk and the receiver."""
        return f"http://{LOOPBACK}:{self.web}"

    @property
    def flower_url(self) -> str:
        """Celery's own view of workers and tasks."""
        return f"http://{LOOPBACK}:{self.flower}"

    @property
    def sandbox_url(self) -> str:
        """The stand-ins' pages; empty where there is none."""
        return f"http://{LOOPBACK}:{self.sandbox}" if self.sandbox else ""


def specs(environment: Mapping[str, str], ports: Ports) -> list[ProcessSpec]:
    """The processes for the supervisor, in the order of their start.

    :param environment: set for all of them on top of the caller's own: ``DATABASE_URL``, ``REDIS_URL``,
        ``FLOWER_BASIC_AUTH`` and whatever else differs from it.
    """
    rows = (RELEASE, SANDBOX, *PROCESSES[1:]) if ports.sandbox else PROCESSES
    own: dict[str, dict[str, str]] = {
        "web": {"MLC_WEB_BIND": f"{LOOPBACK}:{ports.web}"},
        "flower": {"FLOWER_PORT": str(ports.flower), "FLOWER_ADDRESS": LOOPBACK},
        "sandbox": {"MLC_WEB_BIND": f"{LOOPBACK}:{ports.sandbox}", **_SANDBOX_ENVIRONMENT},
    }
    ready: dict[str, Callable[[], bool]] = {
        "web": lambda: healthy(ports.web, "/healthz"),
        "flower": lambda: healthy(ports.flower, "/healthcheck"),
        "sandbox": lambda: ports.sandbox is not None and healthy(ports.sandbox, _SANDBOX_HEALTH_PATH),
    }
    if var_dir := environment.get("MLC_VAR_DIR"):
        own["sandbox"]["MLC_SANDBOX_STATE_DIR"] = str(Path(var_dir) / "sandbox")
    listening = {"web": ports.web, "flower": ports.flower, "sandbox": ports.sandbox or 0}
    return [
        ProcessSpec(
            row.name,
            (_program(row.command[0]), *row.command[1:]),
            env={**environment, **own.get(row.name, {})},
            ready=ready.get(row.name),
            port=listening.get(row.name, 0),
            stop_timeout_s=row.stop_timeout_s,
            once=row.once,
            cwd=REPOSITORY,
        )
        for row in rows
    ]


def _program(name: str) -> str:
    """The program of the environment we run in, also where that is not on the PATH."""
    beside = Path(sys.executable).parent / name
    return str(beside) if beside.exists() else (shutil.which(name) or name)
