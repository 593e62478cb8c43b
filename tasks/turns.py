"""A chain's turn: from its wake-up call until it ends, and who comes next.

Only a few chains of a tenant and lane are under way at once (:data:`connector.settings.Settings
.chains_per_tenant`); the other rows wait in PostgreSQL, where waiting costs nobody anything. The chain that
ends looks for the tenant's next row, if the broker has noted that more wait; where no chain is left to do so,
the sweep begins anew.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from celery import Task

from connector.clock import scaled
from connector.errors import DatabaseUnavailableError
from connector.http import StepBudget
from connector.log import get_logger
from connector.pipeline import sweep
from connector.pipeline.lanes import Lane
from connector.pipeline.runner import Outcome
from connector.pipeline.services import Services
from tasks.app import time_scale
from tasks.broker import Share, Woken
from tasks.links import ChainStop
from tasks.process import services
from tasks.wake import TENANT, broker, share, wake

log = get_logger(__name__)

SHORT_WAIT = scaled(timedelta(seconds=10), time_scale)
"""A chain that waits no longer keeps its turn. Waiting for room among the partner's calls is of this kind, so
a tenant at its limit holds its share and no more of its rows begin; after longer waits others go first."""


AT_ONCE = frozenset({"run.build_debtor", "run.render"})
"""Links that stand in the queue of the link before them and ask partners for a file at most: the way through
the broker, two processes and Flower's events would take as long as they do."""

AT_ONCE_AFTER_NOTHING = frozenset({"batch.poll_debtors", "batch.submit"})
"""Likewise, where the link before had nothing to do: most batches bring no new debtor."""

Advance = Callable[[Services, int, str, StepBudget], Outcome]
"""Does one link's work on a row: its id, the link's name, what partner calls may still take."""


@dataclass(slots=True)
class Turn:
    """One link's place in the chain and in the tenant's share."""

    task: Task
    share: Share | None
    """None: the message is of an earlier version, and was not counted."""
    row_id: int
    kept: bool = False
    """Whether the chain is still under way when the link has ended."""
    added: bool = False
    """Whether the link under way is not the message's own but the chain's next one."""

    def follow(self, outcome: Outcome) -> None:
        """Let the chain go on, come back to this link after a while, or stop here.

        Coming back keeps the rest of the chain. The row's ``due_at`` is the truth: if the countdown is lost
        with the broker, or workers hold enough of them, the sweep finds the row.

        :raises ChainStop: to stop the chain.
        :raises celery.exceptions.Retry: to come back.
        """
        if outcome.again_in is not None and self._may_sleep(outcome.again_in):
            self.kept = outcome.again_in <= SHORT_WAIT
            raise self.task.retry(countdown=outcome.again_in.total_seconds())
        if not outcome.go_on:
            raise ChainStop
        if self.added:
            # Not before: a message that comes back to this link brings it in its chain again.
            self.task.request.chain.pop()
        self.kept = bool(self.task.request.chain)

    def next_here(self, outcome: Outcome) -> str | None:
        """The task of the chain's next link, if this worker shall do that link at once."""
        chain = self.task.request.chain
        name = str(chain[-1]["task"]) if chain else ""
        self.added = name in AT_ONCE or (outcome.idle and name in AT_ONCE_AFTER_NOTHING)
        if not self.added:
            return None
        self.kept = False  # until that link, too, has said how it ended
        return name

    def _may_sleep(self, length: timedelta) -> bool:
        return self.share is None or broker.may_sleep(self.share, self.row_id, length)


@contextmanager
def turn(task: Task, lane: Lane, row_id: int) -> Iterator[Turn]:
    """A link's work; after the chain's last one the tenant's next row is woken."""
    tenant_id = (task.request.headers or {}).get(TENANT)
    taken = Turn(task, None if tenant_id is None else share(lane, tenant_id), row_id)
    try:
        yield taken
    finally:
        if taken.share and not taken.kept and broker.end(taken.share, row_id):
            _wake_next(lane, taken.share.tenant_id)


def carry(task: Task, lane: Lane, row_id: int, advance: Advance) -> None:
    """Do a message's link, and those behind it that need no message of their own.

    They share the calls' budget of one step, so that Celery's limits, which count from the message on, still
    lie behind it.
    """
    with turn(task, lane, row_id) as taken:
        budget = services().step_budget()
        name: str | None = task.name
        while name is not None:
            outcome = advance(services(), row_id, name.partition(".")[2], budget)
            taken.follow(outcome)
            name = taken.next_here(outcome)


def _wake_next(lane: Lane, tenant_id: int) -> None:
    """Fill the tenant's share from PostgreSQL; never raises over a database that is away."""
    try:
        rows = sweep.waiting(services(), lane, tenant_id)
    except DatabaseUnavailableError:
        log.warning("next_not_looked_for", lane=lane.name, reason="database_unavailable")
        return
    for row in rows:
        if wake(lane, row.id, tenant_id, row.state) in (Woken.FULL, Woken.LOST):
            return
