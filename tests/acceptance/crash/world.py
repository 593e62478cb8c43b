"""One long-lived world: servers, web, workers, beat and sandbox, started by the product's own supervisor."""

import json
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests

from connector import settings as environment_settings
from connector.demo.patience import Patience
from connector.demo.sandbox import SandboxControl, environment
from connector.errors import TransientError
from connector.pipeline.services import Services, open_services
from connector.runtime import ports, processes
from connector.runtime.folders import read_record
from connector.runtime.processes import Ports
from connector.runtime.servers import ensure
from connector.runtime.specs import Event, EventKind, ProcessSpec
from connector.runtime.supervisor import Supervisor
from connector.timers import Timers, timers
from tests.acceptance.crash import older as older_version
from tests.acceptance.crash.tenants import Member, connect
from tests.acceptance.demo_process import SETTINGS_OF_THE_CALLER

HOOKS = Path(__file__).parent / "hooks"

LEFT_OUT = ("flower",)
"""Shows the others, carries nothing, and would cost a tenth of the machine."""

FIRST_DEAL = 1000

JOB_DELAY_S = 2
"""Of the sandbox's jobs, before scaling: long enough that a poll finds one at work."""


@dataclass
class World:
    """Everything that runs, for the time of a ``with`` block.

    :param members: the tenants, to be connected in this order.
    :param scale: ``MLC_TIME_SCALE`` of all processes.
    :param also: more processes beside the usual ones, made from their table; the folder is for theirs.
    """

    members: tuple[Member, ...]
    scale: float = 0.1
    also: Callable[[list[ProcessSpec], Path], list[ProcessSpec]] = lambda usual, _folder: usual
    deaths: list[str] = field(default_factory=list)
    """Processes that died, in the order of their deaths."""
    numbers: Iterator[int] = field(default_factory=lambda: count(FIRST_DEAL))
    """Of deals, each given once."""

    @property
    def timers(self) -> Timers:
        """The timers at this world's scale."""
        return timers(self.scale)

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.folder = stack.enter_context(_scratch_folder())
            self.var_dir = self.folder / "var"
            for name in ("armed", "fired", "trace", "faults"):
                (self.folder / name).mkdir()
            self.values: dict[str, str] = {}
            servers = stack.enter_context(
                ensure(
                    {},
                    self.var_dir,
                    exclusive=True,
                    postgres_options={"fsync": "off"},
                    on_event=self._tell,
                    say=lambda _line: None,
                )
            )
            self.supervisor = Supervisor(
                lambda: self._table(servers.environment), self.var_dir, on_event=self._tell
            )
            stack.enter_context(_without_settings_of_the_caller())
            stack.enter_context(self.supervisor)
            self.services = self._services()
            stack.callback(self.services.database.close)
            self.control = SandboxControl(self.ports.sandbox_url, Patience(lambda: False))
            self._set_up_sandbox()
            older = self.folder / older_version.FOLDER
            connect(
                self.services,
                self.control,
                self.members,
                self.folder,
                self.values,
                older=older if older.exists() else None,
            )
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def arrivals(self) -> dict[str, Any]:
        """What reached the partners."""
        found: dict[str, Any] = Patience(lambda: False).call(self._read_arrivals)
        return found

    def _read_arrivals(self) -> Any:
        try:
            return requests.get(f"{self.ports.sandbox_url}/control/arrivals", timeout=60).json()
        except (requests.RequestException, ValueError) as e:
            raise TransientError("The sandbox is away.") from e

    def clear_faults(self) -> None:
        """The partners do what they are asked again."""
        Patience(lambda: False).call(self._delete_faults)

    def _delete_faults(self) -> None:
        try:
            requests.delete(f"{self.ports.sandbox_url}/control/faults", timeout=30).raise_for_status()
        except requests.RequestException as e:
            raise TransientError("The sandbox is away.") from e

    def pids(self) -> dict[str, int]:
        """The supervised processes: name to process number."""
        records = (read_record(self.var_dir / "run" / f"{name}.json") for name in ("servers", "supervisor"))
        return {entry["name"]: entry["pid"] for record in records for entry in record.get("processes", [])}

    def lines(self, folder: str, key: str) -> list[dict[str, Any]]:
        """What the fail points said about a deal: ``trace``: each point passed, ``faults``: each fault.

        A line that is just being written is not there yet.
        """
        path = self.folder / folder / key
        if not path.exists():
            return []
        whole, _newline, _begun = path.read_text("utf-8").rpartition("\n")
        return [json.loads(line) for line in whole.splitlines()]

    def keep_logs(self, target: Path) -> None:
        """Copy what the processes said to where it outlives this world."""
        shutil.copytree(self.var_dir / "log", target, dirs_exist_ok=True)

    def _table(self, servers: dict[str, str]) -> list[ProcessSpec]:
        self.ports = Ports(**ports.free_ports(("web", "flower", "sandbox")))
        self.values.update(
            {
                **servers,
                "MLC_VAR_DIR": str(self.var_dir),
                "MLC_PUBLIC_URL": self.ports.web_url,
                "MLC_TIME_SCALE": str(self.scale),
                "MLC_CRASH_DIR": str(self.folder),
                "PYTHONPATH": os.pathsep.join([str(HOOKS), str(processes.REPOSITORY)]),
                **environment(self.ports.sandbox_url, pipedrive_secret=secrets.token_urlsafe(24)),
            }
        )
        usual = [spec for spec in processes.specs(self.values, self.ports) if spec.name not in LEFT_OUT]
        return self.also(usual, self.folder)

    def _services(self) -> Services:
        return open_services(environment_settings.load(self.values))

    def _set_up_sandbox(self) -> None:
        # Lives longer than any world, so that no renewal moves the numbers of the points; the rows that are
        # about renewals expire their token themselves.
        self.control.post(
            "datev/settings", {"job_delay_seconds": JOB_DELAY_S, "retry_after": 1, "access_lifetime_s": 86400}
        )
        self.control.set_up_apps(
            public_url=self.ports.web_url,
            pipedrive_secret=self.values["PIPEDRIVE_CLIENT_SECRET"],
        )

    def _tell(self, event: Event) -> None:
        if event.kind is EventKind.DIED:
            self.deaths.append(event.process)


@contextmanager
def _scratch_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="mlc-crash-"))
    folder.chmod(0o711)  # PostgreSQL may run as another user
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _without_settings_of_the_caller() -> Iterator[None]:
    """The supervised processes inherit our environment: none of our caller's settings shall be in it."""
    kept = {name: os.environ.pop(name) for name in list(os.environ) if SETTINGS_OF_THE_CALLER.match(name)}
    try:
        yield
    finally:
        os.environ.update(kept)
