"""The sandbox's port of ``up --sandbox``: what was exported to other commands stays right."""

import socket
from pathlib import Path

from connector.runtime import up
from connector.runtime.ports import LOOPBACK


def test_the_sandbox_keeps_its_port_between_starts(tmp_path: Path) -> None:
    first = up._sandbox_port(tmp_path, ())

    assert first == up._sandbox_port(tmp_path, ())


def test_a_port_that_somebody_took_meanwhile_is_replaced(tmp_path: Path) -> None:
    first = up._sandbox_port(tmp_path, ())
    with socket.socket() as other:
        other.bind((LOOPBACK, first))
        other.listen()

        second = up._sandbox_port(tmp_path, ())

    assert first != second


def test_a_port_of_another_process_of_ours_is_not_taken_twice(tmp_path: Path) -> None:
    first = up._sandbox_port(tmp_path, ())

    assert first != up._sandbox_port(tmp_path, (first,))
