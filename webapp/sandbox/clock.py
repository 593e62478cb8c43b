"""Time as the sandbox sees it: movable for tests, and scaled where a partner only makes callers wait."""

import math
from datetime import UTC, datetime, timedelta

from webapp.sandbox.store import Store


class SandboxClock:
    """Time as the sandbox sees it: the machine's clock plus an offset that tests may set."""

    def __init__(self, store: Store, time_scale: float) -> None:
        self._store = store
        self.time_scale = time_scale
        """Multiplies waiting times (job delays, webhook retries, bans), never token lifetimes."""
        self._offset = timedelta(seconds=float((store.get("clock", "offset") or {"seconds": 0})["seconds"]))

    def set_offset(self, seconds: float) -> None:
        """Move the sandbox's clock; kept over a restart."""
        self._store.put("clock", "offset", {"seconds": seconds})
        self._offset = timedelta(seconds=seconds)

    def now(self) -> datetime:
        """The current time in UTC, with the offset."""
        return datetime.now(UTC) + self._offset

    def scaled(self, seconds: float) -> float:
        """A waiting time on this sandbox's scale."""
        return seconds * self.time_scale

    def scaled_header(self, seconds: float) -> int:
        """A waiting time for a header that knows whole seconds only: never less than 1."""
        return max(1, math.ceil(self.scaled(seconds)))


def iso_utc(moment: datetime) -> str:
    """RFC 3339 in whole seconds with Z, as both partners print it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
