"""Pipedrive's burst limit: so many requests per token in a rolling window of two seconds."""

import threading
import time
from collections import deque
from dataclasses import dataclass, field

WINDOW_S = 2.0
BLOCK_AFTER_REFUSALS = 10
"""Pipedrive says only that ignoring 429 leads to a block; ten refused calls in a row is our reading of
"ignoring".
"""
BLOCK_S = 60.0
"""How long a blocked caller gets the 403 page; Pipedrive names no figure."""


@dataclass(frozen=True, slots=True)
class BurstVerdict:
    """What the meter says about one call."""

    allowed: bool
    blocked: bool
    remaining: int
    reset_seconds: int
    """Relative seconds until the window has room again (the header ``x-ratelimit-reset``)."""


@dataclass(slots=True)
class _Caller:
    calls: deque[float] = field(default_factory=deque)
    refusals: int = 0
    blocked_until: float = 0.0


class BurstMeter:
    """Counts calls in memory: a window of two seconds is not worth a place on the disk."""

    def __init__(self, time_scale: float) -> None:
        self._block_s = BLOCK_S * time_scale
        self._callers: dict[str, _Caller] = {}
        self._lock = threading.Lock()

    def count(self, caller_key: str, limit: int, *, may_be_blocked: bool) -> BurstVerdict:
        """Count one call. ``may_be_blocked``: the block page exists for API tokens only."""
        now = time.monotonic()
        with self._lock:
            caller = self._callers.setdefault(caller_key, _Caller())
            if now < caller.blocked_until:
                return BurstVerdict(False, True, 0, 0)
            while caller.calls and caller.calls[0] <= now - WINDOW_S:
                caller.calls.popleft()
            if len(caller.calls) < limit:
                caller.calls.append(now)
                caller.refusals = 0
                return BurstVerdict(True, False, limit - len(caller.calls), _seconds_left(caller, now))
            caller.refusals += 1
            if may_be_blocked and caller.refusals > BLOCK_AFTER_REFUSALS:
                caller.refusals = 0
                caller.blocked_until = now + self._block_s
                return BurstVerdict(False, True, 0, 0)
            return BurstVerdict(False, False, 0, _seconds_left(caller, now))

    def forget(self) -> None:
        """Start anew (``POST /control/reset``)."""
        with self._lock:
            self._callers.clear()


def _seconds_left(caller: _Caller, now: float) -> int:
    return max(1, round(caller.calls[0] + WINDOW_S - now)) if caller.calls else 1
