"""The wake-up call: the rest of a chain, published as names and an id.

Best effort by design. The row in PostgreSQL says what is due; if the broker is down the call
is lost and the next sweep makes it again. Whoever wakes has an answer to give (the receiver above
all), so a dead broker may cost it a moment, not the many seconds of Celery's own patience.
"""

import base64
import json
from functools import cache

from celery.utils import uuid

from connector.pipeline.lanes import BATCHES, Lane, lane_of_run
from connector.pipeline.states import links_from
from connector.pipeline.sweep import SWEEPS_BEFORE_WAKING_AGAIN
from tasks.app import app, chains_per_tenant, wake_timers
from tasks.broker import PRIORITY_PLACE, Broker, Share, Woken

TENANT = "mlc_tenant"
"""Header of a chain's messages: whose chains it is counted among. A header and no argument, so that a worker
of an earlier version carries it on unread."""

broker = Broker(app.conf.broker_url, str(app.conf.broker_transport_options["global_keyprefix"]))

_LASTS = wake_timers.lease + wake_timers.sweep * SWEEPS_BEFORE_WAKING_AGAIN


def wake_run(run_id: int, tenant_id: int, state: str = "received") -> bool:
    """Start the rest of a run's chain; never raises. False: it was not sent, the row waits where it is."""
    return wake(lane_of_run(state), run_id, tenant_id, state) is Woken.SENT


def wake_batch(batch_id: int, tenant_id: int, state: str = "closed") -> bool:
    """Start the rest of a batch's chain; as :func:`wake_run`."""
    return wake(BATCHES, batch_id, tenant_id, state) is Woken.SENT


def wake(lane: Lane, row_id: int, tenant_id: int, state: str, *, again: bool = False) -> Woken | None:
    """Start the rest of a row's chain, if its tenant has room for one more; never raises.

    :param again: even if it has one under way, which may be a dead one.
    :returns: None where no link works on the state.
    """
    links = links_from(lane.chain, state)
    if not links:
        return None
    first, *rest = (f"{lane.subject}.{link.name}" for link in links)
    queue = _queue(first)
    message = json.dumps(chain_message(queue, first, rest, row_id, tenant_id))
    return broker.wake(share(lane, tenant_id), row_id, queue, message, again=again)


def share(lane: Lane, tenant_id: int) -> Share:
    """The tenant's share of a lane."""
    return Share(lane.name, tenant_id, chains_per_tenant, _LASTS)


def chain_message(queue: str, first: str, rest: list[str], row_id: int, tenant_id: int) -> dict[str, object]:
    """What kombu puts into Redis for a chain of tasks with one id each, as a test compares.

    Tasks go by name, so that the web process needs none of their code.

    :param rest: the later links; the worker that sends one on routes it by the app's own table.
    """
    task = app.amqp.create_task_message(
        uuid(),
        first,
        args=(row_id,),
        argsrepr=f"({row_id},)",
        kwargsrepr="{}",
        # Celery takes the next link from the end.
        chain=[_signature(name, row_id, tenant_id) for name in reversed(rest)],
    )
    return {
        "body": base64.b64encode(json.dumps(task.body).encode()).decode(),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {**task.headers, TENANT: tenant_id},
        "properties": {
            **task.properties,
            "delivery_mode": 2,
            "delivery_info": {"exchange": "", "routing_key": queue},
            "priority": PRIORITY_PLACE,
            "body_encoding": "base64",
            "delivery_tag": uuid(),
        },
    }


def _signature(name: str, row_id: int, tenant_id: int) -> dict[str, object]:
    return {
        "task": name,
        "args": [row_id],
        "kwargs": {},
        "options": {"headers": {TENANT: tenant_id}},
        "subtask_type": None,
        "immutable": True,
    }


@cache
def _queue(task_name: str) -> str:
    """Where the app's own table sends a task."""
    return str(app.amqp.router.route({}, task_name)["queue"].name)
