"""Connections for single statements that come in bursts, straight through the driver.

An engine's pool looks after what these do not need: it rolls back what is open, wraps and counts each
connection, and asks whether it lives. That is as much processor time as the statement itself costs here.
"""

import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812 - a class, named as one
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - likewise

from connector.storable import storable_value


class PreparedStatement:
    """A statement that PostgreSQL parses and plans once for each connection, not once for each use.

    :param sql: with ``%(name)s`` where a value goes.
    :param parameters: names of the values and their PostgreSQL types.
    """

    def __init__(self, name: str, sql: str, parameters: Mapping[str, str]) -> None:
        numbers = {parameter: f"${number}" for number, parameter in enumerate(parameters, start=1)}
        self.name = name
        self.prepare = f"PREPARE {name} ({', '.join(parameters.values())}) AS {sql % numbers}"
        self.execute = f"EXECUTE {name} ({', '.join(f'%({parameter})s' for parameter in parameters)})"


class DeadConnectionError(Exception):
    """The connection ended, with the statement or before it."""


@dataclass(slots=True)
class _Kept:
    connection: Connection
    cursor: Cursor
    """One for all its statements: each is read to its end before the next."""
    opened_at: float
    prepared: set[str] = field(default_factory=set)


class SingleStatements:
    """Connections that commit each statement by itself; safe to share between threads.

    There are never more than threads that use one at the same moment.

    :param connect: opens a connection.
    :param lasts_s: a connection older than this is not used again.
    """

    def __init__(self, connect: Callable[[], Connection], lasts_s: float) -> None:
        self._connect = connect
        self._lasts_s = lasts_s
        self._idle: deque[_Kept] = deque()

    def first_row(self, statement: PreparedStatement, values: Mapping[str, Any]) -> tuple[Any, ...] | None:
        """Run a statement.

        :raises DeadConnectionError: its connection has ended; those that were kept are closed, so that the
            next one is new.
        :raises psycopg2.Error: what the statement, or connecting, ends with.
        """
        kept = self._taken()
        try:
            if statement.name not in kept.prepared:
                kept.cursor.execute(statement.prepare)
                kept.prepared.add(statement.name)
            kept.cursor.execute(statement.execute, storable_value(values))
            return kept.cursor.fetchone()
        except psycopg2.Error as e:
            if kept.connection.closed:
                self.close()
                raise DeadConnectionError from e
            raise
        except BaseException:
            # Interrupted, by a worker's time limit perhaps: what the connection is about nobody knows.
            kept.connection.close()
            raise
        finally:
            if not kept.connection.closed:
                self._idle.append(kept)

    def close(self) -> None:
        """Close all connections that nobody uses."""
        while self._idle:
            try:
                self._idle.pop().connection.close()
            except IndexError:  # another thread has taken the last one
                return

    def _taken(self) -> _Kept:
        now = time.monotonic()
        while self._idle:
            try:
                kept = self._idle.pop()
            except IndexError:  # another thread has taken the last one
                break
            if now - kept.opened_at < self._lasts_s:
                return kept
            kept.connection.close()
        connection = self._connect()
        connection.autocommit = True
        return _Kept(connection, connection.cursor(), now)
