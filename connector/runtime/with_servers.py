"""One program beside the built-in servers, and none of the product's own processes.

For what must be done while no worker runs, above all putting a backup back; ``up`` would start
the workers, too.
"""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from connector.errors import ConfigurationError
from connector.runtime import postgres
from connector.runtime.servers import RunningServers, ensure
from connector.runtime.signals import StopRequests

PRIVATE_UMASK = 0o077
"""What such a program writes is mostly a dump, with customers' data: for its owner alone."""

ENDED_BY_SIGNAL = 128
"""A shell adds the signal's number to this."""


def run(
    environ: Mapping[str, str], var_dir: Path, command: Sequence[str], *, say: Callable[[str], None]
) -> int:
    """Run the program with the servers' addresses in its environment; they are started if they do not run.

    PostgreSQL's own programs are found first, in the server's version, and need no address: ``PGHOST`` and
    the like are set. The password is in no command line and is not shown.

    :param environ: without ``DATABASE_URL``: there would be no built-in server.
    :returns: the program's exit code.
    :raises ConfigurationError: ``DATABASE_URL`` is set, the program cannot be started, or a server cannot.
    """
    if environ.get("DATABASE_URL", "").strip():
        raise ConfigurationError(
            "DATABASE_URL is set: the database is not the built-in one.",
            code="no_built_in_server",
            cure='Give the program that address itself, for example: pg_dump "$DATABASE_URL"',
        )
    with StopRequests() as stop, ensure(environ, var_dir, say=say) as servers:
        if stop.asked.is_set():
            return ENDED_BY_SIGNAL + (stop.asked_by or 0)
        child = _started(command, _environment(environ, var_dir, servers))
        stop.forward_to(_Forwarded(child, stop))
        code = child.wait()
    return code if code >= 0 else ENDED_BY_SIGNAL - code


class _Forwarded:
    """Signals that ask for the end reach the program, each once.

    Ctrl-C goes to the whole group of the terminal, so the program has it already; a second one is meant for
    whoever has not heard the first.
    """

    def __init__(self, child: subprocess.Popen[bytes], stop: StopRequests) -> None:
        self._child = child
        self._stop = stop
        self._asked_before = False

    def request_stop(self) -> None:
        """Somebody asks for the end."""
        if self._asked_before or self._stop.asked_by != signal.SIGINT:
            self._child.terminate()
        self._asked_before = True


def _environment(environ: Mapping[str, str], var_dir: Path, servers: RunningServers) -> dict[str, str]:
    programs = [
        str(Path(sys.executable).parent),
        str(postgres.program_folder()),
        environ.get("PATH", os.defpath),
    ]
    return {
        **environ,
        **servers.environment,
        **postgres.client_environment(servers.database_url),
        "MLC_VAR_DIR": str(var_dir.absolute()),
        "PATH": os.pathsep.join(programs),
    }


def _started(command: Sequence[str], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    found = shutil.which(command[0], path=environment["PATH"])
    try:
        return subprocess.Popen([found or command[0], *command[1:]], env=environment, umask=PRIVATE_UMASK)
    except OSError as e:
        raise ConfigurationError(
            f"The program {command[0]} cannot be started: {e.strerror}.",
            code="program_not_started",
            cure="Correct its name, or name it with its whole path.",
        ) from e
