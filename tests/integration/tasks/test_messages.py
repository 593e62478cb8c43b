"""What stands in the broker, and what Flower hears: as Celery itself would have it."""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import redis
from celery import Celery
from celery.contrib.testing.worker import start_worker
from celery.events import EventReceiver

from connector.pipeline.runner import GO_ON, STOP, Outcome
from connector.pipeline.states import RUN_CHAIN
from tasks.app import app as product
from tasks.broker import Broker, Share, Woken
from tasks.links import StoppableTask
from tasks.turns import Turn
from tasks.wake import TENANT, chain_message
from tests.integration.polling import DEADLINE_S, wait_until

NAMES = tuple(f"run.{link.name}" for link in RUN_CHAIN)


def test_a_wake_up_call_is_the_message_that_celery_would_send(valkey_url: str) -> None:
    whose = {TENANT: 7}
    rest = [product.signature(name, args=(4711,), immutable=True, headers=whose) for name in NAMES[1:]]
    with product.connection_for_write(url=valkey_url) as connection:
        product.send_task(
            NAMES[0],
            args=(4711,),
            chain=[dict(link) for link in reversed(rest)],
            connection=connection,
            headers=whose,
        )
    with redis.Redis.from_url(valkey_url) as client:
        (sent,) = client.lrange("mlc:intake", 0, -1)
    ours, celerys = json.loads(chain_message("intake", NAMES, 4711, 7)), json.loads(sent)
    for message in (ours, celerys):
        for holder, name in (
            (message["headers"], "id"),
            (message["headers"], "root_id"),
            (message["properties"], "correlation_id"),
            (message["properties"], "delivery_tag"),
        ):
            assert 36 == len(holder.pop(name)), name
        # Where results would be sent to, if there were any; and which row of the queue it takes.
        message["properties"].pop("reply_to", None)
        message["properties"].pop("priority")
        message["headers"].pop("ignore_result", None)
        # A sender that has loaded the tasks copies their limits; else the worker takes its own.
        limits = message["headers"].pop("timelimit")
        assert limits in ([None, None], [product.conf.task_time_limit, product.conf.task_soft_time_limit])
        message["body"] = json.loads(base64.b64decode(message["body"]))
    assert celerys == ours


def test_a_broker_that_was_restarted_gets_the_very_next_call(valkey_url: str) -> None:
    broker, share = Broker(valkey_url, "mlc:"), Share("run", 1, most=4, lasts=timedelta(minutes=5))
    assert Woken.SENT is broker.wake(share, 1, "intake", "message", again=False)
    with redis.Redis.from_url(valkey_url) as client:
        client.client_kill_filter(_type="normal", skipme=True)
        assert Woken.SENT is broker.wake(share, 2, "intake", "message", again=False)


OUTCOMES: dict[str, list[Outcome]] = {
    "goes_on": [GO_ON],
    "stops": [STOP],
    "waits": [Outcome(go_on=False, again_in=timedelta(0)), GO_ON],
}


def test_flower_sees_a_stopped_link_succeed_and_a_waiting_one_come_back(valkey_url: str) -> None:
    told: list[tuple[str, str]] = []
    app = Celery("links", broker=valkey_url, task_cls=StoppableTask, set_as_current=False)
    app.conf.update(
        task_ignore_result=True,
        task_default_queue="links",
        worker_send_task_events=True,
        worker_hijack_root_logger=False,
    )
    outcomes = {name: list(found) for name, found in OUTCOMES.items()}
    for name in (*outcomes, "after_stop", "after_wait", "last"):

        def link(self: Any, _row_id: int, name: str = name) -> None:
            Turn(self, None, 1).follow(outcomes[name].pop(0) if name in outcomes else GO_ON)

        app.task(name=name, bind=True, shared=False)(link)

    def chained(first: str, *rest: str) -> None:
        chain: list[dict[str, Any]] = [
            {"task": name, "args": [1], "kwargs": {}, "options": {}, "subtask_type": None, "immutable": True}
            for name in reversed(rest)
        ]
        app.send_task(first, args=(1,), chain=chain)

    with watched(app, told), start_worker(app, perform_ping_check=False, shutdown_timeout=DEADLINE_S):
        chained("goes_on", "stops", "after_stop")
        chained("waits", "after_wait", "last")
        wait_until(lambda: ("task-succeeded", "last") in told and ("task-succeeded", "stops") in told)
    assert ("task-retried", "waits") in told
    assert ("task-succeeded", "waits") in told
    assert ("task-succeeded", "after_wait") in told
    assert ("task-received", "after_stop") not in told
    with redis.Redis.from_url(valkey_url) as client:
        assert 0 == client.llen("links")


@contextmanager
def watched(app: Celery, told: list[tuple[str, str]]) -> Iterator[None]:
    """Hear what the workers tell, as Flower does: pairs of event and task name."""
    names: dict[str, str] = {}
    ready = threading.Event()

    def hear(event: dict[str, Any]) -> None:
        if event["type"].startswith("task-"):
            names.setdefault(event["uuid"], event.get("name", ""))
            told.append((event["type"], names[event["uuid"]]))

    connection = app.connection_for_read()
    receiver = EventReceiver(connection, app=app, handlers={"*": hear})
    receiver.on_consume_ready = lambda *_args, **_options: ready.set()
    thread = threading.Thread(target=receiver.capture, kwargs={"wakeup": False}, daemon=True)
    thread.start()
    try:
        assert ready.wait(DEADLINE_S)
        yield
    finally:
        receiver.should_stop = True
        thread.join(DEADLINE_S)
        connection.release()
