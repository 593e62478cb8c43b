"""Which processes count as ours: decided on fakes, so that nothing real can be hit."""

import os
from collections.abc import Sequence
from pathlib import Path

import psutil
import pytest

from connector.runtime import leftovers


class FakeProcess:
    """As much of psutil.Process as the decisions read."""

    def __init__(
        self,
        pid: int,
        *,
        name: str = "python",
        mark: str | None = None,
        cwd: str = "/",
        created: float = 1000.0,
        status: str = psutil.STATUS_RUNNING,
        children: Sequence["FakeProcess"] = (),
        unreadable: bool = False,
    ) -> None:
        self.pid = pid
        self.killed = False
        self._name, self._cwd, self._created, self._status = name, cwd, created, status
        self._environment = {} if mark is None else {leftovers.MARK: mark}
        self._children, self._unreadable = list(children), unreadable

    def name(self) -> str:
        return self._name

    def environ(self) -> dict[str, str]:
        if self._unreadable:
            raise psutil.AccessDenied(self.pid)
        return self._environment

    def cwd(self) -> str:
        if self._unreadable:
            raise psutil.AccessDenied(self.pid)
        return self._cwd

    def create_time(self) -> float:
        return self._created

    def status(self) -> str:
        return self._status

    def is_running(self) -> bool:
        return not self.killed

    def children(self, recursive: bool) -> list["FakeProcess"]:
        return self._children

    def kill(self) -> None:
        self.killed = True


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> list[FakeProcess]:
    """The machine's process table."""
    processes: list[FakeProcess] = []
    monkeypatch.setattr(leftovers.psutil, "process_iter", lambda: iter(processes))
    monkeypatch.setattr(leftovers, "_own_line", lambda: {1, 2})
    return processes


def pids(processes: Sequence[FakeProcess]) -> list[int]:
    return [process.pid for process in processes]


def test_only_processes_with_the_mark_of_this_folder_and_supervisor_are_ours(
    table: list[FakeProcess],
) -> None:
    table += [
        FakeProcess(10, mark="/srv/var:supervisor:web"),
        FakeProcess(11, mark="/srv/var:servers:postgres"),
        FakeProcess(12, mark="/srv/var2:supervisor:web"),
        FakeProcess(13),
        FakeProcess(14, mark="/srv/var:supervisor:web", unreadable=True),
    ]
    mark = leftovers.mark_for(Path("/srv/var"), "supervisor")
    assert [10] == pids(leftovers.marked_processes(mark))


def test_we_and_our_ancestors_are_never_leftovers(table: list[FakeProcess]) -> None:
    parent = FakeProcess(1, mark="/srv/var:supervisor:web")
    ourselves = FakeProcess(2, mark="/srv/var:supervisor:web")
    child = FakeProcess(3, mark="/srv/var:supervisor:web", children=[ourselves, FakeProcess(4)])
    table += [parent, ourselves, child]
    assert [3] == pids(leftovers.marked_processes("/srv/var:supervisor:"))
    assert [3, 4] == pids(leftovers.with_descendants([parent, child]))


def test_a_shell_in_the_data_folder_is_spared(table: list[FakeProcess], tmp_path: Path) -> None:
    folder = str(tmp_path.resolve())
    table += [
        FakeProcess(10, name="postgres", cwd=folder),
        FakeProcess(11, name="bash", cwd=folder),
        FakeProcess(12, name="postgres", cwd="/var/lib/postgresql"),
        FakeProcess(13, name="postgres", cwd=folder, unreadable=True),
    ]
    assert [10] == pids(leftovers.processes_working_in(tmp_path))


@pytest.mark.parametrize(
    ("process", "ours"),
    [
        (FakeProcess(10, created=1000.0), True),
        (FakeProcess(10, created=1001.5), True),
        (FakeProcess(10, created=1003.0), False),
        (FakeProcess(10, created=1000.0, status=psutil.STATUS_ZOMBIE), False),
    ],
    ids=["same", "clock was set meanwhile", "number given to another process", "dead already"],
)
def test_a_number_in_the_list_counts_only_with_its_time_of_creation(
    monkeypatch: pytest.MonkeyPatch, process: FakeProcess, ours: bool
) -> None:
    monkeypatch.setattr(leftovers.psutil, "Process", lambda _pid: process)
    assert ours == (leftovers.same_process(10, 1000.0) is process)


def test_a_number_that_no_longer_exists_is_no_process() -> None:
    assert leftovers.same_process(2**22 + 1, 1000.0) is None


def test_a_zombie_is_not_waited_for() -> None:
    zombie = FakeProcess(10, status=psutil.STATUS_ZOMBIE)
    assert [] == leftovers.end_processes([zombie], grace_s=60.0)
    assert not zombie.killed


def test_who_does_not_go_by_itself_is_killed() -> None:
    stubborn = FakeProcess(10)
    assert [stubborn] == leftovers.end_processes([stubborn], grace_s=0.0)
    assert stubborn.killed


def test_the_mark_names_the_process_and_resolves_the_folder(tmp_path: Path) -> None:
    link = tmp_path / "link"
    (tmp_path / "var").mkdir()
    link.symlink_to(tmp_path / "var")
    mark = leftovers.mark_for(link, "servers", "valkey")
    assert f"{(tmp_path / 'var').resolve()}:servers:valkey" == mark
    assert "valkey" == leftovers.name_of(FakeProcess(10, mark=mark), leftovers.mark_for(link, "servers"))
    assert "python" == leftovers.name_of(FakeProcess(10), mark)


def test_our_own_line_holds_ourselves_and_our_parent() -> None:
    assert {os.getpid(), os.getppid()} <= leftovers._own_line()
