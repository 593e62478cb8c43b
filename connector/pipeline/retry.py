"""A human's decision: go on with a run that needed attention, or that a rule had left alone."""

from dataclasses import dataclass
from datetime import datetime

from connector.errors import ConfigurationError, NotFoundError, PermanentError
from connector.pipeline.after_hand_over import MERGED
from connector.pipeline.deal_parts import due_moment, waiting_text
from connector.pipeline.services import Services
from connector.pipeline.states import (
    IGNORED,
    INVOICE,
    NEEDS_ATTENTION,
    RUN_BEFORE_HAND_OVER,
    RUN_WORKING,
)
from connector.store import Transaction, batches, journal, runs, submissions, tenants
from connector.store.runs import RunRow

_CLEAN = {"reason_code": "", "reason_message": "", "reason_cure": "", "resume_state": None}


@dataclass(frozen=True, slots=True)
class Retried:
    """Where the run, or its batch, goes on."""

    run_id: int
    batch_id: int | None
    state: str
    """Of the batch where there is one, else of the run."""
    left_alone_by: str = ""
    """The rule by which an ignored run was left alone; if it still holds, the run ends ignored again."""
    waits: str = ""
    """What a part goes on waiting for all the same: its date, which only Pipedrive can move."""


def retry_run(services: Services, run_id: int, *, actor: str, send_again: bool = False) -> Retried:
    """Let a run go on from where a human has removed the reason.

    :param send_again: a human has looked in DATEV and the file of an unclear hand-over is not there.
    :raises NotFoundError: there is no such run.
    :raises ConfigurationError: its tenant is parked, which has to be cured first.
    :raises PermanentError: the run is in no state in which a retry means anything.
    """
    with services.database.transaction() as tx:
        run = runs.get(tx, run_id)
        if run is None:
            raise NotFoundError(
                f"There is no run {run_id}.", field="run", cure="List runs with: ml-connector run list"
            )
        tenant = tenants.get(tx, run.tenant_id)
        if tenant.parked:
            raise ConfigurationError(
                f"The tenant {tenant.key} is parked: {tenant.parked_message}",
                code="tenant_parked",
                cure=tenant.parked_cure or "",
            )
        if run.state in RUN_WORKING:
            return _hurry(services, tx, run, actor)
        if run.state == IGNORED:
            return _ask_rules_again(services, tx, run, actor)
        if run.state == NEEDS_ATTENTION and run.reason_code == MERGED:
            raise PermanentError(
                f"Run {run_id} asks what a merge means for what DATEV has: there is nothing to retry.",
                code="nothing_to_retry",
                cure="Correct the bookings in DATEV if needed, then close the question: "
                f"ml-connector run cancel {run_id} --reason TEXT",
            )
        if run.state != NEEDS_ATTENTION:
            raise PermanentError(
                f"Run {run_id} is {run.state}, so there is nothing to retry.",
                code="nothing_to_retry",
                cure="Only runs that need attention, wait or were ignored can be retried.",
            )
        if run.batch_id is not None and run.resume_state == "batched":
            return _retry_batch(services, tx, run, run.batch_id, actor, send_again)
        return _retry_run(services, tx, run, actor)


def _hurry(services: Services, tx: Transaction, run: RunRow, actor: str) -> Retried:
    now = services.clock.now()
    _or_overtaken(run, runs.reset(tx, run.id, from_states=(run.state,), now=now, due_at=now))
    waits = _waits(run, run.state, now)
    told = f"Still waits for {waits}." if waits else "Does not wait any longer."
    _journal(services, tx, run, actor, run.state, told)
    return Retried(run.id, None, run.state, waits=waits)


def _ask_rules_again(services: Services, tx: Transaction, run: RunRow, actor: str) -> Retried:
    """The deal is read again and the rules of today are asked: by the step that asks them of every deal."""
    now = services.clock.now()
    done = runs.reset(
        tx, run.id, from_states=(IGNORED,), now=now, state="received", due_at=now, ignore_rule="", **_CLEAN
    )
    _or_overtaken(run, done)
    message = f"Read again; it had been left alone by the rule: {run.ignore_rule}."
    _journal(services, tx, run, actor, "received", message)
    return Retried(run.id, None, "received", run.ignore_rule, _waits(run, "received", now))


def _retry_run(services: Services, tx: Transaction, run: RunRow, actor: str) -> Retried:
    """The reason lay in the deal or in a setting: the deal is read again, whole."""
    now = services.clock.now()
    before_hand_over = run.resume_state in RUN_BEFORE_HAND_OVER or run.resume_state is None
    state = "received" if before_hand_over else str(run.resume_state)
    _or_overtaken(
        run,
        runs.reset(tx, run.id, from_states=(NEEDS_ATTENTION,), now=now, state=state, due_at=now, **_CLEAN),
    )
    _journal(services, tx, run, actor, state, "Tried again.")
    return Retried(run.id, None, state, waits=_waits(run, state, now))


def _waits(run: RunRow, state: str, now: datetime) -> str:
    if run.part_date is None or state != "received" or run.kind != INVOICE:
        return ""
    return waiting_text(run.part_date) if due_moment(run.part_date) > now else ""


def _retry_batch(
    services: Services, tx: Transaction, run: RunRow, batch_id: int, actor: str, send_again: bool
) -> Retried:
    now = services.clock.now()
    # Locked first: of two people who retry at once, the second must not touch what the first has started.
    batch = batches.get(tx, batch_id, lock=True)
    if batch is None or batch.state != NEEDS_ATTENTION:
        raise PermanentError(f"The batch of run {run.id} does not need attention.", code="nothing_to_retry")
    state = batch.resume_state or "closed"
    for submission in submissions.all_of_batch(tx, batch_id):
        if submission.state != "intended":
            continue
        if send_again:
            submissions.update(tx, submission.id, state="abandoned", finished_at=now)
            state = "closed"
        else:
            submissions.update(tx, submission.id, lookups=0)
    batches.resume(tx, batch_id, to_state=state, attempt=batch.attempt + 1, now=now)
    runs.move_batch_runs(
        tx, batch_id, from_states=(NEEDS_ATTENTION,), now=now, state="batched", due_at=None, **_CLEAN
    )
    _journal(services, tx, run, actor, "batched", "Tried again with its batch.", batch_id=batch_id)
    return Retried(run.id, batch_id, state)


def _or_overtaken(run: RunRow, done: bool) -> None:
    if not done:
        raise PermanentError(
            f"Run {run.id} has just been changed by somebody else.",
            code="overtaken",
            cure=f"Look at it again: ml-connector run show {run.id}",
        )


def _journal(
    services: Services,
    tx: Transaction,
    run: RunRow,
    actor: str,
    to_state: str,
    message: str,
    *,
    batch_id: int | None = None,
) -> None:
    journal.write(
        tx,
        tenant_id=run.tenant_id,
        run_id=run.id,
        batch_id=batch_id,
        at=services.clock.now(),
        event="retried",
        from_state=run.state,
        to_state=to_state,
        actor=actor,
        message=message,
    )
