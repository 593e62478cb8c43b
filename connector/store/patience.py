"""Time for statements that go through a whole table: once in a while, beside the work, holding no locks."""

import sqlalchemy as sa

from connector.store.engine import Transaction

_PATIENCE_MS = 600_000
"""Ten minutes: beyond any journal that one PostgreSQL holds well."""


def be_patient(tx: Transaction) -> None:
    """Let each statement of this transaction take as long as a look at everything takes."""
    tx.execute(sa.text(f"SET LOCAL statement_timeout = {_PATIENCE_MS}"))
