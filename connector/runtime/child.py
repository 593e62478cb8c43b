"""One supervised process: its start, its death, its end."""

import contextlib
import os
import signal
import subprocess
import time
from typing import IO

import psutil

from connector.runtime.leftovers import MARK, end_processes, processes_working_in
from connector.runtime.specs import ProcessSpec

FIRST_BACKOFF_S = 0.2
"""Long enough for the kernel to free the port, short enough that nobody notices."""

LONGEST_BACKOFF_S = 5.0
"""A process that cannot start is tried again this often; more would only fill its log."""

STEADY_AFTER_S = 10.0
"""A process that ran this long was healthy, so its death starts the backoff from the beginning."""


def backoff_s(deaths_in_a_row: int) -> float:
    """How long to wait before the restart: 0.2 s, 0.4 s, … 5 s."""
    # The exponent is bounded, because a float overflows after some thousand deaths.
    return min(LONGEST_BACKOFF_S, FIRST_BACKOFF_S * 2.0 ** min(max(deaths_in_a_row, 1) - 1, 10))


class Child:
    """A process and its way through starts and deaths.

    Started with ``start_new_session``: a Ctrl-C in the terminal reaches the supervisor alone, which then
    stops its processes in order, and the process group holds whatever the process starts.

    ``PR_SET_PDEATHSIG`` is not used: it fires when the *thread* that started the process ends (the demo
    starts us from threads), is lost when the program changes its user (as PostgreSQL's does), and never
    reaches grandchildren such as Celery's pool. The next start ends what a killed supervisor left instead.
    """

    def __init__(self, spec: ProcessSpec, mark: str) -> None:
        self.spec = spec
        self.created = 0.0
        self.deaths = 0
        """Deaths in a row, without a steady run between."""
        self.restart_at = 0.0
        self.ready = False
        self._mark = mark
        self._started_at = 0.0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The number of the running process; 0 where there is none."""
        return self._process.pid if self._process else 0

    def start(self, output: int) -> IO[bytes] | None:
        """Start the process with ``output`` as its output; returns the reading end where that is a pipe."""
        if self.spec.before_start:
            self.spec.before_start()
        path_only = {"PATH": os.environ.get("PATH", os.defpath)}
        inherited = dict(os.environ) if self.spec.inherit_env else path_only
        self._process = subprocess.Popen(
            list(self.spec.argv),
            env={**inherited, **self.spec.env, MARK: self._mark},
            cwd=self.spec.cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._started_at = time.monotonic()
        self.ready = False
        # A process that is gone already has no time of creation; 0 matches no process.
        self.created = 0.0
        with contextlib.suppress(psutil.Error):
            self.created = psutil.Process(self._process.pid).create_time()
        return self._process.stdout

    def has_died(self) -> bool:
        """Whether the process ended but is not buried yet; until then nobody else gets its number."""
        if self._process is None:
            return False
        try:
            return bool(psutil.Process(self._process.pid).status() == psutil.STATUS_ZOMBIE)
        except psutil.NoSuchProcess:
            return True

    def listens(self) -> bool:
        """Whether it or what it started listens on its port, so that an answer from there is its own.

        Where the system does not let us look, we believe the answer.
        """
        if not self.spec.port:
            return True
        try:
            leader = psutil.Process(self.pid)
            return any(
                connection.status == psutil.CONN_LISTEN and connection.laddr.port == self.spec.port
                for process in (leader, *leader.children(recursive=True))
                for connection in process.net_connections("tcp")
            )
        except psutil.NoSuchProcess:
            return False
        except psutil.AccessDenied:
            return True

    def bury(self) -> str:
        """After a death: kill what the process left behind, say how it ended, plan the restart."""
        if self._process is None:
            raise LookupError(f"{self.spec.name} is not running")
        # Before wait(): as long as the dead leader is not reaped, its group's number is surely ours.
        self._kill_group()
        if self.spec.working_folder:
            end_processes(processes_working_in(self.spec.working_folder), grace_s=0.0)
        code = self._process.wait()
        self._process = None
        if time.monotonic() - self._started_at > STEADY_AFTER_S:
            self.deaths = 0
        self.plan_restart()
        return _how_it_ended(code)

    def plan_restart(self) -> None:
        """Count a death or a failed start, and wait the longer the more there were."""
        self.deaths += 1
        self.restart_at = time.monotonic() + backoff_s(self.deaths)

    def ask_to_stop(self) -> None:
        """Send the stop signal to the process itself; its own children are its business."""
        if self._process and not self.has_died():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process.pid, self.spec.stop_signal)

    def kill(self) -> None:
        """SIGKILL the whole group, because the graceful stop took too long."""
        self._kill_group()

    def _kill_group(self) -> None:
        if self._process and self._process.returncode is None:
            # macOS answers EPERM for a group of which only the dead leader is left.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)


def _how_it_ended(code: int) -> str:
    if code >= 0:
        return f"exit status {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"
