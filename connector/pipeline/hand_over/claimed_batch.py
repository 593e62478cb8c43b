"""The batch that a link has claimed, with what hangs on it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connector.accounting.posting import Posting
from connector.datev.dxso.package import DxsoDocument
from connector.errors import NotFoundError
from connector.pipeline.runner import Work
from connector.store import Transaction, batches, claims, debtors, documents, runs, submissions
from connector.store.batches import BatchRow
from connector.store.debtors import DebtorRow
from connector.store.documents import DocumentRow
from connector.store.submissions import SubmissionRow


@dataclass(frozen=True, slots=True)
class BatchDocument:
    """One run's part of a batch."""

    document: DocumentRow
    postings: tuple[Posting, ...]
    debtor: DebtorRow

    def for_dxso(self) -> DxsoDocument:
        """As the package renderer wants it."""
        return DxsoDocument(
            guid=self.document.guid,
            number=self.document.document_number,
            date=self.document.document_date,
            debtor=self.debtor.record,
            postings=self.postings,
        )


def claimed_batch(tx: Transaction, work: Work) -> BatchRow:
    """The batch that this link has claimed.

    :raises NotFoundError: there is no such batch.
    """
    batch = batches.get(tx, work.claim.id)
    if batch is None:
        raise NotFoundError(f"There is no batch {work.claim.id}.")
    return batch


def batch_postings(tx: Transaction, batch_id: int) -> Iterator[Posting]:
    """Every run's postings, piece by piece while the transaction is open.

    :raises NotFoundError: a run has none, so that the file would leave it out in silence.
    """
    missing = documents.run_without_postings(tx, batch_id)
    if missing is not None:
        raise NotFoundError(f"Run {missing} of batch {batch_id} has no postings.")
    return documents.postings_in_batch(tx, batch_id)


def batch_documents(tx: Transaction, batch_id: int) -> list[BatchDocument]:
    """Every run's document, postings and debtor, in the order the runs joined."""
    by_id = {debtor.id: debtor for debtor in debtors.of_batch(tx, batch_id)}
    parts = []
    for run in runs.of_batch(tx, batch_id):
        document = documents.of_run(tx, run.id)
        if document is None or run.debtor_id is None:
            raise NotFoundError(f"Run {run.id} of batch {batch_id} has no document.")
        parts.append(
            BatchDocument(document, tuple(documents.postings_of(tx, document.id)), by_id[run.debtor_id])
        )
    return parts


def latest_submission(tx: Transaction, batch_id: int, content: str) -> SubmissionRow | None:
    """The last attempt to hand over one content of the batch."""
    attempts = submissions.of_batch(tx, batch_id, content)
    return attempts[-1] if attempts else None


def note_on_submission(work: Work, submission_id: int, **values: Any) -> None:
    """Write to a submission as long as the batch is ours.

    :raises ClaimLostError: someone else has claimed the batch since.
    """
    with work.services.database.transaction() as tx:
        claims.write(tx, work.claim, now=work.now)
        submissions.update(tx, submission_id, **values)


def accepted_values(job_id: str, now: datetime) -> dict[str, Any]:
    """What a submission looks like once DATEV has a job for it."""
    return {"state": "accepted", "job_id": job_id, "accepted_at": now, "doubt": "", "polls": 0}
