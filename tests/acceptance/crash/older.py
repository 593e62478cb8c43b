"""An earlier version of the product, its workers beside those of today: the middle of a rolling deploy."""

import os
import subprocess
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path

from connector.runtime.processes import REPOSITORY
from connector.runtime.specs import ProcessSpec

MIGRATIONS = "connector/store/migrations/versions"

_GIT_TIMEOUT_S = 60


@dataclass(frozen=True, slots=True)
class Older:
    """Where it lies, and what it is."""

    folder: Path
    what: str


def older_version() -> Older:
    """The last version before the newest migration: it works on a schema that it does not know.

    Where there is no history, the same code under another name.
    """
    newest = _git("log", "-1", "--format=%H", "--", MIGRATIONS).decode().strip()
    if not newest:
        return Older(REPOSITORY, "the same version: there is no history here")
    folder = Path(tempfile.mkdtemp(prefix="mlc-older-"))
    with tarfile.open(fileobj=BytesIO(_git("archive", "--format=tar", f"{newest}~1"))) as archive:
        archive.extractall(folder, filter="data")
    return Older(folder, f"the version before {newest[:7]}")


def beside_an_older_worker(older: Older) -> Callable[[list[ProcessSpec]], list[ProcessSpec]]:
    """A function that adds to a table of processes each worker once more, from the older version."""

    def also(usual: list[ProcessSpec]) -> list[ProcessSpec]:
        return [*usual, *(_older(spec, older) for spec in usual if spec.name.startswith("worker-"))]

    return also


def _older(spec: ProcessSpec, older: Older) -> ProcessSpec:
    hooks = spec.env["PYTHONPATH"].split(os.pathsep)[0]
    return replace(
        spec,
        name=f"older-{spec.name}",
        argv=tuple(part.replace("@%h", "-older@%h") for part in spec.argv),
        env={**spec.env, "PYTHONPATH": os.pathsep.join([hooks, str(older.folder)])},
        cwd=older.folder,
    )


def _git(*arguments: str) -> bytes:
    try:
        done = subprocess.run(
            ["git", "-C", str(REPOSITORY), *arguments],
            capture_output=True,
            check=True,
            timeout=_GIT_TIMEOUT_S,
        )
    except (OSError, subprocess.SubprocessError):
        return b""
    return done.stdout
