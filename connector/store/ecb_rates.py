"""The reference rates of the European Central Bank, for all tenants alike."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert

from connector.accounting.exchange_rates import PublishedRate
from connector.store import tables as t
from connector.store.engine import Transaction

_AT_ONCE = 5000
"""Rows per statement: the bank's whole history, some 200,000 rates, is a few dozen round trips."""

_LOCK = 0x65636272
"""Advisory lock: one import at a time."""


@dataclass(frozen=True, slots=True)
class KnownCurrency:
    """What is known of one currency."""

    currency: str
    first_day: date
    last_day: date
    last_rate: Decimal


def lock(tx: Transaction) -> None:
    """Let one import at a time compare and write, until its transaction ends."""
    tx.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))


def newest(
    tx: Transaction, currency: str, day: date, *, known_at: datetime | None = None
) -> PublishedRate | None:
    """The last rate published on or before the day.

    :param known_at: only among the rates that had been imported by then.
    """
    table = t.ecb_rate
    chosen = sa.select(table.c.currency, table.c.day, table.c.rate).where(
        table.c.currency == currency, table.c.day <= day
    )
    if known_at is not None:
        chosen = chosen.where(table.c.imported_at <= known_at)
    row = tx.execute(chosen.order_by(table.c.day.desc()).limit(1)).first()
    return PublishedRate(*row) if row else None


def of_currency(tx: Transaction, currency: str) -> list[PublishedRate]:
    """Every rate of one currency."""
    table = t.ecb_rate
    rows = tx.execute(
        sa.select(table.c.currency, table.c.day, table.c.rate).where(table.c.currency == currency)
    )
    return [PublishedRate(*row) for row in rows]


def all_of(tx: Transaction, days: Iterable[date]) -> dict[tuple[date, str], Decimal]:
    """Everything known between the first and the last of these days."""
    known = sorted(days)
    table = t.ecb_rate
    rows = tx.execute(
        sa.select(table.c.day, table.c.currency, table.c.rate).where(table.c.day.between(known[0], known[-1]))
    )
    return {(row.day, row.currency): row.rate for row in rows}


def keep(tx: Transaction, rates: Sequence[PublishedRate], *, now: datetime) -> None:
    """Store rates; one that is known for its day is corrected, and stays known since its first import."""
    for start in range(0, len(rates), _AT_ONCE):
        some = rates[start : start + _AT_ONCE]
        columns: list[tuple[str, sa.types.TypeEngine[Any], list[Any]]] = [
            ("currency", sa.Text(), [one.currency for one in some]),
            ("day", sa.Date(), [one.day for one in some]),
            ("rate", sa.Numeric(), [one.rate for one in some]),
        ]
        # Whole columns at once: row by row the history would take half a minute.
        given = sa.select(
            *(sa.func.unnest(sa.cast(values, ARRAY(kind))).label(name) for name, kind, values in columns),
            sa.literal(now, sa.DateTime(timezone=True)).label("imported_at"),
        )
        statement = insert(t.ecb_rate).from_select([*given.selected_columns.keys()], given)
        tx.execute(
            statement.on_conflict_do_update(
                index_elements=["currency", "day"],
                set_={"rate": statement.excluded.rate},
            )
        )


def known_currencies(tx: Transaction) -> list[KnownCurrency]:
    """Every currency with the days between which rates are known, and its last rate."""
    table = t.ecb_rate
    spans = (
        sa.select(
            table.c.currency,
            sa.func.min(table.c.day).label("first_day"),
            sa.func.max(table.c.day).label("last_day"),
        )
        .group_by(table.c.currency)
        .subquery()
    )
    rows = tx.execute(
        sa.select(spans.c.currency, spans.c.first_day, spans.c.last_day, table.c.rate)
        .join(table, sa.and_(table.c.currency == spans.c.currency, table.c.day == spans.c.last_day))
        .order_by(spans.c.currency)
    )
    return [KnownCurrency(*row) for row in rows]
