"""Migrations go forward only, and the version before works on with the newer tables while it is replaced."""

import re
from pathlib import Path

import psycopg2
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from psycopg2 import sql

from connector import store
from connector.errors import DatabaseUnavailableError
from connector.store import Database
from connector.store import tables as t
from tests.integration.store import samples

MIGRATIONS = Path(store.__file__).parent / "migrations"
FILES = sorted((MIGRATIONS / "versions").glob("*.sql"))
REVISIONS = [file.stem for file in FILES]

_BODIES = re.compile(r"\$\$.*?\$\$", re.DOTALL)
_COMMENTS = re.compile(r"--[^\n]*")
_ON = re.compile(r"^(?:ALTER TABLE|CREATE UNIQUE INDEX \w+ ON) (\w+)")
_ADDED_NOT_NULL = re.compile(r"ADD COLUMN \w+ (?!.*DEFAULT).*NOT NULL")
_NARROWING = re.compile(
    r"\bDROP (?:TABLE|COLUMN|CONSTRAINT|INDEX|TRIGGER|FUNCTION)|\bRENAME\b|\bSET NOT NULL|"
    r"\bALTER COLUMN \w+ TYPE|ADD CONSTRAINT|^CREATE UNIQUE INDEX|^(?:DELETE|UPDATE|TRUNCATE)\b"
)

ALLOWED = {
    ("0002_debtors_again", "DROP INDEX one_live_submission"): "made anew at once, wider",
    (
        "0002_debtors_again",
        "CREATE UNIQUE INDEX one_live_submission ON submission",
    ): "forbids less than before",
    ("0003_used_is_deleted", "ALTER TABLE connect_ticket DROP COLUMN used_at"): "before the first release",
    ("0003_used_is_deleted", "ALTER TABLE login_attempt DROP COLUMN used_at"): "before the first release",
    (
        "0005_adviser_list",
        "ALTER TABLE debtor DROP CONSTRAINT debtor_account_check",
    ): "made anew at once, wider",
    ("0005_adviser_list", "ALTER TABLE debtor ADD CONSTRAINT debtor_account_check"): "allows more accounts",
    (
        "0005_adviser_list",
        "ALTER TABLE debtor DROP CONSTRAINT debtor_tenant_id_party_key",
    ): "before the first release: an older worker's ON CONFLICT named it",
    (
        "0005_adviser_list",
        "ALTER TABLE debtor ADD CONSTRAINT debtor_tenant_id_party_kind_key",
    ): "forbids less",
    ("0009_parts", "ALTER TABLE run ADD CONSTRAINT run_part_is_named"): "holds for the defaults",
    ("0009_parts", "ALTER TABLE run ADD CONSTRAINT run_part_is_dated"): "holds for the defaults",
    ("0009_parts", "CREATE UNIQUE INDEX one_run_per_part ON run"): "of rows that only the new version writes",
    ("0010_batch_size", "ALTER TABLE batch ADD CONSTRAINT batch_fits_into_a_file"): "holds for the defaults",
    (
        "0013_evidence",
        "DROP TRIGGER journal_is_append_only ON journal",
    ): "made anew at once, for two more ways",
}
"""What may look dangerous and is not: (migration, how the statement begins) → why."""


def statements(text: str) -> list[str]:
    """The statements of a file, without comments and bodies of functions, each on one line."""
    bare = _COMMENTS.sub("", _BODIES.sub("BODY", text))
    return [" ".join(part.split()) for part in bare.split(";") if part.strip()]


def dangers() -> list[tuple[str, str]]:
    """Every statement after the first migration that could break the version before."""
    existing: set[str] = set()
    found = []
    for file in FILES:
        made = set(re.findall(r"CREATE TABLE (\w+)", file.read_text("utf-8")))
        for statement in statements(file.read_text("utf-8")) if existing else []:
            on = _ON.match(statement)
            if on and on[1] in made:
                continue  # Nobody knows that table yet.
            if _NARROWING.search(statement) or _ADDED_NOT_NULL.search(statement):
                found.append((file.stem, statement))
        existing |= made
    return found


def test_a_migration_takes_nothing_away_that_the_version_before_needs() -> None:
    unexplained = [
        (migration, statement)
        for migration, statement in dangers()
        if not any(migration == name and statement.startswith(begin) for name, begin in ALLOWED)
    ]

    assert [] == unexplained


