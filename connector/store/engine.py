"""Opening the database and bringing it up to date."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg2
import psycopg2.errors
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, OperationalError

from connector.errors import DatabaseUnavailableError, Problem, SettingsError
from connector.storable import storable_json, storable_value
from connector.store.single_statements import DeadConnectionError, PreparedStatement, SingleStatements

CONNECT_TIMEOUT_S = 5
"""A database that does not answer the door is down; the receiver must say 503 well within 10 s."""

POOL_TIMEOUT_S = 5
"""Whoever finds every connection taken for this long answers 503, well before the sender gives up (10 s)."""

RECYCLE_S = 1800
"""A connection older than this is opened anew: firewalls forget them, and a backend's memory grows."""

STATEMENT_TIMEOUT_MS = 10_000
"""No statement of ours is long; one that hangs holds locks that others wait for."""

IDLE_IN_TRANSACTION_MS = 60_000
"""A transaction left open by a dying worker must not hold its locks until someone notices."""

MIGRATION_LOCK = 0x6D6C63
"""Advisory lock number, so that two releases at once migrate one after the other."""

MIGRATION_LOCK_TIMEOUT_S = 5
"""While a migration waits for a table, everybody else queues behind it; a delivery is given up after 10 s. A
dump or a long query may hold a table for minutes, so the migration gives way and is run again."""

_DRIVER = "postgresql+psycopg2"


Transaction = sa.Connection
"""An open transaction; store functions take it and never commit."""


