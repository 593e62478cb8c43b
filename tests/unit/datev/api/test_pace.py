"""Our own limit of calls to DATEV: a step begins where it has room, waits a little, and else is sent away."""

from datetime import timedelta

import pytest

from connector.call_budget import Learned, NotYet, Patience, PatientCaller
from connector.datev import operations as op
from connector.datev.pace import STEP_ROOM, DatevPace
from connector.errors import RateLimitedError
from tests.unit.datev.api.fake_http import FakeHttp, Script, api_with
from tests.unit.fake_budget import FakeBudget

S = timedelta(seconds=1)


def paced(budget: FakeBudget, patience: Patience) -> tuple[DatevPace, list[float]]:
    slept: list[float] = []
    return DatevPace(budget, PatientCaller(patience, step_room=STEP_ROOM, sleep=slept.append)), slept


def test_a_step_begins_where_there_is_room_for_its_calls_and_then_needs_room_for_one() -> None:
    budget = FakeBudget()
    pace, _ = paced(budget, Patience())
    api = api_with(FakeHttp(Script(200, []), Script(200, [])), budget=pace)

    api.call(op.LIST_CLIENTS)
    api.call(op.LIST_CLIENTS)

    assert ([STEP_ROOM, 1], [Learned(), Learned()]) == (budget.rooms, budget.learned)


def test_a_step_that_cannot_begin_is_sent_away_and_nothing_is_sent() -> None:
    http = FakeHttp()
    pace, slept = paced(FakeBudget([NotYet(2 * S)]), Patience(under_way=10 * S))

    with pytest.raises(RateLimitedError, match="we allow ourselves to DATEV") as caught:
        api_with(http, budget=pace).call(op.LIST_CLIENTS)

    assert ([], []) == (http.sent, slept)
    assert caught.value.retry_after is not None
    assert 2 * S <= caught.value.retry_after <= 2.5 * S


def test_a_step_under_way_waits_in_place() -> None:
    budget = FakeBudget()
    pace, slept = paced(budget, Patience(under_way=10 * S))
    api = api_with(FakeHttp(Script(200, []), Script(200, [])), budget=pace)
    api.call(op.LIST_CLIENTS)
    budget.refusals = [NotYet(2 * S), NotYet(1 * S)]

    api.call(op.LIST_CLIENTS)

    assert [2.0, 1.0] == slept


def test_a_person_who_waits_needs_room_for_one_call() -> None:
    budget = FakeBudget([NotYet(2 * S)])
    pace, slept = paced(budget, Patience(10 * S, to_begin=10 * S))

    api_with(FakeHttp(Script(200, [])), budget=pace).call(op.LIST_CLIENTS)

    assert ([1, 1], [2.0]) == (budget.rooms, slept)
