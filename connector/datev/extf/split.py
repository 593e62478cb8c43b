"""Postings of any dates to the batches that DATEV takes: by fiscal year, month, and the limits of a file."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from connector.accounting.fiscal_year import fiscal_year_start, month_of
from connector.accounting.posting import Posting
from connector.datev.extf.limits import MAX_BYTES, MAX_HEADER_CHARACTERS, MAX_ROWS
from connector.datev.extf.posting_columns import POSTING_COLUMNS
from connector.datev.extf.posting_rows import longest_row
from connector.errors import DataError, Problem

_ABOVE_THE_ROWS = MAX_HEADER_CHARACTERS + sum(len(column.heading) + 1 for column in POSTING_COLUMNS) + 4
"""Most bytes of header record and headings."""


@dataclass(frozen=True, slots=True)
class BatchPart:
    """The postings of one file."""

    fiscal_year: date
    """First day of the fiscal year."""
    month: date
    """First day of the month."""
    number: int
    """1, 2, … among the files of the same month and fiscal year."""
    postings: tuple[Posting, ...]


def split_postings(
    postings: Iterable[Posting],
    *,
    fiscal_year_start_month: int = 1,
    fiscal_year_start_day: int = 1,
    max_rows: int = MAX_ROWS,
    max_bytes: int = MAX_BYTES,
) -> list[BatchPart]:
    """Postings to files: ordered by month, documents whole and in the order in which they came.

    The same postings always give the same files. A fiscal year that begins within a month splits that
    month. Sizes are counted generously, so a file may stay a little below ``max_bytes``.

    Raises:
        DataError: a document has rows in two months, or does not fit into a file by itself; with all
            such documents.
    """
    months: dict[tuple[date, date], list[_Document]] = {}
    problems: list[Problem] = []
    for document in _documents(postings):
        homes = {
            (fiscal_year_start(day, fiscal_year_start_month, fiscal_year_start_day), month_of(day))
            for day in {posting.document_date for posting in document.postings}
        }
        if len(homes) > 1:
            problems.append(_torn(document))
        elif document.rows > max_rows or document.size + _ABOVE_THE_ROWS > max_bytes:
            problems.append(_too_large(document, max_rows, max_bytes))
        else:
            months.setdefault(homes.pop(), []).append(document)
    if problems:
        raise DataError(problems)
    return [
        BatchPart(fiscal_year, month, number, tuple(p for document in file for p in document.postings))
        for (fiscal_year, month), documents in sorted(months.items(), key=lambda entry: entry[0])
        for number, file in enumerate(_files(documents, max_rows, max_bytes - _ABOVE_THE_ROWS), start=1)
    ]


class _Document:
    """The rows that belong together."""

    def __init__(self) -> None:
        self.postings: list[Posting] = []
        self.size = 0
        """Bytes, at most."""

    @property
    def rows(self) -> int:
        return len(self.postings)

    def add(self, posting: Posting) -> None:
        self.postings.append(posting)
        self.size += longest_row(posting)


def _documents(postings: Iterable[Posting]) -> Iterable[_Document]:
    """Rows of one document, wherever they stand: the document's GUID names it, or else its number."""
    documents: dict[tuple[str, str], _Document] = {}
    for posting in postings:
        key = (
            ("guid", posting.document_link) if posting.document_link else ("number", posting.document_number)
        )
        documents.setdefault(key, _Document()).add(posting)
    return documents.values()


def _files(documents: Sequence[_Document], max_rows: int, max_bytes: int) -> Iterator[list[_Document]]:
    """As many whole documents into each file as fit."""
    file: list[_Document] = []
    rows = size = 0
    for document in documents:
        if file and (rows + document.rows > max_rows or size + document.size > max_bytes):
            yield file
            file, rows, size = [], 0, 0
        file.append(document)
        rows += document.rows
        size += document.size
    yield file


def _torn(document: _Document) -> Problem:
    days = sorted({posting.document_date for posting in document.postings})
    return Problem(
        "document_in_two_months",
        f"Document {document.postings[0].document_number} has rows dated {days[0]} and {days[-1]}.",
        "column 10 (Belegdatum)",
        "Give all rows of a document one document date.",
    )


def _too_large(document: _Document, max_rows: int, max_bytes: int) -> Problem:
    return Problem(
        "document_too_large",
        f"Document {document.postings[0].document_number} has {document.rows} rows of {document.size} bytes; "
        f"a file takes {max_rows} rows and {max_bytes} bytes.",
        "file",
        "Divide the invoice into several documents.",
    )
