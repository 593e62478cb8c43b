"""Control API, the general part: reset, faults, clock, and what arrived."""

import re

from flask import Blueprint, Response, json, request

from webapp.sandbox import faults
from webapp.sandbox.arrivals import collect
from webapp.sandbox.control_body import read_body, refuse
from webapp.sandbox.control_datev import add_default_users
from webapp.sandbox.state import current

blueprint = Blueprint("control", __name__, url_prefix="/control")

MAX_REQUESTS_SHOWN = 5000


def _answer(body: object, status: int = 200) -> Response:
    return Response(json.dumps(body), status, mimetype="application/json")


@blueprint.get("/health")
def health() -> Response:
    """Whether the sandbox can read its state."""
    sandbox = current()
    sandbox.store.all("settings")
    return _answer({"status": "ok", "time_scale": sandbox.clock.time_scale})


@blueprint.post("/reset")
def reset() -> Response:
    """Forget everything."""
    sandbox = current()
    sandbox.store.reset()
    sandbox.burst.forget()
    sandbox.clock.set_offset(0)
    add_default_users()
    return _answer({"status": "ok"})


@blueprint.post("/clock")
def move_clock() -> Response:
    """Move the sandbox's clock by ``offset_seconds`` against the machine's clock."""
    body = read_body(("offset_seconds",))
    sandbox = current()
    sandbox.clock.set_offset(float(body["offset_seconds"]))
    return _answer({"now": sandbox.clock.now().isoformat()})


@blueprint.post("/faults")
def add_fault() -> Response:
    """A fault for the next ``times`` matching requests."""
    optional = {
        "partner": "*",
        "operation": "",
        "method": "",
        "skip": 0,
        "times": 1,
        "status": None,
        "headers": {},
        "body": None,
        "when": "before",
        "delay_seconds": None,
        "size_mb": 6,
    }
    body = read_body(("kind",), optional)
    if body["kind"] not in faults.KINDS:
        refuse(f"body.kind must be one of {', '.join(faults.KINDS)}.")
    if body["partner"] not in faults.PARTNERS:
        refuse(f"body.partner must be one of {', '.join(faults.PARTNERS)}.")
    if body["when"] not in ("before", "after"):
        refuse("body.when must be before or after.")
    if not isinstance(body["times"], int) or body["times"] < 1:
        refuse("body.times must be a whole number of at least 1.")
    for name in ("skip", "size_mb"):
        if not isinstance(body[name], int) or body[name] < 0:
            refuse(f"body.{name} must be a whole number, 0 or more.")
    try:
        re.compile(body["operation"])
    except re.error as wrong:
        refuse(f"body.operation is no valid pattern: {wrong}.")
    store = current().store
    fault = {**body, "id": store.count("fault")}
    store.put("fault", fault["id"], fault)
    return _answer({"id": fault["id"]}, 201)


@blueprint.get("/faults")
def list_faults() -> Response:
    """The faults with turns left."""
    return _answer({"faults": current().store.all("fault")})


@blueprint.delete("/faults")
def clear_faults() -> Response:
    """No more faults."""
    store = current().store
    for fault in store.all("fault"):
        store.delete("fault", fault["id"])
    return _answer({"status": "ok"})


@blueprint.get("/arrivals")
def arrivals() -> Response:
    """All that arrived."""
    return _answer(collect(current()))


@blueprint.get("/files/<sha256>")
def get_file(sha256: str) -> Response:
    """The bytes of a document, EXTF file or DXSO file by its SHA-256."""
    try:
        content = current().store.get_blob(sha256)
    except KeyError:
        refuse("Nothing with this SHA-256 arrived.", 404)
    return Response(content, mimetype="application/octet-stream")


@blueprint.get("/requests")
def requests_log() -> Response:
    """The newest requests to the two partners, oldest first; no query, header or body is kept."""
    text = request.args.get("limit", str(MAX_REQUESTS_SHOWN))
    limit = min(int(text), MAX_REQUESTS_SHOWN) if text.isdigit() else MAX_REQUESTS_SHOWN
    rows = (
        current()
        .store.connection.execute(
            "SELECT id, at, method, path, operation, status, fault FROM request ORDER BY id DESC LIMIT ?",
            (limit,),
        )
        .fetchall()
    )
    names = ("id", "at", "method", "path", "operation", "status", "fault")
    return _answer({"requests": [dict(zip(names, row, strict=True)) for row in reversed(rows)]})
