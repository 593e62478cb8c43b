"""PostgreSQL, the queue of record: the only package that knows SQL.

Functions take an open connection (``sa.Connection``) and never commit: the caller decides
what belongs into one transaction.
"""

from connector.store.engine import is_database_down, migrate, open_engine

__all__ = ["is_database_down", "migrate", "open_engine"]
