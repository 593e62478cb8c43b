"""Parties that went up in others: whose account holds for them now."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from connector.store import tables as t
from connector.store.engine import Transaction


def survivor_of(tx: Transaction, tenant_id: int, party: str) -> str:
    """The party that this one was merged into; itself where it was not."""
    table = t.merged_party
    found = tx.execute(
        sa.select(table.c.into_party).where(table.c.tenant_id == tenant_id, table.c.party == party)
    ).scalar_one_or_none()
    return found or party


def add(tx: Transaction, *, tenant_id: int, party: str, into_party: str, now: datetime) -> bool:
    """Note a merge. Whatever went up in the party before follows it, so that one look is enough.

    :returns: whether it is news.
    """
    table = t.merged_party
    tx.execute(
        table.update()
        .where(table.c.tenant_id == tenant_id, table.c.into_party == party, table.c.party != into_party)
        .values(into_party=into_party)
    )
    added = tx.execute(
        insert(table)
        .values(tenant_id=tenant_id, party=party, into_party=into_party, merged_at=now)
        .on_conflict_do_nothing(index_elements=["tenant_id", "party"])
        .returning(table.c.party)
    )
    return added.first() is not None
