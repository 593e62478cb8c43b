"""documented → batched: the run joins the open batch of its fiscal year and month; the batch takes over."""

from collections.abc import Mapping, Sequence
from typing import Any

from connector.accounting.fiscal_year import fiscal_year_start, month_of
from connector.accounting.posting import Posting
from connector.errors import DataError, Problem
from connector.pipeline.batch_sizes import batch_size
from connector.pipeline.cadence import close_at_once, close_full
from connector.pipeline.runner import Finish, Work
from connector.pipeline.steps.identity import claimed_run
from connector.store import Transaction, batches, debtors, documents
from connector.store.batches import BatchSize
from connector.store.debtors import DebtorRow
from connector.store.documents import DocumentRow
from connector.tenants.config import DatevFormat


def join_batch(work: Work) -> Finish:
    """Join, and close the batch in the same transaction where the cadence says "at once".

    :raises DataError: the invoice's debtor has changed since, or it is larger than a file.
    """
    with work.services.database.transaction() as tx:
        run = claimed_run(tx, work)
        document = documents.of_run(tx, run.id)
        if document is None or run.debtor_id is None:
            raise DataError([Problem("document_missing", "The run has no document.", cure="Retry the run.")])
        postings = documents.postings_of(tx, document.id)
        debtor = debtors.get_many(tx, [run.debtor_id])[run.debtor_id]
    config = work.tenant.config.datev
    if {posting.account for posting in postings} != {debtor.account}:
        raise DataError([_other_account(debtor.account)])
    if config.format is DatevFormat.EXTF and document.uploaded_at is None:
        # The tenant went over to EXTF since: there the document has to be at DATEV before its booking.
        return Finish("rendered", message="The document has to be uploaded first.", goes_on=False)

    limit = work.services.batch_limits[config.format]
    if not batch_size(postings, debtor.record).fits(limit):
        raise DataError([_too_large(document.document_number, limit)])

    def write(tx: Transaction) -> Mapping[str, Any]:
        batch_id = _batch_with_room(tx, work, document, postings, debtor)
        close_at_once(tx, tenant_id=work.tenant.id, batch_id=batch_id, now=work.now)
        return {"batch_id": batch_id}

    return Finish("batched", write=write, due_in=None)


def _batch_with_room(
    tx: Transaction, work: Work, document: DocumentRow, postings: Sequence[Posting], debtor: DebtorRow
) -> int:
    """The open batch, which the document has joined; one without room is closed and followed by another.

    A batch is what one file holds. So it has one submission, and a document is never in two of them.
    """
    config = work.tenant.config.datev
    while True:
        batch_id = batches.open_for(
            tx,
            tenant_id=work.tenant.id,
            fiscal_year=fiscal_year_start(
                document.document_date, config.fiscal_year_start_month, config.fiscal_year_start_day
            ),
            month=month_of(document.document_date),
            fmt=config.format.value,
            now=work.now,
        )
        size = batch_size(
            postings, None if batches.carries_debtor(tx, batch_id, debtor.id) else debtor.record
        )
        limit = work.services.batch_limits[config.format]
        if batches.take_in(tx, batch_id, size, fmt=config.format.value, limit=limit):
            return batch_id
        close_full(tx, tenant_id=work.tenant.id, batch_id=batch_id, now=work.now)


def _too_large(document_number: str, limit: BatchSize) -> Problem:
    return Problem(
        "document_too_large",
        f"The postings of document {document_number} do not fit into one file, which takes {limit.rows:,} "
        f"rows and {limit.posting_bytes:,} bytes.",
        "lines",
        "Divide the deal into several, then retry the run.",
    )


def _other_account(account: int) -> Problem:
    return Problem(
        "debtor_account_changed",
        f"The buyer's debtor number has become {account} since the invoice was decided.",
        "debtor_number",
        "Retry the run: the deal is read again.",
    )
