"""What the shell is told: one table, shown in ``ml-connector --help``."""

from enum import IntEnum

from connector.errors import AmbiguousError, ConnectorError, TransientError


class ExitCode(IntEnum):
    """How a command ended."""

    OK = 0
    REFUSED = 1
    USAGE = 2
    ATTENTION = 3
    UNREACHABLE = 4
    BUG = 70
    INTERRUPTED = 130
    TERMINATED = 143


MEANINGS: dict[ExitCode, str] = {
    ExitCode.OK: "done",
    ExitCode.REFUSED: "refused: what is wrong, where, and the cure stand on stderr",
    ExitCode.USAGE: "wrong arguments",
    ExitCode.ATTENTION: "the command worked and found something that needs a person",
    ExitCode.UNREACHABLE: "the database or a partner cannot be reached: try again later",
    ExitCode.BUG: "a fault of the program itself",
    ExitCode.INTERRUPTED: "stopped by Ctrl-C",
    ExitCode.TERMINATED: "stopped by SIGTERM",
}


def exit_code_of(error: ConnectorError) -> ExitCode:
    """4 for what may work later by itself, else 1."""
    return ExitCode.UNREACHABLE if isinstance(error, TransientError | AmbiguousError) else ExitCode.REFUSED
