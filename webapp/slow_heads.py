"""gunicorn's threads, freed from connections whose request line and headers do not come to an end.

gunicorn hands a connection to a thread with its first byte and then reads without limit: as many connections
as there are threads, each sending a byte now and then, would keep everybody else out.
"""

from typing import Any

from gunicorn.workers.gthread import ThreadWorker

from webapp.watchdog import Watchdog

HEAD_DEADLINE_S = 10.0
"""Some kilobytes at most; who needs longer for them has no use for the answer either."""


class HeadDeadlineWorker(ThreadWorker):
    """gunicorn's threaded worker, in which a head must have come within :data:`HEAD_DEADLINE_S`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._watchdog = Watchdog(HEAD_DEADLINE_S)

    def handle(self, conn: Any) -> Any:
        """Read one request and answer it."""
        with self._watchdog.watched(conn.sock):
            return super().handle(conn)

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Answer a request whose head is complete."""
        self._watchdog.release(conn.sock)
        return super().handle_request(req, conn)
