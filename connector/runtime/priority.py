"""Who waits for the processor when there is too little of it: the workers, never the receiver.

A worker that is late costs nothing, its rows are due until somebody takes them. A receiver that is late for
ten seconds costs the delivery, and after ten such Pipedrive stops sending for half an hour.
"""

import os
from contextlib import suppress
from pathlib import Path

WORKER_NICENESS = 5
"""A third of the weight of a process at 0: enough that deliveries do not queue behind steps, and a worker
beside a busy receiver, or on a machine that does other things, is not starved. Alone it gets all there is."""

_AUTOGROUP = Path("/proc/self/autogroup")
"""Linux weighs whole sessions against each other before it looks at niceness inside one, and the supervisor
gives each process a session of its own. Absent where the kernel does not do so."""


def step_back(niceness: int = WORKER_NICENESS, autogroup: Path = _AUTOGROUP) -> None:
    """Let this process and all it starts from now on go behind the others; never fails.

    Called twice it changes nothing more.
    """
    with suppress(OSError):  # a container may forbid it
        os.nice(max(0, niceness - os.nice(0)))
    # Whoever leads no session shares it, with the web process perhaps: the whole of it must not be moved.
    if os.getsid(0) == os.getpid() and autogroup.exists():
        with suppress(OSError):
            autogroup.write_text(str(niceness))
