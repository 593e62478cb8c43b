"""The embedded PostgreSQL and Valkey: real ones, killed and stopped."""

import contextlib
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg2
import pytest
import redis

from connector.errors import ConfigurationError
from connector.runtime import accounts, servers
from connector.runtime.folders import read_record
from connector.runtime.leftovers import marked_processes, processes_working_in
from connector.runtime.servers import RunningServers, ensure
from connector.runtime.specs import Event, EventKind
from connector.runtime.supervisor import FolderInUseError
from tests.integration.runtime.programs import alive, eventually, python, run_script

ROOT = os.geteuid() == 0
NOBODY = 65534
FAST = {"fsync": "off"}


@pytest.fixture
def var_dir() -> Iterator[Path]:
    """A folder that any user may walk to (pytest's own is closed), checked to be left without processes."""
    folder = Path(tempfile.mkdtemp(prefix="mlc-test-"))
    folder.chmod(0o755)
    yield folder
    left = [process for process in marked_processes(f"{folder.resolve()}:") if alive(process.pid)]
    left += [process for process in processes_working_in(folder / "postgres" / "data") if alive(process.pid)]
    for process in left:
        process.kill()
    shutil.rmtree(folder)
    assert [] == left


def query(url: str, statement: str) -> list[tuple[object, ...]]:
    connection = psycopg2.connect(url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall()) if cursor.description else []
    finally:
        connection.close()


def valkey(running: RunningServers) -> "redis.Redis":
    return redis.Redis.from_url(running.redis_url, socket_timeout=5)


def server_pid(var_dir: Path, name: str) -> int:
    entries = read_record(var_dir / "run" / "servers.json").get("processes", [])
    return next((entry["pid"] for entry in entries if entry["name"] == name), 0)


def test_both_servers_keep_their_data_and_addresses_over_a_clean_stop(var_dir: Path) -> None:
    with ensure({}, var_dir, postgres_options=FAST) as first:
        query(first.database_url, "CREATE TABLE kept AS SELECT 'Müller'::text AS name")
        with valkey(first) as client:
            client.set("kept", "yes")
    with ensure({}, var_dir, postgres_options=FAST) as second:
        assert first == second
        assert [("Müller",)] == query(second.database_url, "SELECT name FROM kept")
        with valkey(second) as client:
            assert b"yes" == client.get("kept")
    assert [] == processes_working_in(var_dir / "postgres" / "data")


def test_both_servers_stand_up_again_at_their_address_after_sigkill_and_keep_what_was_committed(
    var_dir: Path,
) -> None:
    events: list[Event] = []
    with ensure({}, var_dir, on_event=events.append) as running:
        query(running.database_url, "CREATE TABLE kept AS SELECT 1 AS number")
        with valkey(running) as client:
            client.set("kept", "yes")
            # The file is synchronised every second; what the kernel has survives the death of the server.
            client.execute_command("WAITAOF", 1, 0, 2000)
        sleeping = psycopg2.connect(running.database_url)
        for name in ("postgres", "valkey"):
            os.kill(server_pid(var_dir, name), signal.SIGKILL)
        eventually(lambda: {"postgres", "valkey"} <= restarted(events), "both servers started again")

        def rows() -> object:
            try:
                return query(running.database_url, "SELECT number FROM kept")
            except psycopg2.OperationalError:
                return None

        eventually(lambda: rows() == [(1,)], "PostgreSQL answers")
        sleeping.close()

        def value() -> object:
            with valkey(running) as client:
                try:
                    return client.get("kept")
                except redis.RedisError:
                    return None

        eventually(lambda: value() == b"yes", "Valkey answers")


def restarted(events: list[Event]) -> set[str]:
    died = [event.process for event in events if event.kind is EventKind.DIED]
    started = [event.process for event in events if event.kind is EventKind.STARTED]
    return {name for name in died if started.count(name) > died.count(name)}


