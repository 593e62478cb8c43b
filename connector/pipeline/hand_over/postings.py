"""closed or debtors_submitted → submitting → submitted: the postings, by EXTF batch or DXSO job."""

from connector.pipeline.hand_over import extf, ledger
from connector.pipeline.hand_over.claimed_batch import (
    batch_documents,
    claimed_batch,
    latest_submission,
)
from connector.pipeline.hand_over.debtors import pending_debtors
from connector.pipeline.hand_over.files import postings_file
from connector.pipeline.runner import Result, Wait, Work
from connector.tenants.config import DatevFormat


def submit(work: Work) -> Result:
    """Hand the postings over, or go on with a hand-over whose end is not known."""
    if work.tenant.config.datev.format is DatevFormat.DXSO:
        return ledger.submit(work)
    with work.services.database.transaction() as tx:
        batch = claimed_batch(tx, work)
        submission = latest_submission(tx, batch.id, extf.POSTINGS.name)
        unknown = [debtor for debtor in pending_debtors(tx, batch.id) if debtor.transferred_hash is None]
        parts = batch_documents(tx, batch.id)
    if batch.state == extf.POSTINGS.submitting and submission is not None:
        return extf.resume(work, batch, extf.POSTINGS, submission)
    if unknown:
        return Wait(work.services.timers.sweep, "DATEV has to know the debtors first.")
    file = postings_file(
        work.tenant.config,
        fiscal_year=batch.fiscal_year,
        month=batch.month,
        created_at=work.now,
        postings=[posting for part in parts for posting in part.postings],
    )
    return extf.begin(work, batch, extf.POSTINGS, file)
