"""Ends requests whose body does not come: else strangers who send a byte now and then hold every thread.

gunicorn's threads wait for a body without limit, and a limit per read would be beaten by a slow drip.
Therefore one watchdog for the whole process closes the reading side of connections that are overdue; the
reader then sees a body that ended early.
"""

import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

BODY_DEADLINE_S = 10.0
"""Pipedrive gives up after 10 s, too; a mebibyte in that time is slower than any connection of today."""

LOOK_EVERY_S = 0.5

Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]


class BodyDeadline:
    """WSGI middleware: a request's body must have come within :data:`BODY_DEADLINE_S`.

    Closing the reading side does not touch the answer, so a page that takes longer (it asks DATEV) still
    arrives; only its connection is not used for another request.
    """

    def __init__(self, app: Wsgi, *, deadline_s: float = BODY_DEADLINE_S) -> None:
        self._app = app
        self._deadline_s = deadline_s
        self._waiting: dict[int, tuple[float, socket.socket]] = {}
        self._lock = threading.Lock()
        self._watchdog: threading.Thread | None = None

    def __call__(self, wsgi: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Pass the request on; only one that announces a body is watched."""
        connection = wsgi.get("gunicorn.socket")
        announced = wsgi.get("CONTENT_LENGTH") not in (None, "", "0") or "HTTP_TRANSFER_ENCODING" in wsgi
        if connection is None or not announced:
            return self._app(wsgi, start_response)
        with self._watched(connection):
            return self._app(wsgi, start_response)

    @contextmanager
    def _watched(self, connection: socket.socket) -> Iterator[None]:
        key = id(connection)
        with self._lock:
            self._waiting[key] = (time.monotonic() + self._deadline_s, connection)
            if self._watchdog is None:
                # Begun by the first request: a fork takes no threads along.
                self._watchdog = threading.Thread(target=self._watch, name="slow bodies", daemon=True)
                self._watchdog.start()
        try:
            yield
        finally:
            with self._lock:
                self._waiting.pop(key, None)

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
