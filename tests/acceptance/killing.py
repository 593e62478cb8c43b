"""Kills one process of a running demo at a chosen moment and looks whether that changed anything."""

import os
import random
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.acceptance.arrivals import arrivals, booked_documents, broken_promises
from tests.acceptance.demo_process import DemoProcess

MAIN = (
    "web",
    "worker-intake",
    "worker-datev",
    "worker-ops",
    "beat",
    "flower",
    "sandbox",
    "valkey",
    "postgres",
)
"""Every process that the supervisor keeps running."""

WITH_CHILDREN = ("web", "worker-intake", "worker-datev", "worker-ops", "sandbox", "postgres")
"""Those that work in processes of their own: Celery's pool, gunicorn's workers, PostgreSQL's backends."""

TARGETS = (*MAIN, *(f"{name} child" for name in WITH_CHILDREN))

MOMENTS = {
    "login": (r"Sandbox +http", 0.6),
    "won": (r"deals are won", 0.6),
    "intake": (r"\d  resolved", 1.0),
    "hand_over": (r"\d  batched", 1.5),
    "poll": (r"\d  (posted|done)", 1.5),
}
"""What the demo says at the beginning of a moment, and how many seconds the moment lasts."""

IN_A_HURRY = {"MLC_TIME_SCALE": "0.05"}
"""A lease of 9 s, which is what a killed worker costs. Not shorter: a call to a partner may take 1.5 s then,
also on a busy machine."""

CHILD_TIMEOUT_S = 10.0
"""A pool that has just been started gets its processes within this time."""


@dataclass(frozen=True, slots=True)
class Kill:
    """Who dies, and when."""

    target: str
    moment: str
    delay_s: float
    """After the beginning of the moment."""

    def __str__(self) -> str:
        return f"{self.target} {self.delay_s:.2f} s into {self.moment}"


def several(rng: random.Random, count: int) -> list[Kill]:
    """Kills of different targets at different moments of one demo, in the order of the moments."""
    moments = sorted(rng.sample(list(MOMENTS), count), key=list(MOMENTS).index)
    targets = rng.sample(TARGETS, count)
    chosen = zip(targets, moments, strict=True)
    return [Kill(target, moment, _delay(rng, moment)) for target, moment in chosen]


def _delay(rng: random.Random, moment: str) -> float:
    return round(rng.uniform(0, MOMENTS[moment][1]), 2)


def run_with(kills: list[Kill], var_dir: Path) -> tuple[list[str], str]:
    """Run the demo, kill in the middle.

    :returns: everything that the kills have changed (nothing, it is hoped), and the demo's output.
    """
    with DemoProcess(var_dir, "--once", extra=IN_A_HURRY) as demo:
        killed = []
        for kill in kills:
            demo.await_text(MOMENTS[kill.moment][0])
            time.sleep(kill.delay_s)
            killed.append(_kill(demo, kill.target))
        code = demo.ended()
        changed = [] if code == 0 else [f"exit code {code}"]
        if "13 of 13 deals ended where they should" not in demo.text:
            changed.append("not every deal ended where it should")
        if not all(killed):
            changed.append("the demo was over before everything was killed")
        changed += [f"left behind: {process}" for process in demo.left_behind()]
        return changed + broken_promises(arrivals(var_dir), booked_documents(demo.text)), demo.text


def _kill(demo: DemoProcess, target: str) -> bool:
    """SIGKILL the target; False if the demo has ended meanwhile."""
    name, _, child = target.partition(" ")
    deadline = time.monotonic() + CHILD_TIMEOUT_S
    while demo.is_running() and time.monotonic() < deadline:
        pid = demo.pids().get(name)
        chosen = _child_of(pid) if pid and child else pid
        if chosen:
            os.kill(chosen, signal.SIGKILL)
            return True
        time.sleep(0.02)
    return False


def _child_of(pid: int) -> int | None:
    """A process that works for ``pid``: the youngest, which for PostgreSQL is a connection's backend."""
    try:
        children = psutil.Process(pid).children()
    except psutil.NoSuchProcess:
        return None
    return max(children, key=lambda child: child.create_time()).pid if children else None