OWNER = """
import os, sys
from pathlib import Path
from connector.runtime.servers import ensure
with ensure({}, Path(sys.argv[1]), postgres_options={"fsync": "off"}) as running:
    print(running.database_url, flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("stale_number", [False, True], ids=["own number", "number of another process"])
def test_servers_of_a_killed_owner_are_ended_and_started_anew_with_their_data(
    var_dir: Path, stale_number: bool
) -> None:
    owner = subprocess.Popen(
        python(OWNER, str(var_dir)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert owner.stdout is not None
    assert owner.stdin is not None
    url = owner.stdout.readline().strip()
    query(url, "CREATE TABLE kept AS SELECT 1 AS number")
    old = [server_pid(var_dir, "postgres"), server_pid(var_dir, "valkey")]
    backends = [process.pid for process in psutil.Process(old[0]).children()]
    owner.kill()
    owner.wait()
    owner.stdout.close()
    owner.stdin.close()
    if stale_number:
        # As in a container that starts anew: all are dead, and the number is somebody else's, here ours.
        for pid in [*old, *backends]:
            if alive(pid):
                os.kill(pid, signal.SIGKILL)
        eventually(lambda: not any(alive(pid) for pid in [*old, *backends]), "all servers are dead")
        pid_file = var_dir / "postgres" / "data" / "postmaster.pid"
        lines = pid_file.read_text().splitlines(keepends=True)
        pid_file.write_text("".join([f"{os.getpid()}\n", *lines[1:]]))
    events: list[Event] = []
    with ensure({}, var_dir, postgres_options=FAST, on_event=events.append) as running:
        assert [] == [pid for pid in [*old, *backends] if alive(pid)]
        assert url == running.database_url
        assert [(1,)] == query(url, "SELECT number FROM kept")
    leftovers_ended = {event.pid for event in events if event.kind is EventKind.LEFTOVER}
    assert (set() if stale_number else set(old)) == leftovers_ended & set(old)


def test_a_second_caller_uses_the_running_servers_and_leaves_them_running(var_dir: Path) -> None:
    with ensure({}, var_dir, postgres_options=FAST) as owner:
        before = server_pid(var_dir, "postgres")
        answer = run_script(SECOND, str(var_dir))
        assert f"True {owner.database_url} {owner.redis_url}\n" == answer.stdout, answer.stderr
        assert before == server_pid(var_dir, "postgres")
        assert [(1,)] == query(owner.database_url, "SELECT 1")


SECOND = """
import sys
from pathlib import Path
from connector.runtime.servers import ensure
with ensure({}, Path(sys.argv[1])) as running:
    print(running.borrowed, running.database_url, running.redis_url)
