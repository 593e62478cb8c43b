"""How the demo ends when somebody stops it."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from connector.cli.exit_codes import ExitCode
from connector.demo import run
from connector.demo.patience import InterruptedDemoError
from connector.demo.telling import Teller
from connector.runtime.signals import StopRequests

DEADLINE_S = 10


def stopped_by(*numbers: int) -> Callable[..., None]:
    """A demo that gets these signals in its middle and stops."""

    def play(_environ: object, _var_dir: Path, stop: StopRequests, *_more: object, once: bool) -> None:
        assert once
        for number in numbers:
            os.kill(os.getpid(), number)
            assert stop.asked.wait(DEADLINE_S)
        raise InterruptedDemoError

    return play


@pytest.mark.parametrize(
    ("signals", "expected"),
    [
        ((signal.SIGINT,), ExitCode.INTERRUPTED),
        ((signal.SIGTERM,), ExitCode.TERMINATED),
        ((signal.SIGTERM, signal.SIGINT), ExitCode.TERMINATED),
    ],
)
def test_a_demo_that_was_stopped_ends_as_a_shell_has_it_for_the_signal(
    signals: tuple[int, ...], expected: ExitCode, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    said: list[str] = []
    monkeypatch.setattr(run, "_run", stopped_by(*signals))

    assert expected == run.run_demo({}, tmp_path, once=True, say=said.append)
    assert "Interrupted; everything is stopped." in said[-1]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            {"MLC_WEB_BIND": "127.0.0.1:80", "FLOWER_PORT": "5555"},
            "MLC_WEB_BIND and FLOWER_PORT do not count",
        ),
        ({"MLC_WEB_BIND": "127.0.0.1:80", "FLOWER_PORT": ""}, "MLC_WEB_BIND does not count"),
        ({}, ""),
    ],
)
def test_ports_that_do_not_count_in_the_demo_are_told(given: dict[str, str], expected: str) -> None:
    said: list[str] = []
    run._say_ignored(given, Teller(said.append))
    assert expected in "".join(said)
    assert bool(expected) == bool(said)
