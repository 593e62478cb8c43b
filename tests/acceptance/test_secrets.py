"""Secrets and personal data stay where they belong while real processes carry deals."""

import base64
import json
import re
import secrets
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import psycopg2
import pytest
import requests
from stdnum.iso7064 import mod_11_10

from connector.demo.scenario import load_scenario
from connector.runtime import postgres
from connector.runtime.folders import read_record
from connector.vault import Vault, generate_key
from tests.acceptance.arrivals import arrivals, booked_documents, broken_promises
from tests.acceptance.canaries import files, leaks, redis_content, tables
from tests.acceptance.demo_process import ENDED_TIMEOUT_S, PROGRAM, DemoProcess
from tests.acceptance.killing import MAIN

TENANT = "muster-beratung"
ENDS = ("done", "needs_attention")
DEALS_TIMEOUT_S = 60.0
LOOK_EVERY_S = 0.2
"""Processes that live for a moment only (initdb, migrate) are seen, too."""

WORD = re.compile(r"[a-z_]{1,40}")
"""Of a fixed list, such as the name of what is watched."""

NAMES_ONLY_IDS = re.compile(rf"\(\)|\(\d+,\)|\[\d+\]|[(\[]\d+, '{WORD.pattern}'[)\]]")
"""Arguments as Flower shows them: one id, an id and a word, or none."""


@dataclass
class World:
    """A demo that has carried its deals and ours, and everything planted in it."""

    demo: DemoProcess
    environment: dict[str, str]
    secrets: dict[str, str]
    personal: dict[str, str]
    answers: list[tuple[str, bytes]] = field(default_factory=list)
    """What the web process answered to strangers."""
    command_lines: set[str] = field(default_factory=set)

    @property
    def web(self) -> str:
        """The web process's address."""
        return self.environment["MLC_PUBLIC_URL"]

    @property
    def sandbox(self) -> str:
        """The sandbox's address."""
        return self.environment["PIPEDRIVE_API_BASE_URL"].removesuffix("/pipedrive")

    @property
    def flower(self) -> str:
        """Flower's address."""
        found = re.search(r"Flower +(http://\S+)", self.demo.text)
        assert found is not None
        return found[1]


@pytest.fixture(scope="module")
def world(var_dir: Path) -> Iterator[World]:
    """The demo with all its deals done, then two deals more and some strangers."""
    given = {
        "MLC_ENCRYPTION_KEYS": generate_key(),
        "FLOWER_BASIC_AUTH": f"operator:{secrets.token_urlsafe(16)}",
        "DATEV_CLIENT_SECRET": secrets.token_urlsafe(24),
        "MLC_METRICS_TOKEN": secrets.token_urlsafe(24),
    }
    with DemoProcess(var_dir, extra=given) as demo:
        seen: set[str] = set()
        over = threading.Event()
        watcher = threading.Thread(target=_watch_command_lines, args=(demo.pid, seen, over))
        watcher.start()
        try:
            demo.await_text("Everything stays up until Ctrl-C", timeout_s=ENDED_TIMEOUT_S)
            environment = psutil.Process(demo.pids()["web"]).environ()
            made = World(demo, environment, {}, _personal(), command_lines=seen)
            made.secrets = _secrets(made)
            _carry(made)
            _try_as_a_stranger(made)
            yield made
        finally:
            over.set()
            watcher.join()


def test_every_planted_value_was_really_used(world: World) -> None:
    """Otherwise finding nothing would prove nothing."""
    stored = leaks(tables(world.environment["DATABASE_URL"]), world.personal)
    assert set(world.personal) <= {line.partition(" in ")[0] for line in stored}
    found = leaks([("environment", json.dumps(world.environment).encode())], world.secrets)
    assert {
        "Pipedrive API token",
        "signature key",
        "OAuth client secret",
        "DATEV client secret",
        "encryption key",
        "Flower password",
        "metrics token",
        "password of the database",
        "password of Redis",
    } <= {line.partition(" in ")[0] for line in found}
    assert {"Basic password of muster-beratung", "datev long access_token of beispiel-digital"} <= set(
        world.secrets
    )


