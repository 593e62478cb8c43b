"""Where the output of supervised processes goes: a file for each, or the terminal with the name in front."""

import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import IO, TextIO

from connector.runtime.folders import PRIVATE_FILE, private_folder

_KEPT_BYTES = 10 * 1024 * 1024
"""A larger log is set aside at the next start; one older part is kept. Ten megabytes open in any editor."""

_TAIL_BYTES = 4096
"""Enough for the last traceback."""

_COLOURS = (36, 33, 32, 35, 34, 31)
"""ANSI foreground colours that are readable on both dark and light terminals."""


class LogFiles:
    """``<folder>/<name>.log`` for each process, opened for appending: the process writes it itself.

    No thread of ours stands between, so nothing is lost or blocked when the supervisor dies.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = private_folder(folder)

    def open(self, name: str) -> int:
        """A file number for the process to write to; the caller closes its own copy."""
        path = self.path(name)
        if path.exists() and path.stat().st_size > _KEPT_BYTES:
            path.replace(path.with_suffix(".log.1"))
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, PRIVATE_FILE)

    def path(self, name: str) -> Path:
        """Where the output of ``name`` is kept."""
        return self._folder / f"{name}.log"

    def tail(self, name: str) -> str:
        """The last lines of a process, for telling why it does not start."""
        try:
            with self.path(name).open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL_BYTES))
                return file.read().decode("utf-8", "replace").strip()
        except OSError:
            return ""


class PrefixedLines:
    """All processes on one terminal, each line with the name of its process in front."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._prefixes: dict[str, str] = {}
        self._turn = threading.Lock()
        self._pumps: list[threading.Thread] = []

    def expect(self, names: Sequence[str]) -> None:
        """Learn all names before the first line, so that the lines stand below each other."""
        width = max((len(name) for name in names), default=0)
        colours = self._stream.isatty() and "NO_COLOR" not in os.environ
        for place, name in enumerate(names):
            prefix = f"{name:<{width}} | "
            colour = _COLOURS[place % len(_COLOURS)]
            self._prefixes[name] = f"\033[{colour}m{prefix}\033[0m" if colours else prefix

    def pump(self, name: str, pipe: IO[bytes]) -> None:
        """Copy lines from ``pipe`` until it ends, in a thread of its own."""
        pump = threading.Thread(target=self._copy, args=(name, pipe), name=f"output of {name}", daemon=True)
        self._pumps = [other for other in self._pumps if other.is_alive()] + [pump]
        pump.start()

    def drain(self, timeout_s: float) -> None:
        """Wait for the last lines after the processes have ended."""
        for pump in self._pumps:
            pump.join(timeout_s)

    def _copy(self, name: str, pipe: IO[bytes]) -> None:
        prefix = self._prefixes[name]
        with pipe:
            for line in pipe:
                text = line.decode("utf-8", "replace").rstrip("\r\n")
                with self._turn:
                    self._stream.write(f"{prefix}{text}\n")
                    self._stream.flush()
