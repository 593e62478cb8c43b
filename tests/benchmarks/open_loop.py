"""Sends requests at a fixed rate, whatever the answers do; each is timed from the moment it was due.

A sender that waits for an answer before it sends the next request is slow where the server is slow, and so
never sees a queue. Here the schedule stands beforehand, and a request that could not leave in time counts its
delay as well.

Run as a process of its own: ``python -m tests.benchmarks.open_loop PORT RATE < requests``, where the requests
lie one after the other, each behind its length (4 bytes, big-endian). It prints one JSON object.
"""

import contextlib
import json
import os
import selectors
import socket
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

LAST_ANSWERS_S = 15.0
"""How long answers are waited for once everything is sent: Pipedrive itself gives up after 10 s."""

MOST_CONNECTIONS = 400
"""A sender with more answers outstanding has met a server that stands still."""

PRIORITY = -10
"""The sender stands for another machine: where allowed (as root), it does not queue for the processor with
the server. It needs a session of its own, because Linux weighs sessions first."""


@dataclass(slots=True)
class _Lane:
    """One kept connection with at most one request on it."""

    socket: socket.socket
    due: float = 0.0
    unsent: bytes = b""
    answer: bytearray = field(default_factory=bytearray)


class OpenLoop:
    """One measurement."""

    def __init__(self, port: int, rate: float, requests: Sequence[bytes]) -> None:
        self._address = ("127.0.0.1", port)
        self._rate = rate
        self._requests = requests
        self._selector = selectors.DefaultSelector()
        self._idle: list[_Lane] = []
        self._open = 0
        self.statuses: Counter[str] = Counter()
        self.took_s: list[float] = []
        self.late_s: list[float] = []
        """How much later than planned each request was given to the system: our own share."""

    def run(self) -> None:
        """Send all, wait for all."""
        begins = time.monotonic() + 0.5
        number, busy_until = 0, 0.0
        while number < len(self._requests) or (self._outstanding() and time.monotonic() < busy_until):
            now = time.monotonic()
            while number < len(self._requests) and (due := begins + number / self._rate) <= now:
                self._send(self._requests[number], due)
                number += 1
                busy_until = now + LAST_ANSWERS_S
            next_due = begins + number / self._rate if number < len(self._requests) else now + 0.05
            for key, events in self._selector.select(max(0.0, next_due - time.monotonic())):
                self._serve(key.data, events)
        self.statuses["no answer"] += self._outstanding()

    def _outstanding(self) -> int:
        return self._open - len(self._idle)

    def _send(self, content: bytes, due: float) -> None:
        if not self._idle and self._open >= MOST_CONNECTIONS:
            self.statuses["not sent"] += 1
            return
        lane = self._idle.pop() if self._idle else self._connected()
        lane.due, lane.unsent = due, content
        self.late_s.append(time.monotonic() - due)
        self._push(lane)

    def _connected(self) -> _Lane:
        connection = socket.socket()
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.connect_ex(self._address)
        lane = _Lane(connection)
        self._selector.register(connection, selectors.EVENT_READ, lane)
        self._open += 1
        return lane

    def _push(self, lane: _Lane) -> None:
        with contextlib.suppress(BlockingIOError):
            try:
                lane.unsent = lane.unsent[lane.socket.send(lane.unsent) :]
            except OSError as e:
                if not isinstance(e, BlockingIOError):
                    self._lost(lane, type(e).__name__)
                    return
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if lane.unsent else 0)
        self._selector.modify(lane.socket, wanted, lane)

    def _serve(self, lane: _Lane, events: int) -> None:
        if events & selectors.EVENT_WRITE and lane.unsent:
            self._push(lane)
        if events & selectors.EVENT_READ:
            self._read(lane)

    def _read(self, lane: _Lane) -> None:
        try:
            part = lane.socket.recv(65536)
        except BlockingIOError:
            return
        except OSError as e:
            self._lost(lane, type(e).__name__)
            return
        if not part:
            self._lost(lane, "closed")
            return
        lane.answer += part
        head, found, body = bytes(lane.answer).partition(b"\r\n\r\n")
        if found and len(body) >= _length(head):
            self.took_s.append(time.monotonic() - lane.due)
            self.statuses[head[9:12].decode()] += 1
            lane.due, lane.answer = 0.0, bytearray()
            if b"connection: close" in head.lower():
                self._drop(lane)
            else:
                self._idle.append(lane)

    def _lost(self, lane: _Lane, why: str) -> None:
        """The connection ended: nothing where it was idle, a delivery without an answer where it was not."""
        if lane in self._idle:
            self._idle.remove(lane)
        else:
            self.statuses[why] += 1
        self._drop(lane)

    def _drop(self, lane: _Lane) -> None:
        self._selector.unregister(lane.socket)
        lane.socket.close()
        self._open -= 1


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


def written(requests: Sequence[bytes]) -> bytes:
    """The requests as this program reads them."""
    return b"".join(len(request).to_bytes(4, "big") + request for request in requests)


def _read_requests(stream: BinaryIO) -> list[bytes]:
    found = []
    while length := stream.read(4):
        found.append(stream.read(int.from_bytes(length, "big")))
    return found


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share of all values does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-int(len(ordered) * share * 1000) // 1000) - 1)] if ordered else 0.0


def _summary(loop: OpenLoop) -> dict[str, Any]:
    shares = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p999": 0.999, "max": 1.0}
    return {
        "statuses": dict(loop.statuses),
        "took_ms": {name: percentile(loop.took_s, share) * 1000 for name, share in shares.items()},
        "late_ms": {name: percentile(loop.late_s, share) * 1000 for name, share in shares.items()},
    }


if __name__ == "__main__":
    with contextlib.suppress(OSError):
        os.nice(PRIORITY)
        Path("/proc/self/autogroup").write_text(str(PRIORITY))
    measured = OpenLoop(int(sys.argv[1]), float(sys.argv[2]), _read_requests(sys.stdin.buffer))
    measured.run()
    print(json.dumps(_summary(measured)))
