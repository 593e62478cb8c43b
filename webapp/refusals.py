"""Refused deliveries: counted where monitoring sees them, and told in the log without being flooded."""

import time
from collections import Counter
from collections.abc import Callable
from threading import Lock

from connector.errors import DatabaseUnavailableError
from connector.log import get_logger
from connector.pipeline.services import Services
from connector.store import refused_deliveries

log = get_logger(__name__)

PAUSE_S = 10.0
"""The first refusal is written and told at once, those within this pause together with the next one after it:
whoever floods the receiver fills neither the log nor the database."""


class Refusals:
    """The refusals of this process; safe to share between threads.

    :param write: adds to the count of a tenant's key.
    """

    def __init__(
        self, write: Callable[[str, int], None], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._write = write
        self._monotonic = monotonic
        self._waiting: Counter[str] = Counter()
        self._silent_until: dict[str, float] = {}
        self._lock = Lock()

    def note(self, tenant_key: str) -> None:
        """One more; never raises.

        :param tenant_key: of a tenant that exists, else :data:`refused_deliveries.UNKNOWN_TENANT`.
        """
        now = self._monotonic()
        with self._lock:
            self._waiting[tenant_key] += 1
            if now < self._silent_until.get(tenant_key, now):
                return
            self._silent_until[tenant_key] = now + PAUSE_S
            count = self._waiting.pop(tenant_key)
        log.warning("deliveries_refused", tenant=tenant_key or "unknown", count=count)
        try:
            self._write(tenant_key, count)
        except DatabaseUnavailableError:
            with self._lock:
                self._waiting[tenant_key] += count


def counted(services: Services) -> Refusals:
    """Refusals that are counted in PostgreSQL."""

    def write(tenant_key: str, count: int) -> None:
        with services.database.transaction() as tx:
            refused_deliveries.add(tx, tenant_key, count, now=services.clock.now())

    return Refusals(write)
