"""The live Celery configuration: its timers nest, its tasks have names and queues."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from redis.exceptions import ResponseError

from connector.pipeline.states import BATCH_CHAIN, RUN_CHAIN, WRITE_BACK
from connector.runtime.processes import PROCESSES, WORKER_STOP_TIMEOUT_S
from tasks.app import app
from tasks.broker import FIRST_ROW, MOST_ASLEEP, MOST_ASLEEP_OF_TENANT, SECOND_ROW
from tasks.queues import QUEUES

REPOSITORY = Path(__file__).parents[3]

LIVE = """
import json
from connector import settings
from connector.timers import timers
from tasks.app import app
t = timers(settings.load().time_scale)
seconds = {name: getattr(t, name).total_seconds() for name in type(t).__slots__}
c = app.conf
print(json.dumps({
    **seconds,
    "soft": c.task_soft_time_limit,
    "hard": c.task_time_limit,
    "visibility": c.broker_transport_options["visibility_timeout"],
    "soft_shutdown": c.worker_soft_shutdown_timeout,
    "schedule": c.beat_schedule["sweep"]["schedule"],
    "expires": c.beat_schedule["sweep"]["options"]["expires"],
    "beat": c.beat_max_loop_interval,
}))
"""


@pytest.fixture(scope="module", params=["1", "0.1", "0.01"])
def live(request: pytest.FixtureRequest) -> dict[str, float]:
    """The configuration as a worker has it at this time scale."""
    environment = {**os.environ, "MLC_TIME_SCALE": request.param}
    said = subprocess.run(
        [sys.executable, "-c", LIVE],
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, float] = json.loads(said.stdout)
    return found


def test_a_broker_that_answers_with_an_error_ends_no_worker() -> None:
    assert app.conf.broker_channel_error_retry
    with app.connection_for_read() as connection:
        assert ResponseError in connection.channel_errors, "MISCONF and OOM are of this kind"


def test_deadlines_nest_in_the_live_configuration(live: dict[str, float]) -> None:
    assert live["call"] < live["upload"] <= live["step_budget"] < live["soft"] < live["hard"] < live["lease"]


def test_a_waiting_message_is_not_delivered_twice(live: dict[str, float]) -> None:
    assert live["longest_countdown"] < live["visibility"]
    assert live["lease"] < live["visibility"]


def test_a_worker_may_finish_its_task_before_it_is_killed(live: dict[str, float]) -> None:
    assert live["hard"] < WORKER_STOP_TIMEOUT_S
    assert live["soft_shutdown"] < live["hard"]
    workers = [process for process in PROCESSES if process.name.startswith("worker-")]
    assert {WORKER_STOP_TIMEOUT_S} == {worker.stop_timeout_s for worker in workers}


def test_beat_sweeps_as_often_as_the_table_says(live: dict[str, float]) -> None:
    assert live["sweep"] == live["schedule"] == live["expires"]
    assert live["beat"] <= live["sweep"]


def own_tasks() -> dict[str, Any]:
    app.loader.import_default_modules()
    return {name: task for name, task in app.tasks.items() if task.__module__.startswith("tasks.")}


def test_every_link_has_a_task_of_its_name_and_there_is_no_other() -> None:
    links = [f"run.{link.name}" for link in (*RUN_CHAIN, WRITE_BACK)]
    links += [f"batch.{link.name}" for link in BATCH_CHAIN]

    assert {
        *links,
        "sweep",
        "evidence.seal",
        "evidence.keep_house",
        "watches",
        "watch.deals",
        "watch.hooks",
        "logins.expiry",
    } == set(own_tasks())


def test_every_task_is_routed_to_a_declared_queue() -> None:
    routed = {name: app.amqp.router.route({}, name)["queue"].name for name in own_tasks()}

    assert set(routed.values()) <= set(QUEUES)
    assert {"datev"} == {queue for name, queue in routed.items() if name.startswith("batch.")}
    assert "datev" == routed["run.upload_document"]


def test_reading_lists_of_deals_goes_behind_sweeps_and_write_backs() -> None:
    priorities = {name: app.amqp.router.route({}, name).get("priority", FIRST_ROW) for name in own_tasks()}

    behind = {name for name, priority in priorities.items() if priority == SECOND_ROW}
    assert {"watch.deals", "watch.hooks"} == behind


def test_no_worker_ever_holds_so_many_countdowns_that_it_takes_nothing_else() -> None:
    assert MOST_ASLEEP < app.conf.worker_eta_task_limit
    assert 10 * MOST_ASLEEP_OF_TENANT <= MOST_ASLEEP, "so many tenants have their waits in place"


def test_a_chain_stays_in_its_row() -> None:
    assert app.conf.task_inherit_parent_priority
    assert [FIRST_ROW, SECOND_ROW] == app.conf.broker_transport_options["priority_steps"]


def test_the_declared_queues_are_all_that_can_be_published_to() -> None:
    assert set(QUEUES) == {queue.name for queue in app.conf.task_queues}
    assert app.conf.task_create_missing_queues is False
    assert app.conf.task_default_queue in QUEUES


def test_a_worker_that_dies_gives_its_message_back_and_keeps_no_result() -> None:
    conf = app.conf

    assert (True, True, True) == (
        conf.task_acks_late,
        conf.task_reject_on_worker_lost,
        conf.task_ignore_result,
    )
    assert (["json"], "json", None) == (conf.accept_content, conf.task_serializer, conf.result_backend)
    assert 1 == conf.worker_prefetch_multiplier
