"""What the supervisor is told about a process, and what it tells about it."""

import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """One process to keep running."""

    name: str
    argv: tuple[str, ...]
    """Program and arguments. Seen by every user of the machine: secrets go through ``env``."""
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Set on top of the supervisor's own environment."""
    ready: Callable[[], bool] | None = None
    """Asked until it says yes; None: ready as soon as it runs. Must not raise, must not take long."""
    port: int = 0
    """Where it listens, where that is known: an answer from there counts only if it is ours. 0: not asked."""
    stop_signal: signal.Signals = signal.SIGTERM
    stop_timeout_s: float = 10.0
    """How long a graceful stop may take before the whole process group is killed."""
    ready_timeout_s: float = 60.0
    """A worker imports for some seconds on a busy machine; a minute without an answer is a fault."""
    once: bool = False
    """Runs to its end before the next process starts, and must end with 0 (the migration)."""
    cwd: Path | None = None
    before_start: Callable[[], None] | None = None
    """Called before every start, also before a restart: removes what a killed predecessor left."""
    working_folder: Path | None = None
    """A folder that only this process and its offspring work in; finds those that cannot be marked."""
    inherit_env: bool = True
    """False: sees only PATH and ``env``, for programs that have no business with our settings."""


class EventKind(StrEnum):
    """What happened to a process."""

    STARTED = "started"
    READY = "ready"
    DIED = "died"
    STOPPED = "stopped"
    KILLED = "killed"
    LEFTOVER = "leftover ended"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened, fit to be printed."""

    kind: EventKind
    process: str
    pid: int
    detail: str = ""
    others: tuple[int, ...] = ()
    """Numbers of more processes of the same name, to which the same happened: a server's own children."""

    def __str__(self) -> str:
        more = f" and {len(self.others)} more" if self.others else ""
        return f"{self.process} (pid {self.pid}{more}) {self.kind}{': ' if self.detail else ''}{self.detail}"
