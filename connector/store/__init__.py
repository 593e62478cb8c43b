"""PostgreSQL, the queue of record: the only package that knows SQL.

Functions take an open transaction and never commit: the caller decides what belongs together.
"""

from connector.store.engine import Database, Transaction, migrate

__all__ = ["Database", "Transaction", "migrate"]
