"""What else in the database tells whether the journal can be true: tenants, runs and documents.

None of it is proof against somebody who changes these tables as well; it makes a forged row of the journal
contradict something, so that more than one row has to be forged.
"""

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from connector.store import tables as t
from connector.store.engine import Transaction


def tenant_since(tx: Transaction, tenant_id: int) -> datetime:
    """The moment a tenant began: no row of its journal is older. Its first configuration is kept for good."""
    created = tx.execute(sa.select(t.tenant.c.created_at).where(t.tenant.c.id == tenant_id)).scalar_one()
    applied = sa.select(sa.func.min(t.tenant_config.c.applied_at)).where(
        t.tenant_config.c.tenant_id == tenant_id
    )
    return max(created, tx.execute(applied).scalar_one() or created)


def untold_runs(tx: Transaction, tenant_id: int, *, since: datetime | None, most: int) -> list[int]:
    """Runs without a single journal row, oldest first. Each begins with one, in the same transaction.

    :param since: only runs that began then or later; those before may have lost their rows to retention.
    """
    run = t.run
    chosen = (
        sa.select(run.c.id)
        .where(run.c.tenant_id == tenant_id, ~sa.exists().where(t.journal.c.run_id == run.c.id))
        .order_by(run.c.id)
        .limit(most)
    )
    if since is not None:
        chosen = chosen.where(run.c.created_at >= since)
    return list(tx.execute(chosen).scalars())


def never_to_be_erased(
    tx: Transaction, tenant_id: int, journal_ids: Collection[int], *, booked_before: datetime
) -> list[int]:
    """Those of these journal rows whose texts no erasure takes: of no run, or of a deal that was booked.

    :param booked_before: a deal that was booked later may have been erased rightly before.
    """
    row, run, sibling, document = t.journal, t.run, t.run.alias("sibling"), t.document
    booked = sa.exists().where(
        run.c.id == row.c.run_id,
        sibling.c.tenant_id == run.c.tenant_id,
        sibling.c.deal_id == run.c.deal_id,
        document.c.run_id == sibling.c.id,
        document.c.created_at < booked_before,
    )
    chosen = (
        sa.select(row.c.id)
        .where(
            row.c.tenant_id == tenant_id, row.c.id.in_(journal_ids), sa.or_(row.c.run_id.is_(None), booked)
        )
        .order_by(row.c.id)
    )
    return list(tx.execute(chosen).scalars())
