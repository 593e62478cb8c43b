"""Submissions: the intent to hand a file over, and what became of it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from connector.store import tables as t
from connector.store.engine import Transaction


@dataclass(frozen=True, slots=True)
class SubmissionRow:
    """A submission without the file itself."""

    id: int
    batch_id: int
    content: str
    attempt: int
    reference_id: str
    file_name: str
    state: str
    doubt: str
    lookups: int
    job_id: str
    polls: int
    answer: Mapping[str, Any] | None
    intended_at: datetime
    accepted_at: datetime | None
    client_id: str | None
    """The DATEV client it went to, ``<consultant>-<client>``; None: written before this was noted."""


_COLUMNS = [t.submission.c[name] for name in SubmissionRow.__slots__]


def of_batch(tx: Transaction, batch_id: int, content: str) -> list[SubmissionRow]:
    """All attempts to hand over one content of a batch, oldest first."""
    chosen = (
        sa.select(*_COLUMNS)
        .where(t.submission.c.batch_id == batch_id, t.submission.c.content == content)
        .order_by(t.submission.c.attempt)
    )
    return [SubmissionRow(*row) for row in tx.execute(chosen)]


def all_of_batch(tx: Transaction, batch_id: int) -> list[SubmissionRow]:
    """Every submission of a batch, oldest first."""
    chosen = sa.select(*_COLUMNS).where(t.submission.c.batch_id == batch_id).order_by(t.submission.c.id)
    return [SubmissionRow(*row) for row in tx.execute(chosen)]


def intend(
    tx: Transaction,
    *,
    batch_id: int,
    content: str,
    attempt: int,
    reference_id: str,
    file_name: str,
    file: bytes,
    sha256: str,
    now: datetime,
    client_id: str | None = None,
    doubt: str = "",
) -> int:
    """Write the intent down. The unique reference makes a second intent for the same attempt impossible.

    :param client_id: the DATEV client it goes to, ``<consultant>-<client>``.
    """
    return tx.execute(
        t.submission.insert()
        .values(
            batch_id=batch_id,
            content=content,
            attempt=attempt,
            reference_id=reference_id,
            file_name=file_name,
            file=file,
            sha256=sha256,
            state="intended",
            doubt=doubt,
            intended_at=now,
            client_id=client_id,
        )
        .returning(t.submission.c.id)
    ).scalar_one()


def file_of(tx: Transaction, submission_id: int) -> bytes:
    """The file as it was meant to be handed over."""
    return bytes(
        tx.execute(sa.select(t.submission.c.file).where(t.submission.c.id == submission_id)).scalar_one()
    )


def update(tx: Transaction, submission_id: int, **values: Any) -> None:
    """Change columns of a submission; guarded by the claim on its batch in the same transaction."""
    tx.execute(t.submission.update().where(t.submission.c.id == submission_id).values(**values))


def add_debtors(tx: Transaction, submission_id: int, hashes: Collection[tuple[int, str]]) -> None:
    """Note which debtors, in which version, a debtors' file carries."""
    tx.execute(
        t.submission_debtor.insert(),
        [
            {"submission_id": submission_id, "debtor_id": debtor_id, "record_hash": record_hash}
            for debtor_id, record_hash in hashes
        ],
    )


def debtors_in(tx: Transaction, submission_id: int) -> list[tuple[int, str]]:
    """Which debtors, in which version, a debtors' file carries."""
    carried = t.submission_debtor
    rows = tx.execute(
        sa.select(carried.c.debtor_id, carried.c.record_hash).where(carried.c.submission_id == submission_id)
    )
    return [(row.debtor_id, row.record_hash) for row in rows]


def begin_file(
    tx: Transaction, submission_id: int, job_id: str, name: str, sha256: str, *, now: datetime
) -> None:
    """Name a file of a DXSO job before it is sent."""
    tx.execute(
        insert(t.submission_file)
        .values(submission_id=submission_id, job_id=job_id, name=name, sha256=sha256, begun_at=now)
        .on_conflict_do_nothing()
    )


def end_file(tx: Transaction, submission_id: int, job_id: str, name: str, *, now: datetime) -> None:
    """DATEV took the file."""
    files = t.submission_file
    tx.execute(
        files.update()
        .where(files.c.submission_id == submission_id, files.c.job_id == job_id, files.c.name == name)
        .values(sent_at=now)
    )


def files_of_job(tx: Transaction, submission_id: int, job_id: str) -> list[str]:
    """Names of the files that were sent into a job."""
    files = t.submission_file
    return list(
        tx.execute(
            sa.select(files.c.name)
            .where(files.c.submission_id == submission_id, files.c.job_id == job_id)
            .order_by(files.c.begun_at, files.c.name)
        ).scalars()
    )
