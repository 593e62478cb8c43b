"""Is the Redis that the operator names one that we can work with? Asked once, before anything starts.

Workers do not end where their Redis refuses: they try again for ever, and everything seems only to be slow.
"""

import re
from urllib.parse import urlsplit
from uuid import uuid4

import redis

from connector.errors import ConfigurationError

OLDEST_VERSION = (5, 0)
"""Since 5.0 a script may ask for the time and then write, which the counting of calls does; Valkey counts on
from 7.2."""

TIMEOUT_S = 5.0
"""To connect, and for each answer: the server is near."""

_PROBE_LIFETIME_S = 10
"""The probe's key goes by itself, should we be killed in the middle."""


def require_usable(url: str) -> None:
    """Connect as the workers do, choose the database, write, read back, ask for the version.

    :param url: empty: a server of our own is started, so there is nothing to ask.
    :raises ConfigurationError: it is not reached, refuses, or is too old.
    """
    if not url:
        return
    key, value = f"mlc:probe:{uuid4().hex}", uuid4().hex.encode()
    try:
        with redis.Redis.from_url(url, socket_connect_timeout=TIMEOUT_S, socket_timeout=TIMEOUT_S) as client:
            client.set(key, value, ex=_PROBE_LIFETIME_S)
            read = client.get(key)
            client.delete(key)
            version = str(client.info("server").get("redis_version", ""))
    except (redis.ConnectionError, redis.TimeoutError, OSError) as e:
        raise _refused(url, f"is not reached ({_words(e)})", "Start it, or correct REDIS_URL.") from e
    except (redis.RedisError, ValueError) as e:
        raise _refused(
            url,
            f"refuses to work for us: {_words(e)}",
            "Correct REDIS_URL: its end is the number of a database that the server has (mostly 0), and the "
            "user in it must be allowed to read and write keys that begin with mlc:.",
        ) from e
    if read != value:
        raise _refused(url, "does not give back what was written", "Name another server in REDIS_URL.")
    if is_too_old(version):
        oldest = ".".join(map(str, OLDEST_VERSION))
        raise _refused(url, f"is of version {version}", f"Use Redis {oldest} or newer, or Valkey.")


def is_too_old(version: str) -> bool:
    """Whether a server of this version lacks what we need; one that does not tell is tried."""
    number = re.match(r"(\d+)\.(\d+)", version)
    return number is not None and (int(number[1]), int(number[2])) < OLDEST_VERSION


def _refused(url: str, what: str, cure: str) -> ConfigurationError:
    parts = urlsplit(url)
    shown = f"{parts.hostname}:{parts.port or 6379}{parts.path}"
    return ConfigurationError(
        f"The Redis at {shown} {what}.",
        code="redis_unusable",
        field="REDIS_URL",
        cure=f"{cure} Unset, a server of our own is started.",
    )


def _words(error: Exception) -> str:
    return str(error).rstrip(".") or type(error).__name__
