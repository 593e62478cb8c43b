"""The demo where it finds other surroundings: given servers, another user."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
import redis

from connector.runtime.servers import ensure
from tests.acceptance.arrivals import arrivals, booked_documents, broken_promises
from tests.acceptance.demo_process import PROGRAM, DemoProcess

NOBODY = 65534


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short-lived folder that other users may walk through."""
    made = Path(tempfile.mkdtemp(prefix="mlc-acceptance-"))
    made.chmod(0o711)
    yield made
    shutil.rmtree(made)


def test_given_servers_are_used_and_none_of_our_own_is_started(folder: Path) -> None:
    var_dir = folder / "var" / "demo"
    with (
        ensure({}, folder / "servers") as given,
        DemoProcess(var_dir, "--once", extra=given.environment) as demo,
    ):
        assert (0, []) == (demo.ended(), demo.left_behind()), demo.text
        connection = psycopg2.connect(given.database_url)
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM run")
            assert (13,) == cursor.fetchone()
        connection.close()
        with redis.Redis.from_url(given.redis_url, socket_timeout=5) as client:
            assert [] != client.keys("mlc:*")
        assert [] == [secret for secret in given.environment.values() if secret in demo.text]
    assert [] == broken_promises(arrivals(var_dir), booked_documents(demo.text))
    assert not (var_dir / "postgres").exists()
    assert not (var_dir / "valkey").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="is an ordinary user's already")
def test_an_ordinary_user_can_run_it(folder: Path) -> None:
    if not _may_run(NOBODY):
        pytest.skip("the environment lies where an ordinary user may not read")
    home = folder / "home"
    home.mkdir()
    os.chown(home, NOBODY, NOBODY)
    with DemoProcess(home / "var" / "demo", "--once", extra={"HOME": str(home)}, user=NOBODY) as demo:
        assert (0, []) == (demo.ended(), demo.left_behind()), demo.text
    assert [] == broken_promises(arrivals(home / "var" / "demo"), booked_documents(demo.text))
    assert [] == [path for path in (home / "var").rglob("*") if path.stat().st_uid != NOBODY]


def _may_run(user: int) -> bool:
    """Whether ``user`` reaches the program and the interpreter behind it."""
    try:
        done = subprocess.run(
            [str(PROGRAM), "--help"], user=user, group=user, extra_groups=[], capture_output=True, check=False
        )
    except PermissionError:
        return False
    return done.returncode == 0
