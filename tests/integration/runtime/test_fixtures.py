"""The fixtures that other integration tests stand on."""

import psycopg2
import pytest
import redis

from connector.runtime.servers import RunningServers


def tables(url: str) -> set[str]:
    connection = psycopg2.connect(url)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
            return {name for (name,) in cursor.fetchall()}
    finally:
        connection.close()


@pytest.mark.parametrize("turn", ["first", "second"])
def test_every_test_finds_the_products_tables_and_an_empty_valkey(
    database_url: str, valkey_url: str, turn: str
) -> None:
    assert {"alembic_version", "tenant", "run", "batch", "journal"} <= tables(database_url)
    with redis.Redis.from_url(valkey_url, socket_timeout=5) as client:
        assert 0 == client.dbsize()
        client.set("left over by", turn)


def test_all_fixtures_speak_of_the_same_servers(
    running_servers: RunningServers, postgres_url: str, database_url: str, valkey_url: str
) -> None:
    assert (postgres_url, valkey_url) == (running_servers.database_url, running_servers.redis_url)
    assert postgres_url == database_url