"""


def test_the_owner_waits_for_its_guest_before_it_stops_the_servers(var_dir: Path) -> None:
    guest_is_in, owner_may_end = threading.Event(), threading.Event()
    answers: list[object] = []

    def guest() -> None:
        with ensure({}, var_dir) as running:
            guest_is_in.set()
            owner_may_end.wait(20)
            answers.append((running.borrowed, query(running.database_url, "SELECT 1")))

    with ensure({}, var_dir, postgres_options=FAST):
        thread = threading.Thread(target=guest)
        thread.start()
        assert guest_is_in.wait(20)
        threading.Timer(0.2, owner_may_end.set).start()
    thread.join()
    assert [(True, [(1,)])] == answers


def test_who_must_own_the_servers_is_told_who_has_them(
    var_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(servers, "TAKE_OVER_TIMEOUT_S", 0.1)
    with (
        ensure({}, var_dir, postgres_options=FAST),
        pytest.raises(FolderInUseError, match=rf"\(pid {os.getpid()}\)"),
        ensure({}, var_dir, exclusive=True),
    ):
        pytest.fail("two owners")


def test_given_servers_are_used_and_nothing_is_started(var_dir: Path) -> None:
    given = {"DATABASE_URL": "postgresql://given/db", "REDIS_URL": "redis://given/0"}
    with ensure(given, var_dir) as running:
        assert given == running.environment
        assert () == running.started
    assert [] == list(var_dir.iterdir())


def test_only_the_server_that_is_not_given_is_started(var_dir: Path) -> None:
    with ensure({"DATABASE_URL": "postgresql://given/db"}, var_dir) as running:
        assert ("valkey",) == running.started
        assert "postgresql://given/db" == running.database_url
    assert not (var_dir / "postgres").exists()


def test_a_port_taken_meanwhile_is_replaced_and_the_password_kept(var_dir: Path) -> None:
    import socket

    with ensure({"DATABASE_URL": "postgresql://given/db"}, var_dir) as first:
        pass
    before = read_record(var_dir / "valkey" / "endpoint.json")
    with socket.socket() as thief:
        thief.bind(("127.0.0.1", before["port"]))
        thief.listen()
        with ensure({"DATABASE_URL": "postgresql://given/db"}, var_dir) as second, valkey(second) as client:
            assert client.ping()
    after = read_record(var_dir / "valkey" / "endpoint.json")
    assert before["port"] != after["port"]
    assert before["password"] == after["password"]
    assert first.redis_url != second.redis_url


def test_passwords_are_asked_for_and_neither_shown_nor_readable_by_others(var_dir: Path) -> None:
    with ensure({}, var_dir, postgres_options=FAST) as running:
        passwords = [
            read_record(var_dir / name / "endpoint.json")["password"] for name in ("postgres", "valkey")
        ]
        for wrong in ("", "wrong"):
            with pytest.raises(psycopg2.OperationalError, match="password"):
                query(running.database_url.replace(passwords[0], wrong), "SELECT 1")
        with (
            redis.Redis.from_url(running.redis_url.replace(passwords[1], "wrong")) as client,
            pytest.raises(redis.AuthenticationError),
        ):
            client.ping()
        for name in ("postgres", "valkey"):
            line = psutil.Process(server_pid(var_dir, name)).cmdline()
            assert not [part for part in line if any(password in part for password in passwords)]
        assert not [password for password in passwords if password in repr(running)]
    holding = [path for path in var_dir.rglob("*") if path.is_file() and holds(path, passwords)]
    assert {"endpoint.json", "valkey.conf"} == {path.name for path in holding}
    assert {0o600} == {stat.S_IMODE(path.stat().st_mode) for path in holding}


def holds(path: Path, passwords: list[str]) -> bool:
    content = path.read_bytes()
    return any(password.encode() in content for password in passwords)


def test_the_servers_listen_on_the_loopback_address_only(var_dir: Path) -> None:
    with ensure({}, var_dir, postgres_options=FAST):
        listening = {
            name: {
                (connection.laddr.ip, connection.status)
                for connection in psutil.Process(server_pid(var_dir, name)).net_connections()
                if connection.status == psutil.CONN_LISTEN
            }
            for name in ("postgres", "valkey")
        }
    loopback = {("127.0.0.1", psutil.CONN_LISTEN)}
    assert {"postgres": loopback, "valkey": loopback} == listening


def test_valkey_keeps_its_queue_on_disk_and_refuses_rather_than_forgets(var_dir: Path) -> None:
    with ensure({"DATABASE_URL": "postgresql://given/db"}, var_dir) as running, valkey(running) as client:
        settings = client.config_get("append*", "maxmemory-policy")
    wanted = {"appendonly": "yes", "appendfsync": "everysec", "maxmemory-policy": "noeviction"}
    assert wanted == {name: settings[name] for name in wanted}


def test_a_cluster_that_was_half_made_is_made_again(var_dir: Path) -> None:
    (var_dir / "postgres" / "data.new").mkdir(parents=True)
    (var_dir / "postgres" / "data.new" / "PG_VERSION").write_text("18\n")
    with ensure({}, var_dir, postgres_options=FAST) as running:
        assert [(1,)] == query(running.database_url, "SELECT 1")
    assert not (var_dir / "postgres" / "data.new").exists()


@pytest.mark.skipif(not ROOT, reason="only root can become another user")
class TestAsAnotherUser:
    """The ways to run a server that refuses to run as root."""

    def test_root_without_namespaces_runs_the_server_as_nobody(
        self, var_dir: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(accounts, "ELSEWHERE", var_dir)
        monkeypatch.setattr(accounts, "_namespace_prefix", lambda: ("false",))
        with ensure({}, var_dir, postgres_options=FAST) as running:
            assert NOBODY == psutil.Process(server_pid(var_dir, "postgres")).uids().real
            assert [(1,)] == query(running.database_url, "SELECT 1")
        assert NOBODY == (var_dir / "postgres" / "data").stat().st_uid
        monkeypatch.undo()
        with ensure({}, var_dir, postgres_options=FAST) as running:
            assert [(1,)] == query(running.database_url, "SELECT 1")

    def test_data_that_nobody_cannot_reach_go_elsewhere_and_we_say_so(
        self, var_dir: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        reachable = var_dir / "elsewhere"
        reachable.mkdir(mode=0o1777)
        closed = var_dir / "closed"
        closed.mkdir(mode=0o700)
        monkeypatch.setattr(accounts, "ELSEWHERE", reachable)
        monkeypatch.setattr(accounts, "_namespace_prefix", lambda: ("false",))
        said: list[str] = []
        with ensure({}, closed / "var", postgres_options=FAST, say=said.append) as running:
            query(running.database_url, "CREATE TABLE kept AS SELECT 1 AS number")
        assert 1 == len(said)
        assert str(reachable) in said[0]
        monkeypatch.undo()
        monkeypatch.setattr(accounts, "ELSEWHERE", reachable)
        with ensure({}, closed / "var", postgres_options=FAST, say=said.append) as running:
            assert [(1,)] == query(running.database_url, "SELECT number FROM kept")
        assert 2 == len(said)

    def test_a_folder_elsewhere_that_is_not_ours_is_refused(self, var_dir: Path) -> None:
        trap = var_dir / "trap"
        trap.mkdir()
        os.chown(trap, NOBODY, NOBODY)
        with pytest.raises(ConfigurationError, match="belongs to somebody else"):
            accounts._own_folder(trap)
        trap.rmdir()
        trap.symlink_to(var_dir)
        with pytest.raises(ConfigurationError, match="belongs to somebody else"):
            accounts._own_folder(trap)

    def test_an_ordinary_user_runs_both_servers(self, var_dir: Path) -> None:
        os.chown(var_dir, NOBODY, NOBODY)
        answer = run_script(ORDINARY, str(var_dir), interpreter=interpreter_for(NOBODY), user=NOBODY)
        assert "65534 ok [(1,)]\n" == answer.stdout, answer.stderr

    def test_a_user_without_a_name_runs_both_servers(self, var_dir: Path) -> None:
        interpreter = interpreter_for(54321)
        if subprocess.run(["unshare", "--user", "true"], user=54321, check=False).returncode != 0:
            pytest.skip("user namespaces are forbidden here")
        os.chown(var_dir, 54321, 54321)
        answer = run_script(ORDINARY, str(var_dir), interpreter=interpreter, user=54321)
        assert "54321 ok [(1,)]\n" == answer.stdout, answer.stderr


def interpreter_for(user: int) -> str:
    """A Python that the user can start: the environment's own may lie in root's home."""
    for interpreter in (sys.executable, f"/usr/bin/python3.{sys.version_info.minor}"):
        with contextlib.suppress(OSError):
            answer = run_script("import connector.runtime.servers", interpreter=interpreter, user=user)
            if answer.returncode == 0:
                return interpreter
    pytest.skip("an ordinary user can reach neither Python nor this copy of the repository")


ORDINARY = """
import os, sys
from pathlib import Path
import psycopg2, redis
from connector.runtime.servers import ensure
with ensure({}, Path(sys.argv[1]), postgres_options={"fsync": "off"}) as running:
    redis.Redis.from_url(running.redis_url).ping()
    cursor = psycopg2.connect(running.database_url).cursor()
    cursor.execute("SELECT 1")
    print(os.getuid(), "ok", cursor.fetchall())
"""
