"""Puts the sandbox's parts together."""

import os
import time
from pathlib import Path

from flask import Flask, Response, g, request

from webapp.sandbox import (
    control,
    control_datev,
    control_pipedrive,
    datev_clients,
    datev_documents,
    datev_dxso,
    datev_extf,
    datev_login,
    datev_token,
    faults,
    pages,
    pipedrive_deals,
    pipedrive_hooks,
    pipedrive_merges,
    pipedrive_notes,
    pipedrive_oauth,
    pipedrive_records,
    pipedrive_v1,
)
from webapp.sandbox.burst import BurstMeter
from webapp.sandbox.clock import SandboxClock
from webapp.sandbox.courier import Courier
from webapp.sandbox.state import EXTENSION, Sandbox, current
from webapp.sandbox.store import Store

STATE_FILE = "sandbox.sqlite3"
DEFAULT_STATE_DIR = "var/sandbox"
MAX_REQUEST_BYTES = 64 * 1024 * 1024
"""Above the largest thing a partner takes (an EXTF file of 50 MB), so that their own limits answer first."""
V1_PREFIXES = {"": "/pipedrive/api/v1", "_short": "/pipedrive/v1"}
"""API v1 answers under two paths at Pipedrive, too."""


def create_app(state_dir: str | None = None, *, deliver: bool = True) -> Flask:
    """The sandbox as a WSGI app, to be served by one process with threads.

    Args:
        state_dir: folder of the state file; default ``MLC_SANDBOX_STATE_DIR``, else ``var/sandbox``.
        deliver: whether webhooks are sent; unit tests that open no sockets turn it off.
    """
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_REQUEST_BYTES
    app.config["MAX_FORM_MEMORY_SIZE"] = MAX_REQUEST_BYTES
    folder = Path(state_dir or os.environ.get("MLC_SANDBOX_STATE_DIR") or DEFAULT_STATE_DIR)
    time_scale = float(os.environ.get("MLC_TIME_SCALE", "1.0"))
    store = Store(folder / STATE_FILE)
    clock = SandboxClock(store, time_scale)
    sandbox = Sandbox(store, clock, Courier(store, clock), BurstMeter(time_scale))
    app.extensions[EXTENSION] = sandbox
    # Logged before a fault can hold it up: whoever has given up waiting finds the call in the log.
    app.before_request(_log_request)
    app.before_request(faults.before_request)
    # after_request hooks run in reverse order: first the fault spoils the answer, then the log sees what went
    # out
    app.after_request(_log_answer)
    app.after_request(faults.after_request)
    _register(app)
    with app.app_context():
        control_datev.add_default_users()
    if deliver:
        sandbox.courier.start()
    return app


def _register(app: Flask) -> None:
    for blueprint in (
        pages.blueprint,
        control.blueprint,
        control_pipedrive.blueprint,
        control_datev.blueprint,
        pipedrive_oauth.blueprint,
        pipedrive_deals.blueprint,
        pipedrive_records.blueprint,
        pipedrive_notes.activities,
        pipedrive_v1.storage,
        datev_login.blueprint,
        datev_token.blueprint,
        datev_clients.blueprint,
        datev_documents.blueprint,
        datev_extf.blueprint,
        datev_dxso.blueprint,
    ):
        app.register_blueprint(blueprint)
    for suffix, prefix in V1_PREFIXES.items():
        for blueprint in (
            pipedrive_v1.blueprint,
            pipedrive_notes.blueprint,
            pipedrive_hooks.blueprint,
            pipedrive_merges.blueprint,
        ):
            app.register_blueprint(blueprint, url_prefix=prefix, name=blueprint.name + suffix)


def _log_request() -> None:
    g.logged = None
    if faults.partner_of(request.path):
        g.logged = (
            current()
            .store.connection.execute(
                "INSERT INTO request (at, method, path, operation, status, fault) VALUES (?, ?, ?, ?, 0, '')",
                (time.time(), request.method, request.path, request.endpoint or ""),
            )
            .lastrowid
        )


def _log_answer(response: Response) -> Response:
    if g.logged is not None:
        fault = g.get("fault")
        current().store.connection.execute(
            "UPDATE request SET status = ?, fault = ? WHERE id = ?",
            (response.status_code, fault["kind"] if fault else "", g.logged),
        )
    return response
