"""The courier against a real HTTP receiver: headers, retries, the ban, and a killed sandbox."""

import base64
import hashlib
import hmac
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.integration.serving import POLL_S
from tests.unit.sandbox.driver import Driver
from webapp.sandbox import courier, create_app

DEADLINE_S = 20.0
DEALS = "/pipedrive/accounts/acme/deals"


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < end, "the expected state did not come in time"
        time.sleep(0.02)


@dataclass
class Receiver:
    """Answers with the given statuses in turn (the last one for ever) and keeps what it got."""

    statuses: list[int] = field(default_factory=lambda: [204])
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""

    def bodies(self) -> list[Any]:
        return [json.loads(raw) for _, raw in self.got]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    state = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            state.got.append((dict(self.headers), raw))
            self.send_response(state.statuses.pop(0) if len(state.statuses) > 1 else state.statuses[0])
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
    thread = threading.Thread(target=server.serve_forever, args=(POLL_S,), daemon=True)
    thread.start()
    yield state
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def acme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Driver]:
    """A delivering sandbox whose waiting times are a two-hundredth, with one open deal.

    Nobody looks into its queue without being woken: a missed wake shows as a delivery that does not come.
    """
    monkeypatch.setenv("MLC_TIME_SCALE", "0.005")
    monkeypatch.setattr(courier, "IDLE_S", 10 * DEADLINE_S)
    app = create_app(str(tmp_path))
    driver = Driver(app.test_client())
    driver.make_account()
    driver.seed(deals=[{"title": "Beratung"}])
    yield driver
    app.extensions["sandbox"].close()


def states(driver: Driver) -> list[str]:
    return [parcel["state"] for parcel in driver.arrivals()["deliveries"]]


def test_a_delivery_carries_basic_and_is_marked_delivered(acme: Driver, receiver: Receiver) -> None:
    acme.subscribe(subscription_url=receiver.url, http_auth_user="hook", http_auth_password="pässword")
    acme.control(f"{DEALS}/1/win")
    wait_for(lambda: states(acme) == ["delivered"])
    headers, _ = receiver.got[0]
    expected = base64.b64encode("hook:pässword".encode()).decode()
    assert (f"Basic {expected}", "application/json", "Pipedrive Webhooks") == (
        headers["Authorization"],
        headers["Content-Type"],
        headers["User-Agent"],
    )
    hook = acme.pipedrive("GET", "/api/v1/webhooks").json["data"][0]
    assert 204 == hook["last_http_status"]
    assert hook["last_delivery_time"]


def test_a_signing_proxy_in_front_signs_exactly_the_bytes_sent(acme: Driver, receiver: Receiver) -> None:
    signing = {"header": "X-Signature", "key": "k1", "encoding": "hex", "prefix": "sha256="}
    acme.make_account(webhook_signing=signing)
    acme.subscribe(subscription_url=receiver.url)
    acme.control(f"{DEALS}/1/win")
    wait_for(lambda: states(acme) == ["delivered"])
    headers, raw = receiver.got[0]
    assert "sha256=" + hmac.new(b"k1", raw, hashlib.sha256).hexdigest() == headers["X-Signature"]


@pytest.mark.parametrize(("version", "numbers"), [("2.0", [1, 2, 3]), ("1.0", [0, 1, 2])])
def test_a_failed_delivery_is_repeated_with_its_number_until_it_succeeds(
    acme: Driver, receiver: Receiver, version: str, numbers: list[int]
) -> None:
    receiver.statuses = [500, 302, 200]
    acme.subscribe(subscription_url=receiver.url, version=version)
    acme.control(f"{DEALS}/1/win")
    wait_for(lambda: states(acme) == ["delivered"])
    told = [body["meta"]["attempt"] if version == "2.0" else body["retry"] for body in receiver.bodies()]
    tries = acme.arrivals()["deliveries"][0]["tries"]
    assert (numbers, [500, 302, 200]) == (told, [row["status"] for row in tries])


def test_after_four_tries_the_event_is_given_up(acme: Driver, receiver: Receiver) -> None:
    receiver.statuses = [503]
    acme.subscribe(subscription_url=receiver.url)
    acme.control(f"{DEALS}/1/win")
    wait_for(lambda: states(acme) == ["given up"])
    assert 4 == len(receiver.got)


