"""Faults on demand: the n-th call of an operation answers late, wrongly, halfway or not at all.

Kinds: ``status`` (any status, headers, body), ``timeout`` (no answer for ``delay_seconds``, or until the
caller hangs up), ``reset`` (the connection ends without an answer), ``drip`` (the true body, one byte at a
time, ``delay_seconds`` apart), ``malformed`` (broken JSON), ``huge`` (a body of ``size_mb``), ``html403``
(the page a content delivery network shows to a caller it blocks). ``when=before`` hides the request from the
partner; ``when=after`` lets it take effect and then spoils the answer, so that the caller cannot know.
"""

import json
import re
import select
import socket
import struct
import time
from collections.abc import Iterator
from typing import Any

from flask import Response, g, request

from webapp.sandbox.state import current
from webapp.sandbox.store import Record

KINDS = ("status", "timeout", "reset", "drip", "malformed", "huge", "html403")
PARTNERS = ("pipedrive", "datev", "*")
DEFAULT_DELAY_S = {"timeout": 30.0, "drip": 0.5}
DEFAULT_STATUS = {"status": 503, "malformed": 200, "huge": 200}
HUGE_CHUNK = b" " * 1024**2
"""Blanks are JSON as far as they go: a reader cannot stop for another reason than the length."""

BLOCKED_PAGE = (
    "<!DOCTYPE html><html><head><title>Access denied | Cloudflare</title></head>"
    "<body><h1>Error 1015</h1><p>You are being rate limited.</p></body></html>"
)


def partner_of(path: str) -> str:
    """``pipedrive``, ``datev`` or "" (our own pages and the control API, which never fail on demand)."""
    first = path.split("/", 2)[1] if path.count("/") else ""
    return first if first in PARTNERS else ""


def _matches(fault: Record, partner: str) -> bool:
    if fault["partner"] not in (partner, "*"):
        return False
    if fault["method"] and fault["method"].upper() != request.method:
        return False
    operation = fault["operation"]
    return not operation or operation == (request.endpoint or "") or bool(re.search(operation, request.path))


def _claim_fault(partner: str) -> Record | None:
    """The first matching fault with a turn left; using it up is part of the claim."""
    store = current().store
    if not any(_matches(fault, partner) for fault in store.all("fault")):
        return None
    with store.transaction():
        for fault in store.all("fault"):
            if not _matches(fault, partner):
                continue
            if fault["skip"] > 0:
                store.put("fault", fault["id"], {**fault, "skip": fault["skip"] - 1})
                continue
            fault["times"] -= 1
            if fault["times"] <= 0:
                store.delete("fault", fault["id"])
            else:
                store.put("fault", fault["id"], fault)
            return fault
    return None


def before_request() -> Response | None:
    """Flask hook: an answer here means the view is never called."""
    g.fault = None
    partner = partner_of(request.path)
    if not partner:
        return None
    g.fault = _claim_fault(partner)
    if g.fault is None or g.fault["when"] == "after" or g.fault["kind"] == "drip":
        return None  # a drip needs the true answer first
    return _spoiled(g.fault)


def after_request(response: Response) -> Response:
    """Flask hook: spoil the answer of a request that took effect."""
    fault: Record | None = g.get("fault")
    if fault is None or (fault["when"] == "before" and fault["kind"] != "drip"):
        return response
    if fault["kind"] == "drip":
        return _dripping(response, _delay(fault))
    if fault["kind"] == "timeout":
        _keep_waiting(_delay(fault))
        return response
    return _spoiled(fault)


def _delay(fault: Record) -> float:
    given: float | None = fault["delay_seconds"]
    return DEFAULT_DELAY_S.get(fault["kind"], 0.0) if given is None else given


def _spoiled(fault: Record) -> Response:
    kind = fault["kind"]
    if kind == "timeout":
        _keep_waiting(_delay(fault))
        return Response(status=504)
    if kind == "reset":
        _cut_connection()
        return Response(status=499)
    if kind == "html403":
        return Response(BLOCKED_PAGE, 403, mimetype="text/html")
    status = DEFAULT_STATUS[kind] if fault["status"] is None else fault["status"]
    if kind == "malformed":
        return Response('{"success": true, "data": {"id": ', status, mimetype="application/json")
    if kind == "huge":
        megabytes = (HUGE_CHUNK for _number in range(fault["size_mb"]))
        return Response(megabytes, status, mimetype="application/json")
    body: Any = fault["body"]
    answer = Response(status=status, mimetype="application/json")
    answer.set_data(body if isinstance(body, str) else _json_text(body))
    for name, value in (fault["headers"] or {}).items():
        answer.headers[name] = str(value)
    return answer


def _json_text(body: Any) -> str:
    return "" if body is None else json.dumps(body)


def _socket() -> socket.socket | None:
    """The caller's connection; None for the test client, which has none."""
    sock = request.environ.get("gunicorn.socket") or request.environ.get("werkzeug.socket")
    return sock if isinstance(sock, socket.socket) else None


def _keep_waiting(seconds: float) -> None:
    """Say nothing for a while. A caller that hangs up is waited for no longer."""
    sock = _socket()
    if sock is None:
        time.sleep(seconds)
    else:
        # What the caller still sends would look like its hanging up.
        request.get_data()
        watch = select.poll()
        watch.register(sock, select.POLLIN)
        watch.poll(seconds * 1000)


def _cut_connection() -> None:
    """End the caller's connection without an answer: reset where we can reach the socket."""
    sock = _socket()
    if sock is None:
        raise ConnectionResetError("a fault on demand ended this connection")  # the test client has no socket
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.shutdown(socket.SHUT_RDWR)


def _dripping(response: Response, pause: float) -> Response:
    body = response.get_data()

    def drops() -> Iterator[bytes]:
        for position in range(len(body)):
            time.sleep(pause)
            yield body[position : position + 1]

    length = response.headers.get("Content-Length")
    response.response = drops()
    if length is not None:
        response.headers["Content-Length"] = length
    return response
