"""closed or debtors_submitted → submitting → submitted: the postings, by EXTF batch or DXSO job."""

from connector.pipeline.hand_over import extf, ledger
from connector.pipeline.hand_over.claimed_batch import (
    batch_postings,
    claimed_batch,
    latest_submission,
)
from connector.pipeline.hand_over.debtors import pending_debtors
from connector.pipeline.hand_over.files import postings_file
from connector.pipeline.runner import Finish, Result, Work
from connector.store.batches import BatchRow
from connector.tenants.config import DatevFormat


def submit(work: Work) -> Result:
    """Hand the postings over, or go on with a hand-over whose end is not known."""
    with work.services.database.transaction() as tx:
        batch = claimed_batch(tx, work)
    # The batch's own format, whatever the tenant's file says by now: one batch never takes both roads.
    return ledger.submit(work) if batch.format == DatevFormat.DXSO else _submit_extf(work, batch)


def _submit_extf(work: Work, batch: BatchRow) -> Result:
    with work.services.database.transaction() as tx:
        submission = latest_submission(tx, batch.id, extf.POSTINGS.name)
        pending = pending_debtors(tx, batch.id, update_listed=work.tenant.config.debtors.update_listed)
        unknown = [debtor for debtor in pending if debtor.transferred_hash is None]
    if batch.state == extf.POSTINGS.submitting and submission is not None:
        return extf.resume(work, batch, extf.POSTINGS, submission)
    if unknown:
        return Finish(
            extf.POSTINGS.before,
            message="A debtor of the batch is new to DATEV: it goes first.",
            goes_on=False,
        )
    with work.services.database.transaction() as tx:
        file = postings_file(
            work.tenant.config,
            fiscal_year=batch.fiscal_year,
            month=batch.month,
            created_at=work.now,
            postings=batch_postings(tx, batch.id),
        )
    return extf.begin(work, batch, extf.POSTINGS, file)
