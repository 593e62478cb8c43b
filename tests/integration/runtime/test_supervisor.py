"""The supervisor with real processes."""

import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import psutil
import pytest

from connector.runtime.folders import read_record, write_record
from connector.runtime.leftovers import MARK, marked_processes
from connector.runtime.ports import free_port
from connector.runtime.specs import Event, EventKind, ProcessSpec
from connector.runtime.supervisor import FolderInUseError, StartFailedError, Supervisor
from tests.integration.runtime.programs import FAMILY, PATIENT, STUBBORN, alive, eventually, family, python


@pytest.fixture(autouse=True)
def _nothing_is_left(tmp_path: Path) -> Iterator[None]:
    yield
    left = [process for process in marked_processes(str(tmp_path.resolve())) if alive(process.pid)]
    for process in left:
        process.kill()
    assert [] == left


def test_a_process_that_dies_is_started_again_and_the_others_go_on(tmp_path: Path) -> None:
    events: list[Event] = []
    specs = [ProcessSpec("first", python(PATIENT)), ProcessSpec("second", python(PATIENT))]
    with Supervisor(specs, tmp_path, events.append) as supervisor:
        before = supervisor.pids()
        os.kill(before["first"], signal.SIGKILL)
        eventually(lambda: supervisor.pids().get("first", before["first"]) != before["first"], "restart")
        assert before["second"] == supervisor.pids()["second"]
    died = [event for event in events if event.kind is EventKind.DIED]
    assert [("first", before["first"], "killed by SIGKILL, starting it again")] == [
        (event.process, event.pid, event.detail) for event in died
    ]


def test_what_a_dead_process_leaves_behind_is_gone_before_its_restart(tmp_path: Path) -> None:
    note = tmp_path / "family"
    with Supervisor([ProcessSpec("parent", python(FAMILY, str(note)))], tmp_path) as supervisor:
        same_session, _ = family(note)
        before = supervisor.pids()["parent"]
        os.kill(before, signal.SIGKILL)
        eventually(lambda: supervisor.pids().get("parent", before) != before, "restart")
        assert not alive(same_session)


def test_a_graceful_stop_leaves_nothing_behind(tmp_path: Path) -> None:
    note = tmp_path / "family"
    supervisor = Supervisor([ProcessSpec("parent", python(FAMILY, str(note)))], tmp_path)
    supervisor.start()
    everyone = [*supervisor.pids().values(), *family(note)]
    supervisor.stop()
    assert [] == [pid for pid in everyone if alive(pid)]
    assert not (tmp_path / "run" / "supervisor.json").exists()


def test_the_last_started_is_asked_to_stop_first(tmp_path: Path) -> None:
    told = "import signal, sys\nprint('up', flush=True)\nsignal.sigwait([signal.SIGUSR1])\n"
    blocked = "import signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])\n"
    log = tmp_path / "log"

    def up(name: str) -> bool:
        return "up" in (log / f"{name}.log").read_text()

    asked: list[str] = []
    specs = [
        ProcessSpec(
            name, python(blocked + told), ready=lambda name=name: up(name), stop_signal=signal.SIGUSR1
        )
        for name in ("first", "second", "third")
    ]
    supervisor = Supervisor(specs, tmp_path, lambda event: asked.append(f"{event.process} {event.kind}"))
    supervisor.start()
    children = {child.pid: child.spec.name for child in supervisor._children}
    order: list[str] = []
    send = os.kill

    def recorded(pid: int, number: int) -> None:
        order.append(children[pid])
        send(pid, number)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "kill", recorded)
        supervisor.stop()
    assert ["third", "second", "first"] == order
    assert {f"{name} stopped" for name in ("first", "second", "third")} <= set(asked)


