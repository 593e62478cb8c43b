"""When DATEV is asked about a job again."""

from datetime import UTC, datetime, time, timedelta

import pytest

from connector.datev.dxso_jobs import FIRST_POLL_AFTER as DXSO_FIRST
from connector.datev.polling import PAUSES, next_poll
from connector.tenants.config import Hours

NOON = datetime(2026, 11, 23, 11, 0, tzinfo=UTC)  # 12:00 in Berlin
ALL_DAY = Hours(time(0, 0), time(0, 0))


def poll(attempt: int, *, now: datetime = NOON, hours: Hours = ALL_DAY, chance: float = 0.5, **options):
    given = {"time_scale": 1.0, **options}
    return next_poll(attempt, now=now, hours=hours, jitter=lambda: chance, **given)


def test_the_pauses_are_twenty_seconds_to_eighteen_hours():
    pauses = [poll(attempt) - NOON for attempt in range(1, 7)]
    assert [
        timedelta(seconds=20),
        timedelta(minutes=2),
        timedelta(minutes=15),
        timedelta(hours=1),
        timedelta(hours=4),
        timedelta(hours=18),
    ] == pauses


def test_after_about_a_day_the_polls_are_used_up():
    assert poll(len(PAUSES)) is not None
    assert poll(len(PAUSES) + 1) is None
    total = sum(PAUSES, timedelta())
    assert timedelta(hours=23) < total < timedelta(hours=24)


def test_the_first_poll_waits_as_long_as_datev_asked():
    assert NOON + timedelta(seconds=7) == poll(0, retry_after=timedelta(seconds=7), chance=0.0)


def test_a_dxso_job_is_first_asked_about_after_ten_seconds():
    assert NOON + timedelta(seconds=10) == poll(0, first=DXSO_FIRST)


def test_jitter_moves_a_pause_by_ten_percent_at_most():
    assert NOON + timedelta(seconds=18) == poll(1, chance=0.0)
    assert NOON + timedelta(seconds=22) == poll(1, chance=1.0)


def test_a_longer_retry_after_is_obeyed_on_later_polls_too():
    assert NOON + timedelta(seconds=60) == poll(1, retry_after=timedelta(seconds=60), chance=0.0)


def test_a_shorter_retry_after_does_not_hasten_a_later_poll():
    assert NOON + timedelta(minutes=15) == poll(3, retry_after=timedelta(seconds=5))


def test_the_time_scale_shortens_our_pauses_but_not_datevs_wish():
    assert NOON + timedelta(seconds=2) == poll(1, time_scale=0.1)
    assert NOON + timedelta(seconds=5) == poll(
        0, retry_after=timedelta(seconds=5), time_scale=0.1, chance=0.0
    )


def test_a_poll_at_night_is_put_off_until_the_morning_in_berlin():
    evening = datetime(2026, 11, 23, 20, 59, 30, tzinfo=UTC)  # 21:59:30 in Berlin
    moved = poll(2, now=evening, hours=Hours(time(6), time(22)), chance=0.0)
    assert datetime(2026, 11, 24, 5, 0, tzinfo=UTC) == moved


def test_a_poll_before_the_morning_is_put_off_to_the_same_day():
    night = datetime(2026, 7, 1, 1, 0, tzinfo=UTC)  # 03:00 in Berlin, summer time
    moved = poll(1, now=night, hours=Hours(time(6), time(22)), chance=0.0)
    assert datetime(2026, 7, 1, 4, 0, tzinfo=UTC) == moved


def test_morning_polls_are_spread():
    night = datetime(2026, 7, 1, 1, 0, tzinfo=UTC)
    moved = poll(1, now=night, hours=Hours(time(6), time(22)), chance=0.5)
    assert datetime(2026, 7, 1, 4, 2, 30, tzinfo=UTC) == moved


def test_hours_may_run_over_midnight():
    overnight = Hours(time(20), time(4))
    assert NOON.replace(hour=19) == poll(1, hours=overnight, chance=0.0)  # 20:00 in Berlin
    late = datetime(2026, 11, 23, 23, 0, tzinfo=UTC)
    assert late + timedelta(seconds=20) == poll(1, now=late, hours=overnight)


@pytest.mark.parametrize("day", [datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)])
def test_a_change_of_the_clock_does_not_move_the_morning(day):
    moved = poll(1, now=day, hours=Hours(time(6), time(22)), chance=0.0)
    berlin_six = {3: 4, 10: 5}[day.month]
    assert day.replace(hour=berlin_six) == moved
