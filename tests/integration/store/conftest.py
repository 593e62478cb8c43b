"""The store alone: a database with one right row of each kind."""

from collections.abc import Iterator

import pytest

from connector.store import Database
from tests.integration.store.samples import Rows, fill


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """The migrated, empty database."""
    found = Database(database_url)
    yield found
    found.close()


@pytest.fixture
def rows(database: Database) -> Rows:
    """One row of each kind."""
    with database.transaction() as tx:
        return fill(tx)
