"""Keeps processes running: restarts the one that dies, stops all in order, leaves nothing behind.

honcho and its like stop everything when one process dies; here one death must change nothing. One supervisor
of a name per folder: a lock says who holds it. A supervisor that was killed itself cannot stop its processes;
the next start on the same folder finds and ends them, by the list and by their mark (see ``leftovers``).
"""

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

import psutil

from connector.errors import ConfigurationError
from connector.runtime import leftovers
from connector.runtime.child import Child
from connector.runtime.folders import private_folder, read_record, write_record
from connector.runtime.locks import FolderLock
from connector.runtime.output import LogFiles, PrefixedLines
from connector.runtime.specs import Event, EventKind, ProcessSpec

PRODUCT = "supervisor"
"""Name of the supervisor of the product's processes."""

_WATCH_S = 0.05
"""How often deaths are looked for: eight reads from the process table cost 0.3 ms."""

_LEFTOVER_GRACE_S = 5.0
"""Leftovers are asked to stop first: PostgreSQL writes its checkpoint, gunicorn finishes its answers."""

_HOPELESS_DEATHS = 3
"""A process that died so often without becoming ready will not become ready: fail the start at once."""

_LAST_LINES_S = 1.0
"""For the last output after the end of all processes."""


class FolderInUseError(ConfigurationError):
    """Another supervisor of the same name runs on the folder."""

    default_code = "var_in_use"


class StartFailedError(ConfigurationError):
    """A process does not become ready, or a one-time process failed; all were stopped again."""

    default_code = "start_failed"


