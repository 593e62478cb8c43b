"""Rows a second of the EXTF writer and reader, beside csv.writer with the same rows, and their memory.

The batch is the largest that DATEV takes. Of each action the best of several rounds counts, and the
rounds are interleaved: what disturbs the machine disturbs all of them.
"""

import csv
import io
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

from connector.accounting.posting import Posting, Side
from connector.datev.extf import (
    BatchHeader,
    ExtfReader,
    check_file,
    posting_batch_chunks,
    read_file,
    render_posting_batch,
    save,
)
from connector.datev.extf.limits import MAX_ROWS
from tests.benchmarks.result import Result

ROUNDS = 3

WRITER_GOAL = 100_000
READER_GOAL = 60_000
"""Rows a second on one core; the writer checks every cell and rule."""

_WRITE = "EXTF: write and validate 99,999 rows"
_READ = "EXTF: read 99,999 rows"
_CHECK = "EXTF: validate what was read"
_CSV = "csv.writer alone with the same rows, for comparison"


def measure() -> list[Result]:
    """Writer (which validates), reader, validator, csv.writer alone; then memory."""
    postings = list(_postings(MAX_ROWS))
    file = render_posting_batch(_header(), postings)
    parsed = read_file(file)
    rows = parsed.rows
    actions: dict[str, Callable[[], object]] = {
        _WRITE: lambda: _drain(posting_batch_chunks(_header(), postings)),
        _READ: lambda: _drain(ExtfReader(io.BytesIO(file))),
        _CHECK: lambda: check_file(parsed),
        _CSV: lambda: _with_csv(rows),
    }
    speed = {what: MAX_ROWS / seconds for what, seconds in _best(actions).items()}
    goals = {_WRITE: WRITER_GOAL, _READ: READER_GOAL}
    return [_speed(what, speed[what], speed[_CSV], goals.get(what)) for what in actions] + _memory()


def _speed(what: str, rows: float, csv_rows: float, goal: int | None) -> Result:
    figure = f"{rows:,.0f} rows/s ({rows / csv_rows:.0%})"
    if goal is None:
        return Result(what, figure)
    return Result(what, figure, f"{goal:,}", rows >= goal)


def _best(actions: dict[str, Callable[[], object]]) -> dict[str, float]:
    times: dict[str, list[float]] = {what: [] for what in actions}
    for _ in range(ROUNDS):
        for what, action in actions.items():
            started = time.perf_counter()
            action()
            times[what].append(time.perf_counter() - started)
    return {what: min(found) for what, found in times.items()}


def _drain(pieces: Iterable[object]) -> None:
    """Take everything and keep nothing."""
    for _ in pieces:
        pass


def _with_csv(rows: tuple[tuple[str, ...], ...]) -> None:
    buffer = io.TextIOWrapper(io.BytesIO(), encoding="cp1252", newline="")
    csv.writer(buffer, delimiter=";").writerows(rows)


def _memory() -> list[Result]:
    """The most that writing into a file and reading it takes: a tenth of a batch, then all of it."""
    small, large = (_peak(rows) for rows in (MAX_ROWS // 10, MAX_ROWS))
    figure = f"{small / 1e6:.1f} MB, {large / 1e6:.1f} MB"
    return [
        Result(
            "EXTF: memory for a tenth of a batch, and for a whole one", figure, "flat", large < 1.5 * small
        )
    ]


def _peak(rows: int) -> int:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "EXTF_benchmark.csv"
        tracemalloc.start()
        save(posting_batch_chunks(_header(), _postings(rows)), path)
        with path.open("rb") as file:
            _drain(ExtfReader(file))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return peak


def _postings(rows: int) -> Iterator[Posting]:
    return (_posting(number) for number in range(1, rows + 1))


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
    """A row as deals make them: one in twenty in francs, one in twenty to a consumer in Austria."""
    kind = number % 20
    foreign, abroad = kind == 0, kind == 1
    amount = Decimal(number + 100) / 100
    rate = Decimal("0.9412")
    return Posting(
        line=1,
        key=f"00000000-0000-4000-8000-{number:012d}",
        amount=amount,
        side=Side.DEBIT,
        account=10000 + number % 50_000,
        contra_account=8320 if abroad else 8400,
        tax_key="240" if abroad else "",
        currency="CHF" if foreign else "EUR",
        exchange_rate=rate if foreign else None,
        base_amount=(amount / rate).quantize(Decimal("0.01")) if foreign else None,
        document_number=f"MB-{number}",
        document_date=date(2026, 3, 1 + number % 28),
        service_date=date(2026, 3, 1 + number % 28),
        due_date=date(2026, 4, 14),
        posting_text=f'Müller & Söhne, "Auftrag {number}"',
        tax_rate=Decimal(20 if abroad else 19),
        eu_vat="AT" if abroad else "",
        eu_rate=Decimal(20) if abroad else None,
        cost_centre_1=str(number % 7),
        cost_centre_2="",
        document_link=f"10000000-0000-4000-8000-{number:012d}",
        extra=(("Pipedrive Deal", str(number)), ("Kunde", f"Müller & Söhne {number % 5000} GmbH")),
        origin_country="DE" if abroad else "",
    )
