"""Keeping every call to a partner: at once, cheaply, and never at the cost of the step that made it."""

import threading
import time
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from connector.clock import Clock
from connector.errors import DatabaseUnavailableError
from connector.http_record import CallRecord
from connector.log import bound_values, get_logger, redact_text
from connector.store import Database, http_log
from connector.store.http_log import Occasion
from connector.vault import Vault

log = get_logger(__name__)

MOST_WAITING = 500
"""Calls kept in memory while PostgreSQL is away; without it workers claim nothing and make no more."""

PAUSE_S = 5.0
"""After a failed write nobody tries for so long: a step must not wait for a timeout with each call."""


@dataclass
class CallLog:
    """One process's way into the log of calls."""

    database: Database
    vault: Vault
    clock: Clock
    interruptions: tuple[type[Exception], ...] = ()
    """What breaks the step itself off, such as its time limit: the one thing that is not swallowed here."""
    lost: int = 0
    """Calls that could not be kept; also told in the log."""
    _waiting: deque[tuple[CallRecord, Occasion, datetime]] = field(default_factory=deque)
    _closed_until: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def keep(self, call: CallRecord, tenant: str = "") -> None:
        """Write a call, with those that could not be written before. Raises nothing but interruptions.

        :param tenant: key of the tenant whom it was made for; empty: that of the step under way.
        """
        bound = bound_values()
        occasion = Occasion(
            tenant=tenant or str(bound.get("tenant", "")),
            run_id=_number(bound.get("run")),
            batch_id=_number(bound.get("batch")),
            step=str(bound.get("step", "")),
        )
        with self._lock:
            self._waiting.append((call, occasion, self.clock.now()))
            while len(self._waiting) > MOST_WAITING:
                self._waiting.popleft()
                self._note_loss("too_many_waiting")
            if time.monotonic() >= self._closed_until:
                self._write()

    def _write(self) -> None:
        while self._waiting:
            call, occasion, at = self._waiting[0]
            try:
                body = self._sealed(call)
                http_log.keep(self.database, call, occasion, at=at, error_body=body)
            except DatabaseUnavailableError:
                self._closed_until = time.monotonic() + PAUSE_S
                log.warning("http_log_waits", waiting=len(self._waiting))
                return
            except self.interruptions:
                raise
            except Exception as e:  # noqa: BLE001 - whatever it is, the step goes on, and so do the next calls
                self._note_loss(type(e).__name__)
            self._waiting.popleft()

    def _sealed(self, call: CallRecord) -> bytes | None:
        """The body of a refusal quotes what was sent, which is somebody's data: encrypted like a secret."""
        if not call.error_body:
            return None
        return self.vault.encrypt(redact_text(call.error_body.decode("utf-8", "replace")))

    def _note_loss(self, why: str) -> None:
        self.lost += 1
        log.error("http_log_lost", why=why, lost=self.lost)


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) else None
