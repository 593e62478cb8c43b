"""``ml-connector with-servers``: one program beside the built-in servers."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from connector.errors import ConfigurationError
from connector.runtime import with_servers
from connector.runtime.folders import read_record
from tests.integration.runtime.programs import DEADLINE_S, python

PROGRAM = """
import os, sys
from pathlib import Path
from connector.runtime import with_servers
environ = {**os.environ, "DATABASE_URL": "", "REDIS_URL": ""}
sys.exit(with_servers.run(environ, Path(sys.argv[1]), sys.argv[2:], say=print))
"""
DEAF_ONCE = """
import signal, sys, time
signal.signal(signal.SIGINT, lambda *_: print("heard", flush=True))
print("runs", flush=True)
while True: signal.pause()
"""


def test_its_exit_code_is_passed_on_and_postgresql_s_programs_find_the_server(tmp_path: Path) -> None:
    query = "SELECT current_user, current_database()"
    script = f'psql -X -A -t -c "{query}" && test -n "$DATABASE_URL$REDIS_URL" && umask && exit 7'
    ended = subprocess.run(
        python(PROGRAM, str(tmp_path), "sh", "-c", script),
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    assert (7, "connector|connector\n0077\n") == (ended.returncode, ended.stdout), ended.stderr
    assert {} == read_record(tmp_path / "run" / "servers.json")


def test_a_program_that_is_not_there_is_named_and_a_given_database_is_not_the_built_in_one(
    tmp_path: Path,
) -> None:
    environ = {"PATH": os.environ["PATH"]}
    with pytest.raises(ConfigurationError, match="The program no-such-thing cannot be started: No such file"):
        with_servers.run(environ, tmp_path, ["no-such-thing"], say=print)
    with pytest.raises(ConfigurationError, match="DATABASE_URL is set"):
        with_servers.run({**environ, "DATABASE_URL": "postgresql://x/y"}, tmp_path, ["true"], say=print)


def test_ctrl_c_is_the_program_s_own_and_a_second_one_ends_it(tmp_path: Path) -> None:
    command = python(PROGRAM, str(tmp_path), *python(DEAF_ONCE))
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stdout is not None
        assert "runs\n" == process.stdout.readline()
        os.killpg(process.pid, signal.SIGINT)
        assert "heard\n" == process.stdout.readline()
        os.killpg(process.pid, signal.SIGINT)
        process.communicate(timeout=DEADLINE_S)
    assert 128 + signal.SIGTERM == process.returncode
    assert {} == read_record(tmp_path / "run" / "servers.json")
