"""Files that nobody wrote in good faith: refused at once and plainly, whatever they hold."""

import os
from pathlib import Path

import pytest

from connector.errors import TenantFileError
from connector.tenants.toml_file import read_tenant_file
from tests.unit.tenants.test_toml_file import ENVIRON, SMALLEST, read


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "muster.toml"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a = " + "[" * 2000 + "]" * 2000, "toml_beyond_reason"),
        ("a = [\n" + "[\n" * 50_000 + "]\n" * 50_001, "toml_beyond_reason"),
        ("a = [\n" + "[\n" * 100 + "]\n" * 101, "toml_beyond_reason"),
        (".".join(["a"] * 2000) + " = 1", "toml_beyond_reason"),
        (".".join(["a"] * 50_000) + " = 1", "line_too_long"),
        ("a = " + "{a=" * 1000 + "1" + "}" * 1000, "toml_beyond_reason"),
        ("a = " + "9" * 4096, "line_too_long"),
        ("a = 1e" + "9" * 30, "toml_beyond_reason"),
        ("a = 0x" + "f" * 5000, "line_too_long"),
    ],
)
def test_a_file_beyond_all_reason_is_refused_at_once(file: Path, text: str, code: str) -> None:
    with pytest.raises(TenantFileError) as raised:
        read(file, text)
    assert code == raised.value.code


@pytest.mark.parametrize(
    "moment",
    ["0001-01-01", "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00", "9999-12-31", "1999-12-31"],
)
def test_a_go_live_at_the_ends_of_the_calendar_is_refused(file: Path, moment: str) -> None:
    with pytest.raises(TenantFileError) as raised:
        read(file, SMALLEST.replace("2027-01-01", moment))
    assert [("date_out_of_range", "line 3, go_live_at")] == [
        (problem.code, problem.field) for problem in raised.value.problems
    ]


def test_what_is_no_regular_file_is_neither_waited_for_nor_read_to_its_end(file: Path) -> None:
    os.mkfifo(file)
    for path in (file, Path("/dev/zero"), file.parent):
        with pytest.raises(TenantFileError) as raised:
            read_tenant_file(path, ENVIRON)
        assert "file_unreadable" == raised.value.code


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("/dev/zero", "no regular file"),
        ("pipe", "no regular file"),
        ("large", "larger than 64 KiB"),
        ("a\\u0000b", "no name may hold"),
    ],
)
def test_a_secret_from_what_is_no_small_file_is_refused(file: Path, place: str, said: str) -> None:
    os.mkfifo(file.parent / "pipe")
    (file.parent / "large").write_bytes(b"x" * (64 * 1024 + 1))
    with pytest.raises(TenantFileError, match=said):
        read(file, SMALLEST.replace('{ env = "MUSTER_WEBHOOK_PASSWORD" }', f'{{ file = "{place}" }}'))
