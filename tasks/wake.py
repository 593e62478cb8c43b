"""The wake-up call: the rest of a chain, published as names and an id.

Best effort by design. The row in PostgreSQL says what is due; if the broker is down the call
is lost and the next sweep makes it again. Whoever wakes has an answer to give (the receiver above
all), so a dead broker may cost it a moment, not the many seconds of Celery's own patience.
"""

import base64
import json
from functools import cache

from celery.utils import uuid

from connector.pipeline.lanes import BATCHES, RUNS, Lane, lane_of_run
from connector.pipeline.states import links_from
from connector.pipeline.sweep import SWEEPS_BEFORE_WAKING_AGAIN
from tasks.app import app, chains_per_tenant, wake_timers
from tasks.broker import PRIORITY_PLACE, Broker, Share, Woken
from tasks.combined_wake import CombinedWake

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
    names = tuple(f"{lane.subject}.{link.name}" for link in links)
    queue = _queue(names[0])
    message = chain_message(queue, names, row_id, tenant_id)
    return broker.wake(share(lane, tenant_id), row_id, queue, message, again=again)


wake_received = CombinedWake(lambda run_id, tenant_id: wake(RUNS, run_id, tenant_id, "received"))
"""The receiver's call for a run that a delivery has made due: as :func:`wake_run`, together with other
threads' calls."""


def share(lane: Lane, tenant_id: int) -> Share:
    """The tenant's share of a lane."""
    return Share(lane.name, tenant_id, chains_per_tenant, _LASTS)


def chain_message(queue: str, names: tuple[str, ...], row_id: int, tenant_id: int) -> str:
    """What kombu puts into Redis for a chain of tasks with one id each.

    Tasks go by name, so that the web process needs none of their code. All such messages are alike but for
    their ids, which are put into places: building each anew costs the receiver more than sending it.

    :param names: of the tasks; the worker that sends a later one on routes it by the app's own table.
    """
    envelope, body = _template(queue, names)
    row, tenant = str(row_id), str(tenant_id)
    filled = body.replace(f'"{_ROW}"', row).replace(f'"{_TENANT_ID}"', tenant)
    return (
        envelope.replace(_BODY, base64.b64encode(filled.encode()).decode())
        .replace(_TASK_ID, uuid())
        .replace(_DELIVERY_TAG, uuid())
        .replace(f'"{_TENANT_ID}"', tenant)
        .replace(_ROW, row)
    )


_ROW, _TENANT_ID, _TASK_ID, _DELIVERY_TAG, _BODY = "<row>", "<tenant>", "<task>", "<delivery>", "<body>"
"""Places in a template; neither our names nor Celery's nor a machine's have such a sign."""


@cache
def _template(queue: str, names: tuple[str, ...]) -> tuple[str, str]:
    """Envelope and body, as JSON with places, made by Celery itself."""
    first, *rest = names
    task = app.amqp.create_task_message(
        _TASK_ID,
        first,
        args=(_ROW,),
        argsrepr=f"({_ROW},)",
        kwargsrepr="{}",
        # Celery takes the next link from the end.
        chain=[_signature(name) for name in reversed(rest)],
    )
    envelope = {
        "body": _BODY,
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {**task.headers, TENANT: _TENANT_ID},
        "properties": {
            **task.properties,
            "delivery_mode": 2,
            "delivery_info": {"exchange": "", "routing_key": queue},
            "priority": PRIORITY_PLACE,
            "body_encoding": "base64",
            "delivery_tag": _DELIVERY_TAG,
        },
    }
    return json.dumps(envelope), json.dumps(task.body)


def _signature(name: str) -> dict[str, object]:
    return {
        "task": name,
        "args": [_ROW],
        "kwargs": {},
        "options": {"headers": {TENANT: _TENANT_ID}},
        "subtask_type": None,
        "immutable": True,
    }


@cache
def _queue(task_name: str) -> str:
    """Where the app's own table sends a task."""
    return str(app.amqp.router.route({}, task_name)["queue"].name)
