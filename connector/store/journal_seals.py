"""The seals of the journal: which rows have none yet, the heads of the chains, and the chains themselves."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from connector.store import tables as t
from connector.store.engine import Transaction
from connector.store.evidence_tables import journal_seal as seal
from connector.store.journal_hash import JournalFacts

_SEALING_LOCK = 0x7365616C
"""Advisory lock under which chains grow: of two sealers at once the second finds nothing to do."""

CUT = "journal_cut"
"""Event of the row that tells how far retention has removed the chain's beginning, and the hash there."""

TEXTS_ERASED = "journal_texts_erased"
"""Event of the row that names the rows whose texts were erased."""

PERSON_ERASED = "person_erased"
"""Event of the row that tells of a person's demand, written beside the other by the same erasure."""

_AT_ONCE = 2_000
"""Rows of a chain fetched at once while it is walked."""

UNREADABLE = (ValueError, OverflowError, RecursionError)
"""What Python says of a value that PostgreSQL can hold and Python cannot: a day after the year 9999, a number
of 5,000 digits, JSON nested without end. The program writes none of it, somebody else may have."""

_FACTS = [t.journal.c[name] for name in JournalFacts.__slots__]


@dataclass(frozen=True, slots=True)
class Seal:
    """A row's place in its tenant's chain."""

    tenant_id: int
    seq: int
    journal_id: int
    salt: bytes | None
    """None: the row's text was erased."""
    text_digest: bytes
    hash: bytes
    sealed_at: datetime


@dataclass(frozen=True, slots=True)
class Link:
    """A seal with the journal row it is of; None: the row is gone."""

    seal: Seal
    row: JournalFacts | None


def lock(tx: Transaction) -> bool:
    """Let one sealer at a time go on, until its transaction ends. False: another one is at it."""
    return bool(tx.execute(sa.select(sa.func.pg_try_advisory_xact_lock(_SEALING_LOCK))).scalar_one())


def wait_for_lock(tx: Transaction) -> None:
    """As :func:`lock`, after the other sealer's end."""
    tx.execute(sa.select(sa.func.pg_advisory_xact_lock(_SEALING_LOCK)))


def unsealed(
    tx: Transaction, *, look_back: int | None, limit: int, tenant_id: int | None = None
) -> list[JournalFacts]:
    """Committed journal rows without a seal, oldest id first.

    :param look_back: how many ids below the highest sealed one are looked at as well, because a transaction
        may commit after a later one; None: all rows, whatever that takes.
    :raises ValueError: or another of :data:`UNREADABLE`.
    """
    chosen = _unsealed(tx, _FACTS, look_back, limit, tenant_id)
    return [JournalFacts(*row) for row in tx.execute(chosen)]


def readable_unsealed(
    tx: Transaction, *, look_back: int | None, limit: int, tenant_id: int | None = None
) -> list[JournalFacts]:
    """As :func:`unsealed`, one by one, without those rows that cannot be read."""
    found = []
    for journal_id in (
        tx.execute(_unsealed(tx, [t.journal.c.id], look_back, limit, tenant_id)).scalars().all()
    ):
        try:
            row = tx.execute(sa.select(*_FACTS).where(t.journal.c.id == journal_id)).one()
        except UNREADABLE:
            continue
        found.append(JournalFacts(*row))
    return found


def _unsealed(
    tx: Transaction,
    columns: Sequence[sa.ColumnElement[Any]],
    look_back: int | None,
    limit: int,
    tenant_id: int | None,
) -> sa.Select[Any]:
    since = 0
    if look_back is not None:
        since = (tx.execute(sa.select(sa.func.max(seal.c.journal_id))).scalar_one() or 0) - look_back
    # The bound on both sides keeps PostgreSQL from reading all seals.
    sealed = sa.exists().where(seal.c.journal_id == t.journal.c.id, seal.c.journal_id > since)
    chosen = sa.select(*columns).where(t.journal.c.id > since, ~sealed).order_by(t.journal.c.id).limit(limit)
    return chosen if tenant_id is None else chosen.where(t.journal.c.tenant_id == tenant_id)


def head(tx: Transaction, tenant_id: int) -> Seal | None:
    """The newest seal of a tenant; None: its chain is empty."""
    chosen = _seals().where(seal.c.tenant_id == tenant_id).order_by(seal.c.seq.desc()).limit(1)
    row = tx.execute(chosen).first()
    return _seal(row) if row else None


def moment_of(tx: Transaction, journal_id: int) -> datetime | None:
    """The moment that a journal row names; None: the row is gone, or names none that can be read."""
    try:
        return tx.execute(sa.select(t.journal.c.at).where(t.journal.c.id == journal_id)).scalar()
    except UNREADABLE:
        return None


def add(tx: Transaction, seals: Collection[Seal]) -> None:
    """Append to the chains. Under :func:`lock`, in one transaction with reading the heads."""
    if seals:
        tx.execute(seal.insert(), [{name: getattr(made, name) for name in Seal.__slots__} for made in seals])


