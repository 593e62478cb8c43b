"""Ends requests whose body does not come: else strangers who send a byte now and then hold every thread."""

from collections.abc import Callable, Iterable
from typing import Any

from webapp.watchdog import Watchdog

BODY_DEADLINE_S = 10.0
"""Pipedrive gives up after 10 s, too; a mebibyte in that time is slower than any connection of today."""

Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]


class BodyDeadline:
    """WSGI middleware: a request's body must have come within :data:`BODY_DEADLINE_S`.

    A page that takes longer (it asks DATEV) still arrives; only its connection is not used for another
    request.
    """

    def __init__(self, app: Wsgi, *, deadline_s: float = BODY_DEADLINE_S) -> None:
        self._app = app
        self._watchdog = Watchdog(deadline_s)

    def __call__(self, wsgi: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Pass the request on; only one that announces a body is watched."""
        connection = wsgi.get("gunicorn.socket")
        announced = wsgi.get("CONTENT_LENGTH") not in (None, "", "0") or "HTTP_TRANSFER_ENCODING" in wsgi
        if connection is None or not announced:
            return self._app(wsgi, start_response)
        with self._watchdog.watched(connection):
            return self._app(wsgi, start_response)
