"""The demo as a user starts it: a process of its own, its output, the processes below it."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from connector.runtime.folders import read_record
from connector.runtime.leftovers import marked_processes, processes_working_in

PROGRAM = Path(sys.executable).parent / "ml-connector"

STARTED_TIMEOUT_S = 120.0
"""Six seconds on an idle machine; the build server does other things, too."""

ENDED_TIMEOUT_S = 420.0
"""The demo's own limit (300 s) and its start and stop."""

_POLL_S = 0.02

SETTINGS_OF_THE_CALLER = re.compile(
    r"(MLC|DATEV|PIPEDRIVE|FLOWER|DATABASE_URL|REDIS_URL|TEST_|PYTEST|CELERY|GUNICORN|WEB_CONCURRENCY)"
)


class DemoProcess:
    """A running demo.

    :param var_dir: where the demo keeps its data: a folder named ``demo``.
    :param options: of ``ml-connector demo``.
    :param extra: environment variables on top of the caller's, from which all settings are removed.
    :param user: number of the user to run as, for root only.
    """

    def __init__(
        self,
        var_dir: Path,
        *options: str,
        extra: Mapping[str, str] | None = None,
        user: int | None = None,
    ) -> None:
        inherited = {k: v for k, v in os.environ.items() if not SETTINGS_OF_THE_CALLER.match(k)}
        self.var_dir = var_dir
        self.lines: list[str] = []
        self._process = subprocess.Popen(
            [str(PROGRAM), "demo", *options],
            env={**inherited, "MLC_VAR_DIR": str(var_dir.parent), **(extra or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            user=user,
            group=user,
            extra_groups=None if user is None else [],
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def text(self) -> str:
        """Everything said so far."""
        return "\n".join(self.lines)

    @property
    def pid(self) -> int:
        """The demo's own process, which is also the leader of its group."""
        return self._process.pid

    def pids(self) -> dict[str, int]:
        """The supervised processes: name to process number."""
        found = {}
        for name in ("servers", "supervisor"):
            record = read_record(self.var_dir / "run" / f"{name}.json")
            found.update({entry["name"]: entry["pid"] for entry in record.get("processes", [])})
        return found

    def await_text(self, pattern: str, *, timeout_s: float = STARTED_TIMEOUT_S) -> None:
        """Return as soon as the demo has said something that matches."""
        wanted = re.compile(pattern)
        deadline = time.monotonic() + timeout_s
        while not wanted.search(self.text):
            if self._process.poll() is not None:
                self._reader.join()
                if wanted.search(self.text):
                    return
                raise AssertionError(f"The demo ended before it said {pattern!r}:\n{self.text}")
            if time.monotonic() > deadline:
                raise AssertionError(f"The demo did not say {pattern!r} within {timeout_s} s:\n{self.text}")
            time.sleep(_POLL_S)

    def is_running(self) -> bool:
        """Whether the demo itself still runs."""
        return self._process.poll() is None

    def send_after(self, delay_s: float, name: str) -> None:
        """Send a signal to the demo's process alone, a while from now."""
        time.sleep(delay_s)
        self._process.send_signal(signal.Signals[name])

    def kill_after(self, delay_s: float) -> None:
        """Kill the demo's process, a while from now; what it supervises goes on."""
        self.send_after(delay_s, "SIGKILL")
        self._process.wait()

    def ended(self, *, timeout_s: float = ENDED_TIMEOUT_S) -> int:
        """Wait for the end; the exit code as a shell shows it."""
        try:
            code = self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"The demo did not end within {timeout_s:g} s:\n{self.text}") from None
        self._reader.join()
        return code if code >= 0 else 128 - code

    def left_behind(self) -> list[str]:
        """Processes of this folder that still run, as the supervisor's marks and PostgreSQL's folder tell."""
        folder = self.var_dir.resolve()
        marked = marked_processes(str(folder))
        working = processes_working_in(folder / "postgres" / "data")
        return [_described(process) for process in {*marked, *working}]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Whatever the test thinks of it: nothing of the demo runs on."""
        if self.is_running():
            self._process.terminate()
            try:
                self._process.wait(60)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        folder = self.var_dir.resolve()
        for process in [*marked_processes(str(folder)), *processes_working_in(folder / "postgres" / "data")]:
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
        self._reader.join()
        if self._process.stdout:
            self._process.stdout.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.lines.append(line.rstrip("\n"))


def _described(process: psutil.Process) -> str:
    try:
        return f"{process.pid} {process.status()} {' '.join(process.cmdline())}"
    except psutil.Error:
        return str(process.pid)
