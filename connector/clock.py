"""The only place that asks what time it is, and the one knob that scales every timer."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

BERLIN = ZoneInfo("Europe/Berlin")
"""Booked dates (document date, fiscal year) follow the calendar of the German tax office."""


class Clock(Protocol):
    """What the pipeline needs of a clock; tests pass one that stands still."""

    def now(self) -> datetime:
        """The present moment, UTC, time-zone aware."""
        ...


@dataclass(frozen=True, slots=True)
class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present moment, UTC, time-zone aware."""
        return datetime.now(UTC)


def berlin_date(moment: datetime) -> date:
    """The calendar day on which a moment is booked.

    A deal won at 23:30 UTC on 31 December belongs to the next year in Berlin.
    """
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone has no booking day")
    return moment.astimezone(BERLIN).date()


def scaled(duration: timedelta, time_scale: float) -> timedelta:
    """A timer's length under ``MLC_TIME_SCALE`` (1 in production, smaller in tests and the demo)."""
    return duration * time_scale