def test_who_ignores_the_stop_signal_is_killed_at_its_deadline(tmp_path: Path) -> None:
    events: list[Event] = []
    log = tmp_path / "log" / "stubborn.log"
    spec = ProcessSpec(
        "stubborn", python(STUBBORN), ready=lambda: "up" in log.read_text(), stop_timeout_s=0.1
    )
    supervisor = Supervisor([spec], tmp_path, events.append)
    supervisor.start()
    pid = supervisor.pids()["stubborn"]
    supervisor.stop()
    assert not alive(pid)
    assert EventKind.KILLED is events[-1].kind


def test_asking_twice_for_the_end_waits_for_nobody(tmp_path: Path) -> None:
    log = tmp_path / "log" / "stubborn.log"
    spec = ProcessSpec(
        "stubborn", python(STUBBORN), ready=lambda: "up" in log.read_text(), stop_timeout_s=3600
    )
    supervisor = Supervisor([spec], tmp_path)
    supervisor.start()
    supervisor.request_stop()
    assert supervisor.wait(0)
    supervisor.request_stop()
    supervisor.stop()
    assert {} == supervisor.pids()


def test_a_second_supervisor_on_the_folder_is_refused_and_told_who_holds_it(tmp_path: Path) -> None:
    with (
        Supervisor([], tmp_path),
        pytest.raises(FolderInUseError, match=rf"in use by .* \(pid {os.getpid()}\)"),
    ):
        Supervisor([ProcessSpec("other", python(PATIENT))], tmp_path).start()
    with Supervisor([], tmp_path):
        pass


def test_two_supervisors_of_different_names_share_a_folder_and_spare_each_other(tmp_path: Path) -> None:
    with Supervisor([ProcessSpec("server", python(PATIENT))], tmp_path, name="servers") as servers:
        with Supervisor([ProcessSpec("web", python(PATIENT))], tmp_path):
            pass
        assert alive(servers.pids()["server"])


def test_a_one_time_process_ends_before_the_next_one_starts(tmp_path: Path) -> None:
    events: list[Event] = []
    specs = [
        ProcessSpec("release", python("pass"), once=True),
        ProcessSpec("web", python(PATIENT)),
    ]
    with Supervisor(specs, tmp_path, events.append) as supervisor:
        assert ["web"] == list(supervisor.pids())
    assert [("release", "started"), ("release", "stopped"), ("web", "started")] == [
        (event.process, str(event.kind)) for event in events[:3]
    ]


def test_a_one_time_process_that_fails_ends_the_start_and_says_why(tmp_path: Path) -> None:
    specs = [
        ProcessSpec("first", python(PATIENT)),
        ProcessSpec("release", python("raise SystemExit('the table is locked')"), once=True),
        ProcessSpec("web", python(PATIENT)),
    ]
    supervisor = Supervisor(specs, tmp_path)
    with pytest.raises(StartFailedError, match=r"release failed \(exit status 1\).*\n.*the table is locked"):
        supervisor.start()
    assert {} == supervisor.pids()


def test_a_process_that_never_becomes_ready_fails_the_start_after_three_deaths(tmp_path: Path) -> None:
    spec = ProcessSpec("web", python("raise SystemExit('port in use')"), ready=lambda: False)
    with pytest.raises(StartFailedError, match=r"web died 3 times(.|\n)*port in use"):
        Supervisor([spec], tmp_path).start()


def test_a_program_that_does_not_exist_fails_the_start(tmp_path: Path) -> None:
    with pytest.raises(StartFailedError, match=r"web cannot be started: .*No such file"):
        Supervisor([ProcessSpec("web", (str(tmp_path / "missing"),))], tmp_path).start()


def test_the_terminal_shows_each_line_with_the_name_of_its_process(tmp_path: Path) -> None:
    terminal = StringIO()
    specs = [
        ProcessSpec("release", python("print('one'); print('two')"), once=True),
        ProcessSpec("web", python("import sys; print('three', file=sys.stderr)"), once=True),
    ]
    with Supervisor(specs, tmp_path, terminal=terminal):
        pass
    assert {"release | one", "release | two", "web     | three"} == set(terminal.getvalue().splitlines())