def test_no_log_carries_a_secret_or_personal_data(world: World) -> None:
    logs = [*files(world.demo.var_dir / "log"), ("terminal", world.demo.text.encode())]
    assert len(logs) > 10
    assert [] == leaks(logs, {**world.secrets, **world.personal})


def test_redis_carries_ids_and_nothing_else(world: World) -> None:
    content = [
        *redis_content(world.environment["REDIS_URL"]),
        *files(world.demo.var_dir / "valkey" / "appendonlydir"),
    ]
    assert [] == leaks(content, {**world.secrets, **world.personal})
    messages = [message for _place, written in content for message in _messages(written)]
    assert len(messages) > 100, "the append-only file has them all"
    assert [] == [message for message in messages if not _is_ids_only(message)]


def test_flower_shows_ids_and_nothing_else(world: World) -> None:
    user, _colon, password = world.environment["FLOWER_BASIC_AUTH"].partition(":")
    pages = []
    for path in ("/api/tasks?limit=10000", "/api/workers?refresh=true", "/workers", "/broker", "/metrics"):
        answer = requests.get(f"{world.flower}{path}", auth=(user, password), timeout=30)
        assert 200 == answer.status_code, path
        pages.append((f"Flower {path}", answer.content))
    assert [] == leaks(pages, {**world.secrets, **world.personal})
    tasks = json.loads(pages[0][1]).values()
    assert {"run.resolve", "run.upload_document", "batch.submit"} <= {task["name"] for task in tasks}
    shown = {(task["args"], task["kwargs"]) for task in tasks if task["args"] is not None}
    assert [] == [pair for pair in shown if not NAMES_ONLY_IDS.fullmatch(pair[0]) or pair[1] != "{}"]


def test_no_table_holds_a_secret_in_the_clear(world: World) -> None:
    assert [] == leaks(tables(world.environment["DATABASE_URL"]), world.secrets)


def test_no_dump_of_the_database_holds_a_secret_in_the_clear(world: World) -> None:
    """What a backup is: tables, defaults, comments and functions, as PostgreSQL itself writes them down."""
    url = urlsplit(world.environment["DATABASE_URL"])
    address = f"postgresql://{url.username}@{url.hostname}:{url.port}{url.path}"
    dump = subprocess.run(
        [str(postgres._programs() / "bin" / "pg_dump"), "--no-password", "--dbname", address],
        env={"PGPASSWORD": url.password or ""},
        capture_output=True,
        check=True,
        timeout=120,
    ).stdout
    assert b"COPY public.tenant_secret" in dump
    assert [] == leaks([("dump", dump)], world.secrets)
    assert {"company in dump"} <= set(leaks([("dump", dump)], world.personal)), "the dump is a whole one"


def test_the_log_of_partner_calls_holds_no_secret(world: World) -> None:
    rows = _query(
        world.environment["DATABASE_URL"],
        "SELECT partner, status, http_log.*::text FROM http_log",
    )
    assert {("Pipedrive", 200), ("Pipedrive", 500), ("DATEV", 503)} <= {row[:2] for row in rows}
    calls = [(f"call {number}", str(row[2]).encode()) for number, row in enumerate(rows)]
    assert [] == leaks(calls, world.secrets)


def test_the_measures_carry_no_secret_and_nothing_personal(world: World) -> None:
    headers = {"Authorization": f"Bearer {world.secrets['metrics token']}"}
    answer = requests.get(f"{world.web}/metrics", headers=headers, timeout=30)
    assert "mlc_runs" in answer.text
    assert [] == leaks([("/metrics", answer.content)], {**world.secrets, **world.personal})


