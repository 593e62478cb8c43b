"""Procfile, docker-compose.yml, the table and the declared queues must name the same processes."""

import importlib
import re
import runpy
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from gunicorn.workers.gthread import ThreadWorker

from connector.runtime import processes
from connector.runtime.processes import PROCESSES, REPOSITORY, Ports
from tasks.queues import QUEUES

CELERY_HARD_LIMIT_S = 120


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text("utf-8"))


def procfile() -> dict[str, list[str]]:
    lines = (REPOSITORY / "Procfile").read_text("utf-8").splitlines()
    return {name: shlex.split(command) for name, command in (line.split(": ", 1) for line in lines)}


def product_services(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: service for name, service in compose["services"].items() if "build" in service}


def test_the_procfile_holds_the_table() -> None:
    assert {process.name: list(process.command) for process in PROCESSES} == procfile()


def test_the_compose_file_holds_the_table(compose: dict[str, Any]) -> None:
    services = product_services(compose)
    assert {process.name: list(process.command) for process in PROCESSES} == {
        name: service["command"] for name, service in services.items()
    }


def test_every_queue_has_exactly_one_worker_process_type() -> None:
    served = [
        process.command[process.command.index("-Q") + 1] for process in PROCESSES if "-Q" in process.command
    ]
    assert list(QUEUES) == served
    assert [f"worker-{queue}" for queue in QUEUES] == [p.name for p in PROCESSES if "-Q" in p.command]


def test_a_worker_may_finish_its_task_before_it_is_killed(compose: dict[str, Any]) -> None:
    for queue in QUEUES:
        assert compose["services"][f"worker-{queue}"]["stop_grace_period"] == "150s"
    graces = {process.stop_timeout_s for process in PROCESSES if process.name.startswith("worker-")}
    assert graces == {150.0}
    assert min(graces) > CELERY_HARD_LIMIT_S


def test_the_compose_file_publishes_on_the_loopback_address_only(compose: dict[str, Any]) -> None:
    published = [port for service in compose["services"].values() for port in service.get("ports", [])]
    assert ["127.0.0.1:8000:8000", "127.0.0.1:5555:5555"] == published


def test_the_compose_file_has_no_password_of_its_own() -> None:
    text = (REPOSITORY / "docker-compose.yml").read_text("utf-8")
    used = re.findall(r"(?<!\$)\$\{([^}]*)\}", text)
    assert {"POSTGRES_PASSWORD", "REDIS_PASSWORD", "FLOWER_BASIC_AUTH"} == {
        name.split(":")[0] for name in used
    }
    assert all(re.match(r"[A-Z_]+:\?.+", name) for name in used), used


def test_every_container_is_watched_or_says_that_it_need_not_be(compose: dict[str, Any]) -> None:
    by_image = {"web"}  # the Dockerfile's check is web's
    assert set(compose["services"]) - by_image <= {
        name for name, service in compose["services"].items() if "healthcheck" in service
    }


def test_the_product_starts_after_the_migration(compose: dict[str, Any]) -> None:
    for name, service in product_services(compose).items():
        if name != "release":
            assert service["depends_on"]["release"] == {"condition": "service_completed_successfully"}, name


def test_no_secret_is_on_a_command_line() -> None:
    environment = {"DATABASE_URL": "postgresql://u:geheim@h/d", "FLOWER_BASIC_AUTH": "operator:geheim"}
    for spec in processes.specs(environment, Ports(8000, 5555, 8001)):
        assert not [part for part in spec.argv if "geheim" in part]
        assert spec.env["FLOWER_BASIC_AUTH"] == "operator:geheim"
        assert "geheim" not in repr(spec)


def test_the_sandbox_starts_after_the_migration_and_only_where_it_has_a_port() -> None:
    with_sandbox = [spec.name for spec in processes.specs({}, Ports(8000, 5555, 8001))]
    assert ["release", "sandbox", "web"] == with_sandbox[:3]
    assert [process.name for process in PROCESSES] == [
        spec.name for spec in processes.specs({}, Ports(8000, 5555))
    ]


