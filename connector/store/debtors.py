"""Debtors: which account belongs to which party, and what DATEV was last told of it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from connector.accounting.debtor import DebtorRecord
from connector.codec import from_plain, to_plain
from connector.store import tables as t
from connector.store.engine import Transaction

_ACCOUNT_LOCK = 0x64656274
"""Advisory lock (with the tenant's id) that makes "the next free account" one worker's at a time."""


DEBTOR, CREDITOR = "debtor", "creditor"
"""Kinds of personal accounts; a customer may have one of each."""


class Origin(StrEnum):
    """Where an account comes from."""

    UNKNOWN = ""
    """Given before this was noted."""
    FIELD = "field"
    NEXT_FREE = "next_free"
    COLLECTIVE = "collective"
    LIST = "list"


@dataclass(frozen=True, slots=True)
class DebtorRow:
    """A debtor (or creditor) as it should stand in DATEV."""

    id: int
    tenant_id: int
    account: int
    collective: bool
    party: str
    record: DebtorRecord
    record_hash: str
    transferred_hash: str | None
    origin: str
    kind: str


_COLUMNS = [t.debtor.c[name] for name in DebtorRow.__slots__]


def of_party(tx: Transaction, tenant_id: int, party: str, kind: str = DEBTOR) -> DebtorRow | None:
    """The debtor of a party, or its creditor."""
    row = tx.execute(
        sa.select(*_COLUMNS).where(
            t.debtor.c.tenant_id == tenant_id, t.debtor.c.party == party, t.debtor.c.kind == kind
        )
    ).first()
    return _debtor(row) if row else None


def all_of(tx: Transaction, tenant_id: int) -> list[DebtorRow]:
    """Every debtor and creditor of a tenant, by account."""
    chosen = (
        sa.select(*_COLUMNS)
        .where(t.debtor.c.tenant_id == tenant_id)
        .order_by(t.debtor.c.account, t.debtor.c.id)
    )
    return [_debtor(row) for row in tx.execute(chosen)]


def owner_of_account(tx: Transaction, tenant_id: int, account: int) -> str | None:
    """The party that has this account for itself."""
    return tx.execute(
        sa.select(t.debtor.c.party).where(
            t.debtor.c.tenant_id == tenant_id, t.debtor.c.account == account, sa.not_(t.debtor.c.collective)
        )
    ).scalar_one_or_none()


def with_vat_id(tx: Transaction, tenant_id: int, vat_id: str) -> list[DebtorRow]:
    """Debtors whose record has this VAT id, by account."""
    chosen = (
        sa.select(*_COLUMNS)
        .where(
            t.debtor.c.tenant_id == tenant_id,
            t.debtor.c.kind == DEBTOR,
            t.debtor.c.record["vat_id"].astext == vat_id,
        )
        .order_by(t.debtor.c.account)
    )
    return [_debtor(row) for row in tx.execute(chosen)]


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
    """The account after the highest one that we gave in the range; None when the range is used up.

    Never one that anybody has, and none of the adviser's list. At the end of the range the gaps are used.
    Under :func:`lock_accounts`, or two workers get the same answer.
    """
    given = tx.execute(
        sa.select(sa.func.max(t.debtor.c.account)).where(
            t.debtor.c.tenant_id == tenant_id,
            t.debtor.c.account.between(first, last),
            sa.not_(t.debtor.c.collective),
            t.debtor.c.origin.in_((Origin.NEXT_FREE.value, Origin.UNKNOWN.value)),
        )
    ).scalar_one()
    following = first if given is None else given + 1
    free = _first_free(tx, tenant_id, following, last)
    return free if free is not None or following == first else _first_free(tx, tenant_id, first, last)


def _first_free(tx: Transaction, tenant_id: int, first: int, last: int) -> int | None:
    """The lowest free account: the range's first, or the one behind an account that is taken."""
    own, listed = t.debtor, t.adviser_account
    # A customer may have got another account since: what was once posted on stays its own.
    posted = (
        sa.select(t.posting.c.account)
        .join(t.document, t.document.c.id == t.posting.c.document_id)
        .where(t.document.c.tenant_id == tenant_id, t.posting.c.account.between(first, last))
    )
    taken = sa.union(
        posted,
        sa.select(own.c.account).where(own.c.tenant_id == tenant_id, own.c.account.between(first, last)),
        sa.select(listed.c.account).where(
            listed.c.tenant_id == tenant_id, listed.c.account.between(first, last)
        ),
    ).cte("taken")
    possible = sa.union_all(
        sa.select(sa.literal(first).label("account")), sa.select(taken.c.account + 1)
    ).subquery()
    return tx.execute(
        sa.select(sa.func.min(possible.c.account)).where(
            possible.c.account.between(first, last),
            possible.c.account.not_in(sa.select(taken.c.account)),
        )
    ).scalar_one()


def follow_merge(tx: Transaction, tenant_id: int, party: str, into_party: str, *, now: datetime) -> None:
    """Hand a merged party's accounts on to the party that survives, where that has none of its own.

    An account that stays behind is kept: DATEV has postings on it, so nobody else may ever get it.
    """
    other = t.debtor.alias("other")
    survivors = sa.select(other.c.kind).where(other.c.tenant_id == tenant_id, other.c.party == into_party)
    tx.execute(
        t.debtor.update()
        .where(
            t.debtor.c.tenant_id == tenant_id,
            t.debtor.c.party == party,
            t.debtor.c.kind.not_in(survivors),
        )
        .values(party=into_party, updated_at=now)
    )


def keep(
    tx: Transaction,
    *,
    tenant_id: int,
    party: str,
    record: DebtorRecord,
    record_hash: str,
    collective: bool,
    origin: Origin = Origin.UNKNOWN,
    now: datetime,
    kind: str = DEBTOR,
) -> int:
    """Create or update the debtor (or creditor) of a party. Returns its id.

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
            kind=kind,
            origin=origin.value,
            created_at=now,
            **changing,
        )
        .on_conflict_do_update(
            index_elements=["tenant_id", "party", "kind"],
            set_={
                **changing,
                "origin": origin.value,
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
    """The debtors that the runs of a batch book on, and their creditor accounts, by account."""
    booked = t.debtor.alias("booked")
    parties = (
        sa.select(booked.c.tenant_id, booked.c.party)
        .join(t.run, t.run.c.debtor_id == booked.c.id)
        .where(t.run.c.batch_id == batch_id)
    )
    chosen = (
        sa.select(*_COLUMNS)
        .where(
            sa.or_(
                t.debtor.c.id.in_(sa.select(t.run.c.debtor_id).where(t.run.c.batch_id == batch_id)),
                sa.and_(
                    t.debtor.c.kind == CREDITOR,
                    sa.tuple_(t.debtor.c.tenant_id, t.debtor.c.party).in_(parties),
                ),
            )
        )
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
        row.origin,
        row.kind,
    )
