"""The matrix of truths: what happens to a deal and how it is told, before and after the hand-over.

Each row is told in every way that Pipedrive may choose: over and over, in the wrong order by two hooks, or
not at all (then the reconciliation finds it). The runs in the end are the same, and no deal is booked twice.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from http import HTTPStatus
from itertools import count
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.pipedrive.webhook import DealAction, DealEvent
from connector.store import tables as t
from tests.integration.pipeline.carriage import API_TOKEN, Carriage
from tests.integration.pipeline.listing import sweep_lists

DEAL, OTHER = 7, 8

PATIENCE_S = 30.0


@dataclass
class Pipedrive:
    """What people do there, with the delivery that each act leads to."""

    carriage: Carriage
    deliveries: list[DealEvent]

    def act(self, deal_id: int, action: str, **body: Any) -> None:
        """One act; its delivery is kept and not given to anybody."""
        before = self.deal_now(deal_id)["status"]
        self.carriage.let_pass(timedelta(minutes=1))
        self.carriage.sandbox.act(deal_id, action, **body)
        deal = self.deal_now(deal_id)
        now = deal["status"]
        deleted = action == "delete"
        self.deliveries.append(
            self.carriage.event(
                deal_id,
                action=DealAction.DELETED if deleted else DealAction.CHANGED,
                status_now="" if deleted else now,
                status_before=before if now != before and not deleted else "",
                became_won=now == "won" != before and not deleted,
                won_time=datetime.fromisoformat(deal["won_time"]) if deal["won_time"] else None,
                as_of=datetime.fromisoformat(deal["update_time"]),
            )
        )

    def merge(self, deal_id: int, survivor: int) -> None:
        """A deal goes up in another one, which is won or not as it was."""
        self.act(deal_id, "delete")
        self.deliveries[-1] = replace(self.deliveries[-1], merged_to=survivor)

    def deal_now(self, deal_id: int) -> Any:
        """How it stands there."""
        url = f"{self.carriage.sandbox.url}/pipedrive/api/v2/deals/{deal_id}"
        deadline = time.monotonic() + PATIENCE_S
        while True:
            answer = requests.get(url, headers={"x-api-token": API_TOKEN}, timeout=10)
            # The test's own looks count towards the burst limit as well.
            if answer.status_code != HTTPStatus.TOO_MANY_REQUESTS or time.monotonic() > deadline:
                return answer.json()["data"]
            time.sleep(0.1)


@pytest.fixture
def pipedrive(carriage: Carriage) -> Pipedrive:
    """Two open deals, of which the second is won where a merge needs it."""
    carriage.sandbox.deal(DEAL)
    return Pipedrive(carriage, [])


def nothing(_pipedrive: Pipedrive) -> None:
    """The deal stays as it was won."""


def rewon(pipedrive: Pipedrive) -> None:
    pipedrive.act(DEAL, "reopen")
    pipedrive.act(DEAL, "win")


def rewon_twice(pipedrive: Pipedrive) -> None:
    rewon(pipedrive)
    rewon(pipedrive)


def reopened(pipedrive: Pipedrive) -> None:
    pipedrive.act(DEAL, "reopen")


def lost(pipedrive: Pipedrive) -> None:
    pipedrive.act(DEAL, "lose")


def deleted(pipedrive: Pipedrive) -> None:
    pipedrive.act(DEAL, "delete")


def edited_in_bulk(pipedrive: Pipedrive) -> None:
    for stage in range(2, 7):
        pipedrive.act(DEAL, "update", stage_id=stage)


def dearer(pipedrive: Pipedrive) -> None:
    line = {"name": "Workshop", "item_price": 2000.0, "quantity": 1, "tax": 19, "tax_method": "exclusive"}
    pipedrive.act(DEAL, "update", products=[line])


def merged(pipedrive: Pipedrive) -> None:
    pipedrive.carriage.sandbox.deal(OTHER)
    pipedrive.act(OTHER, "win")
    pipedrive.merge(DEAL, OTHER)


DONE = ("invoice", "done")
CANCELLED = ("invoice", "cancelled")
ASKS = [DONE, ("correction", "needs_attention")]
ENDED = [DONE, ("correction", "cancelled")]

BOOKED = ([DONE], ENDED)
"""No hook tells the echo of our own words on the deal here, so the reconciliation may look once whether it
still is what was booked; that ends by itself."""

TRUTHS = [
    # what happens   before the hand-over   after it
    (nothing, BOOKED, BOOKED),
    (edited_in_bulk, BOOKED, BOOKED),
    (rewon, BOOKED, BOOKED),
    (rewon_twice, BOOKED, BOOKED),
    (reopened, ([CANCELLED],), (ASKS,)),
    (lost, ([CANCELLED],), (ASKS,)),
    (deleted, ([CANCELLED],), (ASKS,)),
    (dearer, BOOKED, (ASKS,)),
    (merged, ([CANCELLED],), (ASKS,)),
]
"""What happens to a won deal → its runs, where it was not handed over yet, and where it was."""

Telling = Callable[[Sequence[DealEvent]], list[DealEvent]]


def over_and_over(events: Sequence[DealEvent]) -> list[DealEvent]:
    """Each delivery with its three repeats, and all of it replayed by somebody who has recorded it."""
    tries = [replace(event, attempt=attempt) for event in events for attempt in range(1, 5)]
    return [*tries, *events]


def backwards_by_two_hooks(events: Sequence[DealEvent]) -> list[DealEvent]:
    """A second hook, of version 1.0, tells the same; the newest comes first."""
    second = {event: replace(event, event_id=f"v1:{event.event_id}", version="1.0") for event in events}
    return [each for event in reversed(events) for each in (second[event], event)]


def nobody(_events: Sequence[DealEvent]) -> list[DealEvent]:
    """A banned hook."""
    return []


TELLINGS: list[Telling] = [over_and_over, backwards_by_two_hooks, nobody]


def runs_of(carriage: Carriage, deal_id: int) -> list[tuple[str, str]]:
    rows = carriage.rows(t.run, "deal_id", "kind", "state")
    return [(row.kind, row.state) for row in rows if row.deal_id == deal_id]


def end(carriage: Carriage) -> None:
    """The reconciliation reads, everything is carried to its end, and once more."""
    for _time in range(2):
        sweep_lists(carriage)
        carriage.finish()


@pytest.mark.parametrize("telling", TELLINGS)
@pytest.mark.parametrize(("happens", "before"), [(truth[0], truth[1]) for truth in TRUTHS])
def test_before_the_hand_over(
    pipedrive: Pipedrive,
    telling: Telling,
    happens: Callable[[Pipedrive], None],
    before: tuple[list[tuple[str, str]], ...],
) -> None:
    carriage = pipedrive.carriage
    pipedrive.act(DEAL, "win")
    happens(pipedrive)
    for event in telling(pipedrive.deliveries):
        carriage.receive(event)

    end(carriage)

    # A deal that nobody told of, and that is not won any more, was never there.
    never_there = before is not BOOKED and telling is nobody
    assert runs_of(carriage, DEAL) in (([],) if never_there else before)
    assert (before is BOOKED) + (happens is merged) == carriage.bookings()


@pytest.mark.parametrize("telling", TELLINGS)
@pytest.mark.parametrize(("happens", "after"), [(truth[0], truth[2]) for truth in TRUTHS])
def test_after_the_hand_over(
    pipedrive: Pipedrive,
    telling: Telling,
    happens: Callable[[Pipedrive], None],
    after: tuple[list[tuple[str, str]], ...],
) -> None:
    carriage = pipedrive.carriage
    pipedrive.act(DEAL, "win")
    carriage.receive(pipedrive.deliveries.pop())
    carriage.finish()
    happens(pipedrive)
    for event in telling(pipedrive.deliveries):
        carriage.receive(event)

    end(carriage)

    assert runs_of(carriage, DEAL) in after
    assert 1 + (happens is merged and DONE in runs_of(carriage, OTHER)) == carriage.bookings()


ACTS = st.lists(st.sampled_from(["win", "reopen", "lose", "update", "delete"]), min_size=1, max_size=4)


@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(acts=ACTS, chance=st.randoms(use_true_random=False), sweeps=st.booleans())
def test_any_order_loss_and_duplication_ends_in_the_same_runs(
    carriage: Carriage, acts: list[str], chance: Any, sweeps: bool
) -> None:
    """What the deal is in the end decides; what was told of it on the way, and when, does not."""
    deal_id = next(_FREE)
    carriage.sandbox.deal(deal_id)
    pipedrive = Pipedrive(carriage, [])
    for act in acts:
        if act == "win" and pipedrive.deal_now(deal_id)["status"] == "won":
            continue
        pipedrive.act(deal_id, act, **({"title": "Another title"} if act == "update" else {}))
        if act == "delete":
            break
    told = [event for event in pipedrive.deliveries for _time in range(chance.randrange(3))]
    chance.shuffle(told)
    before = carriage.bookings()
    for number, event in enumerate(told):
        carriage.receive(event)
        if sweeps and number == len(told) // 2:
            sweep_lists(carriage)

    end(carriage)

    won = pipedrive.deal_now(deal_id)
    is_won = won["status"] == "won"
    assert runs_of(carriage, deal_id) in (BOOKED if is_won else ([], [CANCELLED]))
    assert is_won == carriage.bookings() - before


_FREE = count(100)
