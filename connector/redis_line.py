"""Connections to Redis for calls of one command each, kept open between them.

redis-py's own client walks through retries, pools, events and health checks for every command, which is most
of a command's processor time; the receiver pays for one with each delivery, a step for two with each call to
a partner. Its connections know how to reach a server (TLS, passwords, sockets): all that is used of it here.
"""

import hashlib
from collections import deque
from collections.abc import Sequence
from functools import cache
from typing import Any

from redis.backoff import NoBackoff
from redis.connection import AbstractConnection, ConnectionPool
from redis.exceptions import ConnectionError as RedisAwayError
from redis.exceptions import NoScriptError, ResponseError
from redis.retry import Retry


class RedisLine:
    """Safe to share between threads: each call takes a connection that nobody uses, or opens one.

    :param patience_s: to connect, and for the answer.
    """

    def __init__(self, url: str, patience_s: float) -> None:
        self._pool = ConnectionPool.from_url(
            url,
            socket_connect_timeout=patience_s,
            socket_timeout=patience_s,
            retry=Retry(NoBackoff(), 0),
        )
        self._idle: deque[AbstractConnection] = deque()

    def execute_command(self, *words: Any) -> Any:
        """The answer to a command.

        A kept connection may be one that a restart of the server has ended; then all are, and a new one is
        tried once. What hangs is not tried again: it would take the patience twice.

        :raises redis.exceptions.RedisError: the server refuses it, is away, or does not answer in time.
        """
        command = [_packed(words)]
        try:
            kept = self._idle.pop()
        except IndexError:
            return self._asked(self._opened(), command)
        try:
            return self._asked(kept, command)
        except RedisAwayError:
            self.close()
            return self._asked(self._opened(), command)

    def evaluate(self, script: str, keys: Sequence[str], args: Sequence[Any]) -> Any:
        """A script's result, sent by its name where the server has run it before.

        :raises redis.exceptions.RedisError: as :meth:`execute_command`.
        """
        words = (len(keys), *keys, *args)
        try:
            return self.execute_command("EVALSHA", _sha(script), *words)
        except NoScriptError:
            return self.execute_command("EVAL", script, *words)

    def close(self) -> None:
        """Close the connections that nobody uses."""
        while self._idle:
            try:
                self._idle.pop().disconnect()
            except IndexError:  # another thread has taken the last one
                return

    def _asked(self, connection: AbstractConnection, command: list[Any]) -> Any:
        try:
            connection.send_packed_command(command, check_health=False)
            answer = connection.read_response()
        except ResponseError:
            self._idle.append(connection)
            raise
        except BaseException:
            # An answer that still comes must not be taken for the next command's.
            connection.disconnect()
            raise
        self._idle.append(connection)
        return answer

    def _opened(self) -> AbstractConnection:
        """A connection that opens itself on first use. Not by the pool, which counts those it has made."""
        made: AbstractConnection = self._pool.connection_class(**self._pool.connection_kwargs)
        return made


def _packed(words: tuple[Any, ...]) -> bytes:
    """A command as Redis reads it: the number of words, and each behind its length in bytes."""
    parts = [b"*%d\r\n" % len(words)]
    for word in words:
        text = str(word).encode()
        parts.append(b"$%d\r\n%b\r\n" % (len(text), text))
    return b"".join(parts)


@cache
def _sha(script: str) -> str:
    """The name under which Redis knows a script that it has run before."""
    return hashlib.sha1(script.encode(), usedforsecurity=False).hexdigest()
