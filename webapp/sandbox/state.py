"""What every part of the sandbox shares: the store, the clock and the webhook courier of one app."""

import hashlib
import secrets
import uuid
from dataclasses import dataclass

from flask import current_app

from webapp.sandbox.burst import BurstMeter
from webapp.sandbox.clock import SandboxClock
from webapp.sandbox.courier import Courier
from webapp.sandbox.store import Record, Store

EXTENSION = "sandbox"

DATEV_DEFAULTS: Record = {
    "job_delay_seconds": 2.0,
    "retry_after": 5,  # the example value of DATEV's extf-files description
    "access_lifetime_s": 900,
    "session_lifetime_s": 11 * 3600,
    "long_lifetime_s": 2 * 365 * 86400,
    "import_result": "succeeded",
    "validation_details": None,
    "dxso_status": 2,
    "dxso_protocol": [],
}
"""What ``POST /control/datev/settings`` may change."""


@dataclass(slots=True)
class Sandbox:
    """One running sandbox."""

    store: Store
    clock: SandboxClock
    courier: Courier
    burst: BurstMeter

    def datev_settings(self) -> Record:
        """The DATEV settings in force: the defaults and what the control API changed."""
        return {**DATEV_DEFAULTS, **(self.store.get("settings", "datev") or {})}

    def close(self) -> None:
        """Stop the courier and close the state file."""
        self.courier.stop()
        self.store.close()


def current() -> Sandbox:
    """The sandbox of the app that serves the current request."""
    found: Sandbox = current_app.extensions[EXTENSION]
    return found


def digest(secret: str) -> str:
    """What is stored instead of a token: enough to recognise it, useless to a reader of the state file."""
    return hashlib.sha256(secret.encode()).hexdigest()


def new_secret() -> str:
    """A random token."""
    return secrets.token_urlsafe(36)


def new_guid() -> str:
    """A random GUID in lower case."""
    return str(uuid.uuid4())