def chain(tx: Transaction, tenant_id: int) -> Iterator[Link]:
    """A tenant's chain from its first seal that is kept, piece by piece; the transaction has to stay open."""
    joined = seal.outerjoin(t.journal, t.journal.c.id == seal.c.journal_id)
    chosen = (
        sa.select(*(seal.c[name] for name in Seal.__slots__), *_FACTS)
        .select_from(joined)
        .where(seal.c.tenant_id == tenant_id)
        .order_by(seal.c.seq)
    )
    for row in tx.execute(chosen, execution_options={"yield_per": _AT_ONCE}):
        yield _link(row)


def sealed_rows(tx: Transaction, tenant_id: int, event: str) -> list[Link]:
    """A tenant's sealed rows of one event, in the order of the chain."""
    chosen = (
        sa.select(*(seal.c[name] for name in Seal.__slots__), *_FACTS)
        .join(t.journal, t.journal.c.id == seal.c.journal_id)
        .where(seal.c.tenant_id == tenant_id, t.journal.c.tenant_id == tenant_id, t.journal.c.event == event)
        .order_by(seal.c.seq)
    )
    return [_link(row) for row in tx.execute(chosen)]


def cut_through(
    tx: Transaction, tenant_id: int, *, before: datetime, held_runs: Iterable[int], most: int
) -> tuple[Seal, int] | None:
    """How far a chain's beginning may be removed: all rows up to there are older and not held.

    :param held_runs: runs whose rows, and those of their batches, stay, and with them everything behind them
        in the chain.
    :param most: rows that go at once.
    :returns: the last seal that goes and how many go; None: nothing may.
    """
    own = seal.c.tenant_id == tenant_id
    held = list(held_runs)
    their_batches = sa.select(t.run.c.batch_id).where(t.run.c.id.in_(held))
    kept = sa.or_(
        t.journal.c.at >= before, t.journal.c.run_id.in_(held), t.journal.c.batch_id.in_(their_batches)
    )
    joined = seal.join(t.journal, t.journal.c.id == seal.c.journal_id)
    first_kept = sa.select(sa.func.min(seal.c.seq)).select_from(joined).where(own, kept)
    first, last = tx.execute(sa.select(sa.func.min(seal.c.seq), sa.func.max(seal.c.seq)).where(own)).one()
    if first is None:
        return None
    kept_from = tx.execute(first_kept).scalar_one()
    # Where the whole chain is old, the row that tells of the cut will be its new beginning.
    through = min(last if kept_from is None else kept_from - 1, first + most - 1)
    row = tx.execute(_seals().where(own, seal.c.seq == through)).first()
    return (_seal(row), through - first + 1) if row and through >= first else None


def remove_through(tx: Transaction, tenant_id: int, seq: int) -> int:
    """Remove a chain's beginning, rows and seals. Only what the schema lets go: rows older than ten years.

    :returns: how many rows went.
    """
    tx.execute(sa.text("SET LOCAL mlc.retention = 'on'"))
    going = sa.select(seal.c.journal_id).where(seal.c.tenant_id == tenant_id, seal.c.seq <= seq)
    gone = tx.execute(t.journal.delete().where(t.journal.c.id.in_(going))).rowcount
    tx.execute(seal.delete().where(seal.c.tenant_id == tenant_id, seal.c.seq <= seq))
    tx.execute(sa.text("SET LOCAL mlc.retention = 'off'"))
    return int(gone)


def erase_texts(tx: Transaction, journal_ids: Sequence[int]) -> list[int]:
    """Empty message and details of sealed rows and drop their salts, so that nothing tells what stood there.

    :returns: the ids of rows that had a text until now. The caller names them in a journal row.
    """
    tx.execute(sa.text("SET LOCAL mlc.erasure = 'on'"))
    ids = list(
        tx.execute(
            seal.update()
            .where(seal.c.journal_id.in_(journal_ids), seal.c.salt.is_not(None))
            .values(salt=None)
            .returning(seal.c.journal_id)
        ).scalars()
    )
    tx.execute(t.journal.update().where(t.journal.c.id.in_(ids)).values(message="", details={}))
    tx.execute(sa.text("SET LOCAL mlc.erasure = 'off'"))
    return sorted(ids)


def _seals() -> sa.Select[Any]:
    return sa.select(*(seal.c[name] for name in Seal.__slots__))


def _link(row: Sequence[Any]) -> Link:
    width = len(Seal.__slots__)
    facts = row[width:]
    return Link(_seal(row[:width]), JournalFacts(*facts) if facts[0] is not None else None)


def _seal(row: Sequence[Any]) -> Seal:
    tenant_id, seq, journal_id, salt, digest, hashed, sealed_at = row
    known = None if salt is None else bytes(salt)
    return Seal(tenant_id, seq, journal_id, known, bytes(digest), bytes(hashed), sealed_at)
