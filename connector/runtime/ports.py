"""Choosing TCP ports on 127.0.0.1 that stay ours while a process restarts."""

import random
import socket
from collections.abc import Collection

LOOPBACK = "127.0.0.1"

PORT_RANGE = range(20_000, 32_000)
"""Below the range from which systems take the ports of outgoing connections (Linux 32768, macOS 49152).

A port from that range may be lost while its server restarts: a client that dials it again and again is
eventually given the very same number as its own port, connects to itself and keeps the server out.
"""

_TRIES = 200
"""Even with nine in ten ports taken, 200 tries fail less than once in a billion."""


def port_is_free(port: int) -> bool:
    """Whether a server could listen on ``port`` of the loopback address now."""
    with socket.socket() as probe:
        # As servers do: without it, connections just closed on the port would make it look taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def free_port(taken: Collection[int] = ()) -> int:
    """A free port that is not in ``taken`` (ports given out but not yet listened on).

    :raises OSError: where no port can be had.
    """
    for port in random.SystemRandom().sample(PORT_RANGE, _TRIES):
        if port not in taken and port_is_free(port):
            return port
    raise OSError(f"no free port on {LOOPBACK} between {PORT_RANGE.start} and {PORT_RANGE.stop}")


def free_ports(names: Collection[str]) -> dict[str, int]:
    """One free port for each name, all different."""
    chosen: dict[str, int] = {}
    for name in names:
        chosen[name] = free_port(chosen.values())
    return chosen
