"""Choosing TCP ports on 127.0.0.1 that stay ours while a process restarts."""

import errno
import os
import random
import socket
from collections.abc import Collection, Mapping

from connector.errors import ConfigurationError

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
    return _refusal(port) == 0


def require_free(wanted: Mapping[str, int]) -> None:
    """Refuse ports that cannot be had, before a process dies of it or another program answers for ours.

    :param wanted: the port by the variable that sets it.
    :raises ConfigurationError: a port is taken, forbidden or wanted twice.
    """
    names = {port: name for name, port in wanted.items()}
    if len(names) < len(wanted):
        raise ConfigurationError(
            f"{' and '.join(wanted)} name the same port.", code="port_twice", cure="Give each its own."
        )
    for port, name in names.items():
        if reason := _refusal(port):
            taken = reason == errno.EADDRINUSE
            raise ConfigurationError(
                f"Port {port} is in use." if taken else f"Port {port} cannot be used: {os.strerror(reason)}.",
                code="port_in_use" if taken else "port_refused",
                cure=f"Stop that program or set {name}." if taken else f"Set {name} to another port.",
                field=name,
            )


def _refusal(port: int) -> int:
    """The system's error number for listening on the port; 0 where there is none."""
    with socket.socket() as probe:
        # As servers do: without it, connections just closed on the port would make it look taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            return error.errno or errno.EIO
    return 0


def free_port(taken: Collection[int] = ()) -> int:
    """A free port that is not in ``taken`` (ports given out but not yet listened on).

    :raises OSError: where no port can be had.
    """
    for port in random.SystemRandom().sample(PORT_RANGE, _TRIES):
        if port not in taken and port_is_free(port):
            return port
    raise OSError(f"no free port on {LOOPBACK} between {PORT_RANGE.start} and {PORT_RANGE.stop}")


def kept_port(kept: object, taken: Collection[int] = ()) -> int:
    """The port noted the last time if it can still be had, else a free one.

    :param kept: as read from a record: whatever is no usable port number is replaced.
    """
    if isinstance(kept, int) and kept not in taken and port_is_free(kept):
        return kept
    return free_port(taken)


def free_ports(names: Collection[str]) -> dict[str, int]:
    """One free port for each name, all different."""
    chosen: dict[str, int] = {}
    for name in names:
        chosen[name] = free_port(chosen.values())
    return chosen
