"""An earlier version of the product, its workers beside those of today: the middle of a rolling deploy."""

import os
import subprocess
import tarfile
from dataclasses import replace
from io import BytesIO
from pathlib import Path

from connector.runtime.processes import REPOSITORY
from connector.runtime.specs import ProcessSpec

FOLDER = "older"
"""Of a world, with the older version in it."""

MIGRATIONS = "connector/store/migrations/versions"

_GIT_TIMEOUT_S = 60


def beside_an_older_worker(usual: list[ProcessSpec], folder: Path) -> list[ProcessSpec]:
    """Add each worker once more, of the last version before the newest migration.

    It works on a schema that it does not know. Where there is no history it is the same code under another
    name, and the output says so.
    """
    newest = _git("log", "-1", "--format=%h", "--", MIGRATIONS).decode().strip()
    older = REPOSITORY
    if newest:
        older = folder / FOLDER
        with tarfile.open(fileobj=BytesIO(_git("archive", "--format=tar", f"{newest}~1"))) as archive:
            archive.extractall(older, filter="data")
    what = f"the version before {newest}" if newest else "the same version, for want of a history"
    print(f"Older workers: {what}.", flush=True)
    return [*usual, *(_older(spec, older) for spec in usual if spec.name.startswith("worker-"))]


def _older(spec: ProcessSpec, older: Path) -> ProcessSpec:
    hooks = spec.env["PYTHONPATH"].split(os.pathsep)[0]
    return replace(
        spec,
        name=f"older-{spec.name}",
        argv=tuple(part.replace("@%h", "-older@%h") for part in spec.argv),
        env={**spec.env, "PYTHONPATH": os.pathsep.join([hooks, str(older)])},
        cwd=older,
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
