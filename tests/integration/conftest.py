"""Real servers for integration tests: started once per test process, stopped with it.

``TEST_DATABASE_URL`` and ``TEST_REDIS_URL`` name given servers instead; their content is lost. With several
test processes (``pytest -n``) each has servers of its own; given servers allow only one process.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import psycopg2
import pytest
import redis
from celery.signals import worker_init
from cryptography.hazmat.primitives.asymmetric import rsa
from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812 - the driver's classes have small letters
from psycopg2.extensions import cursor as Cursor  # noqa: N812

import tasks.process
from connector import store
from connector.runtime.servers import RunningServers, ensure
from webapp.sandbox import datev_login, datev_token

_NEVER_EMPTIED = """
ALTER TABLE journal {0} TRIGGER journal_is_never_emptied;
ALTER TABLE journal_seal {0} TRIGGER journal_seal_is_never_emptied
"""
"""These tables refuse to be truncated; whoever owns them can switch that off, as a test must."""


@pytest.fixture(autouse=True)
def equal_priority() -> Iterator[None]:
    """A worker that a test runs in this process would lower the priority of all tests that follow."""
    worker_init.disconnect(tasks.process._step_back)
    yield
    worker_init.connect(tasks.process._step_back)


@pytest.fixture(scope="session", autouse=True)
def one_signing_key() -> Iterator[None]:
    """All sandboxes of this process sign with one key: to make and load one takes longer than most tests."""
    key = rsa.generate_private_key(65537, 2048)
    with pytest.MonkeyPatch.context() as patch:
        for module in (datev_login, datev_token):
            patch.setattr(module, "signing_key", lambda _sandbox: key)
        yield


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


class Emptier:
    """Empties the product's tables again and again over one connection: a new one would know no table yet."""

    def __init__(self, database_url: str) -> None:
        self._database_url = database_url
        self._connection = psycopg2.connect(database_url)

    def empty(self) -> None:
        """Take every row out; a test may have cut the connection."""
        try:
            _empty(self._connection)
        except (psycopg2.OperationalError, psycopg2.InterfaceError):
            self.close()
            self._connection = psycopg2.connect(self._database_url)
            _empty(self._connection)

    def close(self) -> None:
        """End the connection."""
        self._connection.close()


@pytest.fixture(scope="session")
def emptier(migrated_database_url: str) -> Iterator[Emptier]:
    """Who empties the database before each test."""
    made = Emptier(migrated_database_url)
    yield made
    made.close()


@pytest.fixture
def database_url(migrated_database_url: str, emptier: Emptier) -> str:
    """The database with the product's tables, all of them empty."""
    emptier.empty()
    return migrated_database_url


def empty(database_url: str) -> None:
    """Take every row out of the product's tables, once."""
    connection = psycopg2.connect(database_url)
    try:
        _empty(connection)
    finally:
        connection.close()


def _empty(connection: Connection) -> None:
    """Also out of the tables that the product itself never empties.

    Only tables that hold rows are touched: to truncate all of them takes longer than most tests.
    """
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        tables = [sql.Identifier(name) for (name,) in cursor.fetchall() if name != "alembic_version"]
        if not tables:
            return
        cursor.execute("SELECT usesuper FROM pg_user WHERE usename = current_user")
        if cursor.fetchone() == (True,):
            _delete(cursor, tables)
        else:
            _truncate(cursor, tables)


def _delete(cursor: Cursor, tables: Sequence[sql.Identifier]) -> None:
    # No trigger and no foreign key is asked; all rows go.
    cursor.execute("SET LOCAL session_replication_role = replica")
    one = sql.SQL("SELECT {} WHERE EXISTS (SELECT FROM {})")
    asked = [one.format(sql.Literal(table.strings[0]), table) for table in tables]
    cursor.execute(sql.SQL(" UNION ALL ").join(asked))
    for (name,) in cursor.fetchall():
        cursor.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(name)))
    cursor.execute(
        "SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false) "
        "FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL"
    )


def _truncate(cursor: Cursor, tables: Sequence[sql.Identifier]) -> None:
    cursor.execute(_NEVER_EMPTIED.format("DISABLE"))
    cursor.execute(sql.SQL("TRUNCATE {} RESTART IDENTITY CASCADE").format(sql.SQL(", ").join(tables)))
    cursor.execute(_NEVER_EMPTIED.format("ENABLE"))


@pytest.fixture
def valkey_url(running_servers: RunningServers) -> str:
    """An empty Valkey."""
    with redis.Redis.from_url(running_servers.redis_url, socket_timeout=5) as client:
        client.flushdb()
    return running_servers.redis_url
