"""The wake-up call: the rest of a chain, published as names and an id.

Best effort by design. The row in PostgreSQL says what is due; if the broker is down the call
is lost and the next sweep makes it again. Whoever wakes has an answer to give (the receiver above
all), so a dead broker may cost it a moment, not the many seconds of Celery's own patience.
"""

import time
from functools import cached_property

from kombu.exceptions import OperationalError
from kombu.pools import ProducerPool

from connector.log import get_logger
from connector.pipeline.states import BATCH_CHAIN, RUN_CHAIN, WRITE_BACK, Link, links_from
from tasks.app import app

log = get_logger(__name__)

PATIENCE_S = 0.3
"""To connect, and for the answer: the broker is near, and a lost call costs one sweep only."""

PAUSE_S = 3.0
"""After a lost call no other is tried for this long, so that a burst of deliveries waits for a dead broker
once and not once each. Far shorter than a sweep's interval: it adds nothing to what a lost call costs."""

_ONCE_MORE = {"max_retries": 1, "interval_start": 0, "interval_step": 0, "interval_max": 0}
"""A pooled connection may be one that a restart of the broker has ended; the next try opens a new one."""


def wake_run(run_id: int, state: str = "received") -> None:
    """Start the rest of a run's chain; never raises."""
    links = (WRITE_BACK,) if state in WRITE_BACK.states else links_from(RUN_CHAIN, state)
    _broker.publish("run", links, run_id)


def wake_batch(batch_id: int, state: str = "closed") -> None:
    """Start the rest of a batch's chain; never raises."""
    _broker.publish("batch", links_from(BATCH_CHAIN, state), batch_id)


class Broker:
    """The way to the broker for wake-up calls: short timeouts, and a pause after a failure."""

    def __init__(self) -> None:
        self._silent_until = 0.0

    def publish(self, subject: str, links: tuple[Link, ...], row_id: int) -> None:
        """Send the first link, with the others as its chain; never raises."""
        if not links or time.monotonic() < self._silent_until:
            return
        first, *rest = (f"{subject}.{link.name}" for link in links)
        try:
            with self._producers.acquire(block=True, timeout=PATIENCE_S) as producer:
                app.send_task(
                    first,
                    args=(row_id,),
                    # Celery takes the next link from the end.
                    chain=[_signature(name, row_id) for name in reversed(rest)],
                    producer=producer,
                    retry_policy=_ONCE_MORE,
                    ignore_result=True,
                )
        except Exception as e:
            # Whatever it is: the row is stored, and its call must not make that look like a failure.
            self._silent_until = time.monotonic() + PAUSE_S
            expected = isinstance(e, (OperationalError, OSError))
            log.warning(
                "wake_up_call_lost",
                subject=subject,
                id=row_id,
                error=type(e).__name__,
                exc_info=None if expected else e,
            )

    @cached_property
    def _producers(self) -> ProducerPool:
        """Opened on first use: after the fork, never shared across it."""
        connection = app.connection_for_write(
            transport_options={
                "socket_timeout": PATIENCE_S,
                "socket_connect_timeout": PATIENCE_S,
                "retry_on_timeout": False,
                **_ONCE_MORE,
            }
        )
        limit = app.conf.broker_pool_limit
        return ProducerPool(connection.Pool(limit), limit)


_broker = Broker()


def _signature(name: str, row_id: int) -> dict[str, object]:
    """A later link as Celery writes it: by name, so that the web process needs none of the tasks' code.

    The worker that sends it on routes it by the app's own table.
    """
    return {
        "task": name,
        "args": [row_id],
        "kwargs": {},
        "options": {},
        "subtask_type": None,
        "immutable": True,
    }
