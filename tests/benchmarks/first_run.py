"""From a fresh clone to posted deals: ``git clone`` and ``make demo ONCE=1``, installation included."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.acceptance.demo_process import SETTINGS_OF_THE_CALLER
from tests.benchmarks.result import Result

REPOSITORY = Path(__file__).resolve().parents[2]

GOAL_S = 120
TIMEOUT_S = 900
"""Far beyond the goal: a slow package index is to be seen, not to break the bench."""


def measure() -> list[Result]:
    """One run; the packages come from wherever pip takes them (its cache counts as installed before)."""
    with tempfile.TemporaryDirectory(prefix="mlc-bench-") as folder:
        Path(folder).chmod(0o711)  # PostgreSQL may run as another user
        clone = Path(folder) / "clone"
        environ = {k: v for k, v in os.environ.items() if not SETTINGS_OF_THE_CALLER.match(k)}
        started = time.monotonic()
        subprocess.run(["git", "clone", "--quiet", str(REPOSITORY), str(clone)], check=True)
        done = subprocess.run(
            ["make", "demo", "ONCE=1", f"PYTHON={_interpreter()}"],
            cwd=clone,
            env={k: v for k, v in environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL", "PYTHONPATH")},
            capture_output=True,
            encoding="utf-8",
            timeout=TIMEOUT_S,
            check=False,
        )
        took = time.monotonic() - started
    if done.returncode:
        print(done.stdout, done.stderr, sep="\n")
        return [Result("Clone to posted deals", f"failed ({done.returncode})", f"< {GOAL_S} s", met=False)]
    met = took < GOAL_S
    return [Result("Clone to posted deals, installation included", f"{took:.1f} s", f"< {GOAL_S} s", met=met)]


def _interpreter() -> str:
    """The Python behind our own environment: a user has no environment yet."""
    return str(Path(sys.base_prefix) / "bin" / "python3")
