"""The wake-up call: the rest of a chain, published as names and an id.

Best effort by design. The row in PostgreSQL says what is due; if the broker is down the call
is lost and the next sweep makes it again. Whoever wakes has an answer to give (the receiver above
all), so a dead broker may cost it a moment, not the many seconds of Celery's own patience.
"""

import base64
import json
import time
from functools import cache, cached_property

from celery.utils import uuid
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from connector.log import get_logger
from connector.pipeline.states import BATCH_CHAIN, RUN_CHAIN, WRITE_BACK, Link, links_from
from tasks.app import app

log = get_logger(__name__)

PATIENCE_S = 0.3
"""To connect, and for the answer: the broker is near, and a lost call costs one sweep only."""

PAUSE_S = 3.0
"""After a lost call no other is tried for this long, so that a burst of deliveries waits for a dead broker
once and not once each. Far shorter than a sweep's interval: it adds nothing to what a lost call costs."""

_TRIES_AGAIN = 1
"""A pooled connection may be one that a restart of the broker has ended; the next try opens a new one."""


def wake_run(run_id: int, state: str = "received") -> None:
    """Start the rest of a run's chain; never raises."""
    links = (WRITE_BACK,) if state in WRITE_BACK.states else links_from(RUN_CHAIN, state)
    _broker.publish("run", links, run_id)


def wake_batch(batch_id: int, state: str = "closed") -> None:
    """Start the rest of a batch's chain; never raises."""
    _broker.publish("batch", links_from(BATCH_CHAIN, state), batch_id)


class Broker:
    """The way to the broker for wake-up calls: short timeouts, and a pause after a failure.

    Past kombu, whose connections have no total deadline and whose publishing alone costs the receiver more
    than storing the delivery does.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._silent_until = 0.0

    def publish(self, subject: str, links: tuple[Link, ...], row_id: int) -> None:
        """Send the first link, with the others as its chain; never raises."""
        if not links or time.monotonic() < self._silent_until:
            return
        first, *rest = (f"{subject}.{link.name}" for link in links)
        try:
            queue = _queue(first)
            self._redis.lpush(_key_prefix() + queue, json.dumps(chain_message(queue, first, rest, row_id)))
        except Exception as e:
            # Whatever it is: the row is stored, and its call must not make that look like a failure.
            self._silent_until = time.monotonic() + PAUSE_S
            expected = isinstance(e, (RedisError, OSError))
            log.warning(
                "wake_up_call_lost",
                subject=subject,
                id=row_id,
                error=type(e).__name__,
                exc_info=None if expected else e,
            )

    @cached_property
    def _redis(self) -> Redis:
        """Opened on first use: after the fork, never shared across it."""
        return Redis.from_url(
            self._url,
            socket_connect_timeout=PATIENCE_S,
            socket_timeout=PATIENCE_S,
            retry=Retry(NoBackoff(), _TRIES_AGAIN),
        )


_broker = Broker(app.conf.broker_url)


def chain_message(queue: str, first: str, rest: list[str], row_id: int) -> dict[str, object]:
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
        chain=[_signature(name, row_id) for name in reversed(rest)],
    )
    return {
        "body": base64.b64encode(json.dumps(task.body).encode()).decode(),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": task.headers,
        "properties": {
            **task.properties,
            "delivery_mode": 2,
            "delivery_info": {"exchange": "", "routing_key": queue},
            "priority": 0,
            "body_encoding": "base64",
            "delivery_tag": uuid(),
        },
    }


def _signature(name: str, row_id: int) -> dict[str, object]:
    return {
        "task": name,
        "args": [row_id],
        "kwargs": {},
        "options": {},
        "subtask_type": None,
        "immutable": True,
    }


@cache
def _queue(task_name: str) -> str:
    """Where the app's own table sends a task."""
    return str(app.amqp.router.route({}, task_name)["queue"].name)


def _key_prefix() -> str:
    return str(app.conf.broker_transport_options["global_keyprefix"])
