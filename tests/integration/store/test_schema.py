"""The tables in code and the migrated database are the same, and migrating is safe to repeat."""

from concurrent.futures import ThreadPoolExecutor

import psycopg2
import pytest
import sqlalchemy as sa
from psycopg2 import sql

from connector.errors import DatabaseUnavailableError, SettingsError
from connector.store import Database, desk_tables, evidence_tables, measures, migrate

assert desk_tables.desk_user.metadata is evidence_tables.http_log.metadata
metadata = evidence_tables.http_log.metadata
"""With every table: the files of the desk and of the evidence are read after the pipeline's."""


def shown(columns: list[tuple[str, sa.types.TypeEngine, bool]]) -> list[tuple[str, str, bool]]:
    dialect = sa.dialects.postgresql.dialect()
    return [(name, kind.compile(dialect), nullable) for name, kind, nullable in columns]


def engine_of(url: str) -> sa.Engine:
    return sa.create_engine(sa.make_url(url).set(drivername="postgresql+psycopg2"))


@pytest.mark.parametrize("table", list(metadata.tables.values()), ids=lambda table: table.name)
def test_the_tables_in_code_are_those_of_the_database(migrated_database_url: str, table: sa.Table) -> None:
    engine = engine_of(migrated_database_url)
    found = sa.inspect(engine).get_columns(table.name)
    engine.dispose()

    assert shown([(column["name"], column["type"], column["nullable"]) for column in found]) == shown(
        [(column.name, column.type, bool(column.nullable)) for column in table.columns]
    )


def test_the_database_has_no_table_that_the_code_does_not_know(migrated_database_url: str) -> None:
    engine = engine_of(migrated_database_url)
    names = set(sa.inspect(engine).get_table_names())
    engine.dispose()

    assert {*metadata.tables, "alembic_version"} == names


@pytest.fixture
def empty_database_url(postgres_url: str) -> str:
    """A database of its own on the test server, with nothing in it."""
    name = "migrations"
    connection = psycopg2.connect(postgres_url)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)))
            cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    finally:
        connection.close()
    return sa.make_url(postgres_url).set(database=name).render_as_string(hide_password=False)


def version(url: str) -> str:
    database = Database(url)
    with database.transaction() as tx:
        found = measures.schema_version(tx)
    database.close()
    return found


def test_a_database_that_was_never_migrated_says_so(empty_database_url: str) -> None:
    assert "" == version(empty_database_url)


def test_migrating_twice_changes_nothing(empty_database_url: str) -> None:
    migrate(empty_database_url)
    migrate(empty_database_url)

    assert measures.newest_schema() == version(empty_database_url)


def test_two_releases_at_once_migrate_one_after_the_other(empty_database_url: str) -> None:
    with ThreadPoolExecutor(3) as pool:
        for done in [pool.submit(migrate, empty_database_url) for _release in range(3)]:
            done.result(60)

    assert measures.newest_schema() == version(empty_database_url)


def test_a_database_that_is_not_there_is_named_with_a_cure() -> None:
    with pytest.raises(DatabaseUnavailableError) as caught:
        migrate("postgresql://nobody@127.0.0.1:9/none")

    assert "DATABASE_URL" in caught.value.cure


@pytest.mark.parametrize("url", ["", "mysql://x/y", "no address"])
def test_an_address_of_no_postgresql_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="DATABASE_URL"):
        Database(url)
