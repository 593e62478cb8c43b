"""Every timer of the pipeline in one table, because their order is what makes it hold.

call deadline < step budget < soft limit < hard limit < lease, and
longest countdown < visibility timeout. ``MLC_TIME_SCALE`` scales all of them alike, so the
order survives at any scale; a test asserts it from the live configuration.
"""

from dataclasses import dataclass
from datetime import timedelta

from connector.clock import scaled


@dataclass(frozen=True, slots=True)
class Timers:
    """The timers at one time scale."""

    connect: timedelta
    """To open a connection; a partner that does not even answer the door is down."""
    call: timedelta
    """One call to a partner, from the first byte sent to the last byte read."""
    upload: timedelta
    """One call that carries a file of up to 20 MB."""
    step_budget: timedelta
    """All calls of one step together."""
    soft_limit: timedelta
    """Celery interrupts the step; it can still tidy up."""
    hard_limit: timedelta
    """Celery kills the process of the step."""
    lease: timedelta
    """After this nobody can still be working on the claim: another worker may take it."""
    sweep: timedelta
    """How often beat looks for due rows: the latency that a lost wake-up call costs."""
    longest_countdown: timedelta
    """Longer waits are ``due_at`` rows, since a countdown lives in a worker's memory."""
    visibility_timeout: timedelta
    """After this Redis delivers an unacknowledged message again."""
    retry_first: timedelta
    """First pause after a transient failure; doubles, with full jitter."""
    retry_cap: timedelta
    """Longest pause between two tries."""
    watch_tick: timedelta
    """How often beat looks which watches are due; each has its own interval."""
    reconciliation: timedelta
    """How often Pipedrive's lists of deals are read for what no webhook told."""
    webhook_patience: timedelta
    """A delivery that has not come by then was lost: Pipedrive's last try begins three minutes after the
    change, and may take ten seconds."""
    hook_check: timedelta
    """How often our hooks at Pipedrive are looked after."""
    housekeeping: timedelta
    """How often what is over its time is deleted. Daily by nature; hourly, so that a beat which is restarted
    every few hours, and forgets what it has done, still does it."""
    token_margin: timedelta
    """A token is renewed this long before it ends, so that it does not end on the way."""


_AT_FULL_SCALE = Timers(
    connect=timedelta(seconds=5),
    call=timedelta(seconds=30),
    upload=timedelta(seconds=60),
    step_budget=timedelta(seconds=80),
    soft_limit=timedelta(seconds=90),
    hard_limit=timedelta(seconds=120),
    lease=timedelta(seconds=180),
    sweep=timedelta(seconds=30),
    longest_countdown=timedelta(seconds=300),
    visibility_timeout=timedelta(seconds=1800),
    retry_first=timedelta(seconds=15),
    retry_cap=timedelta(hours=1),
    watch_tick=timedelta(seconds=60),
    reconciliation=timedelta(minutes=15),
    webhook_patience=timedelta(minutes=4),
    hook_check=timedelta(hours=1),
    housekeeping=timedelta(hours=1),
    token_margin=timedelta(seconds=60),
)

RETRY_BUDGET = 12
"""Transient failures in a row before a human is asked: with the pauses above about four hours."""


def timers(time_scale: float) -> Timers:
    """The table at a scale. Token margins are partner time and stay as they are."""
    values = {name: scaled(getattr(_AT_FULL_SCALE, name), time_scale) for name in Timers.__slots__}
    return Timers(**{**values, "token_margin": _AT_FULL_SCALE.token_margin})
