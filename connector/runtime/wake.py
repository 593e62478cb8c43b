"""Waking the workers from a command: the sweep of right now, instead of that of the next half minute.

A command knows no Celery; whoever starts the processes knows how Celery is called.
"""

import os
import subprocess
import sys
from pathlib import Path

from connector.runtime.valkey import EmbeddedValkey
from connector.settings import Settings

TIMEOUT_S = 20.0
"""A call takes a second, on a busy machine ten. Without an answer of Redis the sweep comes by itself."""


def wake_workers(settings: Settings) -> bool:
    """Publish one sweep; whether that worked. Never raises: the next sweep comes by itself."""
    url = settings.redis_url or _built_in(settings.var_dir)
    if not url:
        return False
    try:
        done = subprocess.run(
            [sys.executable, "-m", "celery", "--quiet", "--app", "tasks.app", "call", "sweep"],
            env={**os.environ, "REDIS_URL": url},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _built_in(var_dir: Path) -> str:
    """The address of the Valkey of a running ``up``; empty where there is none."""
    server = EmbeddedValkey(var_dir / "valkey")
    try:
        return server.url if server.is_ready() else ""
    except LookupError:
        return ""
