"""All processes in the foreground, until someone asks for the end: what ``ml-connector up`` does."""

import os
import secrets
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TextIO

from connector.runtime import ports, processes
from connector.runtime.folders import PRIVATE_FILE, private_folder, write_private
from connector.runtime.servers import ensure
from connector.runtime.specs import Event
from connector.runtime.supervisor import Supervisor

FLOWER_USER = "operator"

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Ctrl-C, a process manager, and a terminal that was closed."""


def run(
    environ: Mapping[str, str],
    var_dir: Path,
    *,
    sandbox: bool = False,
    extra_environment: Callable[[processes.Ports], Mapping[str, str]] | None = None,
    terminal: TextIO | None = None,
    say: Callable[[str], None] = print,
) -> None:
    """Start everything, print where it is, wait for Ctrl-C or SIGTERM, stop everything.

    A second signal stops without waiting for running tasks (their claims expire, nothing is lost).

    :param extra_environment: what the processes need on top, once the ports are known (the sandbox's URLs).
    :raises ConfigurationError: something does not start; everything is stopped again.
    """
    with ensure(environ, var_dir, exclusive=True, on_event=lambda event: say(str(event)), say=say) as servers:
        chosen = _ports(environ, sandbox=sandbox)
        environment = {
            "MLC_VAR_DIR": str(var_dir),
            **servers.environment,
            "FLOWER_BASIC_AUTH": flower_login(environ, var_dir),
            **(extra_environment(chosen) if extra_environment else {}),
        }
        supervisor = Supervisor(
            processes.specs(environment, chosen), var_dir, on_event=_telling(say), terminal=terminal
        )
        with stopping_on_signals(supervisor):
            try:
                supervisor.start()
                say(f"Web:    {chosen.web_url}")
                say(f"Flower: {chosen.flower_url} (login in {_login_place(environ, var_dir)})")
                if chosen.sandbox:
                    say(f"Sandbox: {chosen.sandbox_url}")
                supervisor.wait()
            finally:
                supervisor.stop()


def flower_login(environ: Mapping[str, str], var_dir: Path) -> str:
    """``user:password`` for Flower: the given one, else one made once and kept in a 0600 file."""
    if given := environ.get("FLOWER_BASIC_AUTH", "").strip():
        return given
    path = _login_file(var_dir)
    if not path.exists():
        private_folder(path.parent)
        write_private(path, f"{FLOWER_USER}:{secrets.token_urlsafe(18)}\n")
    path.chmod(PRIVATE_FILE)
    return path.read_text("utf-8").strip()


@contextmanager
def stopping_on_signals(supervisor: Supervisor) -> Iterator[None]:
    """Within the block, signals that ask for the end reach the supervisor; only in the main thread."""

    def ask(_number: int, _frame: FrameType | None) -> None:
        supervisor.request_stop()

    before = {number: signal.signal(number, ask) for number in _STOP_SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _ports(environ: Mapping[str, str], *, sandbox: bool) -> processes.Ports:
    web = int(environ.get("MLC_WEB_BIND", "127.0.0.1:8000").rpartition(":")[2])
    flower = int(environ.get("FLOWER_PORT", "5555"))
    return processes.Ports(web, flower, ports.free_port((web, flower)) if sandbox else None)


def _login_file(var_dir: Path) -> Path:
    return var_dir / "run" / "flower.login"


def _login_place(environ: Mapping[str, str], var_dir: Path) -> str:
    return "FLOWER_BASIC_AUTH" if environ.get("FLOWER_BASIC_AUTH") else os.path.relpath(_login_file(var_dir))


def _telling(say: Callable[[str], None]) -> Callable[[Event], None]:
    return lambda event: say(str(event))
