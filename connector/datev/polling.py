"""When a job at DATEV is asked about next (pure).

DATEV does not want to be polled round the clock and wants Retry-After obeyed; a bookkeeper wants a
quick answer when there is one. Hence quick first polls that soon become rare, and none at night.
"""

from collections.abc import Callable
from datetime import datetime, time, timedelta

from connector.clock import BERLIN, scaled
from connector.tenants.config import Hours

FIRST_POLL_AFTER = timedelta(seconds=5)
"""Where DATEV names no Retry-After: the value of the EXTF description's example."""

PAUSES = (
    timedelta(seconds=20),
    timedelta(minutes=2),
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=4),
    timedelta(hours=18),
)
"""Between one poll and the next: together about a day, after which a person is asked."""

SPREAD = 0.1
"""±10 %: jobs handed over together must not be asked about together."""

MORNING_SPREAD = timedelta(minutes=5)
"""Polls put off until the morning are spread over this, or all tenants would ask at the same second."""


def next_poll(
    attempt: int,
    *,
    now: datetime,
    hours: Hours,
    jitter: Callable[[], float],
    time_scale: float,
    retry_after: timedelta | None = None,
    first: timedelta = FIRST_POLL_AFTER,
) -> datetime | None:
    """The moment of the next poll, UTC; None: the polls are used up, a person decides.

    :param attempt: polls made so far for this job, 0 right after the hand-over.
    :param retry_after: what DATEV asked for in its last answer. It is DATEV's time, never scaled or cut.
    :param first: pause before the first poll where DATEV asked for none (DXSO: 10 s).
    :param jitter: random number from 0 up to 1.
    :param time_scale: ``MLC_TIME_SCALE``, for our own pauses.
    """
    if attempt > len(PAUSES):
        return None
    pause = first if attempt == 0 else PAUSES[attempt - 1]
    chance = jitter()
    spread_pause = scaled(pause, time_scale) * (1 + SPREAD * (2 * chance - 1))
    if retry_after is not None:
        # Later than asked for, never earlier; the first poll follows DATEV's wish alone.
        least = retry_after * (1 + SPREAD * chance)
        spread_pause = least if attempt == 0 else max(least, spread_pause)
    return _within(hours, now + spread_pause, scaled(MORNING_SPREAD, time_scale) * chance)


def _within(hours: Hours, moment: datetime, put_off_by: timedelta) -> datetime:
    """The moment itself within the hours, else a little after they begin next."""
    local = moment.astimezone(BERLIN)
    if _open_at(hours, local.time()):
        return moment
    opening = datetime.combine(local.date(), hours.start, BERLIN)
    if opening <= local:
        opening = datetime.combine(local.date() + timedelta(days=1), hours.start, BERLIN)
    return opening.astimezone(moment.tzinfo) + put_off_by


def _open_at(hours: Hours, local: time) -> bool:
    if hours.start == hours.end:
        return True
    if hours.start < hours.end:
        return hours.start <= local < hours.end
    return local >= hours.start or local < hours.end
