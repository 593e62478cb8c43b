"""When the next call to Pipedrive may be sent: its burst window, its blocks and its daily budget."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from connector.call_budget import CallBudget, Learned, NotYet, Slot
from connector.clock import Clock
from connector.errors import RateLimitedError
from connector.http import Answer
from connector.pipedrive import verdicts

WINDOW = timedelta(seconds=2)
"""In which Pipedrive counts the calls of one token (its page "Rate limiting")."""
SMALLEST_LIMIT = 20
"""Calls of an API token in one window on the smallest plan; the first answer tells the true figure."""
STEP_ROOM = 10
"""So many calls a step makes: reading one deal takes about ten."""
JITTER = timedelta(milliseconds=500)
"""On top of every wait, so that those who wait do not come back in one moment."""

_SAID = {
    "": "The calls that Pipedrive allows in two seconds are used up by other runs.",
    "rate_limited": "Pipedrive's limit of calls in two seconds is reached.",
    "blocked_after_rate_limit": "Pipedrive's protection blocks our calls for some minutes; nothing is sent.",
    "daily_budget_spent": "The company's Pipedrive budget for today is used up; it goes on tomorrow.",
}
_LIMIT_HEADER = "x-ratelimit-limit"


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a caller may be kept waiting in place instead of being sent away."""

    under_way: timedelta = timedelta(0)
    """In all, once the first call has been sent: a step broken off repeats all its calls."""
    to_begin: timedelta = timedelta(0)
    """For the first call. A worker has none, so that a busy tenant does not fill the queue of all; a person
    who waits at a command has some."""


class Pace:
    """The calls of one client; shares what it learns with all others of the same login.

    :param budget: counts the calls of all processes; None: only this client's own answers are obeyed.
    """

    def __init__(
        self,
        clock: Clock,
        budget: CallBudget | None = None,
        patience: Patience | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._clock = clock
        self._budget = budget
        patience = patience or Patience()
        self._may_wait = patience.to_begin
        self._may_wait_later = patience.under_way
        self._room = 1 if patience.to_begin else STEP_ROOM
        self._jitter = JITTER if budget else timedelta(0)
        self._sleep = sleep
        self._window_opens: datetime | None = None

    def send(self, call: Callable[[], Answer]) -> Answer:
        """Make the call once it may be made, and learn from its answer.

        :raises RateLimitedError: it may not be made now; nothing was sent.
        """
        slot = self._take()
        if self._room > 1:
            self._room, self._may_wait = 1, self._may_wait_later
        answer: Answer | None = None
        try:
            answer = call()
            return answer
        finally:
            self._settle(slot, answer)

    def _take(self) -> Slot | None:
        while isinstance(said := self._ask(), NotYet):
            if said.wait > self._may_wait:
                raise RateLimitedError(
                    _SAID.get(said.reason, _SAID["rate_limited"]),
                    retry_after=said.wait + self._jitter * random.random(),  # noqa: S311 - jitter, no secret
                    code=said.reason or None,
                    cure="Nothing to do: it goes on by itself.",
                )
            self._may_wait -= said.wait
            self._sleep(said.wait.total_seconds())
        return said

    def _ask(self) -> Slot | NotYet | None:
        if self._window_opens is not None:
            wait = self._window_opens - self._clock.now()
            if wait > timedelta(0):
                return NotYet(wait, "rate_limited")
            self._window_opens = None
        return self._budget.take(self._room) if self._budget else None

    def _settle(self, slot: Slot | None, answer: Answer | None) -> None:
        learned = self._learned(answer) if answer else Learned()
        if learned.closed_for:
            self._window_opens = self._clock.now() + learned.closed_for
        if self._budget and slot:
            self._budget.settle(slot, learned)

    def _learned(self, answer: Answer) -> Learned:
        limit = verdicts.header(answer, _LIMIT_HEADER)
        known = int(limit) if limit.isascii() and limit.isdigit() else None
        if not 200 <= answer.status < 300:
            error = verdicts.error_of(answer, "", self._clock.now())
            if isinstance(error, RateLimitedError):
                return Learned(known, error.retry_after, error.code, refused=True)
        if verdicts.is_burst_spent(answer):
            return Learned(known, verdicts.burst_wait(answer), "rate_limited")
        return Learned(known)
