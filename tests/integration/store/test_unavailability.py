"""What of PostgreSQL's errors means "later", and what means "wrong"."""

import pytest
import sqlalchemy as sa
from psycopg2 import errors

from connector.errors import DatabaseUnavailableError
from connector.store import Database, measures
from connector.store.single_statements import PreparedStatement

SHORT = {
    "53100": "disk full",
    "53200": "out of memory",
    "53300": "too many connections",
    "58030": "the disk answers with errors",
    "25006": "a standby takes no writing",
    "57P01": "the server is stopped",
    "57P03": "the server is starting",
    "57014": "the statement took too long",
    "40P01": "deadlock",
}
WRONG = {"23505": "a key is there twice", "22003": "a number is too large", "XX001": "the data is damaged"}


def _raise(code: str) -> str:
    return f"DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '{code}'; END $$"


@pytest.mark.parametrize("code", SHORT, ids=SHORT.get)
def test_a_server_that_lacks_something_is_waited_for(database: Database, code: str) -> None:
    with pytest.raises(DatabaseUnavailableError), database.transaction() as tx:
        tx.execute(sa.text(_raise(code)))


@pytest.mark.parametrize("code", WRONG, ids=WRONG.get)
def test_what_no_waiting_mends_is_told_as_it_is(database: Database, code: str) -> None:
    with pytest.raises(sa.exc.DBAPIError), database.transaction() as tx:
        tx.execute(sa.text(_raise(code)))


def test_single_statements_tell_the_same(database: Database) -> None:
    with database.transaction() as tx:
        tx.execute(
            sa.text(
                "CREATE OR REPLACE FUNCTION pg_temp_fail(code text) RETURNS int LANGUAGE plpgsql AS "
                "$$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = code; END $$"
            )
        )
    statement = PreparedStatement("fail", "SELECT pg_temp_fail(%(code)s)", {"code": "text"})
    try:
        with pytest.raises(DatabaseUnavailableError):
            database.at_once(statement, {"code": "53100"})
        with pytest.raises(errors.UniqueViolation):
            database.at_once(statement, {"code": "23505"})
    finally:
        with database.transaction() as tx:
            tx.execute(sa.text("DROP FUNCTION pg_temp_fail"))


def test_the_probe_makes_postgresql_write_to_its_disk(database: Database) -> None:
    with database.transaction() as tx:
        measures.try_writing(tx)
        plan = tx.execute(
            sa.text("EXPLAIN (ANALYZE, BUFFERS) SELECT count(*) FROM generate_series(1, 10000)")
        ).scalars()
        assert "temp" in " ".join(plan), "the working memory is the probe's until the transaction ends"


def test_the_probe_refuses_a_server_that_takes_no_writing(database: Database) -> None:
    with database.transaction() as tx:
        tx.execute(sa.text("SET TRANSACTION READ ONLY"))
        with pytest.raises(DatabaseUnavailableError, match="no writing"):
            measures.try_writing(tx)
