"""How often DATEV is asked about a job, from the hand-over until it has ended, over hours and days.

Both clocks are moved; what is counted is what reached DATEV's stand-in.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta

import pytest
import requests

from connector.clock import BERLIN
from connector.pipeline.retry import retry_run
from connector.tenants.config import DatevFormat, Hours
from tests.integration.pipeline.carriage import Carriage, config_for

OFFICE = Hours(time(8), time(18))
AFTERNOON = datetime(2026, 12, 3, 15, 30, tzinfo=BERLIN)
"""A Thursday in winter."""
MOST_GETS = 8
"""For each POST; look-ups in the list of jobs are counted apart."""
DAY_S = 86_400
NEVER_S = 100 * DAY_S
TAKES = {"3s": 3, "40s": 40, "1h": 3_600, "4h": 4 * 3_600, "23h": 23 * 3_600}


@dataclass
class Polls:
    """GETs by job, and the hours at which they came."""

    of_job: Counter[str] = field(default_factory=Counter)
    at: list[datetime] = field(default_factory=list)


def carried(carriage: Carriage) -> Polls:
    """Let time pass until everything rests; what was asked on the way."""
    found = Polls()
    for _round in range(60):
        carriage.carry()
        asked = _asked(carriage)
        new = asked.total() - found.of_job.total()
        found.at += [carriage.clock.now().astimezone(BERLIN)] * new
        found.of_job = asked
        if carriage.tenant.parked or not carriage.until_due():
            return found
    raise AssertionError("it goes in circles")


def _asked(carriage: Carriage) -> Counter[str]:
    listed = requests.get(f"{carriage.sandbox.url}/control/requests?limit=5000", timeout=10).json()
    polls = [
        call["path"]
        for call in listed["requests"]
        if call["method"] == "GET" and ("/jobs/" in call["path"] or "/dxso-jobs/" in call["path"])
    ]
    return Counter(path for path in polls if not path.endswith("/protocol-entries"))


def office(carriage: Carriage, fmt: DatevFormat, *, takes_s: int, hours: Hours = OFFICE) -> None:
    """It is a working afternoon, and DATEV's jobs take so long."""
    carriage.apply(config_for(fmt, hours=hours))
    carriage.connect(fmt)
    carriage.let_pass(AFTERNOON - carriage.clock.now())
    carriage.sandbox.control("datev/settings", job_delay_seconds=takes_s)


@pytest.mark.parametrize("fmt", list(DatevFormat))
@pytest.mark.parametrize("takes_s", TAKES.values(), ids=TAKES)
def test_a_job_is_asked_about_eight_times_at_most_and_never_at_night(
    carriage: Carriage, fmt: DatevFormat, takes_s: int
) -> None:
    office(carriage, fmt, takes_s=takes_s)
    run = carriage.win(7)

    polls = carried(carriage)

    assert "done" == carriage.run(run.id).state
    assert max(polls.of_job.values()) <= MOST_GETS
    assert [] == [at for at in polls.at if not OFFICE.start <= at.time() < OFFICE.end]


@pytest.mark.parametrize("fmt", list(DatevFormat))
def test_after_a_day_without_an_answer_a_person_is_asked_and_may_have_it_asked_again(
    carriage: Carriage, fmt: DatevFormat
) -> None:
    office(carriage, fmt, takes_s=NEVER_S, hours=Hours(time(0), time(0)))
    run = carriage.win(7)

    polls = carried(carriage)

    parked = carriage.run(run.id)
    assert ("needs_attention", "DATEV has not answered for a day.") == (parked.state, parked.reason_message)
    assert polls.of_job.total() <= MOST_GETS
    assert timedelta(hours=20) < polls.at[-1] - polls.at[0] < timedelta(hours=28)

    carriage.sandbox.control("datev/settings", job_delay_seconds=0)
    carriage.let_pass(timedelta(seconds=NEVER_S))
    carriage.connect(fmt)
    retry_run(carriage.services, run.id, actor="anna")
    carried(carriage)
    assert "done" == carriage.run(run.id).state
