"""Looks for planted values: in any spelling they may have taken on the way, in any place they may lie."""

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from urllib.parse import quote, quote_plus

import psycopg2
import redis
from psycopg2 import sql

SHORTEST = 8
"""A shorter value would be found by chance in what is not it."""


def spellings(value: str) -> set[bytes]:
    """The value as texts carry it: plain, in JSON, in an address, in hex, in base64 at each of three offsets.

    Celery's messages are base64 inside JSON, headers of HTTP Basic are base64 behind a user's name, bytes of
    PostgreSQL are shown in hex.
    """
    raw = value.encode()
    found = {raw, raw.hex().encode(), quote(value, safe="").encode(), quote_plus(value).encode()}
    found |= {json.dumps(value)[1:-1].encode(), repr(value)[1:-1].encode()}
    for offset in range(3):
        # The first and the last characters of base64 also depend on the neighbours, so they are left out.
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            found.add(encode(b"\0" * offset + raw)[4 if offset else 0 : -4])
    return found


def found_in(content: bytes, canaries: Mapping[str, str]) -> list[str]:
    """The names of the canaries that are in the content, whatever their spelling."""
    for value in canaries.values():
        if len(value) < SHORTEST:
            raise ValueError("a canary this short is found by chance")
    lowered = content.decode(errors="replace").lower()
    return sorted(
        name
        for name, value in canaries.items()
        if any(spelling in content for spelling in spellings(value)) or value.lower() in lowered
    )


def leaks(places: Iterable[tuple[str, bytes]], canaries: Mapping[str, str]) -> list[str]:
    """A line for each canary in each place; empty: none leaked."""
    return [f"{name} in {place}" for place, content in places for name in found_in(content, canaries)]


def files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every file below a folder."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield str(path), path.read_bytes()


def redis_content(url: str) -> Iterator[tuple[str, bytes]]:
    """Every key of a Redis with its value; a type that cannot be read fails the test, so none is missed."""
    with redis.Redis.from_url(url, socket_timeout=10) as client:
        for key in client.scan_iter():
            yield f"Redis key {key!r}", key + b"\n" + _joined(_value(client, key))


def _value(client: redis.Redis, key: bytes) -> object:
    kind = client.type(key)
    match kind:
        case b"string":
            return client.get(key)
        case b"list":
            return client.lrange(key, 0, -1)
        case b"set":
            return client.smembers(key)
        case b"zset":
            return client.zrange(key, 0, -1)
        case b"hash":
            return client.hgetall(key)
        case b"none":  # gone since the scan
            return b""
    raise AssertionError(f"Redis key {key!r} is a {kind!r}, which this search cannot read")


def tables(database_url: str) -> Iterator[tuple[str, bytes]]:
    """Every table of the database with all its rows, also those that no code knows any more."""
    connection = psycopg2.connect(database_url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
            for (name,) in cursor.fetchall():
                cursor.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(name)))
                yield f"table {name}", b"\n".join(_joined(row) for row in cursor.fetchall())
    finally:
        connection.close()


def _joined(value: object) -> bytes:
    """All texts and bytes inside a value, however deep."""
    if isinstance(value, bytes | memoryview):
        return bytes(value)
    if isinstance(value, Mapping):
        return b"\n".join(_joined(part) for pair in value.items() for part in pair)
    if isinstance(value, list | tuple | set):
        return b"\n".join(_joined(part) for part in value)
    return str(value).encode()