def test_every_exception_is_of_a_statement_that_exists() -> None:
    gone = [
        (name, begin)
        for name, begin in ALLOWED
        if not any(migration == name and statement.startswith(begin) for migration, statement in dangers())
    ]

    assert [] == gone


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE run ADD COLUMN x text NOT NULL",
        "ALTER TABLE run DROP COLUMN title",
        "ALTER TABLE run RENAME COLUMN title TO name",
        "ALTER TABLE run ALTER COLUMN batch_id SET NOT NULL",
        "CREATE UNIQUE INDEX x ON run (deal_id)",
        "UPDATE run SET title = ''",
    ],
)
def test_what_would_break_the_version_before_is_seen(statement: str) -> None:
    assert _NARROWING.search(statement) or _ADDED_NOT_NULL.search(statement)


@pytest.mark.parametrize("revision", REVISIONS)
def test_there_is_no_way_back(revision: str) -> None:
    text = (MIGRATIONS / "versions" / f"{revision}.py").read_text("utf-8")

    assert "raise NotImplementedError" in text.partition("def downgrade")[2]


@pytest.fixture
def fresh_url(postgres_url: str) -> str:
    """An empty database of its own on the test server."""
    connection = psycopg2.connect(postgres_url)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql.SQL("DROP DATABASE IF EXISTS rolling WITH (FORCE)"))
            cursor.execute(sql.SQL("CREATE DATABASE rolling"))
    finally:
        connection.close()
    return sa.make_url(postgres_url).set(database="rolling").render_as_string(hide_password=False)


def up_to(database_url: str, revision: str) -> dict[str, set[str]]:
    """Migrate up to a revision; the columns that each table has then."""
    engine = sa.create_engine(sa.make_url(database_url).set(drivername="postgresql+psycopg2"))
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.commit()
        inspector = sa.inspect(connection)
        found = {
            name: {column["name"] for column in inspector.get_columns(name)}
            for name in inspector.get_table_names()
        }
    engine.dispose()
    return found


def mandatory(database_url: str) -> dict[str, set[str]]:
    """The columns that an INSERT has to name, by table."""
    with psycopg2.connect(database_url) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' "
            "AND is_nullable = 'NO' AND column_default IS NULL AND is_identity = 'NO'"
        )
        found: dict[str, set[str]] = {}
        for table, column in cursor.fetchall():
            found.setdefault(table, set()).add(column)
    connection.close()
    return found


def test_each_version_can_write_all_its_rows_after_the_next_migration(fresh_url: str) -> None:
    before = up_to(fresh_url, REVISIONS[0])
    for revision in REVISIONS[1:]:
        after = up_to(fresh_url, revision)
        demanded = mandatory(fresh_url)

        missing = {name: demanded.get(name, set()) - columns for name, columns in before.items()}

        assert {} == {name: columns for name, columns in missing.items() if columns}, revision
        before = after


def test_rows_written_with_the_columns_of_the_first_version_are_taken_by_the_newest(fresh_url: str) -> None:
    up_to(fresh_url, REVISIONS[0])
    database = Database(fresh_url, pool_size=1)
    with database.transaction() as tx:
        samples.fill(tx)
    store.migrate(fresh_url)

    with database.transaction() as tx:
        tenant = tx.execute(samples.insert(t.tenant, {}, key="other").returning(t.tenant.c.id)).scalar_one()
        for table in (t.run, t.debtor, t.batch, t.inbox, t.journal):
            tx.execute(samples.insert(table, {"tenant": tenant}))
    with database.transaction() as tx:
        assert 3 == tx.execute(sa.select(sa.func.count()).select_from(t.run)).scalar_one()
    database.close()


def test_a_migration_gives_way_to_whoever_holds_a_table_and_changes_nothing(
    fresh_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connector.store.engine.MIGRATION_LOCK_TIMEOUT_S", 0.1)
    before = up_to(fresh_url, "0008_refused_deliveries")
    reader = psycopg2.connect(fresh_url)
    try:
        reader.cursor().execute("SELECT count(*) FROM run")  # As a dump does, for minutes.

        with pytest.raises(DatabaseUnavailableError, match="has changed nothing"):
            store.migrate(fresh_url)

        assert before == up_to(fresh_url, "0008_refused_deliveries")
    finally:
        reader.close()
    store.migrate(fresh_url)
    assert "part_key" in up_to(fresh_url, "head")["run"]
