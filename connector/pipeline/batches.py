"""Between run and batch: who wakes whom, and what a batch's end means for its runs."""

from datetime import datetime

from connector.errors import NotFoundError
from connector.pipeline.services import Services
from connector.pipeline.states import NEEDS_ATTENTION
from connector.store import Transaction, batches, journal, runs


def batch_of_run(services: Services, run_id: int) -> tuple[int, int, str]:
    """Id, tenant and state of the batch that a run has joined.

    :raises NotFoundError: it has joined none.
    """
    with services.database.transaction() as tx:
        run = runs.get(tx, run_id)
        batch = batches.get(tx, run.batch_id) if run and run.batch_id else None
    if batch is None:
        raise NotFoundError(f"Run {run_id} is in no batch.")
    return batch.id, batch.tenant_id, batch.state


def runs_to_write_back(services: Services, batch_id: int) -> list[tuple[int, int]]:
    """Runs of a batch that are posted and not yet told to Pipedrive, with their tenant."""
    with services.database.transaction() as tx:
        return [(run.id, run.tenant_id) for run in runs.of_batch(tx, batch_id) if run.state == "posted"]


def post_runs(tx: Transaction, *, tenant_id: int, batch_id: int, now: datetime, message: str) -> None:
    """The batch is posted, and with it its runs."""
    for run_id in runs.move_batch_runs(
        tx, batch_id, from_states=("batched",), now=now, state="posted", due_at=now
    ):
        journal.write(
            tx,
            tenant_id=tenant_id,
            run_id=run_id,
            batch_id=batch_id,
            at=now,
            event="moved",
            from_state="batched",
            to_state="posted",
            actor="poll",
            message=message,
        )


def park_runs(
    tx: Transaction,
    *,
    tenant_id: int,
    batch_id: int,
    now: datetime,
    actor: str,
    code: str,
    message: str,
    cure: str,
) -> None:
    """The batch needs attention, and its runs say so: a person looks for the deal, not for the batch."""
    for run_id in runs.move_batch_runs(
        tx,
        batch_id,
        from_states=("batched",),
        now=now,
        state=NEEDS_ATTENTION,
        resume_state="batched",
        due_at=None,
        reason_code=code,
        reason_message=message,
        reason_cure=cure,
    ):
        journal.write(
            tx,
            tenant_id=tenant_id,
            run_id=run_id,
            batch_id=batch_id,
            at=now,
            event="needs_attention",
            from_state="batched",
            to_state=NEEDS_ATTENTION,
            actor=actor,
            message=message,
        )
