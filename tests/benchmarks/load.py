"""Sends prepared requests over a few kept connections and counts how many are answered a second."""

import socket
import threading
import time
from collections.abc import Sequence
from typing import BinaryIO

CONNECTIONS = 8
"""As many as the receiver has threads (two processes of four): busy, but nobody queues up."""

TIMEOUT_S = 30


def requests_per_second(port: int, requests: Sequence[bytes], wanted: bytes) -> float:
    """All requests, each answered by the status line ``wanted``."""
    shares = [requests[number::CONNECTIONS] for number in range(CONNECTIONS)]
    failures: list[Exception] = []

    def send(share: Sequence[bytes]) -> None:
        try:
            _send_all(port, share, wanted)
        except (OSError, RuntimeError) as e:
            failures.append(e)

    threads = [threading.Thread(target=send, args=(share,)) for share in shares]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - started
    if failures:
        raise failures[0]
    return len(requests) / took


def request(path: str, headers: dict[str, str], body: bytes) -> bytes:
    """A POST as bytes, so that the sender has next to nothing to do while the clock runs."""
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in {"Content-Type": "application/json", **headers}.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def _send_all(port: int, share: Sequence[bytes], wanted: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stream = connection.makefile("rb")
        for content in share:
            connection.sendall(content)
            _read_answer(stream, wanted)


def _read_answer(stream: BinaryIO, wanted: bytes) -> None:
    status = stream.readline()
    length = 0
    while (line := stream.readline()) not in (b"\r\n", b""):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    stream.read(length)
    if wanted not in status:
        raise RuntimeError(f"answered {status!r}")
