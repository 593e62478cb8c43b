"""Debtors: which account belongs to which party, and what DATEV was last told of it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from connector.accounting.debtor import DebtorRecord
from connector.codec import from_plain, to_plain
from connector.store import tables as t
from connector.store.engine import Transaction

_ACCOUNT_LOCK = 0x64656274
"""Advisory lock (with the tenant's id) that makes "the next free account" one worker's at a time."""


@dataclass(frozen=True, slots=True)
class DebtorRow:
    """A debtor as it should stand in DATEV."""

    id: int
    tenant_id: int
    account: int
    collective: bool
    party: str
    record: DebtorRecord
    record_hash: str
    transferred_hash: str | None


_COLUMNS = [t.debtor.c[name] for name in DebtorRow.__slots__]


def of_party(tx: Transaction, tenant_id: int, party: str) -> DebtorRow | None:
    """The debtor of a party."""
    row = tx.execute(
        sa.select(*_COLUMNS).where(t.debtor.c.tenant_id == tenant_id, t.debtor.c.party == party)
    ).first()
    return _debtor(row) if row else None


def owner_of_account(tx: Transaction, tenant_id: int, account: int) -> str | None:
    """The party that has this account for itself."""
    return tx.execute(
        sa.select(t.debtor.c.party).where(
            t.debtor.c.tenant_id == tenant_id, t.debtor.c.account == account, sa.not_(t.debtor.c.collective)
        )
    ).scalar_one_or_none()


def lock_accounts(tx: Transaction, tenant_id: int) -> None:
    """Let one worker at a time decide about a tenant's debtors, until its transaction ends."""
    tx.execute(sa.select(sa.func.pg_advisory_xact_lock(_ACCOUNT_LOCK, tenant_id)))


def batch_carrying(tx: Transaction, debtor_ids: Collection[int], but_batch_id: int) -> int | None:
    """Another batch whose debtors' file with one of these debtors is on its way to DATEV.

    A batch that waits for a human does not count: master data sent twice are the same master data,
    but a batch that waits for a parked one would wait in silence.
    """
    carried, submission = t.submission_debtor, t.submission
    return tx.execute(
        sa.select(submission.c.batch_id)
        .join(carried, carried.c.submission_id == submission.c.id)
        .join(t.batch, t.batch.c.id == submission.c.batch_id)
        .where(
            carried.c.debtor_id.in_(debtor_ids),
            submission.c.state.in_(("intended", "accepted")),
            submission.c.batch_id != but_batch_id,
            t.batch.c.state != "needs_attention",
        )
        .limit(1)
    ).scalar_one_or_none()


def next_free_account(tx: Transaction, tenant_id: int, first: int, last: int) -> int | None:
    """The account after the highest one used in the range; None when the range is used up.

    Under :func:`lock_accounts`, or two workers get the same answer.
    """
    highest = tx.execute(
        sa.select(sa.func.max(t.debtor.c.account)).where(
            t.debtor.c.tenant_id == tenant_id,
            t.debtor.c.account.between(first, last),
            sa.not_(t.debtor.c.collective),
        )
    ).scalar_one()
    following = first if highest is None else highest + 1
    return following if following <= last else None


def keep(
    tx: Transaction,
    *,
    tenant_id: int,
    party: str,
    record: DebtorRecord,
    record_hash: str,
    collective: bool,
    now: datetime,
) -> int:
    """Create or update the debtor of a party. Returns its id.

    Under another account DATEV knows nothing of the party yet.
    """
    changing = {"record": to_plain(record), "record_hash": record_hash, "updated_at": now}
    return tx.execute(
        insert(t.debtor)
        .values(
            tenant_id=tenant_id,
            account=record.account,
            collective=collective,
            party=party,
            created_at=now,
            **changing,
        )
        .on_conflict_do_update(
            index_elements=["tenant_id", "party"],
            set_={
                **changing,
                "account": record.account,
                "collective": collective,
                "transferred_hash": sa.case(
                    (t.debtor.c.account == record.account, t.debtor.c.transferred_hash), else_=None
                ),
            },
        )
        .returning(t.debtor.c.id)
    ).scalar_one()


def of_batch(tx: Transaction, batch_id: int) -> list[DebtorRow]:
    """The debtors that the runs of a batch book on, by account."""
    chosen = (
        sa.select(*_COLUMNS)
        .where(t.debtor.c.id.in_(sa.select(t.run.c.debtor_id).where(t.run.c.batch_id == batch_id)))
        .order_by(t.debtor.c.account, t.debtor.c.id)
    )
    return [_debtor(row) for row in tx.execute(chosen)]


def get_many(tx: Transaction, debtor_ids: Collection[int]) -> dict[int, DebtorRow]:
    """Debtors by id."""
    rows = tx.execute(sa.select(*_COLUMNS).where(t.debtor.c.id.in_(debtor_ids)))
    return {row.id: _debtor(row) for row in rows}


def mark_transferred(tx: Transaction, submission_id: int, *, now: datetime) -> None:
    """DATEV took this debtors' file: what it was sent is what it has."""
    sent = t.submission_debtor
    tx.execute(
        t.debtor.update()
        .where(sent.c.submission_id == submission_id, t.debtor.c.id == sent.c.debtor_id)
        .values(transferred_hash=sent.c.record_hash, transferred_at=now)
    )


def _debtor(row: Any) -> DebtorRow:
    return DebtorRow(
        row.id,
        row.tenant_id,
        row.account,
        row.collective,
        row.party,
        from_plain(row.record, DebtorRecord),
        row.record_hash,
        row.transferred_hash,
    )
