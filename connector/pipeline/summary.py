"""Where a run stands, in one line: what the CLI and the demo show."""

import re
from dataclasses import dataclass
from decimal import Decimal

from connector.pipeline.states import INVOICE
from connector.store import Transaction, debtors, documents, runs, submissions
from connector.store.runs import RunRow

_COMMAND = re.compile(r"(?P<command>ml-connector run \w+ )RUN\b")
"""A command about a run whose number stands open."""


@dataclass(frozen=True, slots=True)
class RunSummary:
    """The facts that people ask for about a deal's booking."""

    run: RunRow
    debtor_account: int | None
    document_number: str
    document_guid: str
    amount: Decimal | None
    """Sum of the postings (gross), in the currency of the deal; negative for a credit note."""
    currency: str
    revenue_accounts: tuple[int, ...]
    job_id: str
    """DATEV's job for the postings."""


def with_number(cure: str, run_id: int) -> str:
    """A cure with the run's own number in its commands; where it was written, the number was not known."""
    return _COMMAND.sub(rf"\g<command>{run_id}", cure)


def summarize(tx: Transaction, run: RunRow) -> RunSummary:
    """Collect the facts of one run."""
    document = documents.of_run(tx, run.id)
    postings = documents.postings_of(tx, document.id) if document else []
    debtor = debtors.get_many(tx, [run.debtor_id])[run.debtor_id] if run.debtor_id is not None else None
    return RunSummary(
        run=run,
        debtor_account=debtor.account if debtor else None,
        document_number=document.document_number if document else "",
        document_guid=document.guid if document else "",
        amount=sum((posting.signed_amount for posting in postings), Decimal(0)) if postings else None,
        currency=postings[0].currency if postings else "",
        revenue_accounts=tuple(sorted({posting.contra_account for posting in postings})),
        job_id=_job_of(tx, run),
    )


def summaries(tx: Transaction, rows: list[RunRow]) -> list[RunSummary]:
    """Collect the facts of several runs."""
    return [summarize(tx, row) for row in rows]


def latest_summary(tx: Transaction, tenant_id: int, deal_id: int) -> RunSummary | None:
    """The facts of the newest run that books the deal."""
    run = runs.latest_of_deal(tx, tenant_id, deal_id, kind=INVOICE)
    return summarize(tx, run) if run else None


def _job_of(tx: Transaction, run: RunRow) -> str:
    if run.batch_id is None:
        return ""
    jobs = [
        submission.job_id
        for submission in submissions.all_of_batch(tx, run.batch_id)
        if submission.content != "debtors" and submission.job_id
    ]
    return jobs[-1] if jobs else ""
