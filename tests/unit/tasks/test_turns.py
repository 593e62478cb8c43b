"""How an outcome steers the chain that carries it, and when its turn ends."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
from celery.exceptions import Retry

from connector.errors import DatabaseUnavailableError
from connector.http import StepBudget
from connector.pipeline.lanes import BATCHES, RUNS, Lane
from connector.pipeline.runner import GO_ON, PASS, STOP, Outcome
from connector.store.claims import DueRow
from tasks import turns
from tasks.app import app
from tasks.broker import Share, Woken
from tasks.links import ChainStop
from tasks.turns import AT_ONCE, AT_ONCE_AFTER_NOTHING, SHORT_WAIT, carry, turn
from tasks.wake import TENANT

ACME = 5


class Sent:
    """A signature that notes its sending instead of speaking to a broker."""

    def __init__(self, sent: list[str]) -> None:
        self._sent = sent

    def apply_async(self) -> None:
        self._sent.append("run.resolve")


@dataclass
class FakeBroker:
    """Notes which turns ended, and says what it was told to say."""

    more_waits: bool = False
    lets_sleep: bool = True
    ended: list[tuple[str, int, int]] = field(default_factory=list)

    def end(self, share: Share, row_id: int) -> bool:
        self.ended.append((share.lane, share.tenant_id, row_id))
        return self.more_waits

    def may_sleep(self, _share: Share, _row_id: int, _length: timedelta) -> bool:
        return self.lets_sleep


@dataclass
class World:
    """A broker, the tenant's waiting rows, and the calls that were made for them."""

    broker: FakeBroker
    waiting: list[DueRow] = field(default_factory=list)
    says: dict[int, Woken] = field(default_factory=dict)
    woken: list[int] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)
    database_away: bool = False

    def rows(self, _services: object, _lane: Lane, _tenant_id: int) -> list[DueRow]:
        if self.database_away:
            raise DatabaseUnavailableError("away")
        return self.waiting

    def wake(self, _lane: Lane, row_id: int, _tenant_id: int, _state: str) -> Woken:
        self.woken.append(row_id)
        return self.says.get(row_id, Woken.SENT)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    made = World(FakeBroker())
    monkeypatch.setattr(turns, "broker", made.broker)
    monkeypatch.setattr(turns, "wake", made.wake)
    services = SimpleNamespace(step_budget=lambda: StepBudget(timedelta(seconds=80)))
    monkeypatch.setattr(turns, "services", lambda: services)
    monkeypatch.setattr(turns.sweep, "waiting", made.rows)
    app.loader.import_default_modules()
    monkeypatch.setattr(app.tasks["run.resolve"], "signature_from_request", lambda *_a, **_k: Sent(made.sent))
    return made


@contextmanager
def link(*, tenant: int | None = ACME, chain: list[Any] | None = None) -> Iterator[turns.Turn]:
    """A worker doing ``run.resolve`` for run 7, with what is left of the chain."""
    task = app.tasks["run.resolve"]
    headers = None if tenant is None else {TENANT: tenant}
    task.push_request(
        id="1",
        retries=50,
        args=(7,),
        kwargs={},
        called_directly=False,
        is_eager=False,
        headers=headers,
        chain=chain,
    )
    try:
        with turn(task, RUNS, 7) as taken:
            yield taken
    finally:
        task.pop_request()


def test_a_planned_wait_never_runs_out_of_tries(world: World) -> None:
    with pytest.raises(Retry) as caught, link() as taken:
        taken.follow(Outcome(go_on=False, again_in=timedelta(seconds=2)))

    assert (2.0, ["run.resolve"]) == (caught.value.when, world.sent)


def test_a_chain_that_goes_on_keeps_its_turn(world: World) -> None:
    with link(chain=["run.build_debtor"]) as taken:
        taken.follow(GO_ON)

    assert [] == world.broker.ended


def test_the_last_link_ends_the_turn(world: World) -> None:
    with link() as taken:
        taken.follow(GO_ON)

    assert [("run", ACME, 7)] == world.broker.ended


def test_a_chain_that_stops_ends_its_turn(world: World) -> None:
    with pytest.raises(ChainStop), link(chain=["run.build_debtor"]) as taken:
        taken.follow(STOP)

    assert [("run", ACME, 7)] == world.broker.ended


def test_a_link_that_fails_ends_its_turn(world: World) -> None:
    with pytest.raises(DatabaseUnavailableError), link(chain=["run.build_debtor"]):
        raise DatabaseUnavailableError("away")

    assert [("run", ACME, 7)] == world.broker.ended


@pytest.mark.parametrize(
    ("wait", "ended"), [(SHORT_WAIT, []), (SHORT_WAIT * 1.01, [("run", ACME, 7)])], ids=["short", "long"]
)
def test_only_a_short_wait_keeps_the_turn(world: World, wait: timedelta, ended: list[Any]) -> None:
    with pytest.raises(Retry), link() as taken:
        taken.follow(Outcome(go_on=False, again_in=wait))

    assert ended == world.broker.ended


