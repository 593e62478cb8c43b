"""documented → batched: the run joins the open batch of its fiscal year and month; the batch takes over."""

from collections.abc import Mapping
from typing import Any

from connector.accounting.fiscal_year import fiscal_year_start, month_of
from connector.errors import DataError, Problem
from connector.pipeline.cadence import close_at_once
from connector.pipeline.runner import Finish, Work
from connector.pipeline.steps.identity import claimed_run
from connector.store import Transaction, batches, debtors, documents
from connector.tenants.config import DatevFormat


def join_batch(work: Work) -> Finish:
    """Join, and close the batch in the same transaction where the cadence says "at once"."""
    with work.services.database.transaction() as tx:
        run = claimed_run(tx, work)
        document = documents.of_run(tx, run.id)
        if document is None or run.debtor_id is None:
            raise DataError([Problem("document_missing", "The run has no document.", cure="Retry the run.")])
        booked_on = {posting.account for posting in documents.postings_of(tx, document.id)}
        debtor = debtors.get_many(tx, [run.debtor_id])[run.debtor_id]
    config = work.tenant.config.datev
    if booked_on != {debtor.account}:
        raise DataError([_other_account(debtor.account)])
    if config.format is DatevFormat.EXTF and document.uploaded_at is None:
        # The tenant went over to EXTF since: there the document has to be at DATEV before its booking.
        return Finish("rendered", message="The document has to be uploaded first.", goes_on=False)

    def write(tx: Transaction) -> Mapping[str, Any]:
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
        close_at_once(tx, tenant_id=work.tenant.id, batch_id=batch_id, now=work.now)
        return {"batch_id": batch_id}

    return Finish("batched", write=write, due_in=None)


def _other_account(account: int) -> Problem:
    return Problem(
        "debtor_account_changed",
        f"The buyer's debtor number has become {account} since the invoice was decided.",
        "debtor_number",
        "Retry the run: the deal is read again.",
    )
