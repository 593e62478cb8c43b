"""closed → debtors_submitting → debtors_submitted: new and changed debtors, before any posting names them."""

from datetime import timedelta

from connector.clock import scaled
from connector.errors import RateLimitedError
from connector.pipeline.hand_over import extf
from connector.pipeline.hand_over.claimed_batch import claimed_batch, latest_submission
from connector.pipeline.hand_over.files import debtors_file
from connector.pipeline.runner import PassOn, Result, Wait, Work
from connector.store import Transaction, debtors, submissions
from connector.store.batches import BatchRow
from connector.store.debtors import DebtorRow, Origin
from connector.tenants.config import DatevFormat

PAUSE_FOR_OTHER_BATCH = timedelta(seconds=15)
"""Another batch is handing the same debtor over; its job takes about this long."""


def submit_debtors(work: Work) -> Result:
    """Hand over what DATEV does not know yet; pass where there is nothing.

    DXSO carries debtor number, name and city in its ledger lines instead.
    """
    with work.services.database.transaction() as tx:
        batch = claimed_batch(tx, work)
        if batch.format == DatevFormat.DXSO:
            return PassOn()
        submission = latest_submission(tx, batch.id, extf.DEBTORS.name)
        wanted = pending_debtors(tx, batch.id, update_listed=work.tenant.config.debtors.update_listed)
        carrier = debtors.batch_carrying(tx, [debtor.id for debtor in wanted], batch.id)
    if batch.state == extf.DEBTORS.submitting and submission is not None:
        return extf.resume(work, batch, extf.DEBTORS, submission)
    if not wanted:
        return PassOn()
    if carrier is not None:
        return Wait(
            scaled(PAUSE_FOR_OTHER_BATCH, work.services.settings.time_scale),
            f"The debtor is on its way to DATEV with batch {carrier}.",
        )
    return extf.begin(
        work,
        batch,
        extf.DEBTORS,
        _file(work, batch, wanted),
        more=lambda tx, submission_id: _carry(tx, work, submission_id, wanted),
    )


def pending_debtors(tx: Transaction, batch_id: int, *, update_listed: bool) -> list[DebtorRow]:
    """Debtors and creditors of the batch whose record DATEV has not been given.

    A collective one is the adviser's own, and so is one of the adviser's list, unless the tenant wants its
    master data to follow Pipedrive.
    """
    return [
        debtor
        for debtor in debtors.of_batch(tx, batch_id)
        if not debtor.collective
        and (update_listed or debtor.origin != Origin.LIST)
        and debtor.record_hash != debtor.transferred_hash
    ]


def _file(work: Work, batch: BatchRow, wanted: list[DebtorRow]) -> bytes:
    return debtors_file(
        work.tenant.config,
        fiscal_year=batch.fiscal_year,
        created_at=work.now,
        records=[debtor.record for debtor in wanted],
    )


def _carry(tx: Transaction, work: Work, submission_id: int, wanted: list[DebtorRow]) -> None:
    """Note what the file carries, under a lock: of two batches with the same new debtor one carries it."""
    debtors.lock_accounts(tx, work.tenant.id)
    ids = [debtor.id for debtor in wanted]
    carrier = debtors.batch_carrying(tx, ids, work.claim.id)
    if carrier is not None:
        raise RateLimitedError(
            f"The debtor is on its way to DATEV with batch {carrier}.",
            code="debtor_on_its_way",
            retry_after=scaled(PAUSE_FOR_OTHER_BATCH, work.services.settings.time_scale),
        )
    submissions.add_debtors(tx, submission_id, [(debtor.id, debtor.record_hash) for debtor in wanted])