def test_where_workers_hold_enough_countdowns_the_row_is_left_to_the_sweep(world: World) -> None:
    world.broker.lets_sleep = False

    with pytest.raises(ChainStop), link() as taken:
        taken.follow(Outcome(go_on=False, again_in=timedelta(seconds=2)))

    assert ([], [("run", ACME, 7)]) == (world.sent, world.broker.ended)


def rows(*ids: int) -> list[DueRow]:
    return [DueRow(row_id, "received", ACME) for row_id in ids]


def test_whoever_ends_wakes_the_tenants_next_rows_until_its_share_is_full(world: World) -> None:
    world.broker.more_waits = True
    world.waiting = rows(8, 9, 10, 11)
    world.says = {8: Woken.UNDER_WAY, 10: Woken.FULL}

    with link() as taken:
        taken.follow(GO_ON)

    assert [8, 9, 10] == world.woken


def test_nobody_looks_for_more_where_nothing_waits(world: World) -> None:
    world.waiting = rows(8)

    with link() as taken:
        taken.follow(GO_ON)

    assert [] == world.woken


@dataclass
class Links:
    """Does each link by saying what it was told to say."""

    says: dict[str, Outcome]
    done: list[str] = field(default_factory=list)
    fails: str = ""
    budgets: set[StepBudget] = field(default_factory=set)

    def advance(self, _services: object, _row_id: int, name: str, budget: StepBudget) -> Outcome:
        self.done.append(name)
        self.budgets.add(budget)
        if name == self.fails:
            raise DatabaseUnavailableError("away")
        return self.says.get(name, GO_ON)


def carried(
    first: str, *rest: str, says: dict[str, Outcome] | None = None, fails: str = ""
) -> tuple[Links, list[str]]:
    """The links that one message's worker does, and what is left of its chain."""
    task, links = app.tasks[first], Links(says or {}, fails=fails)
    chain = [{"task": name} for name in reversed(rest)]
    task.push_request(
        id="1", args=(7,), kwargs={}, called_directly=False, headers={TENANT: ACME}, chain=chain
    )
    lane = RUNS if first.startswith("run.") else BATCHES
    try:
        with suppress(ChainStop, Retry, DatabaseUnavailableError):
            carry(task, lane, 7, links.advance)
    finally:
        task.pop_request()
    return links, [link["task"] for link in chain]


RUN = ("run.resolve", "run.build_debtor", "run.render", "run.upload_document", "run.join_batch")
BATCH = ("batch.submit_debtors", "batch.poll_debtors", "batch.submit", "batch.poll")


def test_links_of_one_queue_need_one_message_and_share_one_budget(world: World) -> None:
    links, left = carried(*RUN)

    assert ["resolve", "build_debtor", "render"] == links.done
    assert ["run.join_batch", "run.upload_document"] == left
    assert 1 == len(links.budgets)
    assert [] == world.broker.ended, "the chain goes on"


def test_a_link_that_comes_back_brings_itself_and_the_rest_again(world: World) -> None:
    links, left = carried(*RUN, says={"render": Outcome(go_on=False, again_in=timedelta(seconds=2))})

    assert ["resolve", "build_debtor", "render"] == links.done
    assert ["run.join_batch", "run.upload_document", "run.render"] == left
    assert ["run.resolve"] == world.sent


def test_a_link_that_stops_stops_those_behind_it(world: World) -> None:
    links, _left = carried(*RUN, says={"build_debtor": STOP})

    assert ["resolve", "build_debtor"] == links.done
    assert [("run", ACME, 7)] == world.broker.ended


def test_a_link_behind_the_first_that_fails_ends_the_turn(world: World) -> None:
    carried(*RUN, fails="render")

    assert [("run", ACME, 7)] == world.broker.ended


def test_a_batch_without_new_debtors_is_handed_over_by_its_first_message(world: World) -> None:
    links, left = carried(*BATCH, says={"submit_debtors": PASS, "poll_debtors": PASS})

    assert ["submit_debtors", "poll_debtors", "submit"] == links.done
    assert ["batch.poll"] == left
    assert [] == world.broker.ended


def test_a_batch_with_new_debtors_leaves_the_worker_after_each_link(world: World) -> None:
    assert ["submit_debtors"] == carried(*BATCH)[0].done
    assert ["poll_debtors"] == carried(*BATCH[1:])[0].done


def test_every_link_that_goes_along_stands_in_the_queue_of_the_one_before() -> None:
    app.loader.import_default_modules()
    queues = {name: app.amqp.router.route({}, name)["queue"].name for name in (*RUN, *BATCH)}

    for chain in (RUN, BATCH):
        for before, name in pairwise(chain):
            if name in AT_ONCE | AT_ONCE_AFTER_NOTHING:
                assert queues[before] == queues[name]


def test_a_database_that_is_away_leaves_the_next_rows_to_the_sweep(world: World) -> None:
    world.broker.more_waits, world.database_away = True, True

    with link() as taken:
        taken.follow(GO_ON)

    assert [("run", ACME, 7)] == world.broker.ended


def test_a_message_of_an_earlier_version_is_carried_and_not_counted(world: World) -> None:
    with link(tenant=None) as taken:
        taken.follow(GO_ON)

    assert [] == world.broker.ended
