"""What one batch may hold: as much as goes to DATEV in one hand-over, so that a batch is never divided."""

from collections.abc import Mapping, Sequence

from connector.accounting.debtor import DebtorRecord
from connector.accounting.posting import Posting
from connector.datev.extf.debtors import longest_debtor_row
from connector.datev.extf.limits import MAX_BYTES, MAX_ROWS, MOST_BYTES_ABOVE_ROWS
from connector.datev.extf.posting_rows import longest_row
from connector.store.batches import BatchSize
from connector.tenants.config import DatevFormat

_DXSO_DOCUMENTS = 25
"""Documents in one job. DATEV takes 4,999, but a job is filled file by file within one step: with two files
each, document.xml, opening and finalising these are 53 calls, which leaves each a second and a half of the
step's budget (80 s). A job that outgrew its step would be thrown away and begun again for ever."""

BATCH_LIMITS: Mapping[DatevFormat, BatchSize] = {
    DatevFormat.EXTF: BatchSize(
        documents=MAX_ROWS,
        rows=MAX_ROWS,
        posting_bytes=MAX_BYTES - MOST_BYTES_ABOVE_ROWS,
        debtor_bytes=MAX_BYTES - MOST_BYTES_ABOVE_ROWS,
    ),
    # One file for each document: rows and bytes are limited by the document's own check.
    DatevFormat.DXSO: BatchSize(_DXSO_DOCUMENTS, MAX_ROWS, MAX_BYTES, MAX_BYTES),
}
"""By the road a batch takes. The database refuses what is beyond DATEV's limits, whatever stands here."""


def batch_size(postings: Sequence[Posting], debtor: DebtorRecord | None) -> BatchSize:
    """What a document brings into a batch.

    :param debtor: the record that the batch's file of debtors may have to hold with it, and once more as a
        creditor's; None: it holds it already.
    """
    return BatchSize(
        documents=1,
        rows=len(postings),
        posting_bytes=sum(map(longest_row, postings)),
        debtor_bytes=2 * longest_debtor_row(debtor) if debtor else 0,
    )