class Supervisor:
    """Supervises ``processes`` from a thread of its own.

    :param processes: the table, or a function that makes it: called when the folder is ours and leftovers are
        gone, for processes whose command line depends on what is in the folder.
    :param var_dir: keeps the list of processes (``run/<name>.json``), the lock and the logs (``log/``).
    :param on_event: told of starts, deaths and ends, from several threads.
    :param name: separates supervisors that share a folder (embedded servers, the product's processes).
    :param terminal: print the output there with the process's name in front, instead of into log files.
    """

    def __init__(
        self,
        processes: Sequence[ProcessSpec] | Callable[[], Sequence[ProcessSpec]],
        var_dir: Path,
        on_event: Callable[[Event], None] | None = None,
        *,
        name: str = PRODUCT,
        terminal: TextIO | None = None,
    ) -> None:
        self._var_dir = var_dir.absolute()
        self._run_dir = private_folder(self._var_dir / "run")
        self._state_file = self._run_dir / f"{name}.json"
        self._lock = FolderLock(self._run_dir / f"{name}.lock")
        self._name = name
        self._on_event = on_event
        self._processes = processes
        self._children: list[Child] = []
        self._logs = LogFiles(self._var_dir / "log")
        self._terminal = PrefixedLines(terminal) if terminal else None
        self._turn = threading.RLock()
        self._stop_requested = threading.Event()
        self._hurry = threading.Event()
        self._complete = threading.Event()
        self._stopped = threading.Event()
        self._stopped.set()
        self._watcher: threading.Thread | None = None

    def start(self) -> None:
        """Start all processes in their order and return when every one is ready.

        :raises FolderInUseError: another supervisor holds the folder.
        :raises StartFailedError: a process does not get ready; everything was stopped again.
        """
        if not self._lock.take():
            raise FolderInUseError(
                f"{self._var_dir} is in use by {self._lock.holder()}.",
                cure="Stop it first, or set MLC_VAR_DIR to another folder.",
            )
        self._stopped.clear()
        self._complete.clear()
        try:
            self._end_leftovers()
            processes = self._processes() if callable(self._processes) else self._processes
            self._children = [Child(spec, self._mark(spec.name)) for spec in processes]
            if self._terminal:
                self._terminal.expect([spec.name for spec in processes])
            self._watcher = threading.Thread(target=self._watch, name=f"{self._name} watch", daemon=True)
            self._watcher.start()
            for child in self._children:
                self._check_not_stopping()
                with self._turn:
                    self._start_child(child)
                if child.spec.once:
                    self._await_end(child)
            for child in self._children:
                if not child.spec.once:
                    self._await_ready(child)
            self._complete.set()
        except BaseException:
            self.stop()
            raise

    def wait(self, timeout_s: float | None = None) -> bool:
        """Block until someone asks for the end (``request_stop`` or ``stop``); False when the time is up."""
        return self._stop_requested.wait(timeout_s)

    def request_stop(self) -> None:
        """Ask for the end from a signal handler or another thread; whoever waits then calls ``stop``.

        Asked again, a running stop no longer waits for anyone.
        """
        if self._stop_requested.is_set():
            self._hurry.set()
        self._stop_requested.set()

    def stop(self) -> None:
        """Stop all processes, the last started first; afterwards none is left. May be called twice."""
        self._stop_requested.set()
        if self._watcher:
            self._watcher.join()
            self._watcher = None
        with self._turn:
            if self._stopped.is_set():
                return
            self._stop_children()
            leftovers.end_processes(self._remaining(), grace_s=0.0)
            self._state_file.unlink(missing_ok=True)
            if self._terminal:
                self._terminal.drain(_LAST_LINES_S)
            self._lock.release()
            self._stopped.set()

    def pids(self) -> dict[str, int]:
        """The processes that run now: name to process number."""
        with self._turn:
            return {child.spec.name: child.pid for child in self._children if child.pid}

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _watch(self) -> None:
        while not self._stop_requested.wait(_WATCH_S):
            with self._turn:
                for child in self._children:
                    self._look_after(child)

    def _look_after(self, child: Child) -> None:
        if child.has_died():
            self._after_death(child)
        elif not child.pid and child.restart_at and time.monotonic() >= child.restart_at:
            # A full disk or too many open files must not end the watch over the others.
            try:
                self._start_child(child)
            except StartFailedError as error:
                child.plan_restart()
                self._tell(EventKind.DIED, child, 0, str(error))
        elif child.pid and not child.ready and child.spec.ready is None and not child.spec.once:
            self._mark_ready(child)

    def _after_death(self, child: Child) -> None:
        if child.spec.once:
            return  # start() waits for this end
        pid = child.pid
        how = child.bury()
        self._tell(EventKind.DIED, child, pid, f"{how}, starting it again{self._why_again(child)}")
        self._write_state()

    def _why_again(self, child: Child) -> str:
        """Said once in a row of deaths; before all are up, the failing start says more."""
        if child.deaths != _HOPELESS_DEATHS or self._terminal or not self._complete.is_set():
            return ""
        last = (self._logs.tail(child.spec.name).splitlines() or ["nothing"])[-1]
        return (
            f". It has died {child.deaths} times in a row. It last said: {last} "
            f"(the whole output is in {self._logs.path(child.spec.name)})"
        )

    def _start_child(self, child: Child) -> None:
        try:
            if self._terminal:
                pipe = child.start(subprocess.PIPE)
                if pipe:
                    self._terminal.pump(child.spec.name, pipe)
            else:
                output = self._logs.open(child.spec.name)
                try:
                    child.start(output)
                finally:
                    os.close(output)
        except OSError as error:
            raise StartFailedError(
                f"{child.spec.name} cannot be started: {error}.",
                cure="Check the installation: make clean, then make demo.",
            ) from error
        self._tell(EventKind.STARTED, child, child.pid)
        self._write_state()

    def _mark_ready(self, child: Child) -> None:
        child.ready = True
        self._tell(EventKind.READY, child, child.pid)

    def _await_end(self, child: Child) -> None:
        deadline = time.monotonic() + child.spec.ready_timeout_s
        while not child.has_died():
            self._check_not_stopping()
            if time.monotonic() > deadline:
                raise self._start_failure(child, f"did not end within {child.spec.ready_timeout_s:g} s")
            time.sleep(_WATCH_S)
        with self._turn:
            pid = child.pid
            how = child.bury()
            child.restart_at = 0.0
            self._tell(EventKind.STOPPED, child, pid, how)
            self._write_state()
        if how != "exit status 0":
            raise self._start_failure(child, f"failed ({how})")

    def _await_ready(self, child: Child) -> None:
        deadline = time.monotonic() + child.spec.ready_timeout_s
        while not child.ready:
            self._check_not_stopping()
            pid = child.pid
            if child.spec.ready and pid and child.spec.ready() and self._answered_itself(child, pid):
                self._mark_ready(child)
                return
            if child.deaths >= _HOPELESS_DEATHS:
                raise self._start_failure(child, f"died {child.deaths} times instead of becoming ready")
            if time.monotonic() > deadline:
                raise self._start_failure(child, f"was not ready within {child.spec.ready_timeout_s:g} s")
            time.sleep(_WATCH_S)

    def _answered_itself(self, child: Child, pid: int) -> bool:
        """Whether the answer was the child's: another program may hold its port while it dies of that."""
        with self._turn:
            return child.pid == pid and not child.has_died() and child.listens()

    def _check_not_stopping(self) -> None:
        if self._stop_requested.is_set():
            raise StartFailedError("The start was interrupted.", code="interrupted", cure="Start again.")

    def _start_failure(self, child: Child, what: str) -> StartFailedError:
        if self._terminal:
            return StartFailedError(f"{child.spec.name} {what}.", cure="Its output above says why.")
        return StartFailedError(
            f"{child.spec.name} {what}. Its last output:\n{self._logs.tail(child.spec.name)}",
            cure=f"The whole output is in {self._logs.path(child.spec.name)}.",
        )

    def _stop_children(self) -> None:
        asked_at = time.monotonic()
        running = [child for child in reversed(self._children) if child.pid]
        for child in running:
            child.ask_to_stop()
        killed: set[int] = set()
        while running:
            for child in list(running):
                late = self._hurry.is_set() or time.monotonic() - asked_at > child.spec.stop_timeout_s
                if child.has_died():
                    pid = child.pid
                    kind = EventKind.KILLED if pid in killed else EventKind.STOPPED
                    self._tell(kind, child, pid, child.bury())
                    running.remove(child)
                elif late and child.pid not in killed:
                    killed.add(child.pid)
                    child.kill()
            if running:
                time.sleep(_WATCH_S)

    def _end_leftovers(self) -> None:
        """End what a killed predecessor left, of this name and on this folder only."""
        roots: dict[int, tuple[psutil.Process, int]] = {
            process.pid: (process, signal.SIGTERM) for process in leftovers.marked_processes(self._mark())
        }
        for entry in read_record(self._state_file).get("processes", []):
            if process := leftovers.same_process(entry["pid"], entry["created"]):
                roots[process.pid] = (process, entry["stop_signal"])
        found = leftovers.with_descendants(process for process, _ in roots.values())
        self._tell_leftovers(found)
        for process in found:
            if process.pid in roots:
                with contextlib.suppress(psutil.Error):
                    process.send_signal(roots[process.pid][1])
        leftovers.end_processes(found, grace_s=_LEFTOVER_GRACE_S)
        self._state_file.unlink(missing_ok=True)

    def _tell_leftovers(self, found: list[psutil.Process]) -> None:
        """One event for each name: a PostgreSQL alone leaves dozens of processes."""
        families: dict[str, list[int]] = {}
        for process in found:
            families.setdefault(leftovers.name_of(process, self._mark()), []).append(process.pid)
        for name, (first, *others) in families.items():
            if self._on_event:
                self._on_event(Event(EventKind.LEFTOVER, name, first, others=tuple(others)))

    def _mark(self, process: str = "") -> str:
        return leftovers.mark_for(self._var_dir, self._name, process)

    def _remaining(self) -> list[psutil.Process]:
        folders = [child.spec.working_folder for child in self._children if child.spec.working_folder]
        working = [process for folder in folders for process in leftovers.processes_working_in(folder)]
        return [*leftovers.marked_processes(self._mark()), *working]

    def _write_state(self) -> None:
        processes = [
            {
                "name": child.spec.name,
                "pid": child.pid,
                "created": child.created,
                "stop_signal": int(child.spec.stop_signal),
            }
            for child in self._children
            if child.pid
        ]
        # Where the list cannot be written (disk full), the marks still find every process.
        with contextlib.suppress(OSError):
            write_record(self._state_file, {"processes": processes})

    def _tell(self, kind: EventKind, child: Child, pid: int, detail: str = "") -> None:
        if self._on_event:
            self._on_event(Event(kind, child.spec.name, pid, detail))