def test_no_command_line_shows_a_secret_or_personal_data(world: World) -> None:
    lines = world.command_lines
    for program in ("postgres", "valkey-server", "gunicorn", "celery", "migrate"):
        assert any(program in line for line in lines), program
    assert [] == leaks([(line, line.encode()) for line in lines], {**world.secrets, **world.personal})


def test_strangers_learn_nothing_from_the_web_process(world: World) -> None:
    assert len(world.answers) > 10
    assert [] == leaks(world.answers, {**world.secrets, **world.personal})


def test_the_sandbox_s_pages_show_no_secret(world: World) -> None:
    paths = ("/", "/control/arrivals", "/control/requests?limit=1000")
    pages = [(path, requests.get(f"{world.sandbox}{path}", timeout=30).content) for path in paths]
    assert [] == leaks(pages, world.secrets)


def test_the_command_line_program_prints_no_secret(world: World) -> None:
    said = []
    for command in (("tenant", "show", TENANT, "--format", "json"), ("run", "list", "--format", "json")):
        done = subprocess.run(
            [str(PROGRAM), *command],
            env=world.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=60,
        )
        assert 0 == done.returncode, done.stderr.decode()
        said.append((" ".join(command), done.stdout + done.stderr))
    assert [] == leaks(said, world.secrets)


def test_files_with_secrets_can_be_read_by_their_owner_only(world: World) -> None:
    """Everything below the folder that strangers can walk to, PostgreSQL's own folder aside."""
    open_files = [
        (str(path), path.read_bytes())
        for path in world.demo.var_dir.rglob("*")
        if path.is_file() and path.stat().st_mode & 0o044 and _walkable(path, world.demo.var_dir)
    ]
    assert [] == leaks(open_files, {**world.secrets, **world.personal})


def test_without_once_everything_stays_up_until_somebody_asks_for_the_end(world: World) -> None:
    """The last test of this demo: it ends it."""
    demo = world.demo
    assert set(MAIN) == demo.pids().keys()
    demo.send_after(0, "SIGINT")
    assert (0, []) == (demo.ended(), demo.left_behind()), demo.text
    assert "13 of 13 deals ended where they should" in demo.text
    assert [] == broken_promises(arrivals(demo.var_dir), booked_documents(demo.text))


def _walkable(path: Path, top: Path) -> bool:
    folders = [folder for folder in path.parents if folder.is_relative_to(top)]
    return all(folder.stat().st_mode & 0o011 for folder in folders)


def _personal() -> dict[str, str]:
    mark = secrets.token_hex(6)
    digits = "".join(str(secrets.randbelow(9) + 1) for _ in range(8))
    return {
        "e-mail": f"erika.{mark}@canary.example",
        "person": f"Erika Kanarienvogel-{mark}",
        "company": f"Kanarienvögel {mark} GmbH & Co. KG",
        "street": f"Vogelweide-{mark}",
        "VAT id": f"DE{digits}{mod_11_10.calc_check_digit(digits)}",
        "title": f"Käfig für {mark}",
    }


def _secrets(world: World) -> dict[str, str]:
    given = world.environment
    found = {
        "Pipedrive API token": given["DEMO_PIPEDRIVE_TOKEN"],
        "signature key": given["DEMO_SIGNATURE_KEY"],
        "OAuth client secret": given["PIPEDRIVE_CLIENT_SECRET"],
        "DATEV client secret": given["DATEV_CLIENT_SECRET"],
        "encryption key": given["MLC_ENCRYPTION_KEYS"],
        "Flower password": given["FLOWER_BASIC_AUTH"].partition(":")[2],
        "metrics token": given["MLC_METRICS_TOKEN"],
    }
    for title, server in (("the database", "postgres"), ("Redis", "valkey")):
        record = read_record(world.demo.var_dir / server / "endpoint.json")
        found[f"password of {title}"] = record["password"]
    return found | _stored_secrets(given["DATABASE_URL"], Vault([given["MLC_ENCRYPTION_KEYS"]]))


