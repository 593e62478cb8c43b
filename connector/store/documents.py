"""Documents, the postings behind them, and drawn numbers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from connector.accounting.posting import Posting
from connector.codec import from_plain, to_plain
from connector.store import tables as t
from connector.store.engine import Transaction

_NUMBER_LOCK = 0x6E756D62
"""Advisory lock (with the tenant's id) under which "this number is free" stays true until the commit."""

_AT_ONCE = 1_000
"""Postings fetched at once: so many that the trips do not count, so few that they need no room."""


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """A document without its content."""

    id: int
    tenant_id: int
    run_id: int
    guid: str
    document_number: str
    document_date: date
    origin: str
    file_name: str
    sha256: str
    created_at: datetime
    upload_begun_at: datetime | None
    uploaded_at: datetime | None


_COLUMNS = [t.document.c[name] for name in DocumentRow.__slots__]


def of_run(tx: Transaction, run_id: int) -> DocumentRow | None:
    """The document of a run."""
    row = tx.execute(sa.select(*_COLUMNS).where(t.document.c.run_id == run_id)).first()
    return DocumentRow(*row) if row else None


def content(tx: Transaction, document_id: int) -> bytes:
    """The PDF itself."""
    return bytes(
        tx.execute(sa.select(t.document.c.content).where(t.document.c.id == document_id)).scalar_one()
    )


def lock_numbers(tx: Transaction, tenant_id: int) -> None:
    """Let one worker at a time give a tenant's document numbers, until its transaction ends."""
    tx.execute(sa.select(sa.func.pg_advisory_xact_lock(_NUMBER_LOCK, tenant_id)))


def number_owner(tx: Transaction, tenant_id: int, document_number: str) -> int | None:
    """The run that carries this document number."""
    return tx.execute(
        sa.select(t.document.c.run_id).where(
            t.document.c.tenant_id == tenant_id, t.document.c.document_number == document_number
        )
    ).scalar_one_or_none()


def keep(
    tx: Transaction,
    *,
    tenant_id: int,
    run_id: int,
    guid: str,
    document_number: str,
    document_date: date,
    origin: str,
    file_name: str,
    pdf: bytes,
    sha256: str,
    postings: Sequence[Posting],
    now: datetime,
) -> None:
    """Store a run's document with its postings; a run rendered anew before submission replaces its own."""
    values = {
        "guid": guid,
        "document_number": document_number,
        "document_date": document_date,
        "origin": origin,
        "file_name": file_name,
        "content": pdf,
        "sha256": sha256,
    }
    document_id = tx.execute(
        insert(t.document)
        .values(tenant_id=tenant_id, run_id=run_id, created_at=now, **values)
        .on_conflict_do_update(index_elements=["run_id"], set_=values)
        .returning(t.document.c.id)
    ).scalar_one()
    tx.execute(t.posting.delete().where(t.posting.c.document_id == document_id))
    tx.execute(
        t.posting.insert(),
        [
            {
                "document_id": document_id,
                "line": posting.line,
                "reversal": False,
                "key": posting.key,
                "amount": posting.amount,
                "account": posting.account,
                "contra_account": posting.contra_account,
                "row": to_plain(posting),
            }
            for posting in postings
        ],
    )


def postings_of(tx: Transaction, document_id: int) -> list[Posting]:
    """The postings behind a document, by line."""
    rows = tx.execute(
        sa.select(t.posting.c.row).where(t.posting.c.document_id == document_id).order_by(t.posting.c.line)
    ).scalars()
    return [from_plain(row, Posting) for row in rows]


def postings_in_batch(tx: Transaction, batch_id: int) -> Iterator[Posting]:
    """The postings behind all documents of a batch, in the order of runs and lines.

    They come piece by piece, as they are asked for, so that a batch of any size takes little memory; the
    transaction has to stay open for so long.
    """
    chosen = (
        sa.select(t.posting.c.row)
        .join(t.document, t.document.c.id == t.posting.c.document_id)
        .join(t.run, t.run.c.id == t.document.c.run_id)
        .where(t.run.c.batch_id == batch_id)
        .order_by(t.run.c.id, t.posting.c.line, t.posting.c.reversal)
    )
    rows = tx.execute(chosen, execution_options={"yield_per": _AT_ONCE})
    return (from_plain(row, Posting) for row in rows.scalars())


def run_without_postings(tx: Transaction, batch_id: int) -> int | None:
    """A run of a batch behind which no postings are kept; None: all have theirs."""
    booked = (
        sa.exists()
        .where(t.document.c.run_id == t.run.c.id, t.posting.c.document_id == t.document.c.id)
        .correlate(t.run)
    )
    chosen = sa.select(t.run.c.id).where(t.run.c.batch_id == batch_id, ~booked).limit(1)
    return tx.execute(chosen).scalar_one_or_none()


def mark_upload(
    tx: Transaction, document_id: int, *, begun_at: datetime | None = None, done_at: datetime | None = None
) -> None:
    """Note the intent to upload, or that DATEV has the document."""
    values = {"upload_begun_at": begun_at} if begun_at else {"uploaded_at": done_at}
    tx.execute(t.document.update().where(t.document.c.id == document_id).values(**values))


def draw_number(tx: Transaction, tenant_id: int, name: str) -> int:
    """The next number of a sequence: consecutive, since a rollback gives it back."""
    return tx.execute(
        insert(t.number_sequence)
        .values(tenant_id=tenant_id, name=name, next=2)
        .on_conflict_do_update(
            index_elements=["tenant_id", "name"], set_={"next": t.number_sequence.c.next + 1}
        )
        .returning(t.number_sequence.c.next - 1)
    ).scalar_one()
