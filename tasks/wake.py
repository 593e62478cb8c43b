"""The wake-up call: the rest of a chain, published as names and an id.

Best effort by design. The row in PostgreSQL says what is due; if the broker is down the call
is lost and the next sweep makes it again.
"""

from celery import chain
from celery.canvas import Signature
from kombu.exceptions import OperationalError

from connector.log import get_logger
from connector.pipeline.states import BATCH_CHAIN, RUN_CHAIN, WRITE_BACK, Link, links_from
from tasks.app import app

log = get_logger(__name__)


def wake_run(run_id: int, state: str = "received") -> None:
    """Start the rest of a run's chain; never raises because of the broker."""
    links = (WRITE_BACK,) if state in WRITE_BACK.states else links_from(RUN_CHAIN, state)
    _publish("run", links, run_id)


def wake_batch(batch_id: int, state: str = "closed") -> None:
    """Start the rest of a batch's chain; never raises because of the broker."""
    _publish("batch", links_from(BATCH_CHAIN, state), batch_id)


def _publish(subject: str, links: tuple[Link, ...], row_id: int) -> None:
    if not links:
        return
    signatures = [_signature(f"{subject}.{link.name}", row_id) for link in links]
    try:
        chain(*signatures).apply_async()
    except (OperationalError, OSError) as e:
        log.warning("wake_up_call_lost", subject=subject, id=row_id, error=type(e).__name__)


def _signature(name: str, row_id: int) -> Signature:
    """By name, so that the web process needs none of the tasks' code; routed by the app's own table."""
    route = app.amqp.router.route({}, name)
    return app.signature(name, args=(row_id,), immutable=True, queue=route["queue"].name)
