"""Our postings as a posting batch (category 21, version 13 or 12)."""

from collections.abc import Iterable, Iterator

from connector.accounting.posting import Posting
from connector.datev.extf.categories import POSTING_BATCH
from connector.datev.extf.header import BatchHeader
from connector.datev.extf.posting_rows import PostingRows
from connector.datev.extf.writer import chunks


def render_posting_batch(header: BatchHeader, postings: Iterable[Posting]) -> bytes:
    """A posting batch, ready for DATEV.

    Raises:
        DataError: with every problem of every row; a half file is never returned.
    """
    return b"".join(posting_batch_chunks(header, postings))


def posting_batch_chunks(header: BatchHeader, postings: Iterable[Posting]) -> Iterator[bytes]:
    """The same piece by piece, in memory that does not grow with the batch; for :func:`writer.save`.

    Raises:
        DataError: after the last posting, with every problem; what came before is then no file.
    """
    return chunks(header, POSTING_BATCH, PostingRows(header), postings)
