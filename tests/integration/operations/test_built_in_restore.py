"""Backup and restore of the built-in PostgreSQL, by the very lines of docs/deployment.md and runbook.md."""

import json
import os
import re
import signal
import stat
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from connector.runtime.folders import read_record
from connector.runtime.ports import free_port
from connector.runtime.probe import healthy
from tests.unit.cli.console import OUR_VARIABLES
from tests.unit.cli.deals import write_tenant

REPOSITORY = Path(__file__).parents[3]
BIN = Path(sys.executable).parent
DEADLINE_S = 120.0


@dataclass(frozen=True)
class Installation:
    """A machine on which nothing is given: database, Redis and keys lie in the folder ``var``."""

    folder: Path

    @property
    def environ(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(OUR_VARIABLES)}
        return {
            **kept,
            "PATH": f"{BIN}:{kept['PATH']}",
            "MLC_VAR_DIR": str(self.folder / "var"),
            "NOT_SET_ANYWHERE": "token",
        }

    def shell(self, script: str, stdin: str = "") -> str:
        """Run lines as an operator types them; every one must work."""
        done = subprocess.run(
            ["sh", "-ec", script],
            cwd=self.folder,
            env=self.environ,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            check=False,
        )
        assert 0 == done.returncode, done.stderr
        return done.stdout

    def tenant(self) -> tuple[int, bool, str | None]:
        """Version of the configuration, and whether and why it is parked."""
        [found] = json.loads(self.shell("ml-connector tenant list --format json"))
        return found["config_version"], found["parked"], found["parked_code"]


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    """Nothing is there yet."""
    tmp_path.chmod(0o711)  # PostgreSQL may run as another user
    return Installation(tmp_path)


def lines_of(page: str, beginning: str) -> str:
    """The block of a page whose first line begins so."""
    text = (REPOSITORY / "docs" / page).read_text("utf-8")
    blocks = re.findall(r"^ *```\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE)
    [found] = [block for block in blocks if block.lstrip().startswith(beginning)]
    return str(found)


def test_the_documented_lines_back_the_built_in_database_up_and_put_it_back(
    installation: Installation,
) -> None:
    path = Path(write_tenant(installation.folder))
    installation.shell(f"umask 022; ml-connector tenant apply {path}")
    listed = installation.shell(lines_of("deployment.md", "ml-connector with-servers pg_dump"))
    dump = installation.folder / "connector.dump"
    path.write_text(path.read_text("utf-8") + '\n[hours]\nstart = "06:00"\nend = "20:00"\n', "utf-8")
    installation.shell(f"ml-connector tenant apply {path}")
    before = installation.tenant()

    installation.shell(lines_of("runbook.md", "ml-connector with-servers pg_restore"), stdin="y\n")

    assert "TABLE DATA public tenant" in listed
    assert 0o600 == stat.S_IMODE(dump.stat().st_mode)
    assert (2, False, None) == before
    assert (1, True, "restored_from_backup") == installation.tenant()


def test_web_alone_runs_beside_the_servers_and_other_commands_meanwhile(installation: Installation) -> None:
    port = free_port(())
    line = lines_of("runbook.md", "ml-connector with-servers gunicorn")
    installation.shell("ml-connector migrate")
    environ = {**installation.environ, "MLC_WEB_BIND": f"127.0.0.1:{port}", "WEB_CONCURRENCY": "1"}
    with subprocess.Popen(["sh", "-c", f"exec {line}"], cwd=REPOSITORY, env=environ) as process:
        deadline = time.monotonic() + DEADLINE_S
        while not healthy(port, "/readyz"):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert "[]" == installation.shell("ml-connector tenant list --format json").strip()
        process.send_signal(signal.SIGTERM)
        ended = process.wait(DEADLINE_S)
    assert 0 == ended
    assert not healthy(port, "/healthz")
    assert {} == read_record(installation.folder / "var" / "run" / "servers.json")
