"""``ml-connector up`` in a process of its own, with stand-ins for the product's processes."""

import re
import signal
import socket
import stat
import subprocess
import threading
import time
from pathlib import Path

import psutil
import pytest

from connector.errors import ConfigurationError
from connector.runtime import servers, up
from connector.runtime.folders import read_record
from connector.runtime.ports import free_ports, require_free
from connector.runtime.supervisor import FolderInUseError
from connector.runtime.up import flower_login, flower_login_file
from tests.integration.runtime.programs import DEADLINE_S, alive, python

UP = """
import sys
from pathlib import Path
from connector.runtime import ports, processes, up
from connector.runtime.specs import ProcessSpec
environment = {}
def stand_ins(given, ports):
    environment.update(given)
    return [ProcessSpec(name, (sys.executable, "-c", sys.argv[2])) for name in ("web", "worker-ops")]
processes.specs = stand_ins
chosen = ports.free_ports(("web", "flower"))
given = {"MLC_WEB_BIND": f"127.0.0.1:{chosen['web']}", "FLOWER_PORT": str(chosen["flower"])}
up.run(given, Path(sys.argv[1]), say=lambda line: print(line, flush=True))
print("ended", sorted(environment), flush=True)
"""
PATIENT = "import signal; signal.pause()"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\nwhile True: signal.pause()"


def until_up(process: subprocess.Popen[str]) -> list[str]:
    assert process.stdout is not None
    watchdog = threading.Timer(DEADLINE_S, process.terminate)
    watchdog.start()
    lines: list[str] = []
    while not lines or not lines[-1].startswith("Ctrl-C"):
        line = process.stdout.readline()
        assert line, lines
        lines.append(line.rstrip("\n"))
    watchdog.cancel()
    return lines


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_everything_and_leaves_nothing_behind(tmp_path: Path, number: signal.Signals) -> None:
    with subprocess.Popen(python(UP, str(tmp_path), PATIENT), stdout=subprocess.PIPE, text=True) as process:
        lines = until_up(process)
        offspring = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(number)
        rest, _ = process.communicate(timeout=30)
    assert any(re.fullmatch(r"Web:     http://127\.0\.0\.1:[0-9]+", line) for line in lines)
    wanted = ["DATABASE_URL", "FLOWER_BASIC_AUTH", "MLC_VAR_DIR", "REDIS_URL"]
    assert (0, f"ended {wanted}") == (process.returncode, rest.splitlines()[-1])
    assert [] == [child for child in offspring if alive(child.pid)]
    assert {} == read_record(tmp_path / "run" / "supervisor.json")
    assert {} == read_record(tmp_path / "run" / "servers.json")


def test_a_second_signal_waits_for_nobody(tmp_path: Path) -> None:
    stubborn = python(
        UP.replace("sys.argv[2])", "sys.argv[2]), stop_timeout_s=3600"), str(tmp_path), STUBBORN
    )
    with subprocess.Popen(stubborn, stdout=subprocess.PIPE, text=True) as process:
        until_up(process)
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert rest.splitlines()[-1].startswith("ended")


@pytest.mark.parametrize(("variable", "bind"), [("MLC_WEB_BIND", "127.0.0.1:{}"), ("FLOWER_PORT", "{}")])
def test_a_taken_port_is_refused_before_a_process_starts(
    tmp_path: Path, valkey_url: str, variable: str, bind: str
) -> None:
    given = {"DATABASE_URL": "postgresql://given/db", "REDIS_URL": valkey_url}
    said: list[str] = []
    web, flower = free_ports(("web", "flower")).values()
    given |= {"MLC_WEB_BIND": f"127.0.0.1:{web}", "FLOWER_PORT": str(flower)}
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"^Port {port} is in use.$") as caught:
            up.run({**given, variable: bind.format(port)}, tmp_path, say=said.append)
    assert f"Stop that program or set {variable}." == caught.value.cure
    assert [] == said


def test_one_port_for_two_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="MLC_WEB_BIND and FLOWER_PORT name the same port"):
        require_free({"MLC_WEB_BIND": 8000, "FLOWER_PORT": 8000})


def test_a_second_up_on_the_folder_is_refused_at_once(tmp_path: Path) -> None:
    with subprocess.Popen(python(UP, str(tmp_path), PATIENT), stdout=subprocess.PIPE, text=True) as first:
        until_up(first)
        said: list[str] = []
        began_at = time.monotonic()
        with pytest.raises(FolderInUseError, match=rf"in use by .*\(pid {first.pid}\)"):
            up.run({}, tmp_path, say=said.append)
        took_s = time.monotonic() - began_at
        first.terminate()
    assert took_s < servers.TAKE_OVER_TIMEOUT_S / 3
    assert [] == said


def test_flowers_login_is_made_once_and_kept_private(tmp_path: Path) -> None:
    made = flower_login({}, tmp_path)
    user, _, password = made.partition(":")
    assert ("operator", 24) == (user, len(password))
    assert made == flower_login({}, tmp_path)
    assert 0o600 == stat.S_IMODE(flower_login_file(tmp_path).stat().st_mode)


def test_a_given_login_is_used_and_none_is_made(tmp_path: Path) -> None:
    assert "a:b" == flower_login({"FLOWER_BASIC_AUTH": "a:b"}, tmp_path)
    assert not flower_login_file(tmp_path).exists()
