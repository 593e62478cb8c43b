"""Cuts a connection when the deadline of the call on it has passed.

``requests`` opens and reuses connections deep inside urllib3, and its timeouts count per
socket read. The connection classes here report themselves to the call that is using them,
so that a timer can shut the socket down and every pending read returns at once.
"""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection


class Watch:
    """One call: which socket it uses, whether anything was sent, whether its time is up."""

    def __init__(self, ends: float) -> None:
        self.sent = False
        """Whether the first byte of the request may have left; before that a failure is no doubt."""
        self._ends = ends
        self._expired = threading.Event()
        self._socket: socket.socket | None = None
        self._lock = threading.Lock()

    def expired(self) -> bool:
        """Whether the deadline has passed."""
        return self._expired.is_set()

    def remaining(self) -> float:
        """Seconds until the deadline; never 0, which to a socket would mean not to wait at all."""
        return max(0.001, self._ends - time.monotonic())

    def use(self, connected: socket.socket | None) -> None:
        """Called by the connection before it sends."""
        with self._lock:
            self._socket = connected
            self.sent = True
            if self._expired.is_set():
                self._shut()

    def expire(self) -> None:
        """Called by the timer."""
        with self._lock:
            self._expired.set()
            self._shut()

    def release(self) -> None:
        """Called at the end of the call: its connection may serve another one from now on."""
        with self._lock:
            self._socket = None

    def _shut(self) -> None:
        if self._socket is not None:
            # Not the method of ssl.SSLSocket: that first takes the encryption off, and what another
            # thread is sending at that moment would leave in plain text.
            with contextlib.suppress(OSError):
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


_current: ContextVar[Watch | None] = ContextVar("current_watch", default=None)


@contextlib.contextmanager
def watched(seconds: float) -> Iterator[Watch]:
    """Within this block, HTTP calls of this thread end after ``seconds`` at the latest.

    Until the connection stands, the connect timeout counts (Python applies it to a TLS handshake as a
    whole); looking up the host's address is the resolver's own business and has its own limits.
    """
    watch = Watch(time.monotonic() + seconds)
    timer = threading.Timer(seconds, watch.expire)
    timer.daemon = True
    timer.start()
    token = _current.set(watch)
    try:
        yield watch
    finally:
        _current.reset(token)
        timer.cancel()
        watch.release()


def _report(connection: HTTPConnection) -> None:
    watch = _current.get()
    if watch is not None:
        if connection.sock is None:
            connection.connect()
        watch.use(connection.sock)
        # Until now this was the time to connect; urllib3 would give sending the body no more than that,
        # and 20 MB on an ordinary line take longer.
        connection.timeout = watch.remaining()


class _WatchedHTTPConnection(HTTPConnection):
    def request(self, *args: Any, **kwargs: Any) -> None:
        _report(self)
        super().request(*args, **kwargs)


class _WatchedHTTPSConnection(HTTPSConnection):
    def request(self, *args: Any, **kwargs: Any) -> None:
        _report(self)
        super().request(*args, **kwargs)


class _WatchedHTTPPool(HTTPConnectionPool):
    ConnectionCls = _WatchedHTTPConnection


class _WatchedHTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _WatchedHTTPSConnection


class DeadlineAdapter(HTTPAdapter):
    """A ``requests`` adapter whose connections can be cut by :func:`watched`."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make urllib3 use the connection classes above."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _WatchedHTTPPool, "https": _WatchedHTTPSPool}