def test_web_and_sandbox_listen_on_their_own_ports() -> None:
    environment = {"MLC_VAR_DIR": "/srv/var"}
    specs = {spec.name: spec for spec in processes.specs(environment, Ports(20001, 20002, 20003))}
    assert specs["web"].env["MLC_WEB_BIND"] == "127.0.0.1:20001"
    assert specs["flower"].env["FLOWER_PORT"] == "20002"
    assert specs["sandbox"].env["MLC_WEB_BIND"] == "127.0.0.1:20003"
    assert specs["sandbox"].env["WEB_CONCURRENCY"] == "1"
    assert specs["sandbox"].env["MLC_SANDBOX_STATE_DIR"] == "/srv/var/sandbox"


@pytest.mark.parametrize("login", [None, "", "operator", "operator:", ":password"])
def test_flower_refuses_to_start_without_a_user_and_a_password(
    monkeypatch: pytest.MonkeyPatch, login: str | None
) -> None:
    monkeypatch.delenv("FLOWER_BASIC_AUTH", raising=False)
    if login is not None:
        monkeypatch.setenv("FLOWER_BASIC_AUTH", login)
    with pytest.raises(SystemExit, match="FLOWER_BASIC_AUTH"):
        runpy.run_path(str(REPOSITORY / "config" / "flowerconfig.py"))


def test_flower_refuses_to_open_its_api(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOWER_BASIC_AUTH", "operator:password")
    monkeypatch.setenv("FLOWER_UNAUTHENTICATED_API", "true")
    with pytest.raises(SystemExit, match="FLOWER_UNAUTHENTICATED_API"):
        runpy.run_path(str(REPOSITORY / "config" / "flowerconfig.py"))


def test_flower_listens_on_the_loopback_address_unless_told_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FLOWER_BASIC_AUTH", "operator:password")
    for name in ("FLOWER_ADDRESS", "FLOWER_PORT", "FLOWER_UNAUTHENTICATED_API"):
        monkeypatch.delenv(name, raising=False)
    config = runpy.run_path(str(REPOSITORY / "config" / "flowerconfig.py"))
    assert ("127.0.0.1", 5555, ["operator:password"]) == (
        config["address"],
        config["port"],
        config["basic_auth"],
    )


def test_gunicorn_serves_two_processes_of_four_threads_and_writes_no_access_log(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("WEB_CONCURRENCY", "MLC_WEB_THREADS", "MLC_WEB_BIND"):
        monkeypatch.delenv(name, raising=False)
    config = runpy.run_path(str(REPOSITORY / "config" / "gunicorn.conf.py"))
    module, _dot, name = config["worker_class"].rpartition(".")
    assert issubclass(getattr(importlib.import_module(module), name), ThreadWorker)
    assert (2, 4) == (config["workers"], config["threads"])
    assert config["bind"] == "127.0.0.1:8000"
    assert config["accesslog"] is None


@pytest.fixture
def makefile(tmp_path: Path) -> Path:
    """A copy of the Makefile in an empty folder; what it would install stays out of reach."""
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    for name in ("Makefile", "setup.cfg", "setup.py"):
        shutil.copy(REPOSITORY / name, tmp_path)
    return tmp_path


def fake_python(folder: Path, script: str) -> Path:
    program = folder / "fake-python"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return program


def make(folder: Path, python: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", "test", f"PYTHON={python}"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_make_says_which_python_it_needs(makefile: Path) -> None:
    old = fake_python(makefile, 'case "$1" in --version) echo Python 3.9.2;; *) exit 1;; esac')
    done = make(makefile, old)
    assert done.returncode != 0
    assert f"ml-connector needs Python 3.11 or newer; {old} is Python 3.9.2." in done.stdout


def test_make_says_which_debian_package_is_missing(makefile: Path) -> None:
    script = 'case "$2" in *ensurepip*) exit 1;; *print*) echo python3.11-venv;; esac'
    done = make(makefile, fake_python(makefile, script))
    assert done.returncode != 0
    assert "apt-get install python3.11-venv" in done.stdout
