"""A human's decision: this run is not to be carried any further."""

from connector.errors import DataError, NotFoundError, PermanentError, Problem
from connector.pipeline.deal_parts import cancel_parts
from connector.pipeline.services import Services
from connector.pipeline.states import CANCELLED, CANCELLED_BY_HAND, NEEDS_ATTENTION
from connector.store import Transaction, journal, runs, submissions
from connector.store.runs import RunRow

_ON_ITS_WAY = ("intended", "accepted")
"""States of a submission whose file DATEV has or may have."""


def cancel_run(services: Services, run_id: int, *, actor: str, reason: str) -> bool:
    """End a run that needs attention, because the deal is booked otherwise or not at all.

    :param reason: why, for the journal.
    :returns: whether DATEV has, or may have, a file with the run's postings: cancelling takes nothing back.
    :raises DataError: no reason is given.
    :raises NotFoundError: there is no such run.
    :raises PermanentError: the run does not need attention, or its postings cannot be kept out of a file
        that other runs wait for.
    """
    if not reason.strip():
        raise DataError(
            [Problem("reason_missing", "A reason is needed.", "reason", "Say why, in a sentence.")]
        )
    now = services.clock.now()
    with services.database.transaction() as tx:
        run = runs.get(tx, run_id)
        if run is None:
            raise NotFoundError(
                f"There is no run {run_id}.", field="run", cure="List runs with: ml-connector run list"
            )
        if run.state != NEEDS_ATTENTION:
            raise PermanentError(
                f"Run {run_id} is {run.state}; only runs that need attention are cancelled by hand.",
                code="not_cancellable",
                cure="A won deal that is not to be booked is reopened or lost in Pipedrive.",
            )
        handed_over = _handed_over(tx, run)
        cancelled = runs.reset(
            tx,
            run.id,
            from_states=(NEEDS_ATTENTION,),
            now=now,
            state=CANCELLED,
            reason_code=CANCELLED_BY_HAND,
            reason_message=reason.strip(),
            reason_cure="",
            resume_state=None,
            due_at=None,
            batch_id=_batch_kept(tx, run, handed_over=handed_over),
        )
        if not cancelled:
            raise PermanentError(f"Run {run_id} has just been changed by somebody else.", code="overtaken")
        if not run.part:
            # Who decides against the deal decides against those of its parts that still wait.
            cancel_parts(tx, run, CANCELLED_BY_HAND, reason.strip(), now=now, actor=actor)
        journal.write(
            tx,
            tenant_id=run.tenant_id,
            run_id=run.id,
            batch_id=run.batch_id,
            at=now,
            event="cancelled",
            from_state=run.state,
            to_state=CANCELLED,
            actor=actor,
            message=reason.strip(),
        )
    return handed_over


def _handed_over(tx: Transaction, run: RunRow) -> bool:
    if run.batch_id is None:
        return False
    return any(
        submission.content != "debtors" and submission.state in _ON_ITS_WAY
        for submission in submissions.all_of_batch(tx, run.batch_id)
    )


def _batch_kept(tx: Transaction, run: RunRow, *, handed_over: bool) -> int | None:
    """The batch that the run stays in: a later attempt for the other runs must not carry this one."""
    if run.batch_id is None:
        return None
    others = [
        other for other in runs.of_batch(tx, run.batch_id) if other.id != run.id and other.state != CANCELLED
    ]
    if not others:
        return run.batch_id
    if handed_over:
        raise PermanentError(
            f"Run {run.id} shares a file that DATEV has or may have with {len(others)} other runs.",
            code="not_cancellable",
            cure=f"Clear the hand-over first: ml-connector run retry {run.id}",
        )
    return None
