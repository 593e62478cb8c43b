"""Two thousand waiting deals of one tenant and one deal of another, counted in messages.

PostgreSQL and Valkey are real. The worker is one that takes messages in kombu's order and ends each run at
once, so what is counted is who comes when.
"""

import base64
import json
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from redis import Redis

from connector.pipeline.lanes import RUNS
from connector.pipeline.runner import STOP
from connector.pipeline.services import Services
from connector.store import tables as t
from connector.store.tenants import TenantRow
from tasks import sweep, turns, wake
from tasks.app import app
from tasks.broker import Broker
from tasks.links import ChainStop
from tasks.wake import TENANT
from tests.integration.webapp.world import (
    MovableClock,
    add_tenant,
    services_for,
    settings_for,
    tenant_config,
)

WAITING = 2000


class World:
    """A busy tenant, a quiet one, and a worker."""

    def __init__(self, services: Services, redis: Redis) -> None:
        self.services = services
        self.redis = redis
        self.busy = self._tenant("busy")
        self.quiet = self._tenant("quiet")
        app.loader.import_default_modules()

    def _tenant(self, key: str) -> TenantRow:
        return add_tenant(self.services, tenant_config(key))

    def win(self, tenant: TenantRow, deals: int) -> list[int]:
        """Runs as the receiver stores them."""
        now = self.services.clock.now()
        with self.services.database.transaction() as tx:
            rows = [
                {
                    "tenant_id": tenant.id,
                    "deal_id": deal,
                    "kind": "invoice",
                    "state": "received",
                    "due_at": now,
                    "created_at": now,
                    "updated_at": now,
                }
                for deal in range(1, deals + 1)
            ]
            return list(tx.execute(sa.insert(t.run).returning(t.run.c.id), rows).scalars())

    def work(self) -> int | None:
        """Carry the next message's run to its end; its id, None where the queue is empty."""
        found = self.redis.rpop("mlc:intake") or self.redis.rpop("mlc:intake\x06\x169")
        if found is None:
            return None
        message = json.loads(found)
        [run_id], _kwargs, _embedded = json.loads(base64.b64decode(message["body"]))
        task = app.tasks[message["headers"]["task"]]
        task.push_request(id="1", args=(run_id,), headers={TENANT: message["headers"][TENANT]}, chain=None)
        try:
            with suppress(ChainStop), turns.turn(task, RUNS, run_id) as taken:
                self._end(run_id)
                taken.follow(STOP)
        finally:
            task.pop_request()
        return int(run_id)

    def _end(self, run_id: int) -> None:
        with self.services.database.transaction() as tx:
            tx.execute(
                t.run.update()
                .where(t.run.c.id == run_id)
                .values(state="ignored", ignore_rule="t", due_at=None)
            )

    def work_until(self, run_id: int) -> int:
        """Messages before this run's."""
        for before in range(WAITING):
            if self.work() == run_id:
                return before
        raise AssertionError("it never had a turn")

    def left(self) -> int:
        """Runs that still wait."""
        with self.services.database.transaction() as tx:
            return int(
                tx.execute(
                    sa.select(sa.func.count()).select_from(t.run).where(t.run.c.state == "received")
                ).scalar_one()
            )


@pytest.fixture
def world(
    database_url: str, valkey_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    services = services_for(settings_for(database_url, "http://127.0.0.1:9", tmp_path), MovableClock())
    services = replace(services, settings=replace(services.settings, redis_url=valkey_url))
    broker = Broker(valkey_url, "mlc:")
    for module in (wake, turns):
        monkeypatch.setattr(module, "broker", broker)
    for task_module in (sweep, turns):
        monkeypatch.setattr(task_module, "services", lambda: services)
    with Redis.from_url(valkey_url, socket_timeout=5) as redis, closing(services.database):
        yield World(services, redis)


def test_a_deal_is_not_behind_two_thousand_of_another_tenant(world: World) -> None:
    for run_id in world.win(world.busy, WAITING):
        wake.wake_run(run_id, world.busy.id)
    for _message in range(50):
        world.work()

    [run_id] = world.win(world.quiet, 1)
    assert wake.wake_run(run_id, world.quiet.id)

    assert world.work_until(run_id) <= 1, "one of each other tenant at most stands before it"


def test_a_deal_whose_call_was_lost_comes_with_the_next_sweep_beside_two_thousand(world: World) -> None:
    for run_id in world.win(world.busy, WAITING):
        wake.wake_run(run_id, world.busy.id)
    [run_id] = world.win(world.quiet, 1)

    sweep.sweep.run()

    assert world.work_until(run_id) <= 2, "of the busy tenant's one row its message and the sweep's"


def test_no_deal_waits_for_a_sweep_while_the_chain_of_ends_holds(world: World) -> None:
    for run_id in world.win(world.busy, 300):
        wake.wake_run(run_id, world.busy.id)

    while world.work() is not None:
        pass

    assert 0 == world.left()


def test_after_the_broker_lost_its_memory_one_sweep_sets_everything_going_again(world: World) -> None:
    for run_id in world.win(world.busy, 300):
        wake.wake_run(run_id, world.busy.id)
    for _message in range(100):
        world.work()
    world.redis.flushall()
    assert world.work() is None

    sweep.sweep.run()
    while world.work() is not None:
        pass

    assert 0 == world.left()


def test_a_tenant_alone_has_its_whole_share_under_way(world: World) -> None:
    sent = [wake.wake_run(run_id, world.busy.id) for run_id in world.win(world.busy, 10)]

    assert [True] * 4 + [False] * 6 == sent
