"""The folder for everything that outlives a process (``MLC_VAR_DIR``): how its files are made and written.

Passwords and process lists live here, so folders are 0700 and files 0600 from the moment they exist (a later
chmod would leave a window), and every write is whole or not at all: a reader never sees half a file, also
when the writer is killed between two bytes.
"""

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PRIVATE_FOLDER = 0o700
PRIVATE_FILE = 0o600
PASSABLE_FOLDER = 0o711
"""May be walked through but not listed by others: what a server under another user needs of its parents."""


def private_folder(path: Path) -> Path:
    """Make ``path`` and its parents; only ``path`` itself is closed to others."""
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(PRIVATE_FOLDER)
    return path


def write_private(path: Path, text: str) -> None:
    """Replace ``path`` by ``text`` in one step, readable by its owner alone."""
    handle, scratch = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(scratch).replace(path)
    except BaseException:
        Path(scratch).unlink(missing_ok=True)
        raise


def write_record(path: Path, record: Mapping[str, Any]) -> None:
    """Replace ``path`` by ``record`` as JSON, readable by its owner alone."""
    write_private(path, json.dumps(record, indent=1, sort_keys=True) + "\n")


def read_record(path: Path) -> dict[str, Any]:
    """The record in ``path``; empty where there is none or it is damaged.

    Empty is safe for both users: an endpoint is then chosen anew, and leftover processes are found by their
    mark instead of by the list.
    """
    try:
        record = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}
