"""The sandbox's memory: JSON records, blobs and the outgoing webhook queue in one SQLite file.

Why SQLite: a SIGKILL at any moment loses nothing that was answered (a committed transaction is in the WAL
file of the operating system), a restart goes on where it was, and nothing has to be installed for it.
"""

import hashlib
import json
import sqlite3
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Record = dict[str, Any]
"""One stored thing in the shape its partner's API shows it, plus fields of our own starting with ``_``."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS record (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL, scope TEXT NOT NULL, key TEXT NOT NULL, body TEXT NOT NULL,
    UNIQUE (kind, scope, key)
);
CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS blob (sha256 TEXT PRIMARY KEY, content BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT, state TEXT NOT NULL, due_at REAL NOT NULL, body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS outbox_due ON outbox (state, due_at);
CREATE TABLE IF NOT EXISTS request (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL,
    operation TEXT NOT NULL, status INTEGER NOT NULL, fault TEXT NOT NULL
);
"""

TABLES = ("record", "counter", "blob", "outbox", "request")

BUSY_TIMEOUT_S = 30.0
"""How long a writer waits for another one; writes take microseconds, so this is only reached on a broken
disk.
"""


class _Held:
    """A thread's connection, closed with the thread: a server that starts one for each call runs for days."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def __del__(self) -> None:
        self.connection.close()


class Store:
    """Thread-safe access to the state file; every thread has its own connection."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        # The webhooks' passwords are in it. SQLite gives its side files the mode of this one.
        path.touch(mode=0o600)
        self._path = path
        self._local = threading.local()
        self._connections: weakref.WeakSet[_Held] = weakref.WeakSet()
        self._connections_lock = threading.Lock()
        self.connection.executescript(SCHEMA)

    @property
    def connection(self) -> sqlite3.Connection:
        """The connection of the calling thread, opened on first use."""
        existing: _Held | None = getattr(self._local, "held", None)
        if existing is not None:
            return existing.connection
        # check_same_thread is off only so that close() may close all of them; each is used by one thread.
        opened = sqlite3.connect(
            self._path, isolation_level=None, timeout=BUSY_TIMEOUT_S, check_same_thread=False
        )
        opened.execute("PRAGMA journal_mode=WAL")
        # NORMAL: a commit is handed to the operating system, which outlives a killed process (not a power
        # cut).
        opened.execute("PRAGMA synchronous=NORMAL")
        held = _Held(opened)
        self._local.held = held
        self._local.depth = 0
        with self._connections_lock:
            self._connections.add(held)
        return opened

    def close(self) -> None:
        """Close every connection; the store must not be used afterwards."""
        with self._connections_lock:
            for held in self._connections:
                held.connection.close()
            self._connections.clear()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All writes inside become visible together or not at all; nested ones commit with the outermost."""
        connection = self.connection
        if self._local.depth:
            yield
            return
        connection.execute("BEGIN IMMEDIATE")
        self._local.depth = 1
        try:
            yield
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        else:
            connection.execute("COMMIT")
        finally:
            self._local.depth = 0

    def get(self, kind: str, key: str | int, scope: str = "") -> Record | None:
        """The record, or None."""
        row = self.connection.execute(
            "SELECT body FROM record WHERE kind = ? AND scope = ? AND key = ?", (kind, scope, str(key))
        ).fetchone()
        return None if row is None else json.loads(row[0])

    def put(self, kind: str, key: str | int, record: Record, scope: str = "") -> None:
        """Store or replace; a replaced record keeps its place in the order of ``all``."""
        self.connection.execute(
            "INSERT INTO record (kind, scope, key, body) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (kind, scope, key) DO UPDATE SET body = excluded.body",
            (kind, scope, str(key), json.dumps(record, ensure_ascii=False)),
        )

    def delete(self, kind: str, key: str | int, scope: str = "") -> bool:
        """Remove; False when it was not there."""
        cursor = self.connection.execute(
            "DELETE FROM record WHERE kind = ? AND scope = ? AND key = ?", (kind, scope, str(key))
        )
        return cursor.rowcount > 0

    def take(self, kind: str, key: str | int, scope: str = "") -> Record | None:
        """Read and remove in one step: for what may be used only once."""
        row = self.connection.execute(
            "DELETE FROM record WHERE kind = ? AND scope = ? AND key = ? RETURNING body",
            (kind, scope, str(key)),
        ).fetchone()
        return None if row is None else json.loads(row[0])

    def all(self, kind: str, scope: str | None = "") -> list[Record]:
        """Every record of a kind in the order of arrival; ``scope=None`` means of all scopes."""
        if scope is None:
            rows = self.connection.execute(
                "SELECT body FROM record WHERE kind = ? ORDER BY position", (kind,)
            )
        else:
            rows = self.connection.execute(
                "SELECT body FROM record WHERE kind = ? AND scope = ? ORDER BY position", (kind, scope)
            )
        return [json.loads(body) for (body,) in rows.fetchall()]

    def count(self, name: str, by: int = 1) -> int:
        """Raise a named counter and return its new value; ids and daily budgets come from here."""
        row = self.connection.execute(
            "INSERT INTO counter (name, value) VALUES (?, ?) "
            "ON CONFLICT (name) DO UPDATE SET value = value + excluded.value RETURNING value",
            (name, by),
        ).fetchone()
        return int(row[0])

    def raise_counter(self, name: str, to: int) -> None:
        """Make sure that the next number of a counter is above ``to`` (for ids given by a seed)."""
        self.connection.execute(
            "INSERT INTO counter (name, value) VALUES (?, ?) "
            "ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)",
            (name, to),
        )

    def put_blob(self, content: bytes) -> str:
        """Store bytes and return their SHA-256 in hex."""
        digest = hashlib.sha256(content).hexdigest()
        self.connection.execute(
            "INSERT OR IGNORE INTO blob (sha256, content) VALUES (?, ?)", (digest, content)
        )
        return digest

    def get_blob(self, sha256: str) -> bytes:
        """The bytes stored under this digest.

        Raises:
            KeyError: nothing is stored under it.
        """
        row = self.connection.execute("SELECT content FROM blob WHERE sha256 = ?", (sha256,)).fetchone()
        if row is None:
            raise KeyError(sha256)
        return bytes(row[0])

    def reset(self) -> None:
        """Forget everything."""
        with self.transaction():
            for table in TABLES:
                self.connection.execute(f"DELETE FROM {table}")  # noqa: S608 - names from our own constant
