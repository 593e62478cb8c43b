"""The way to the broker beside Celery: wake-up calls, and how many chains each tenant has under way.

Past kombu, whose connections have no total deadline and whose publishing alone costs the receiver more than
storing the delivery does. Counting and publishing are one script, one trip: a call that finds its tenant's
share used up is not published at all, however many deals were won. Of each tenant one chain stands in the
first row, which workers empty before they look at the second; so nobody waits behind more than one message of
each other tenant, and a tenant alone has all workers.

What is counted here may be lost at any moment: a lost count lets more through, a lost call costs one sweep.
"""

import time
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum
from functools import cached_property
from typing import Any

from redis.exceptions import RedisError

from connector.log import get_logger
from connector.redis_line import RedisLine

log = get_logger(__name__)

PATIENCE_S = 0.3
"""To connect, and for the answer: the broker is near, and a lost call costs one sweep only."""

PAUSE_S = 3.0
"""After a lost call no other is tried for this long, so that a burst of deliveries waits for a dead broker
once and not once each. Far shorter than a sweep's interval: it adds nothing to what a lost call costs."""

MOST_ASLEEP = 400
"""Messages with a countdown over all queues. They lie in workers' memory, and a worker that holds its
``worker_eta_task_limit`` takes no other message at all; below it, whoever wants more is left to the sweep."""

MOST_ASLEEP_OF_TENANT = 40
"""So that it takes ten busy tenants before another one's short wait becomes a sweep's."""


PRIORITY_PLACE = "@priority"
"""Stands in a message where its row goes: which one it is, the script knows."""

FIRST_ROW, SECOND_ROW = 0, 9
"""Priorities of kombu, which keeps a list for each and empties the first before it takes from the second."""

ROW_SEPARATOR = "\x06\x16"
"""Between a queue's name and a priority other than 0 in kombu's names of lists (``Channel.sep``)."""


ASLEEP_KEPT = timedelta(hours=1)
"""The counts of sleeping messages are forgotten so long after the last one: longer than any countdown."""


class Woken(IntEnum):
    """What became of a wake-up call."""

    FULL = 0
    """Not sent: the tenant has its share of chains under way. Whichever of them ends first looks for more."""
    SENT = 1
    UNDER_WAY = 2
    """Not sent: the row has a chain under way. If that can do nothing for it any more, because the deal has
    changed and begins anew, whoever ends looks for it as for the others."""
    LOST = 3
    """Not sent: the broker is away."""


@dataclass(frozen=True, slots=True)
class Share:
    """Whose chains are counted together, and how many there may be.

    :param lane: name of the lane.
    :param most: chains of the tenant in the lane at once.
    :param lasts: a chain that never reported its end counts so long: longer than a message waits and a lease
        lasts, so that a dead one is known to be dead.
    """

    lane: str
    tenant_id: int
    most: int
    lasts: timedelta

    @property
    def keys(self) -> list[str]:
        """In Redis: row ids by the moment until which they count; the id of the one chain in the first row;
        and a note that a call was not sent."""
        key = f"mlc:turns:{self.lane}:{self.tenant_id}"
        return [key, f"{key}:first", f"{key}:more"]


_WAKE = """
local known = redis.call('ZSCORE', KEYS[1], ARGV[1])
local held_back
if known and ARGV[4] ~= '1' then held_back = 2 end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if not known and redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then
  redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
  if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then held_back = 0 end
end
if held_back then
  redis.call('SET', KEYS[3], 1, 'PX', ARGV[3])
  return held_back
end
redis.call('ZADD', KEYS[1], now + tonumber(ARGV[3]), ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
local queue, priority = KEYS[5], ARGV[8]
if redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[3])
    or known and redis.call('GET', KEYS[2]) == ARGV[1] then
  queue, priority = KEYS[4], ARGV[7]
end
redis.call('LPUSH', queue, ARGV[5] .. priority .. ARGV[6])
return 1
"""
"""Every delivery of a won deal pays for this: nothing is asked that most of them need not know."""

_END = """
redis.call('ZREM', KEYS[1], ARGV[1])
if redis.call('GET', KEYS[2]) == ARGV[1] then redis.call('DEL', KEYS[2]) end
return redis.call('DEL', KEYS[3])
"""
"""Whoever learns that more waits looks for it now: the note is gone before the rows are read, so a row that
comes later leaves a note of its own."""

_SLEEP = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for place = 1, 2 do
  redis.call('ZREMRANGEBYSCORE', KEYS[place], '-inf', now)
  if redis.call('ZCARD', KEYS[place]) >= tonumber(ARGV[2 + place]) then return 0 end
end
for place = 1, 2 do
  redis.call('ZADD', KEYS[place], now + tonumber(ARGV[2]), ARGV[1])
  redis.call('PEXPIRE', KEYS[place], ARGV[5])
end
return 1
"""


class Broker:
    """Short timeouts, and a pause after a failure; nothing here ever raises."""

    def __init__(self, url: str, key_prefix: str) -> None:
        self._url = url
        self._key_prefix = key_prefix
        self._silent_until = 0.0

    def wake(self, share: Share, row_id: int, queue: str, message: str, *, again: bool) -> Woken:
        """Send a message if the tenant has room for one more chain.

        :param message: JSON with :data:`PRIORITY_PLACE` for the priority.
        :param again: send it even if the row has a chain under way, which may be a dead one.
        """
        before, _place, after = message.partition(f'"{PRIORITY_PLACE}"')
        said = self._run(
            _WAKE,
            [
                *share.keys,
                self._key_prefix + queue,
                f"{self._key_prefix}{queue}{ROW_SEPARATOR}{SECOND_ROW}",
            ],
            [
                *(row_id, share.most, _ms(share.lasts), int(again)),
                *(before, after, FIRST_ROW, SECOND_ROW),
            ],
            what=f"{share.lane} {row_id}",
        )
        return Woken.LOST if said is None else Woken(said)

    def end(self, share: Share, row_id: int) -> bool:
        """A row's chain has ended. Whether more of the tenant's rows wait for its room."""
        return bool(self._run(_END, share.keys, [row_id], what=f"{share.lane} {row_id}"))

    def may_sleep(self, share: Share, row_id: int, length: timedelta) -> bool:
        """Whether a message may lie in a worker's memory for so long; without a broker to ask, it may."""
        keys = ["mlc:turns:asleep", f"mlc:turns:asleep:{share.tenant_id}"]
        args = [
            *(f"{share.lane} {row_id}", _ms(length)),
            *(MOST_ASLEEP, MOST_ASLEEP_OF_TENANT, _ms(ASLEEP_KEPT)),
        ]
        return self._run(_SLEEP, keys, args, what=f"{share.lane} {row_id}") != 0

    def _run(self, script: str, keys: list[str], args: list[Any], *, what: str) -> Any:
        """A script's result, or None where the broker is away."""
        if time.monotonic() < self._silent_until:
            return None
        try:
            return self._redis.evaluate(script, keys, args)
        except Exception as e:
            # Whatever it is: the row is stored, and its call must not make that look like a failure.
            self._silent_until = time.monotonic() + PAUSE_S
            expected = isinstance(e, (RedisError, OSError))
            log.warning(
                "wake_up_call_lost", row=what, error=type(e).__name__, exc_info=None if expected else e
            )
            return None

    @cached_property
    def _redis(self) -> RedisLine:
        """Opened on first use: after the fork, never shared across it."""
        return RedisLine(self._url, PATIENCE_S)


def _ms(length: timedelta) -> int:
    return max(1, round(length / timedelta(milliseconds=1)))
