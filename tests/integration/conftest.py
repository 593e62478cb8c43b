"""Real servers for integration tests: started once per test process, stopped with it.

``TEST_DATABASE_URL`` and ``TEST_REDIS_URL`` name given servers instead; their content is lost. With several
test processes (``pytest -n``) each has servers of its own; given servers allow only one process.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
import redis
from psycopg2 import sql

from connector import store
from connector.runtime.servers import RunningServers, ensure

_NEVER_EMPTIED = """
ALTER TABLE journal {0} TRIGGER journal_is_never_emptied;
ALTER TABLE journal_seal {0} TRIGGER journal_seal_is_never_emptied
"""
"""These tables refuse to be truncated; whoever owns them can switch that off, as a test must."""


@pytest.fixture(scope="session")
def test_var_dir() -> Iterator[Path]:
    """A short-lived folder that other users may walk through (PostgreSQL may run as one)."""
    parent = os.environ.get("MLC_TEST_VAR") or None
    folder = Path(tempfile.mkdtemp(prefix="mlc-test-", dir=parent))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def running_servers(test_var_dir: Path) -> Iterator[RunningServers]:
    """PostgreSQL and Valkey for this test process."""
    given = {
        "DATABASE_URL": os.environ.get("TEST_DATABASE_URL", ""),
        "REDIS_URL": os.environ.get("TEST_REDIS_URL", ""),
    }
    # fsync keeps data through a power cut, which no test survives anyway.
    with ensure(given, test_var_dir, postgres_options={"fsync": "off"}) as servers:
        yield servers


@pytest.fixture(scope="session")
def postgres_url(running_servers: RunningServers) -> str:
    """A PostgreSQL server's URL, its database without any promise about what is in it."""
    return running_servers.database_url


@pytest.fixture(scope="session")
def migrated_database_url(postgres_url: str) -> str:
    """The same database with the product's tables, as the migrations build them."""
    store.migrate(postgres_url)
    return postgres_url


@pytest.fixture
def database_url(migrated_database_url: str) -> str:
    """The database with the product's tables, all of them empty."""
    empty(migrated_database_url)
    return migrated_database_url


def empty(database_url: str) -> None:
    """Take every row out of the product's tables, also out of those that the product itself never empties."""
    connection = psycopg2.connect(database_url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
            tables = [sql.Identifier(name) for (name,) in cursor.fetchall() if name != "alembic_version"]
            if tables:
                cursor.execute(_NEVER_EMPTIED.format("DISABLE"))
                cursor.execute(
                    sql.SQL("TRUNCATE {} RESTART IDENTITY CASCADE").format(sql.SQL(", ").join(tables))
                )
                cursor.execute(_NEVER_EMPTIED.format("ENABLE"))
    finally:
        connection.close()


@pytest.fixture
def valkey_url(running_servers: RunningServers) -> str:
    """An empty Valkey."""
    with redis.Redis.from_url(running_servers.redis_url, socket_timeout=5) as client:
        client.flushdb()
    return running_servers.redis_url
