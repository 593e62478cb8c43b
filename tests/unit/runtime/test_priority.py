"""Workers go behind the receiver when there is too little processor time."""

import json
import os
import subprocess
import sys
from pathlib import Path

from celery.signals import worker_init

import tasks.process

_PROGRAM = """
import json, os, sys
from pathlib import Path
from connector.runtime.priority import step_back
group = Path(sys.argv[1])
before = os.nice(0)
step_back(5, group)
step_back(5, group)
print(json.dumps([os.nice(0) - before, group.read_text() if group.exists() else None]))
"""


def _run(group: Path, *, leads_a_session: bool) -> list[object]:
    """How much nicer the process became by stepping back twice, and what it wrote into the group's file."""
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, str(group)],
        capture_output=True,
        check=True,
        start_new_session=leads_a_session,
        timeout=60,
    )
    found: list[object] = json.loads(done.stdout)
    return found


EXPECTED = max(0, 5 - os.nice(0))


def test_a_worker_with_a_session_of_its_own_lowers_the_weight_of_the_whole_session(tmp_path: Path) -> None:
    group = tmp_path / "autogroup"
    group.write_text("/autogroup-1 nice 0")
    assert [EXPECTED, "5"] == _run(group, leads_a_session=True)


def test_a_worker_that_shares_a_session_leaves_the_others_in_it_alone(tmp_path: Path) -> None:
    group = tmp_path / "autogroup"
    group.write_text("/autogroup-1 nice 0")
    assert [EXPECTED, "/autogroup-1 nice 0"] == _run(group, leads_a_session=False)


def test_a_kernel_without_such_groups_is_no_trouble(tmp_path: Path) -> None:
    assert [EXPECTED, None] == _run(tmp_path / "absent", leads_a_session=True)


def test_workers_step_back_when_they_start() -> None:
    connected = {receiver() for _key, receiver, *_rest in worker_init.receivers}
    assert tasks.process._step_back in connected
