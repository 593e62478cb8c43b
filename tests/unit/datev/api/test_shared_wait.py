"""What DATEV asks one process to wait, all others of the login wait too."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from connector.call_budget import Learned, NotYet, Slot
from connector.datev import operations as op
from connector.errors import ConnectorError, RateLimitedError
from tests.unit.datev.api.fake_http import FakeHttp, Script, api_with


@dataclass
class FakeBudget:
    """Says what it was told to say, and keeps what it heard."""

    said: Slot | NotYet = field(default_factory=lambda: Slot("1"))
    learned: list[Learned] = field(default_factory=list)

    def take(self, _room: int) -> Slot | NotYet:
        return self.said

    def settle(self, _slot: Slot, learned: Learned) -> None:
        self.learned.append(learned)


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (Script(200, []), Learned()),
        (Script(404, {"request_id": "r"}), Learned()),
        (
            Script(429, {"request_id": "r"}, {"Retry-After": "17"}),
            Learned(closed_for=timedelta(seconds=17), reason="rate_limited", refused=True),
        ),
        (
            Script(403, b"<html>blocked</html>"),
            Learned(closed_for=timedelta(minutes=5), reason="partner_blocks", refused=True),
        ),
    ],
)
def test_a_limit_or_block_is_told_to_all(script: Script, expected: Learned) -> None:
    budget = FakeBudget()

    call(FakeHttp(script), budget)

    assert [expected] == budget.learned


def test_while_datev_wants_no_calls_nothing_is_sent() -> None:
    http = FakeHttp(Script(200, []))
    budget = FakeBudget(NotYet(timedelta(seconds=20), "rate_limited"))

    with pytest.raises(RateLimitedError) as caught:
        api_with(http, budget=budget).call(op.LIST_CLIENTS)

    assert [] == http.sent
    assert caught.value.retry_after is not None
    assert timedelta(seconds=20) <= caught.value.retry_after <= timedelta(seconds=25)


def call(http: Any, budget: FakeBudget) -> None:
    try:
        api_with(http, budget=budget).call(op.LIST_CLIENTS)
    except ConnectorError:
        return
