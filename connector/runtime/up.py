"""All processes in the foreground, until someone asks for the end: what ``ml-connector up`` does."""

import secrets
import threading
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TextIO

from connector.runtime import given_redis, ports, processes
from connector.runtime.folders import PRIVATE_FILE, private_folder, read_record, write_private, write_record
from connector.runtime.servers import ensure
from connector.runtime.signals import StopRequests
from connector.runtime.specs import Event, ProcessSpec
from connector.runtime.supervisor import StartFailedError, Supervisor

FLOWER_USER = "operator"

_PASSWORD_BYTES = 18
"""144 bits: cannot be guessed, and 24 characters can still be typed."""


def run(
    environ: Mapping[str, str],
    var_dir: Path,
    *,
    sandbox: bool = False,
    extra_environment: Callable[[processes.Ports], Mapping[str, str]] | None = None,
    on_ready: Callable[[processes.Ports], None] | None = None,
    terminal: TextIO | None = None,
    say: Callable[[str], None] = print,
) -> None:
    """Start everything, say where it is, wait for Ctrl-C or SIGTERM, stop everything.

    A second signal stops without waiting for running tasks (their claims expire, nothing is lost).

    :param extra_environment: what the processes need on top, once the ports are known (the sandbox's URLs).
    :param on_ready: called once everything answers.
    :param terminal: print the processes' output there; else it goes to ``<var_dir>/log``.
    :raises ConfigurationError: the given Redis is unusable, or something does not start; everything is
        stopped again.
    """
    turn = threading.Lock()

    def say_in_turn(line: str) -> None:
        # Events come from several threads, and print writes a line and its end apart.
        with turn:
            say(line)

    def tell(event: Event) -> None:
        say_in_turn(str(event))

    given_redis.require_usable(environ.get("REDIS_URL", "").strip())
    chosen = _ports(environ, var_dir, sandbox=sandbox)
    with (
        StopRequests() as stop,
        ensure(environ, var_dir, exclusive=True, on_event=tell, say=say_in_turn) as servers,
    ):
        environment = {
            "MLC_VAR_DIR": str(var_dir.absolute()),
            **servers.environment,
            "FLOWER_BASIC_AUTH": flower_login(environ, var_dir),
        }

        def table() -> list[ProcessSpec]:
            # Only now: what a killed predecessor left on the ports is gone.
            ports.require_free({"MLC_WEB_BIND": chosen.web, "FLOWER_PORT": chosen.flower})
            extra = extra_environment(chosen) if extra_environment else {}
            return processes.specs({**environment, **extra}, chosen)

        supervisor = Supervisor(table, var_dir, on_event=tell, terminal=terminal)
        stop.forward_to(supervisor)
        try:
            supervisor.start()
            if on_ready:
                on_ready(chosen)
            _say_addresses(chosen, environ, var_dir, say_in_turn)
            supervisor.wait()
        except StartFailedError:
            if not stop.asked.is_set():
                raise
        finally:
            supervisor.stop()


def flower_login(environ: Mapping[str, str], var_dir: Path) -> str:
    """``user:password`` for Flower: the given one, else one made once and kept in a 0600 file."""
    if given := environ.get("FLOWER_BASIC_AUTH", "").strip():
        return given
    path = flower_login_file(var_dir)
    if not path.exists():
        private_folder(path.parent)
        write_private(path, f"{FLOWER_USER}:{secrets.token_urlsafe(_PASSWORD_BYTES)}\n")
    path.chmod(PRIVATE_FILE)
    return path.read_text("utf-8").strip()


def flower_login_file(var_dir: Path) -> Path:
    """Where the login that we made is kept."""
    return var_dir / "run" / "flower.login"


def _say_addresses(
    chosen: processes.Ports, environ: Mapping[str, str], var_dir: Path, say: Callable[[str], None]
) -> None:
    given = environ.get("FLOWER_BASIC_AUTH", "").strip()
    login = "FLOWER_BASIC_AUTH" if given else flower_login_file(var_dir)
    say(f"Web:     {chosen.web_url}")
    say(f"Flower:  {chosen.flower_url} (its login is in {login})")
    if chosen.sandbox:
        say(f"Sandbox: {chosen.sandbox_url}")
    say("Ctrl-C stops everything.")


def _ports(environ: Mapping[str, str], var_dir: Path, *, sandbox: bool) -> processes.Ports:
    web = int((environ.get("MLC_WEB_BIND", "").strip() or "127.0.0.1:8000").rpartition(":")[2])
    flower = int(environ.get("FLOWER_PORT", "").strip() or "5555")
    return processes.Ports(web, flower, _sandbox_port(var_dir, (web, flower)) if sandbox else None)


def _sandbox_port(var_dir: Path, taken: Collection[int]) -> int:
    """The port of the last time, if it is free: addresses exported to other commands stay right."""
    path = var_dir / "run" / "sandbox.port.json"
    chosen = ports.kept_port(read_record(path).get("sandbox"), taken)
    private_folder(path.parent)
    write_record(path, {"sandbox": chosen})
    return chosen