KILLED_SUPERVISOR = """
import os, sys
from pathlib import Path
from connector.runtime.specs import ProcessSpec
from connector.runtime.supervisor import Supervisor
note, var = sys.argv[1], Path(sys.argv[2])
Supervisor([ProcessSpec("parent", (sys.executable, "-c", sys.argv[3], note))], var).start()
print("started", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("list_lost", [False, True], ids=["by the list", "by the mark alone"])
def test_what_a_killed_supervisor_left_is_ended_by_the_next_start(tmp_path: Path, list_lost: bool) -> None:
    note = tmp_path / "family"
    first = subprocess.Popen(
        python(KILLED_SUPERVISOR, str(note), str(tmp_path), FAMILY),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert first.stdout is not None
    assert first.stdin is not None
    assert b"started\n" == first.stdout.readline()
    offspring = family(note)
    state = tmp_path / "run" / "supervisor.json"
    parent = read_record(state)["processes"][0]["pid"]
    first.kill()
    first.wait()
    first.stdout.close()
    first.stdin.close()
    assert [parent, *offspring] == [pid for pid in (parent, *offspring) if alive(pid)]
    if list_lost:
        state.unlink()
    events: list[Event] = []
    with Supervisor([], tmp_path, events.append):
        assert [] == [pid for pid in (parent, *offspring) if alive(pid)]
    assert {parent, *offspring} == {
        pid for event in events if event.kind is EventKind.LEFTOVER for pid in (event.pid, *event.others)
    }


def test_a_stranger_with_a_number_from_the_list_is_spared(tmp_path: Path) -> None:
    stranger = subprocess.Popen(python(PATIENT), env={k: v for k, v in os.environ.items() if k != MARK})
    try:
        created = psutil.Process(stranger.pid).create_time() - 3600
        supervisor = Supervisor([], tmp_path)
        entry = {"name": "web", "pid": stranger.pid, "created": created, "stop_signal": 15}
        write_record(tmp_path / "run" / "supervisor.json", {"processes": [entry]})
        with supervisor:
            pass
        assert alive(stranger.pid)
    finally:
        stranger.kill()
        stranger.wait()


def test_the_answer_of_another_program_on_the_port_does_not_count(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        spec = ProcessSpec(
            "web", python(PATIENT), ready=lambda: True, port=other.getsockname()[1], ready_timeout_s=1
        )
        with pytest.raises(StartFailedError, match="web was not ready within 1 s"):
            Supervisor([spec], tmp_path).start()


def test_a_process_that_listens_on_its_own_port_is_ready(tmp_path: Path) -> None:
    port = free_port()
    listening = "import socket, sys, signal; s = socket.create_server(('127.0.0.1', int(sys.argv[1])))"
    spec = ProcessSpec(
        "web", python(f"{listening}; signal.pause()", str(port)), ready=lambda: True, port=port
    )
    with Supervisor([spec], tmp_path) as supervisor:
        assert ["web"] == list(supervisor.pids())


def test_after_three_quick_deaths_the_reason_and_the_log_are_told_once(tmp_path: Path) -> None:
    events: list[Event] = []
    flag = tmp_path / "broken"
    broken = (
        "import os, signal, sys; os.path.exists(sys.argv[1]) and sys.exit('no more memory'); signal.pause()"
    )
    with Supervisor([ProcessSpec("web", python(broken, str(flag)))], tmp_path, events.append) as supervisor:
        flag.touch()
        os.kill(supervisor.pids()["web"], signal.SIGKILL)
        eventually(lambda: len([e for e in events if e.kind is EventKind.DIED]) >= 4, "four deaths")
    told = [event.detail for event in events if "no more memory" in event.detail]
    log = tmp_path / "log" / "web.log"
    reason = "It has died 3 times in a row. It last said: no more memory"
    assert [f"exit status 1, starting it again. {reason} (the whole output is in {log})"] == told
