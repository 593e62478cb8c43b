"""How many calls a partner lets one login make, counted over all processes in Redis (Valkey).

A worker sees only its own calls, and a partner counts all of them: without this, forty runs of one tenant
call at once, earn refusals and then a block. What is kept here may be lost at any moment: the partner's next
refusal teaches it again. Without Redis, or while it is away, everything is let through, as if nobody else
were calling.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any, Protocol, TypeVar
from uuid import uuid4

from redis.exceptions import RedisError

from connector.log import get_logger
from connector.redis_line import RedisLine

log = get_logger(__name__)

PATIENCE_S = 0.3
"""To connect, and for an answer: the server is near, and a call that is not counted is no disaster."""
PAUSE_S = 3.0
"""After a failure Redis is left alone for so long: a dead one must not slow down every call of a step."""
IN_FLIGHT = timedelta(seconds=60)
"""A call whose end was never told (its process was killed) counts this long; no call takes longer."""
LONGEST_REFUSAL = timedelta(minutes=5)
"""Refusal after refusal doubles the pause up to here: then it is no burst, and asking often earns a block."""
MARGIN = timedelta(milliseconds=25)
"""Added to a window: moments are counted in whole milliseconds, and two machines' clocks do not run alike."""
KEPT = timedelta(days=2)
"""What was learned about a login that has not called since is forgotten: longer than any closing."""


@dataclass(frozen=True, slots=True)
class Slot:
    """The right to make one call now; give it back with :meth:`CallBudget.settle`."""

    id: str


@dataclass(frozen=True, slots=True)
class NotYet:
    """No call now."""

    wait: timedelta
    """Until it is this caller's turn; those who wait get turns one after another."""
    reason: str = ""
    """Code of the error that closed the login; empty: the window is full with our own calls."""


@dataclass(frozen=True, slots=True)
class Learned:
    """What the partner's answer said about its limits."""

    limit: int | None = None
    """Calls in one window."""
    closed_for: timedelta | None = None
    """Nothing may be sent for so long."""
    reason: str = ""
    """Code of the error that says so."""
    refused: bool = False
    """Whether the call itself was refused for a limit."""


Given = TypeVar("Given")


class CallBudget(Protocol):
    """The calls of one login."""

    def take(self, room: int) -> Slot | NotYet:
        """Ask before a call.

        :param room: so many calls must be free in the window: 1 for a step under way; a step that begins asks
            for as many as it will need, so that those under way can end before others begin. A reader in bulk
            asks for that much before each of its calls and so always lets the steps go first.
        """
        ...

    def settle(self, slot: Slot, learned: Learned) -> None:
        """Tell that the call has ended, and what its answer said."""
        ...


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a caller may be kept waiting in place instead of being sent away."""

    under_way: timedelta = timedelta(0)
    """In all, once the first call has been sent: a step broken off repeats all its calls."""
    to_begin: timedelta = timedelta(0)
    """For the first call. A worker has none, so that a busy tenant does not fill the queue of all; a person
    who waits at a command has some."""


class PatientCaller:
    """One step's way to its calls: it begins where there is room for all of them, and then rather waits.

    :param step_room: so many calls the step will make; somebody who waits in person needs room for one.
    """

    def __init__(
        self, patience: Patience, *, step_room: int, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._may_wait = patience.to_begin
        self._may_wait_later = patience.under_way
        self._room = 1 if patience.to_begin else step_room
        self._sleep = sleep

    def take(self, ask: Callable[[int], Given | NotYet]) -> Given | NotYet:
        """Ask, and wait in place as long as that is allowed.

        :param ask: gets the room that is needed.
        """
        while isinstance(said := ask(self._room), NotYet):
            if said.wait > self._may_wait:
                return said
            self._may_wait -= said.wait
            self._sleep(said.wait.total_seconds())
        if self._room > 1:
            self._room, self._may_wait = 1, self._may_wait_later
        return said


_TAKE = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local window = tonumber(ARGV[3])
local state = redis.call('HMGET', KEYS[2], 'closed_until', 'reason', 'limit', 'next_turn')
local closed = tonumber(state[1]) or 0
local limit = tonumber(state[3]) or tonumber(ARGV[5])
local asked = tonumber(ARGV[2])
local room = math.min(asked, math.max(1, math.floor(limit / 2)))
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
local used = redis.call('ZCARD', KEYS[1])
if closed <= now and used + room <= limit then
  redis.call('ZADD', KEYS[1], now + tonumber(ARGV[4]), ARGV[1])
  redis.call('PEXPIRE', KEYS[1], ARGV[4])
  return {1, 0, ''}
end
local reason = closed > now and state[2] or ''
local full = used + room > limit
if asked == 1 then
  local first = full and redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2] or now
  return {0, math.max(closed, math.min(tonumber(first), now + window), now + 1) - now, reason}
end
local turn = math.max(closed, full and now + window or now, tonumber(state[4]) or 0)
redis.call('HSET', KEYS[2], 'next_turn', turn + math.ceil(window * room / limit))
redis.call('PEXPIRE', KEYS[2], ARGV[6])
return {0, turn - now, reason}
"""
"""A rolling window: every call counts from before it is sent until one window after its answer, which is at
least as long as the partner counts it, however long it was on its way. Those who find no room are given turns
so far apart as their calls take."""

