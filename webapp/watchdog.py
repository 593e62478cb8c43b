"""Closes the reading side of connections whose sender takes too long.

A limit for each read is beaten by a slow drip; one thread for the whole process looks at all of them instead.
"""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

LOOK_EVERY_S = 0.5


class Watchdog:
    """Connections that are being read from, each with the moment at which it must have come to an end.

    Closing the reading side does not touch an answer that is being written; the reader sees a request that
    ended early.
    """

    def __init__(self, deadline_s: float) -> None:
        self._deadline_s = deadline_s
        self._waiting: dict[int, tuple[float, socket.socket]] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    @contextmanager
    def watched(self, connection: socket.socket) -> Iterator[None]:
        """The connection has so long as this block lasts, unless it is released earlier."""
        with self._lock:
            self._waiting[id(connection)] = (time.monotonic() + self._deadline_s, connection)
            if self._thread is None:
                # Begun by the first connection: a fork takes no threads along.
                self._thread = threading.Thread(target=self._watch, name="slow senders", daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            self.release(connection)

    def release(self, connection: socket.socket) -> None:
        """What was waited for has come."""
        with self._lock:
            self._waiting.pop(id(connection), None)

    def _watch(self) -> None:
        while True:
            time.sleep(LOOK_EVERY_S)
            now = time.monotonic()
            with self._lock:
                for key, (ends_at, connection) in list(self._waiting.items()):
                    if ends_at < now:
                        del self._waiting[key]
                        with suppress(OSError):  # it is gone already
                            connection.shutdown(socket.SHUT_RD)
