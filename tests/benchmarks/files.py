"""Rows a second of the EXTF writer and reader, beside csv.writer with the same rows."""

import csv
import io
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal

from connector.accounting.posting import Posting, Side
from connector.datev.extf.file import read_file
from connector.datev.extf.header import BatchHeader
from connector.datev.extf.postings import render_posting_batch
from connector.datev.extf.validator import check_file
from tests.benchmarks.result import Result

ROWS = 20_000
"""Two seconds of work: enough that the figure does not depend on the first rows."""

ROUNDS = 3
"""The best of them counts: the others were disturbed."""


def measure() -> list[Result]:
    """Writer (which validates), reader, validator, and csv.writer alone."""
    postings = [_posting(number) for number in range(1, ROWS + 1)]
    file = render_posting_batch(_header(), postings)
    parsed = read_file(file)
    timed = {
        "EXTF: render and validate a posting batch": lambda: render_posting_batch(_header(), postings),
        "EXTF: read": lambda: read_file(file),
        "EXTF: validate what was read": lambda: check_file(parsed),
        "csv.writer with the same cells, for comparison": lambda: _with_csv(parsed.rows),
    }
    return [Result(what, f"{ROWS / _best(action):,.0f} rows/s") for what, action in timed.items()]


def _best(action: Callable[[], object]) -> float:
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        action()
        times.append(time.perf_counter() - started)
    return min(times)


def _with_csv(rows: tuple[tuple[str, ...], ...]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=";").writerows(rows)
    return buffer.getvalue().encode("cp1252")


def _header() -> BatchHeader:
    return BatchHeader(
        consultant_number=455148,
        client_number=1,
        fiscal_year_start=date(2026, 1, 1),
        account_length=4,
        chart="skr03",
        created_at=datetime(2026, 3, 31, 12, 0, tzinfo=UTC),
        date_from=date(2026, 3, 1),
        date_to=date(2026, 3, 31),
        label="Benchmark",
    )


def _posting(number: int) -> Posting:
    return Posting(
        line=1,
        key=f"00000000-0000-4000-8000-{number:012d}",
        amount=Decimal(number) / 100 + 1,
        side=Side.DEBIT,
        account=10000 + number % 50_000,
        contra_account=8400,
        tax_key="",
        currency="EUR",
        exchange_rate=None,
        base_amount=None,
        document_number=f"MB-{number}",
        document_date=date(2026, 3, 1 + number % 28),
        service_date=None,
        due_date=date(2026, 4, 14),
        posting_text=f"Müller & Söhne, Auftrag {number}",
        tax_rate=Decimal(19),
        eu_vat="",
        eu_rate=None,
        cost_centre_1="",
        cost_centre_2="",
        document_link=f"10000000-0000-4000-8000-{number:012d}",
    )