def test_ten_failed_first_tries_ban_the_hook_and_events_are_lost(acme: Driver, receiver: Receiver) -> None:
    receiver.statuses = [503]
    acme.subscribe(subscription_url=receiver.url)
    for number in range(10):
        acme.control(f"{DEALS}/1/update", title=f"Titel {number}")
    wait_for(lambda: all(parcel["tries"] for parcel in acme.arrivals()["deliveries"]))
    acme.control(f"{DEALS}/1/win")
    assert "lost" == states(acme)[-1]


def test_a_hook_without_success_for_three_days_is_removed(acme: Driver, receiver: Receiver) -> None:
    receiver.statuses = [503]
    acme.subscribe(subscription_url=receiver.url)
    acme.control("/clock", offset_seconds=3 * 86400 + 60)
    acme.control(f"{DEALS}/1/win")
    wait_for(lambda: acme.pipedrive("GET", "/api/v1/webhooks").json["data"][0]["is_active"] == 0)
    reason = acme.pipedrive("GET", "/api/v1/webhooks").json["data"][0]["remove_reason"]
    assert "no successful delivery on three consecutive days" == reason


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Process:
    """A sandbox served by gunicorn in its own process."""

    def __init__(self, state_dir: Path, scale: str) -> None:
        self.port = free_port()
        command = [
            sys.executable,
            "-m",
            "gunicorn",
            "--workers",
            "1",
            "--threads",
            "4",
            "--no-control-socket",
        ]
        command += ["--bind", f"127.0.0.1:{self.port}", "webapp.sandbox:create_app()"]
        self._child = subprocess.Popen(
            command,
            env={**os.environ, "MLC_SANDBOX_STATE_DIR": str(state_dir), "MLC_TIME_SCALE": scale},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        wait_for(self._is_up)

    def _is_up(self) -> bool:
        try:
            self.call("GET", "/control/health")
        except requests.ConnectionError:
            return False
        return True

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        url = f"http://127.0.0.1:{self.port}{path}"
        answer = requests.request(method, url, json=body, headers=headers, timeout=5)
        answer.raise_for_status()
        return answer.json()

    def kill(self) -> None:
        """SIGKILL to the whole process group that this object started."""
        os.killpg(self._child.pid, signal.SIGKILL)
        self._child.wait()


def test_a_killed_sandbox_loses_nothing_acknowledged_and_delivers_after_its_restart(
    tmp_path: Path, receiver: Receiver
) -> None:
    receiver.statuses = [503, 204]
    # At scale 1 the first repeat comes after three seconds: time enough to kill the process in between.
    first = Process(tmp_path, "1.0")
    try:
        account = {"company_domain": "acme", "api_token": "tok"}
        first.call("POST", "/control/pipedrive/accounts", account)
        first.call("POST", "/control/pipedrive/accounts/acme/seed", {"deals": [{"title": "Beratung"}]})
        hook = {
            "subscription_url": receiver.url,
            "event_action": "change",
            "event_object": "deal",
            "name": "n",
        }
        first.call("POST", "/pipedrive/api/v1/webhooks", hook, **{"x-api-token": "tok"})
        first.call("POST", "/control/pipedrive/accounts/acme/deals/1/win", {})
        wait_for(lambda: len(receiver.got) == 1)
    finally:
        first.kill()
    second = Process(tmp_path, "1.0")
    try:
        deal = second.call("GET", "/pipedrive/api/v2/deals/1", **{"x-api-token": "tok"})["data"]
        assert "won" == deal["status"]
        wait_for(lambda: len(receiver.got) == 2)
        ids = {body["meta"]["id"] for body in receiver.bodies()}
        assert 1 == len(ids)
        wait_for(lambda: second.call("GET", "/control/arrivals")["deliveries"][0]["state"] == "delivered")
    finally:
        second.kill()


def test_a_reset_fault_cuts_the_connection_without_an_answer(tmp_path: Path) -> None:
    process = Process(tmp_path, "1.0")
    try:
        process.call("POST", "/control/faults", {"kind": "reset", "partner": "pipedrive"})
        with pytest.raises(requests.ConnectionError):
            process.call("GET", "/pipedrive/api/v2/deals")
    finally:
        process.kill()