_SETTLE = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if redis.call('ZSCORE', KEYS[1], ARGV[1]) then
  redis.call('ZADD', KEYS[1], now + tonumber(ARGV[2]), ARGV[1])
end
if tonumber(ARGV[3]) > 0 then redis.call('HSET', KEYS[2], 'limit', ARGV[3]) end
local state = redis.call('HMGET', KEYS[2], 'closed_until', 'refusals')
local closed = tonumber(state[1]) or 0
local closing = tonumber(ARGV[4])
if ARGV[6] == '1' then
  local refusals = tonumber(state[2]) or 0
  closing = math.max(closing, math.min(closing * 2 ^ refusals, tonumber(ARGV[7])))
  if closed <= now then redis.call('HSET', KEYS[2], 'refusals', refusals + 1) end
else
  redis.call('HDEL', KEYS[2], 'refusals')
end
if closing > 0 and now + closing > closed then
  redis.call('HSET', KEYS[2], 'closed_until', now + closing, 'reason', ARGV[5])
end
redis.call('PEXPIRE', KEYS[2], ARGV[8])
return 0
"""


class RedisCalls:
    """The connection over which all budgets of one process are counted; never raises."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._silent_until = 0.0

    def budget(self, key: str, *, window: timedelta, limit: int) -> CallBudget:
        """The calls of one login.

        :param key: whose: the same in all processes, and no secret.
        :param window: in which the partner counts.
        :param limit: of calls in it until an answer tells the true one.
        """
        return _RedisBudget(self, key, window=window, limit=limit)

    def run(self, script: str, keys: list[str], args: list[Any]) -> Any:
        """A script's result, or None where Redis is away."""
        if time.monotonic() < self._silent_until:
            return None
        try:
            return self._redis.evaluate(script, keys, args)
        except (RedisError, OSError) as e:
            self._silent_until = time.monotonic() + PAUSE_S
            log.warning("calls_not_counted", error=type(e).__name__)
            return None

    def close(self) -> None:
        """Close the pool's connections, if any were opened."""
        if "_redis" in self.__dict__:
            self._redis.close()

    @cached_property
    def _redis(self) -> RedisLine:
        """Opened on first use: after the fork, never shared across it."""
        return RedisLine(self._url, PATIENCE_S)


class _RedisBudget:
    def __init__(self, calls: RedisCalls, key: str, *, window: timedelta, limit: int) -> None:
        self._calls = calls
        # One hash tag, so that a clustered server keeps both keys in one place.
        self._keys = [f"mlc:{{calls:{key}}}:window", f"mlc:{{calls:{key}}}:state"]
        self._window_ms = _ms(window + MARGIN)
        self._limit = limit

    def take(self, room: int) -> Slot | NotYet:
        slot = Slot(uuid4().hex)
        args = [slot.id, room, self._window_ms, _ms(IN_FLIGHT), self._limit, _ms(KEPT)]
        said = self._calls.run(_TAKE, self._keys, args)
        if said is None or said[0] == 1:
            return slot
        return NotYet(timedelta(milliseconds=int(said[1])), said[2].decode())

    def settle(self, slot: Slot, learned: Learned) -> None:
        args = [
            slot.id,
            self._window_ms,
            learned.limit or 0,
            _ms(learned.closed_for or timedelta(0)),
            learned.reason,
            int(learned.refused),
            _ms(LONGEST_REFUSAL),
            _ms(KEPT),
        ]
        self._calls.run(_SETTLE, self._keys, args)


def _ms(duration: timedelta) -> int:
    return round(duration / timedelta(milliseconds=1))
