"""Files that nobody meant: refused at once by every command that brings one in, before anything is read."""

import json
import os
from pathlib import Path

import pytest

from connector.cli.bundle_file import LARGEST_BUNDLE
from connector.cli.given_file import LARGEST_FILE, read_given_file
from connector.errors import DataError
from tests.unit.cli.console import command
from tests.unit.cli.deals import bundle, write_bundle, write_tenant

COMMANDS = (
    ("rates", "import"),
    ("rates", "import", "--dry-run"),
    ("debtors", "import", "--tenant", "acme"),
    ("debtors", "import", "--tenant", "acme", "--dry-run"),
    ("audit", "verify", "--heads"),
    ("preview", "--tenant", "{folder}/tenant.toml", "--bundle", "{folder}/bundle.json", "--rates"),
)


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_devices_and_pipes_are_neither_read_nor_waited_for(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    arguments = tuple(one.format(folder=tmp_path) for one in arguments)
    if arguments[0] == "preview":
        write_tenant(tmp_path)
        write_bundle(tmp_path, bundle())
    for path in (Path("/dev/zero"), pipe):
        shown = command(*arguments, str(path), environ={"MLC_VAR_DIR": str(tmp_path / "var")})
        assert (1, "") == (shown.exit_code, shown.stdout)
        assert (
            f"Error: The file {path} cannot be read: it is no regular file.\n"
            "  → Name the file to be brought in.\n"
        ) == shown.stderr
    assert not (tmp_path / "var").exists(), "no server was started for it"


def test_a_file_is_read_up_to_the_bound_and_not_beyond(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(b"12345")
    assert b"12345" == read_given_file(path, 5)
    with pytest.raises(DataError, match="it has more than 0 MiB"):
        read_given_file(path, 4)
    assert 64 * 1024 * 1024 == LARGEST_FILE


def test_a_bundle_comes_from_a_regular_file_or_from_stdin(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    options = ("preview", "--tenant", write_tenant(tmp_path), "--bundle")
    for path in (Path("/dev/zero"), pipe):
        shown = command(*options, str(path))
        assert (1, "") == (shown.exit_code, shown.stdout)
        assert f"The bundle {path} cannot be read: it is no regular file. [--bundle]" in shown.stderr
    large = tmp_path / "large.json"
    with large.open("wb") as file:
        file.truncate(LARGEST_BUNDLE + 1)
    assert "it is larger than any deal" in command(*options, str(large)).stderr
    assert "it is larger than any deal" in command(*options, "-", stdin=" " * (LARGEST_BUNDLE + 1)).stderr
    assert 0 == command(*options, "-", stdin=json.dumps(bundle())).exit_code
