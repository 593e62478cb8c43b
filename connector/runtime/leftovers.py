"""Finding and ending processes that outlived whoever started them, and never anyone else's.

A process is ours for one of three reasons, each of which survives the reuse of process numbers:

- it is in our list with the same number *and* the same time of creation;
- its environment carries our mark (inherited by everything it starts, such as Celery's pool);
- it works in a folder that belongs to one of our servers (PostgreSQL's backends overwrite their environment
  and each opens a session of its own, so neither mark nor process group finds them).
"""

import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import psutil

MARK = "MLC_SUPERVISOR_ID"
"""Environment variable with ``<folder>:<supervisor>:<process>``."""

CREATION_TOLERANCE_S = 2.0
"""psutil derives the time of creation from the boot time, which moves when the clock is set. A number is not
given out again within two seconds of its first use."""

_POLL_S = 0.02
"""PostgreSQL's fast shutdown takes 50 ms."""

_KILL_WAIT_S = 5.0
"""After SIGKILL only the kernel is at work; longer means uninterruptible disk waits, which we cannot end."""


def mark_for(var_dir: Path, supervisor: str, process: str = "") -> str:
    """The mark of one process; without ``process`` what all marks of a supervisor begin with."""
    return f"{var_dir.resolve()}:{supervisor}:{process}"


def marked_processes(mark: str) -> list[psutil.Process]:
    """All processes whose mark begins with ``mark``."""
    return [process for process in _others() if _environment_mark(process).startswith(mark)]


def processes_working_in(folder: Path) -> list[psutil.Process]:
    """All processes whose working folder is exactly ``folder``, except shells and editors of a person.

    Only a program named ``postgres`` counts: a person may well have changed into the folder to look at it.
    """
    wanted = str(folder.resolve())
    return [process for process in _others() if _works_in(process, wanted)]


def same_process(pid: int, created: float) -> psutil.Process | None:
    """The process with this number, if it is still the one created then."""
    try:
        process = psutil.Process(pid)
        same = abs(process.create_time() - created) <= CREATION_TOLERANCE_S
    except psutil.Error:
        return None
    return process if same and not _is_gone(process) else None


def with_descendants(processes: Iterable[psutil.Process]) -> list[psutil.Process]:
    """The processes and everything they started, without repeats, never ourselves or who started us."""
    own = _own_line()
    found: dict[int, psutil.Process] = {}
    for process in processes:
        if process.pid in own:
            continue
        found[process.pid] = process
        try:
            children = process.children(recursive=True)
        except psutil.Error:
            continue
        found.update({child.pid: child for child in children})
    return [process for pid, process in found.items() if pid not in own]


def name_of(process: psutil.Process, mark: str) -> str:
    """The name the supervisor with this ``mark`` gave the process; else the name of its program."""
    own_mark = _environment_mark(process)
    if own_mark.startswith(mark):
        return own_mark.removeprefix(mark)
    try:
        return str(process.name())
    except psutil.Error:
        return "?"


def end_processes(processes: Iterable[psutil.Process], *, grace_s: float) -> list[psutil.Process]:
    """Wait ``grace_s`` for the processes to go by themselves, then SIGKILL those left; returns these.

    psutil checks the time of creation before every signal, so a number that changed hands is spared.
    """
    left = _still_there(processes, grace_s)
    for process in left:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    _still_there(left, _KILL_WAIT_S)
    return left


def _still_there(processes: Iterable[psutil.Process], timeout_s: float) -> list[psutil.Process]:
    """Those of the processes that still run after at most ``timeout_s``.

    Unlike for ``psutil.wait_procs`` a zombie counts as gone: orphans are reaped by process 1, which in a
    container is often a program that never does.
    """
    deadline = time.monotonic() + timeout_s
    left = [process for process in processes if not _is_gone(process)]
    while left and time.monotonic() < deadline:
        time.sleep(_POLL_S)
        left = [process for process in left if not _is_gone(process)]
    return left


def _is_gone(process: psutil.Process) -> bool:
    try:
        return not process.is_running() or bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def _others() -> Iterator[psutil.Process]:
    own = _own_line()
    return (process for process in psutil.process_iter() if process.pid not in own)


def _own_line() -> set[int]:
    """Ourselves and our ancestors, who may carry a mark too (a command run inside a supervised process)."""
    return {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}


def _environment_mark(process: psutil.Process) -> str:
    try:
        return str(process.environ().get(MARK, ""))
    except (psutil.Error, OSError):
        return ""


def _works_in(process: psutil.Process, folder: str) -> bool:
    try:
        return bool(process.name() == "postgres" and process.cwd() == folder)
    except (psutil.Error, OSError):
        return False
