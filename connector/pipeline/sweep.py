"""What is due and free: the sweep's question to the queue of record."""

from connector.pipeline.services import Services
from connector.pipeline.states import BATCH_WORKING, RUN_WORKING
from connector.store import claims
from connector.store.claims import Subject

AT_ONCE = 500
"""Rows woken by one sweep: more would only wait in Redis instead of here."""

SWEEPS_BEFORE_WAKING_AGAIN = 4
"""A woken row is left to the queue for this many sweeps before it is woken again."""


def due_runs(services: Services) -> list[tuple[int, str]]:
    """Ids and states of runs to wake."""
    return _due(services, Subject.RUN, RUN_WORKING)


def due_batches(services: Services) -> list[tuple[int, str]]:
    """Ids and states of batches to wake."""
    return _due(services, Subject.BATCH, BATCH_WORKING)


def _due(services: Services, subject: Subject, states: tuple[str, ...]) -> list[tuple[int, str]]:
    with services.database.transaction() as tx:
        return claims.due(
            tx,
            subject,
            states=states,
            now=services.clock.now(),
            wake_again=services.timers.sweep * SWEEPS_BEFORE_WAKING_AGAIN,
            limit=AT_ONCE,
        )
