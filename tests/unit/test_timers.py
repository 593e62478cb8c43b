"""The order of the timers, and the calendar that bookings follow."""

from dataclasses import fields
from datetime import UTC, date, datetime, timedelta

import pytest

from connector.clock import SystemClock, berlin_date, scaled
from connector.timers import Timers, timers

SCALES = (1, 0.2, 0.1, 0.05, 0.01)


@pytest.mark.parametrize("scale", SCALES)
def test_deadlines_nest_at_every_scale(scale: float) -> None:
    table = timers(scale)

    assert table.connect < table.call <= table.upload < table.step_budget
    assert table.step_budget < table.soft_limit < table.hard_limit < table.lease
    assert table.sweep < table.longest_countdown < table.visibility_timeout
    assert table.lease < table.visibility_timeout
    assert timedelta(0) < table.retry_first < table.retry_cap


def test_every_timer_but_the_partners_is_scaled() -> None:
    full, tenth = timers(1), timers(0.1)

    for field in fields(Timers):
        factor = 1 if field.name == "token_margin" else 0.1
        assert getattr(full, field.name) * factor == getattr(tenth, field.name)


def test_a_duration_is_scaled() -> None:
    assert timedelta(seconds=3) == scaled(timedelta(seconds=30), 0.1)


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2026, 12, 31, 22, 59, 59, tzinfo=UTC), date(2026, 12, 31)),
        (datetime(2026, 12, 31, 23, 0, tzinfo=UTC), date(2027, 1, 1)),
        (datetime(2026, 6, 30, 21, 59, 59, tzinfo=UTC), date(2026, 6, 30)),
        (datetime(2026, 6, 30, 22, 0, tzinfo=UTC), date(2026, 7, 1)),
    ],
)
def test_a_moment_is_booked_on_the_day_it_is_in_berlin(moment: datetime, day: date) -> None:
    assert day == berlin_date(moment)


def test_a_moment_without_a_time_zone_has_no_booking_day() -> None:
    with pytest.raises(ValueError, match="time zone"):
        berlin_date(datetime(2026, 1, 1))  # noqa: DTZ001


def test_the_system_clock_speaks_utc() -> None:
    assert SystemClock().now().utcoffset() == timedelta(0)
