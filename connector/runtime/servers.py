"""PostgreSQL and Redis for whoever needs them: the given ones, those already running, or our own.

The first caller on a folder starts what is missing and stops it at its end; callers meanwhile (``ml-connector
run list`` while ``up`` runs) use the same servers, and the first waits a moment for them before it stops.
"""

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from connector.runtime import leftovers, postgres, valkey
from connector.runtime.folders import private_folder, read_record
from connector.runtime.locks import FolderLock
from connector.runtime.postgres import EmbeddedPostgres
from connector.runtime.specs import Event, ProcessSpec
from connector.runtime.supervisor import PRODUCT, FolderInUseError, Supervisor
from connector.runtime.valkey import EmbeddedValkey

SUPERVISOR = "servers"
"""Name of the supervisor of the embedded servers; the product's processes have another, which ends before."""

READY_TIMEOUT_S = 60.0
"""A start takes 0.1 s, after a crash with much to recover some seconds; a minute is for slow disks."""

TAKE_OVER_TIMEOUT_S = 30.0
"""How long ``exclusive`` waits for a short command that holds the servers; that takes a second or two."""

GUESTS_TIMEOUT_S = 10.0
"""How long the servers are kept up for commands still using them when their owner ends."""

_POLL_S = 0.05
"""Waiting for another process; a person notices nothing below 0.1 s."""


@dataclass(frozen=True, slots=True)
class RunningServers:
    """Addresses that answer. They contain passwords: for environments, never for a log."""

    database_url: str
    redis_url: str
    started: tuple[str, ...] = ()
    """Names of the embedded servers among them, in the order they were started."""
    borrowed: bool = False
    """Whether another process started them and will stop them."""

    def __repr__(self) -> str:
        return f"RunningServers(started={self.started}, borrowed={self.borrowed})"

    @property
    def environment(self) -> dict[str, str]:
        """What the product's processes need to find them."""
        return {"DATABASE_URL": self.database_url, "REDIS_URL": self.redis_url}


@contextlib.contextmanager
def ensure(
    settings_env: Mapping[str, str],
    var_dir: Path,
    *,
    exclusive: bool = False,
    postgres_options: Mapping[str, str] | None = None,
    on_event: Callable[[Event], None] | None = None,
    say: Callable[[str], None] = print,
) -> Iterator[RunningServers]:
    """Both servers, ready to be used, for the time of the block.

    :param settings_env: where ``DATABASE_URL`` or ``REDIS_URL`` is set in it, that server is used as it is.
    :param exclusive: the caller must own the embedded servers (``up`` and ``demo``, which outlive any short
        command): wait for their present owner to end instead of borrowing them.
    :raises FolderInUseError: whoever holds the folder does not let go, or does not run the needed server.
    :raises StartFailedError: a server does not become ready.
    :raises ConfigurationError: a server cannot be prepared.
    """
    given_database = settings_env.get("DATABASE_URL", "").strip()
    given_redis = settings_env.get("REDIS_URL", "").strip()
    if given_database and given_redis:
        yield RunningServers(given_database, given_redis)
        return
    var_dir = var_dir.absolute()
    servers = _Embedded(
        None if given_database else EmbeddedPostgres(var_dir / "postgres", options=postgres_options, say=say),
        None if given_redis else EmbeddedValkey(var_dir / "valkey"),
    )
    guests = FolderLock(private_folder(var_dir / "run") / "servers.guests.lock")
    deadline = time.monotonic() + (TAKE_OVER_TIMEOUT_S if exclusive else READY_TIMEOUT_S)
    waits = False
    while True:
        supervisor = Supervisor(servers.specs, var_dir, on_event=on_event, name=SUPERVISOR)
        try:
            supervisor.start()
        except FolderInUseError as error:
            if time.monotonic() > deadline or (exclusive and _product_runs(var_dir)):
                raise
            if exclusive and not waits:
                waits = True
                say(f"{error} Waiting up to {TAKE_OVER_TIMEOUT_S:g} s for its end.")
        else:
            with _until_guests_left(supervisor, guests):
                yield servers.addresses(given_database, given_redis, borrowed=False)
            return
        if not exclusive:
            # The owner takes this lock alone before it stops: once we share it, the servers stay.
            with guests.held(shared=True, timeout_s=_POLL_S) as had:
                if had and servers.are_ready():
                    yield servers.addresses(given_database, given_redis, borrowed=True)
                    return
        time.sleep(_POLL_S)


def _product_runs(var_dir: Path) -> bool:
    """Whether the owner is ``up`` or ``demo``, which nobody can wait for."""
    record = read_record(var_dir / "run" / f"{PRODUCT}.json")
    return any(
        leftovers.same_process(entry["pid"], entry["created"]) for entry in record.get("processes", [])
    )


@contextlib.contextmanager
def _until_guests_left(supervisor: Supervisor, guests: FolderLock) -> Iterator[None]:
    try:
        yield
    finally:
        with guests.held(shared=False, timeout_s=GUESTS_TIMEOUT_S):
            supervisor.stop()


@dataclass(frozen=True, slots=True)
class _Embedded:
    """Those of the two servers that are not given."""

    postgres: EmbeddedPostgres | None
    valkey: EmbeddedValkey | None

    def specs(self) -> list[ProcessSpec]:
        """The processes; called by the supervisor once the folder is ours, because preparing changes it."""
        specs = []
        if self.postgres:
            self.postgres.prepare()
            specs.append(
                ProcessSpec(
                    "postgres",
                    tuple(self.postgres.command()),
                    ready=self.postgres.is_ready,
                    ready_timeout_s=READY_TIMEOUT_S,
                    stop_signal=postgres.STOP_SIGNAL,
                    stop_timeout_s=postgres.STOP_TIMEOUT_S,
                    before_start=self.postgres.tidy,
                    working_folder=self.postgres.data,
                    inherit_env=False,
                )
            )
        if self.valkey:
            self.valkey.prepare()
            specs.append(
                ProcessSpec(
                    "valkey",
                    tuple(self.valkey.command()),
                    ready=self.valkey.is_ready,
                    ready_timeout_s=READY_TIMEOUT_S,
                    stop_signal=valkey.STOP_SIGNAL,
                    stop_timeout_s=valkey.STOP_TIMEOUT_S,
                    inherit_env=False,
                )
            )
        return specs

    def are_ready(self) -> bool:
        """Whether the servers another process started answer; False while it is still preparing them."""
        try:
            return all(server.is_ready() for server in (self.postgres, self.valkey) if server)
        except LookupError:
            return False

    def addresses(self, given_database: str, given_redis: str, *, borrowed: bool) -> RunningServers:
        """Where both servers are reached."""
        return RunningServers(
            self.postgres.url if self.postgres else given_database,
            self.valkey.url if self.valkey else given_redis,
            tuple(name for name, server in (("postgres", self.postgres), ("valkey", self.valkey)) if server),
            borrowed,
        )
