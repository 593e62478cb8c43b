"""Single statements: their connections are kept, replaced when they end, and never older than they may be."""

import psycopg2
import pytest

from connector.store.single_statements import DeadConnectionError, PreparedStatement, SingleStatements

WHO = PreparedStatement("who", "SELECT pg_backend_pid() + %(more)s", {"more": "integer"})
CUT_OFF = PreparedStatement(
    "cut_off", "SELECT pg_terminate_backend(pg_backend_pid() + %(more)s)", {"more": "integer"}
)
NO_NUMBER = PreparedStatement("no_number", "SELECT %(text)s::integer", {"text": "text"})


def statements(database_url: str, lasts_s: float = 60) -> SingleStatements:
    return SingleStatements(lambda: psycopg2.connect(database_url), lasts_s)


def test_a_connection_is_kept_and_used_again(database_url: str) -> None:
    single = statements(database_url)

    assert single.first_row(WHO, {"more": 0}) == single.first_row(WHO, {"more": 0})
    single.close()


def test_a_refused_statement_keeps_its_connection(database_url: str) -> None:
    single = statements(database_url)
    first = single.first_row(WHO, {"more": 0})

    with pytest.raises(psycopg2.errors.InvalidTextRepresentation):
        single.first_row(NO_NUMBER, {"text": "x"})

    assert first == single.first_row(WHO, {"more": 0})
    single.close()


def test_a_connection_that_has_ended_is_told_and_the_next_one_is_new(database_url: str) -> None:
    single = statements(database_url)
    first = single.first_row(WHO, {"more": 0})

    with pytest.raises(DeadConnectionError):
        single.first_row(CUT_OFF, {"more": 0})

    assert first != single.first_row(WHO, {"more": 0})
    single.close()


def test_a_connection_past_its_time_is_not_used_again(database_url: str) -> None:
    single = statements(database_url, lasts_s=0)

    assert single.first_row(WHO, {"more": 0}) != single.first_row(WHO, {"more": 0})
    single.close()
