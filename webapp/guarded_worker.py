"""gunicorn's threaded worker, guarded against those who speak HTTP badly on purpose.

gunicorn hands a connection to a thread with the first byte and then reads without limit: as many connections
as there are threads, each sending a byte now and then, would keep everybody else out. And to a malformed
request it answers with a page that quotes it, without the headers that all our pages carry.
"""

import contextlib
from http import HTTPStatus
from typing import Any

from gunicorn.http import errors
from gunicorn.workers.gthread import ThreadWorker

from webapp.watchdog import Watchdog

HEAD_DEADLINE_S = 10.0
"""Some kilobytes at most; who needs longer for them has no use for the answer either."""

_STATUS: dict[type[Exception], HTTPStatus] = {
    errors.LimitRequestLine: HTTPStatus.REQUEST_URI_TOO_LONG,
    errors.LimitRequestHeaders: HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    errors.ExpectationFailed: HTTPStatus.EXPECTATION_FAILED,
}
"""Everything else is a 400, also a transfer coding that nobody knows: RFC 9112 would have 501 for that, but
5xx is what monitoring takes for a fault of ours."""

_HEADERS = (
    "Connection: close",
    "Content-Type: application/json",
    "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options: nosniff",
    "Cache-Control: no-store",
)


class GuardedWorker(ThreadWorker):
    """A head must come within :data:`HEAD_DEADLINE_S`; what is no HTTP gets an answer that quotes nothing."""

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

    def handle_error(self, req: Any, client: Any, addr: Any, exc: Any) -> None:
        """Answer what cannot be read as a request; a fault of ours is gunicorn's to report."""
        ours = isinstance(exc, errors.InvalidResponseHeader | errors.InvalidResponseHeaderName)
        if ours or not isinstance(exc, errors.ParseException):
            super().handle_error(req, client, addr, exc)
            return
        with contextlib.suppress(OSError):  # gone already
            client.sendall(_answer(_STATUS.get(type(exc), HTTPStatus.BAD_REQUEST)))


def _answer(status: HTTPStatus) -> bytes:
    body = f'{{"error":"{status.phrase}","message":"This is not a request that can be read."}}\n'
    head = (f"HTTP/1.1 {status.value} {status.phrase}", *_HEADERS, f"Content-Length: {len(body)}")
    return ("\r\n".join(head) + "\r\n\r\n" + body).encode("ascii")
