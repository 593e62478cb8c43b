"""A WSGI app behind a real socket, for as long as a test needs it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from werkzeug.serving import WSGIRequestHandler, make_server

POLL_S = 0.02
"""How often the server looks whether it shall end; its own half second would be most of a test's time."""


@contextmanager
def served(app: Any, handler: type[WSGIRequestHandler] | None = None) -> Iterator[str]:
    """The app on a free port of this machine: its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=handler)
    thread = threading.Thread(target=server.serve_forever, args=(POLL_S,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()
