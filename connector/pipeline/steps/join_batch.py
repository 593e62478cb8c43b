"""documented → batched: the run joins the open batch of its fiscal year and month; the batch takes over."""

from collections.abc import Mapping
from typing import Any

from connector.accounting.fiscal_year import fiscal_year_start, month_of
from connector.errors import DataError, Problem
from connector.pipeline.cadence import close_at_once
from connector.pipeline.runner import Finish, Work
from connector.pipeline.steps.identity import claimed_run
from connector.store import Transaction, batches, documents


def join_batch(work: Work) -> Finish:
    """Join, and close the batch in the same transaction where the cadence says "at once"."""
    with work.services.database.transaction() as tx:
        document = documents.of_run(tx, claimed_run(tx, work).id)
    if document is None:
        raise DataError([Problem("document_missing", "The run has no document.", cure="Retry the run.")])
    config = work.tenant.config.datev

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