def _stored_secrets(database_url: str, vault: Vault) -> dict[str, str]:
    """What the product made or was given on the way: tokens of the logins, passwords of the hooks."""
    found = {}
    for name, key, stored in _query(
        database_url,
        "SELECT s.name, t.key, s.ciphertext FROM tenant_secret s JOIN tenant t ON t.id = s.tenant_id",
    ):
        title = "Basic password" if name == "receiver_basic_password" else name
        found[f"{title} of {key}"] = vault.decrypt(stored)
    statement = """SELECT partner, kind, t.key, c.access_token, c.refresh_token
        FROM connection c JOIN tenant t ON t.id = c.tenant_id"""
    for partner, kind, key, access, refresh in _query(database_url, statement):
        found[f"{partner} {kind} access_token of {key}"] = vault.decrypt(access)
        found[f"{partner} {kind} refresh_token of {key}"] = vault.decrypt(refresh)
    return found


def _query(database_url: str, statement: str, *values: object) -> list[tuple[Any, ...]]:
    connection = psycopg2.connect(database_url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall()
    finally:
        connection.close()


def _carry(world: World) -> None:
    """A deal that goes through although both partners fail once with a body full of personal data, and one
    that is refused because of what its customer lacks."""
    [domain] = [path.stem for path in load_scenario().tenant_files if path.stem == TENANT]
    person = world.personal
    first_id = int(time.time()) % 1_000_000_000 + 1_000_000_000
    address = {"route": person["street"], "street_number": "1", "postal_code": "10115", "locality": "Berlin"}
    customer = {"name": person["company"], "custom_fields": {"USt-IdNr.": person["VAT id"]}}
    line = {"name": "Beratung", "item_price": 100, "quantity": 1, "tax": 19, "tax_method": "exclusive"}
    deal = {"title": person["title"], "person_id": first_id, "products": [line]}
    _control(
        world,
        f"pipedrive/accounts/{domain}/seed",
        {
            "organizations": [
                {**customer, "id": first_id, "address": {**address, "country": "Germany"}},
                {**customer, "id": first_id + 1, "address": address},
            ],
            "persons": [
                {
                    "id": first_id,
                    "name": person["person"],
                    "org_id": first_id,
                    "emails": [{"value": person["e-mail"], "primary": True, "label": "work"}],
                }
            ],
            "deals": [{**deal, "id": first_id + number, "org_id": first_id + number} for number in (0, 1)],
        },
    )
    quoted = json.dumps({"error": " ".join(person.values()), "error_description": person["e-mail"]})
    for partner, operation, status in (
        ("pipedrive", "/persons", 500),
        ("datev", "document-types", 503),
    ):
        _control(
            world,
            "faults",
            {"kind": "status", "partner": partner, "operation": operation, "status": status, "body": quoted},
        )
    for number in (0, 1):
        _control(world, f"pipedrive/accounts/{domain}/deals/{first_id + number}/win", {})
    deadline = time.monotonic() + DEALS_TIMEOUT_S
    states: list[Any] = []
    while time.monotonic() < deadline:
        states = _query(
            world.environment["DATABASE_URL"],
            "SELECT state, reason_code FROM run WHERE deal_id >= %s ORDER BY deal_id",
            first_id,
        )
        if len(states) == 2 and all(state in ENDS for state, _reason in states):
            break
        time.sleep(LOOK_EVERY_S)
    assert [("done", ""), ("needs_attention", "country_missing")] == states


def _control(world: World, path: str, body: dict[str, Any]) -> None:
    answer = requests.post(f"{world.sandbox}/control/{path}", json=body, timeout=30)
    assert answer.ok, answer.text


def _try_as_a_stranger(world: World) -> None:
    """Requests that carry planted values to the wrong place, and requests that want to see some."""
    known = {**world.secrets, **world.personal}
    some = "&".join(f"{name.replace(' ', '_')}={value}" for name, value in known.items())
    calls: list[tuple[str, str, dict[str, Any]]] = [
        ("GET", "/", {}),
        ("GET", "/healthz", {}),
        ("GET", "/readyz", {}),
        ("GET", "/metrics", {}),
        ("GET", "/nothing", {"params": some}),
        ("GET", "/connect/datev", {"params": {"ticket": world.secrets["encryption key"]}}),
        ("GET", "/connect/datev/client", {"cookies": {"mlc_choice": world.secrets["signature key"]}}),
        ("POST", "/connect/datev/client", {"data": known, "cookies": {"mlc_choice": "a"}}),
        (
            "GET",
            "/oauth/datev/callback",
            {"params": {"state": world.secrets["signature key"], "code": world.secrets["metrics token"]}},
        ),
        (
            "GET",
            "/oauth/pipedrive/callback",
            {"params": {"state": "s" * 43, "error": world.personal["e-mail"]}},
        ),
        ("POST", f"/webhooks/pipedrive/{TENANT}", {"json": known}),
        ("POST", f"/webhooks/pipedrive/{TENANT}", {"auth": ("x", world.secrets["Pipedrive API token"])}),
        ("POST", f"/webhooks/pipedrive/{TENANT}", {"data": b"x" * 2_000_000}),
        (
            "POST",
            f"/webhooks/pipedrive/{TENANT}",
            {
                "auth": ("pipedrive", world.secrets[f"Basic password of {TENANT}"]),
                "json": {"meta": {"entity": "deal", "id": world.personal["e-mail"]}, "data": known},
            },
        ),
        (
            "GET",
            "/desk/login",
            {"params": {"told": world.personal["e-mail"], "lang": world.personal["title"]}},
        ),
        ("POST", "/desk/login", {"data": {"login": "x", "password": world.secrets["Flower password"]}}),
        ("GET", f"/desk/t/{TENANT}/", {"cookies": {"mlc_desk": world.secrets["metrics token"]}}),
        ("GET", "/desk/password/new", {"params": {"link": world.secrets["encryption key"]}}),
        ("BREW", "/", {"headers": {"X-Api-Token": world.secrets["Pipedrive API token"]}}),
        ("GET", "/", {"headers": {"X-Long": world.secrets["Pipedrive API token"] * 400}}),
    ]
    # As a browser asks: the error pages are HTML then.
    calls += [
        (method, path, {**options, "headers": {**options.get("headers", {}), "Accept": "text/html"}})
        for method, path, options in calls
    ]
    for method, path, options in calls:
        answer = requests.request(method, f"{world.web}{path}", timeout=30, allow_redirects=False, **options)
        assert answer.status_code < 500, path
        shown = answer.content + json.dumps(dict(answer.headers)).encode()
        world.answers.append((f"{method} {path} {answer.status_code}", shown))


def _watch_command_lines(pid: int, seen: set[str], over: threading.Event) -> None:
    while not over.wait(LOOK_EVERY_S):
        try:
            processes = psutil.Process(pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return
        for process in processes:
            try:
                seen.add(" ".join(process.cmdline()))
            except psutil.Error:
                continue


def _messages(content: bytes) -> Iterator[list[Any]]:
    """The bodies of Celery's task messages: ``[args, kwargs, {"chain": …}]``."""
    for found in re.findall(rb'"body": ?"([A-Za-z0-9+/=]{8,})"', content):
        body = json.loads(base64.b64decode(found))
        if isinstance(body, list) and len(body) == 3:
            yield body


def _is_ids_only(body: list[Any]) -> bool:
    """Whether the task and every later link of its chain get one id, an id and a word, or nothing."""
    args, kwargs, embedded = body
    links = embedded.get("chain") or []
    return all(
        not given_kwargs
        and all(type(value) is int for value in given[:1])
        and (not given[1:] or (len(given) == 2 and WORD.fullmatch(str(given[1]))))
        for given, given_kwargs in [(args, kwargs), *((link["args"], link["kwargs"]) for link in links)]
    )
