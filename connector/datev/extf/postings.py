"""Our postings as a posting batch (category 21, version 13)."""

from collections.abc import Iterable, Iterator
from functools import lru_cache

from connector.accounting.posting import Posting
from connector.datev.extf.cells import day_month, decimal_text, full_date
from connector.datev.extf.header import POSTING_BATCH, BatchHeader
from connector.datev.extf.posting_columns import EXTRA_PAIRS, FIRST_EXTRA_PAIR, POSTING_COLUMNS
from connector.datev.extf.posting_rules import BatchTerms, row_problems
from connector.datev.extf.writer import Record, RowLayout, render
from connector.errors import Problem

_BEFORE_EXTRA = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 14, 20, 37, 38, 40, 41)
_AFTER_EXTRA = (95, 103, 114, 115, 117)
_HOME_CURRENCY = "EUR"


def render_posting_batch(header: BatchHeader, postings: Iterable[Posting]) -> bytes:
    """A posting batch, ready for DATEV.

    Raises:
        DataError: with every problem of every row; a half file is never returned.
    """
    return render(header, POSTING_BATCH, _records(header, postings))


def _records(header: BatchHeader, postings: Iterable[Posting]) -> Iterator[Record]:
    terms = _terms(header)
    lock = str(int(header.finalise))
    for number, posting in enumerate(postings, start=1):
        where = f"Row {number} (document {posting.document_number}, line {posting.line}):"
        pairs = min(len(posting.extra), EXTRA_PAIRS)
        contents = _contents(posting, lock)
        problems = _posting_problems(posting, header.account_length, where)
        if terms:
            problems += _date_problems(posting, terms, where)
            reported = {problem.field for problem in problems}
            found = row_problems(_spread(contents, pairs), terms, where)
            problems += [problem for problem in found if problem.field not in reported]
        yield _layout(pairs), contents, where, problems


def _terms(header: BatchHeader) -> BatchTerms | None:
    """None where the header has no period; the header's own check says so once, not every row."""
    if header.date_from is None or header.date_to is None:
        return None
    return BatchTerms(header.account_length, header.fiscal_year_start, header.date_from, header.date_to)


@lru_cache(maxsize=EXTRA_PAIRS + 1)
def _filled(pairs: int) -> tuple[int, ...]:
    """Numbers of the columns that a posting with so many extra pairs fills."""
    extra = range(FIRST_EXTRA_PAIR, FIRST_EXTRA_PAIR + 2 * pairs)
    return (*_BEFORE_EXTRA, *extra, *_AFTER_EXTRA)


@lru_cache(maxsize=EXTRA_PAIRS + 1)
def _layout(pairs: int) -> RowLayout:
    return RowLayout(POSTING_COLUMNS, _filled(pairs))


def _spread(contents: tuple[str, ...], pairs: int) -> list[str]:
    """The contents at their places among all 125 columns."""
    row = [""] * len(POSTING_COLUMNS)
    for number, content in zip(_filled(pairs), contents, strict=True):
        row[number - 1] = content
    return row


def _contents(posting: Posting, lock: str) -> tuple[str, ...]:
    """What stands in the columns of :func:`_filled`, in their order.

    A row in EUR leaves columns 3 to 6 empty, as DATEV's samples do.
    """
    foreign = posting.currency != _HOME_CURRENCY
    rate, base = posting.exchange_rate, posting.base_amount
    link = posting.document_link
    return (
        decimal_text(posting.amount, 2),
        posting.side.value,
        posting.currency if foreign else "",
        decimal_text(rate, 6) if rate is not None else "",
        decimal_text(base, 2) if base is not None else "",
        _HOME_CURRENCY if base is not None else "",
        str(posting.account),
        str(posting.contra_account),
        posting.tax_key,
        day_month(posting.document_date),
        posting.document_number,
        posting.posting_text,
        f'BEDI "{link}"' if link else "",
        posting.cost_centre_1,
        posting.cost_centre_2,
        posting.eu_vat,
        decimal_text(posting.eu_rate, 2) if posting.eu_rate is not None else "",
        *(text for pair in posting.extra[:EXTRA_PAIRS] for text in pair),
        posting.order_number,
        posting.key,
        lock,
        full_date(posting.service_date),
        full_date(posting.due_date),
    )


def _date_problems(posting: Posting, terms: BatchTerms, where: str) -> list[Problem]:
    """In the file the year is lost: a row of last November would quietly become one of this November."""
    if terms.date_from <= posting.document_date <= terms.date_to:
        return []
    return [
        Problem(
            "document_date_outside_period",
            f"{where} document date {posting.document_date} does not lie between {terms.date_from} "
            f"and {terms.date_to}.",
            "column 10 (Belegdatum)",
            "Put the row into the batch of its own month and fiscal year.",
        )
    ]


def _posting_problems(posting: Posting, account_length: int, where: str) -> list[Problem]:
    """What a file of any origin may have but ours may not: our side is always debtor first."""
    problems = []
    if len(str(posting.account)) != account_length + 1:
        problems.append(
            Problem(
                "debtor_account_length",
                f"{where} debtor account {posting.account} must have {account_length + 1} digits, "
                "one more than the client's ledger accounts.",
                "column 7 (Konto)",
                "Correct the debtor number or the account length of the tenant.",
            )
        )
    if len(str(posting.contra_account)) != account_length:
        problems.append(
            Problem(
                "revenue_account_length",
                f"{where} revenue account {posting.contra_account} must have {account_length} digits.",
                "column 8 (Gegenkonto (ohne BU-Schlüssel))",
                "Correct the revenue account or the account length of the tenant.",
            )
        )
    if len(posting.extra) > EXTRA_PAIRS:
        problems.append(
            Problem(
                "too_many_extra_pairs",
                f"{where} has {len(posting.extra)} extra pairs, DATEV takes {EXTRA_PAIRS}.",
                f"column {FIRST_EXTRA_PAIR} (Zusatzinformation - Art 1)",
                "Keep fewer extra pairs.",
            )
        )
    return problems
