"""Small programs for the supervisor to supervise, and what it takes to look at them."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil

DEADLINE_S = 20.0
"""Nothing here takes a second on an idle machine; this is for a busy one."""

PATIENT = "import signal; signal.pause()"
STUBBORN = """
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("up", flush=True)
while True:
    signal.pause()
"""
FAMILY = """
import os, signal, subprocess, sys
patient = [sys.executable, "-c", "import signal; signal.pause()"]
same_session = subprocess.Popen(patient)
own_session = subprocess.Popen(patient, start_new_session=True)
with open(sys.argv[1] + ".new", "w") as file:
    file.write(f"{same_session.pid} {own_session.pid}")
os.rename(sys.argv[1] + ".new", sys.argv[1])
signal.pause()
"""
"""A process with offspring: one in its session, and one that left it, as PostgreSQL's backends do."""


def python(code: str, *arguments: str) -> tuple[str, ...]:
    """The command line that runs ``code``."""
    return (sys.executable, "-c", code, *arguments)


def eventually(condition: Callable[[], object], what: str) -> None:
    """Poll until the condition holds."""
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, f"not within {DEADLINE_S:g} s: {what}"
        time.sleep(0.02)


def alive(pid: int) -> bool:
    """Whether the process runs; one that is dead but not reaped does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def family(path: Path) -> list[int]:
    """The offspring that FAMILY wrote down."""
    eventually(path.exists, "the family is complete")
    return [int(pid) for pid in path.read_text().split()]


def run_script(
    code: str, *arguments: str, interpreter: str = sys.executable, user: int | None = None
) -> subprocess.CompletedProcess[str]:
    """Run ``code`` in a Python of its own with what we can import, as another user where one is given."""
    return subprocess.run(
        [interpreter, "-c", code, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd="/",
        env={"PATH": os.defpath, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        user=user,
        group=user,
        extra_groups=None if user is None else [],
    )
