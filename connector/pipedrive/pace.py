"""When the next call to Pipedrive may be sent: its burst window, its blocks and its daily budget."""

import random
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from connector.call_budget import CallBudget, Learned, NotYet, Patience, PatientCaller, Slot
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
        self._caller = PatientCaller(patience or Patience(), step_room=STEP_ROOM, sleep=sleep)
        self._jitter = JITTER if budget else timedelta(0)
        self._window_opens: datetime | None = None

    def send(self, call: Callable[[], Answer]) -> Answer:
        """Make the call once it may be made, and learn from its answer.

        :raises RateLimitedError: it may not be made now; nothing was sent.
        """
        slot = self._take()
        answer: Answer | None = None
        try:
            answer = call()
            return answer
        finally:
            self._settle(slot, answer)

    def _take(self) -> Slot | None:
        said = self._caller.take(self._ask)
        if isinstance(said, NotYet):
            raise RateLimitedError(
                _SAID.get(said.reason, _SAID["rate_limited"]),
                retry_after=said.wait + self._jitter * random.random(),  # noqa: S311 - jitter, no secret
                code=said.reason or None,
                cure="Nothing to do: it goes on by itself.",
            )
        return said

    def _ask(self, room: int) -> Slot | NotYet | None:
        if self._window_opens is not None:
            wait = self._window_opens - self._clock.now()
            if wait > timedelta(0):
                return NotYet(wait, "rate_limited")
            self._window_opens = None
        return self._budget.take(room) if self._budget else None

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
