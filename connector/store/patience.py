"""Looking at whole tables: with the time that takes, and at one moment of them."""

import sqlalchemy as sa

from connector.store.engine import Transaction

_PATIENCE_MS = 600_000
"""Ten minutes: beyond any journal that one PostgreSQL holds well."""


def be_patient(tx: Transaction) -> None:
    """Let each statement of this transaction take as long as a look at everything takes."""
    tx.execute(sa.text(f"SET LOCAL statement_timeout = {_PATIENCE_MS}"))


def look_at_one_moment(tx: Transaction) -> None:
    """Let all statements of this transaction see the database as it is now, and change nothing of it.

    Must be the transaction's first statement.
    """
    tx.execute(sa.text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
