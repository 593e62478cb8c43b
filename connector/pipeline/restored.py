"""After the database was restored from an older backup: nothing that DATEV may have already goes there again.

The restored rows do not know what was handed over since the backup, and nothing at DATEV refuses a second
identical booking file. So everything that had not ended is put before a person, who can see both sides.
"""

from dataclasses import dataclass

from connector.clock import berlin_date
from connector.pipeline.batches import park_runs
from connector.pipeline.deal_parts import IN_PARTS
from connector.pipeline.ignore import BEFORE_GO_LIVE
from connector.pipeline.services import Services
from connector.pipeline.states import BATCH_WORKING, INVOICE, NEEDS_ATTENTION, RUN_BEFORE_HAND_OVER
from connector.store import Transaction, journal, restored, runs, tenants
from connector.store.restored import Unfinished
from connector.store.tenants import TenantRow

CODE = "restored_from_backup"
"""Only a person's ``tenant resume`` ends it: neither a login nor a setting tells that all is compared."""

SKIPPED_BATCHES = 10_000
"""File names and Reference-Ids hold the batch's number. More batches than this since the last backup would be
months of work; the numbers are 64 bits wide, so none is missed."""

_CURE = (
    "Ask the bookkeeper whether DATEV has the booking. If it has: ml-connector run cancel RUN --reason TEXT. "
    "If it has not: ml-connector run retry RUN"
)


@dataclass(frozen=True, slots=True)
class Halted:
    """What waits for a person now."""

    tenants: int
    runs: tuple[int, ...]
    """With those in a batch."""
    batches: tuple[int, ...]


def halt_after_restore(services: Services, *, actor: str) -> Halted:
    """Park every tenant, and every run and batch that had not ended; no batch gets a number DATEV knows.

    To be called before the first worker starts on the restored database. Calling it again does no harm.
    """
    now = services.clock.now()
    with services.database.transaction() as tx:
        rows = tenants.all_tenants(tx)
        for row in rows:
            _park_tenant(services, tx, row, actor)
        waiting = restored.unfinished_runs(
            tx, kind=INVOICE, states=RUN_BEFORE_HAND_OVER, today=berlin_date(now)
        )
        for run in waiting:
            _park_run(services, tx, run, actor)
        # The runbook moves go-live to the day of the restore. That must not end the parts of a known deal:
        # those to come go on by themselves, and of those that were due a person says whether DATEV has them.
        restored.set_rule_aside(
            tx,
            kind=INVOICE,
            states=(*RUN_BEFORE_HAND_OVER, NEEDS_ATTENTION),
            planned=IN_PARTS,
            rule=BEFORE_GO_LIVE,
        )
        open_batches = restored.unfinished_batches(tx, states=("open", *BATCH_WORKING))
        in_batches = [
            run.id for batch in open_batches for run in runs.of_batch(tx, batch.id) if run.state == "batched"
        ]
        for batch in open_batches:
            _park_batch(services, tx, batch, actor)
        restored.skip_batch_ids(tx, SKIPPED_BATCHES)
    return Halted(
        len(rows),
        tuple(sorted([*(run.id for run in waiting), *in_batches])),
        tuple(batch.id for batch in open_batches),
    )


def _park_tenant(services: Services, tx: Transaction, tenant: TenantRow, actor: str) -> None:
    now = services.clock.now()
    message = "The database was restored from a backup."
    # An earlier reason would stay, and what ends that one (a login, a setting) would set the tenant going.
    tenants.unpark(tx, tenant.id)
    tenants.park(
        tx,
        tenant.id,
        code=CODE,
        message=message,
        cure="Follow the runbook, 'The database was restored': near its end stands "
        f"ml-connector tenant resume {tenant.key}",
        now=now,
    )
    journal.write(tx, tenant_id=tenant.id, at=now, event=CODE, actor=actor, message=message)


def _park_run(services: Services, tx: Transaction, run: Unfinished, actor: str) -> None:
    now, message = services.clock.now(), _message(run.state)
    runs.reset(
        tx,
        run.id,
        from_states=(run.state,),
        now=now,
        state=NEEDS_ATTENTION,
        resume_state=run.state,
        due_at=None,
        reason_code=CODE,
        reason_message=message,
        reason_cure=_CURE,
    )
    journal.write(
        tx,
        tenant_id=run.tenant_id,
        run_id=run.id,
        at=now,
        event=NEEDS_ATTENTION,
        from_state=run.state,
        to_state=NEEDS_ATTENTION,
        actor=actor,
        message=message,
    )


def _park_batch(services: Services, tx: Transaction, batch: Unfinished, actor: str) -> None:
    now, message = services.clock.now(), _message(batch.state)
    resume_state = "closed" if batch.state == "open" else batch.state
    restored.park_batch(
        tx, batch.id, resume_state=resume_state, code=CODE, message=message, cure=_CURE, now=now
    )
    park_runs(
        tx,
        tenant_id=batch.tenant_id,
        batch_id=batch.id,
        now=now,
        actor=actor,
        code=CODE,
        message=message,
        cure=_CURE,
    )


def _message(state: str) -> str:
    return f"The restored backup shows it as {state}; DATEV may have got it since."
