"""A human's decision: this run is not to be carried any further."""

from collections.abc import Sequence
from dataclasses import dataclass

from connector.errors import DataError, NotFoundError, PermanentError, Problem
from connector.pipeline.deal_parts import cancel_parts
from connector.pipeline.services import Services
from connector.pipeline.states import CANCELLED, CANCELLED_BY_HAND, NEEDS_ATTENTION, RUN_BEFORE_HAND_OVER
from connector.store import Transaction, journal, runs, submissions
from connector.store.runs import RunRow

_ON_ITS_WAY = ("intended", "accepted")
"""States of a submission whose file DATEV has or may have."""

_OF_A_PART = "Remove the instalment or recurring line in Pipedrive, or reopen or lose the deal."
"""The way out for a part that waits: the plan follows what Pipedrive says, so it has to be said there."""

CANCELLED_WITH_DEAL = "cancelled_with_deal"
"""Reason code of a part that fell with its deal's run: nobody has decided about the part itself, so it comes
back as soon as the deal is booked after all."""


@dataclass(frozen=True, slots=True)
class Cancelled:
    """What a person's decision has ended."""

    handed_over: bool
    """DATEV has, or may have, a file with the run's postings: cancelling takes nothing back."""
    parts: tuple[int, ...] = ()
    """The runs of the deal's parts that ended with it."""


def cancel_run(services: Services, run_id: int, *, actor: str, reason: str) -> Cancelled:
    """End a run that needs attention, because the deal is booked otherwise or not at all.

    The deal's own run takes those of its parts along that are not handed over, whatever it asked about.

    :param reason: why, for the journal.
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
                cure=_OF_A_PART
                if run.part and run.state in RUN_BEFORE_HAND_OVER
                else "A won deal that is not to be booked is reopened or lost in Pipedrive.",
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
        parts: tuple[int, ...] = ()
        if not run.part:
            # Who decides against the deal decides against those of its parts that still wait.
            message = f"Cancelled with run {run.id} of the deal: {reason.strip()}"
            parts = cancel_parts(tx, run, CANCELLED_WITH_DEAL, message, now=now, actor=actor)
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
            message=reason.strip() + (f" (with the deal's parts: {run_numbers(parts)})" if parts else ""),
        )
    return Cancelled(handed_over, parts)


def run_numbers(run_ids: Sequence[int]) -> str:
    """The runs as a sentence names them."""
    return f"run{'s' if len(run_ids) > 1 else ''} {', '.join(map(str, run_ids))}"


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
