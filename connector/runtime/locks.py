"""Locks between processes that share a folder.

``flock`` and not files that exist or not: the kernel releases it when its holder dies, however it dies.
"""

import contextlib
import fcntl
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from connector.runtime.folders import PRIVATE_FILE

_POLL_S = 0.05
"""flock has no deadline of its own, so we ask again; nobody notices a twentieth of a second."""


class FolderLock:
    """One lock file. Children do not inherit it: Python opens files closed to them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def take(self, *, shared: bool = False, timeout_s: float = 0.0) -> bool:
        """Take the lock, for ourselves alone or together with other sharers; False if it stays taken."""
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT, PRIVATE_FILE)
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    os.close(handle)
                    return False
                time.sleep(_POLL_S)
            else:
                break
        self._file = handle
        if not shared:
            os.truncate(handle, 0)
            os.pwrite(handle, f"{Path(sys.argv[0]).name or 'python'} (pid {os.getpid()})".encode(), 0)
        return True

    def release(self) -> None:
        """Give the lock back; nothing happens if it is not held."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def holder(self) -> str:
        """Program and process number of whoever took the lock alone last."""
        with contextlib.suppress(OSError):
            return self._path.read_text("utf-8") or "another process"
        return "another process"

    @contextlib.contextmanager
    def held(self, *, shared: bool, timeout_s: float) -> Iterator[bool]:
        """The lock for the time of the block; yields whether it was had in time."""
        had = self.take(shared=shared, timeout_s=timeout_s)
        try:
            yield had
        finally:
            self.release()
