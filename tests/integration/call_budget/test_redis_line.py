"""The kept connections to Redis: they outlive what a server does to them, and never mix up answers."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as RedisAwayError
from redis.exceptions import NoScriptError, ResponseError

from connector.redis_line import RedisLine


@pytest.fixture
def line(valkey_url: str) -> RedisLine:
    return RedisLine(valkey_url, 2)


def test_a_word_arrives_as_it_was_said(line: RedisLine) -> None:
    assert b"Stra\xc3\x9fe 1\r\n$3" == line.execute_command("ECHO", "Straße 1\r\n$3")
    assert b"4711" == line.execute_command("ECHO", 4711)
    assert b"" == line.execute_command("ECHO", "")


def test_a_connection_that_the_server_has_ended_is_replaced_unseen(line: RedisLine, valkey_url: str) -> None:
    first = line.execute_command("CLIENT", "ID")

    with Redis.from_url(valkey_url) as other:
        other.client_kill_filter(_id=first)

    assert line.execute_command("CLIENT", "ID") > first


def test_a_refusal_is_told_and_keeps_the_connection(line: RedisLine) -> None:
    first = line.execute_command("CLIENT", "ID")

    with pytest.raises(NoScriptError):
        line.execute_command("EVALSHA", "0" * 40, 0)
    with pytest.raises(ResponseError):
        line.execute_command("NO SUCH COMMAND")

    assert first == line.execute_command("CLIENT", "ID")


def test_threads_get_their_own_answers(line: RedisLine) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda number: line.execute_command("ECHO", number), range(400)))

    assert [str(number).encode() for number in range(400)] == answers


def test_a_server_that_is_away_is_told_at_once() -> None:
    with pytest.raises(RedisAwayError):
        RedisLine("redis://127.0.0.1:9/0", 2).execute_command("PING")
