"""Files with secrets and lists: private from the start, whole or not at all."""

import os
import stat
from pathlib import Path

import pytest

from connector.runtime import folders
from connector.runtime.output import LogFiles


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_record_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        folders.write_record(tmp_path / "endpoint.json", {"port": 20001})
    finally:
        os.umask(before)
    assert mode(tmp_path / "endpoint.json") == 0o600
    assert folders.read_record(tmp_path / "endpoint.json") == {"port": 20001}


def test_a_write_that_fails_leaves_the_old_record_and_no_scratch_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = tmp_path / "supervisor.json"
    folders.write_record(record, {"processes": []})

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(folders.os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        folders.write_record(record, {"processes": ["new"]})
    assert folders.read_record(record) == {"processes": []}
    assert [record] == list(tmp_path.iterdir())


@pytest.mark.parametrize("damaged", ["", "{", "[1]", '{"a": '])
def test_a_damaged_record_reads_as_an_empty_one(tmp_path: Path, damaged: str) -> None:
    (tmp_path / "record").write_text(damaged)
    assert folders.read_record(tmp_path / "record") == {}


def test_a_missing_record_reads_as_an_empty_one(tmp_path: Path) -> None:
    assert folders.read_record(tmp_path / "record") == {}


def test_a_private_folder_is_closed_also_if_it_was_open(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir(mode=0o755)
    assert mode(folders.private_folder(tmp_path / "run")) == 0o700


def test_a_log_of_more_than_ten_megabytes_is_set_aside(tmp_path: Path) -> None:
    logs = LogFiles(tmp_path / "log")
    with logs.path("web").open("wb") as file:
        file.truncate(10 * 1024 * 1024 + 1)
    os.close(logs.open("web"))
    assert logs.path("web").stat().st_size == 0
    assert logs.path("web").with_suffix(".log.1").stat().st_size == 10 * 1024 * 1024 + 1


def test_the_tail_of_a_log_is_its_last_lines(tmp_path: Path) -> None:
    logs = LogFiles(tmp_path / "log")
    logs.path("web").write_text("x" * 5000 + "\nlast line\n")
    assert logs.tail("web").endswith("x\nlast line")
    assert logs.tail("never started") == ""