class Database:
    """A connection pool that hands out transactions.

    Connections are opened on first use, so that a forked worker never inherits one.

    :raises SettingsError: if the address is missing or no PostgreSQL address.
    """

    def __init__(self, database_url: str, *, pool_size: int = 5) -> None:
        url = _checked(database_url)
        self._engine = _engine(url, pool_size)
        words, address = self._engine.dialect.create_connect_args(url)
        options = {**address, **_connect_args(settings=("plan_cache_mode=force_generic_plan",))}
        self._single_statements = SingleStatements(lambda: psycopg2.connect(*words, **options), RECYCLE_S)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Commit at the end of the block, roll back when it raises.

        :raises DatabaseUnavailableError: PostgreSQL cannot be reached or went away; nothing was committed,
            unless it went away during the commit itself, which claims and unique keys make harmless.
        """
        with _unavailability_named(), self._engine.begin() as connection:
            yield connection

    def at_once(self, statement: PreparedStatement, values: Mapping[str, Any]) -> tuple[Any, ...] | None:
        """Run one single statement, which is a transaction by itself, straight through the driver.

        One trip to PostgreSQL instead of four, and a quarter of the processor time: for the one statement
        that comes in bursts.

        :param statement: must do no harm when it is run twice: it is run again if the pooled connection was
            dead, for example because PostgreSQL was restarted.
        :returns: the first row.
        :raises psycopg2.IntegrityError: a constraint refuses it; nothing was stored.
        :raises DatabaseUnavailableError: as in :meth:`transaction`.
        """
        with _unavailability_named():
            with suppress(DeadConnectionError):
                return self._single_statements.first_row(statement, values)
            return self._single_statements.first_row(statement, values)

    def close(self) -> None:
        """Close all connections; a worker calls it before it ends."""
        self._engine.dispose()
        self._single_statements.close()


def migrate(database_url: str) -> None:
    """Bring the database up to the newest schema; safe to run twice and from two places at once.

    :raises DatabaseUnavailableError: PostgreSQL cannot be reached, or somebody else holds a table for too
        long; the migration that waited for it has changed nothing.
    """
    engine = sa.create_engine(_checked(database_url), poolclass=sa.pool.NullPool)
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    try:
        with engine.connect() as connection:
            connection.execute(sa.text("SELECT pg_advisory_lock(:number)"), {"number": MIGRATION_LOCK})
            # Not before: another release at work is waited for, however long it takes.
            connection.execute(
                sa.text("SELECT set_config('lock_timeout', :text, false)"),
                {"text": str(int(MIGRATION_LOCK_TIMEOUT_S * 1000))},
            )
            connection.commit()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.commit()
    except (OperationalError, psycopg2.OperationalError) as e:
        # The files of the migrations run straight through the driver.
        cause = e.orig if isinstance(e, OperationalError) else e
        if isinstance(cause, psycopg2.errors.LockNotAvailable):
            raise DatabaseUnavailableError(
                f"Somebody else has held a table for more than {MIGRATION_LOCK_TIMEOUT_S} seconds; "
                "the migration was broken off and has changed nothing.",
                cure="Wait for the end of the dump or long query, then: ml-connector migrate",
            ) from e
        raise DatabaseUnavailableError(
            "The database cannot be reached.", cure="Start PostgreSQL, or correct DATABASE_URL."
        ) from e
    finally:
        engine.dispose()


def _connect_args(*, settings: Collection[str] = ()) -> dict[str, Any]:
    settings = (
        f"statement_timeout={STATEMENT_TIMEOUT_MS}",
        f"idle_in_transaction_session_timeout={IDLE_IN_TRANSACTION_MS}",
        "timezone=UTC",
        *settings,
    )
    return {
        "connect_timeout": CONNECT_TIMEOUT_S,
        "application_name": "ml-connector",
        "options": " ".join(f"-c {setting}" for setting in settings),
    }


def _engine(url: sa.URL, pool_size: int) -> sa.Engine:
    engine = sa.create_engine(
        url,
        json_serializer=storable_json,
        # An error would quote the statement's parameters, and with them deals and customers, into the log.
        hide_parameters=True,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=POOL_TIMEOUT_S,
        pool_recycle=RECYCLE_S,
        # A pooled connection may have ended since: asked before use, nobody notices.
        pool_pre_ping=True,
        connect_args=_connect_args(),
    )
    sa.event.listen(engine, "before_cursor_execute", _with_storable_texts, retval=True)
    return engine


def _with_storable_texts(
    _connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool
) -> tuple[str, Any]:
    """The one place all values pass: a partner's text that cannot be kept must not cost us the row it is in,
    least of all the row that says what went wrong."""
    return statement, storable_value(parameters)


@contextmanager
def _unavailability_named() -> Iterator[None]:
    try:
        yield
    except (DBAPIError, psycopg2.Error, sa.exc.TimeoutError, DeadConnectionError) as e:
        if not _is_unavailable(e):
            raise
        raise DatabaseUnavailableError(
            "The database cannot be reached, is too busy or cannot write.",
            cure="Nothing to do: it is tried again. If it lasts, look at PostgreSQL's log and at its disk.",
        ) from e


def _is_unavailable(error: Exception) -> bool:
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    cause = error.orig if isinstance(error, DBAPIError) else error
    if not isinstance(cause, psycopg2.Error):
        return True
    if cause.pgcode is None:
        # No connection was made at all; other errors without a code are wrong uses of the driver.
        return isinstance(cause, psycopg2.OperationalError)
    return cause.pgcode in _AWAY | _SHORT | _BUSY


_AWAY = {"57P01", "57P02", "57P03", "57P04", "57P05", "08000", "08003", "08006", "08001", "08004"}
"""SQLSTATE of a server that is away, starting or stopping."""

_SHORT = {"53000", "53100", "53200", "53300", "53400", "58000", "58030", "25006"}
"""SQLSTATE of a server that lacks something: disk, memory, connections, a working disk, or the right to write
(it has become a standby). Whoever runs it mends that, and no row is to blame."""

_BUSY = {"40001", "40P01", "55P03", "57014"}
"""SQLSTATE of a conflict with others: serialization, deadlock, lock not available, statement timeout."""


def _checked(database_url: str) -> sa.URL:
    try:
        url = make_url(database_url)
    except sa.exc.ArgumentError as e:
        raise SettingsError([_not_postgres()]) from e
    if url.get_backend_name() not in {"postgresql", "postgres"}:
        raise SettingsError([_not_postgres()])
    return url.set(drivername=_DRIVER)


def _not_postgres() -> Problem:
    return Problem(
        "database_url_invalid",
        "DATABASE_URL is not the address of a PostgreSQL database.",
        "DATABASE_URL",
        "Write it as postgresql://user:password@host:5432/database, or leave it empty for the built-in one.",
    )
