"""``connect``, ``disconnect``, ``ping``, ``datev clients``: the tenant's way to both partners."""

import json
import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests

from connector.demo.browser import LoginStumbledError, log_in
from connector.pipeline.awaiting_login import await_login
from connector.pipeline.connecting import ConnectionStatus, issue_ticket
from connector.pipeline.key_rotation import rotate_keys
from connector.store import tenants
from connector.tenants.config import DatevFormat
from tests.integration.cli.conftest import Machine
from tests.integration.webapp.world import tenant_config
from tests.unit.cli.deals import write_tenant

NOW = datetime(2027, 1, 2, tzinfo=UTC)
DEADLINE_S = 60

END = r"\d\d\.\d\d\.20\d\d \d\d:\d\d \(Berlin\)"
"""When a login ends, as DATEV wants it shown."""


def park(machine: Machine, code: str) -> None:
    with machine.services.database.transaction() as tx:
        tenant = tenants.find(tx, "acme")
        assert tenant is not None
        tenants.park(tx, tenant.id, code=code, message="No right.", cure="Ask.", now=NOW)


def test_connect_prints_the_link_and_waits_until_the_login_is_done(machine: Machine) -> None:
    machine.add_tenant()
    process = subprocess.Popen(
        [sys.executable, "-c", "from connector.cli import main; main()", "connect", "datev", "acme"],
        env={**machine.environ, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        link = next(line.strip() for line in process.stdout if line.startswith("http"))
        log_in(link, choices={"decision": "approve", "user": "sandbox-anna", "client": "455148-1"})
        told, messages = process.communicate(timeout=DEADLINE_S)
    finally:
        process.kill()

    assert process.returncode == 0, messages
    assert "Connected to DATEV until" in told
    assert "Waiting for the login" in messages


def test_connect_ends_at_once_where_the_login_is_denied(machine: Machine) -> None:
    machine.add_tenant()
    process = subprocess.Popen(
        [sys.executable, "-c", "from connector.cli import main; main()", "connect", "pipedrive", "acme"],
        env={**machine.environ, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        link = next(line.strip() for line in process.stdout if line.startswith("http"))
        with pytest.raises(LoginStumbledError):
            log_in(link, choices={"decision": "deny"})
        _told, messages = process.communicate(timeout=DEADLINE_S)
    finally:
        process.kill()

    assert process.returncode == 1
    assert "Error: the login failed. The access was not allowed; nothing was changed." in messages


def test_the_short_login_is_told_on_the_way(machine: Machine) -> None:
    tenant = machine.add_tenant()
    since = machine.services.clock.now()
    told: list[str] = []

    def go_on(_pause: float) -> None:
        choices = {"decision": "approve", "user": "sandbox-anna", "client": "455148-1"}
        log_in(issue_ticket(machine.services, "acme", "datev"), choices=choices)

    login = await_login(
        machine.services,
        tenant,
        "datev",
        since=since,
        patience=timedelta(seconds=DEADLINE_S),
        tell=told.append,
        sleep=go_on,
    )

    assert isinstance(login, ConnectionStatus)
    assert login.connected


def test_an_earlier_login_does_not_count_as_the_awaited_one(machine: Machine) -> None:
    machine.add_tenant()
    machine.connect_datev()

    shown = machine.run("connect", "datev", "acme", "--timeout", "1")

    assert shown.exit_code == 1
    assert "nobody has finished the login within 1 seconds" in shown.stderr
    assert "http" in shown.stdout


def test_without_waiting_json_holds_the_link(machine: Machine) -> None:
    machine.add_tenant()

    shown = machine.run("connect", "pipedrive", "acme", "--no-wait", "--format", "json")

    value = json.loads(shown.stdout)
    assert value["link"].startswith(f"{machine.environ['MLC_PUBLIC_URL']}/connect/pipedrive?ticket=")
    assert datetime.fromisoformat(value["expires_at"]) > datetime.now(UTC)


def test_another_client_than_the_configured_one_is_refused_with_the_cure(machine: Machine) -> None:
    machine.add_tenant()

    shown = machine.run("connect", "datev", "acme", "--client", "455148-2")

    assert shown.exit_code == 1
    assert "is set up for the client 455148-1, not 455148-2" in shown.stderr


def test_an_api_token_needs_no_login_and_is_tried_instead(machine: Machine, tmp_path: Path) -> None:
    path = write_tenant(tmp_path)
    Path(path).write_text(Path(path).read_text("utf-8").replace('"muster"', '"acme"'), "utf-8")
    machine.run("tenant", "apply", path, NOT_SET_ANYWHERE="token-acme")

    untried = machine.run("tenant", "show", "acme").stdout
    good = machine.run("connect", "pipedrive", "acme", "--format", "json")
    tried = machine.run("tenant", "show", "acme").stdout
    machine.run("tenant", "apply", path, NOT_SET_ANYWHERE="wrong")
    bad = machine.run("connect", "pipedrive", "acme")

    assert "pipedrive (api token): token stored, not tried\n" in untried
    assert "pipedrive (api token): token works\n" in tried
    assert "there is nothing to connect" in good.stderr
    assert (0, True) == (good.exit_code, json.loads(good.stdout)["ok"])
    assert bad.exit_code == 3
    assert "Pipedrive: PROBLEM" in bad.stdout
    assert "then ml-connector tenant apply FILE and ml-connector ping TENANT" in bad.stdout
    assert "wrong" not in bad.output.replace("wrong:", "")


def test_ping_says_that_both_systems_are_well(machine: Machine) -> None:
    machine.add_tenant()
    machine.connect_pipedrive()
    machine.connect_datev()
    machine.subscribe()

    shown = machine.run("ping", "acme")

    assert shown.exit_code == 0, shown.output
    pipedrive, pipedrive_end, datev, datev_end, hook = shown.stdout.splitlines()
    assert "Pipedrive: ok, Acme GmbH as Erika Muster" == pipedrive
    assert "DATEV: ok, Acme GmbH (455148/1)" == datev
    assert re.fullmatch(rf"  ends {END}, login of Erika Muster", pipedrive_end)
    assert re.fullmatch(rf"  ends {END}, login of Anna Muster", datev_end)
    assert re.fullmatch(r"Webhook: ok, hook \d+, no delivery yet", hook)

    by_tenant, listed = machine.run("tenant", "show", "acme"), machine.run("tenant", "list")
    assert re.search(rf"datev: connected, ends {END}, login of Anna Muster", by_tenant.stdout)
    assert re.search(rf"pipedrive {END}, login of Erika Muster", listed.stdout), "which ends first"


def test_ping_without_logins_says_for_each_system_how_to_connect(machine: Machine) -> None:
    machine.add_tenant()

    shown = machine.run("ping", "acme", "--format", "json")

    value = json.loads(shown.stdout)
    assert (3, False) == (shown.exit_code, value["ok"])
    assert [
        "Connect: ml-connector connect pipedrive acme",
        "Connect: ml-connector connect datev acme",
    ] == [partner["problems"][0]["cure"] for partner in value["partners"]]


def test_ping_names_the_service_that_the_client_lacks(machine: Machine) -> None:
    machine.add_tenant()
    machine.connect_datev()
    config = tenant_config()
    with machine.services.database.transaction() as tx:
        changed = replace(config, datev=replace(config.datev, format=DatevFormat.DXSO))
        tenants.apply(tx, changed, source_text="", applied_by="test", now=NOW)
    machine.sandbox.control(
        "/datev/clients", consultant_number=455148, client_number=1, services=["Buchungsdatenservice"]
    )
    try:
        shown = machine.run("ping", "acme")
    finally:
        machine.sandbox.control("/datev/clients", consultant_number=455148, client_number=1, name="Acme GmbH")

    assert shown.exit_code == 3
    assert "has not ordered Rechnungsdatenservice 1.0" in shown.stdout


def test_ping_tells_a_system_that_does_not_answer_from_one_that_refuses(machine: Machine) -> None:
    machine.add_tenant()
    machine.connect_pipedrive()
    machine.connect_datev()
    machine.subscribe()

    shown = machine.run("ping", "acme", DATEV_CLIENTS_BASE_URL="http://127.0.0.1:9/v2")

    assert shown.exit_code == 4
    assert "DATEV: NOT REACHED" in shown.stdout


def test_ping_warns_of_a_secret_that_is_never_sent(machine: Machine) -> None:
    machine.add_tenant()
    machine.connect_pipedrive()
    machine.connect_datev()
    machine.subscribe()

    shown = machine.run("ping", "acme", DATEV_CLIENT_SECRET="s3cret")

    assert shown.exit_code == 0
    assert "DATEV_CLIENT_SECRET is set, but DATEV_CLIENT_AUTH=none never sends it." in shown.stdout
    assert "s3cret" not in shown.output


def test_a_healthy_ping_lifts_a_tenant_that_was_parked_for_a_right(machine: Machine) -> None:
    machine.add_tenant()
    machine.connect_pipedrive()
    machine.connect_datev()
    machine.subscribe()
    park(machine, "permission_missing")

    shown = machine.run("ping", "acme")

    assert shown.exit_code == 0
    assert "acme was parked and works again." in shown.stdout
    assert "No right." not in machine.run("tenant", "show", "acme").stdout


def test_one_healthy_system_is_not_enough_to_lift_a_tenant(machine: Machine) -> None:
    machine.add_tenant()
    machine.connect_datev()
    park(machine, "permission_missing")

    shown = machine.run("ping", "acme")

    assert shown.exit_code == 3
    assert "acme is PARKED: No right." in shown.stdout


def test_a_tenant_parked_for_another_reason_stays_parked_and_ping_says_so(machine: Machine) -> None:
    machine.add_tenant()
    machine.connect_pipedrive()
    machine.connect_datev()
    park(machine, "chart_wrong")

    shown = machine.run("ping", "acme", "--format", "json")

    value = json.loads(shown.stdout)
    assert (3, False, False, "No right.") == (
        shown.exit_code,
        value["ok"],
        value["resumed"],
        value["parked"],
    )


def test_clients_are_listed_while_the_short_login_is_there(machine: Machine) -> None:
    machine.add_tenant()
    with requests.Session() as browser:
        page, _, query = issue_ticket(machine.services, "acme", "datev").partition("?")
        ticket = query.removeprefix("ticket=")
        consent = browser.post(page, data={"ticket": ticket}, timeout=10)
        choice = browser.get(machine.sandbox.consent(consent.url, "sandbox-anna"), timeout=10)

    shown = machine.run("datev", "clients", "acme")

    assert choice.status_code == 200
    assert shown.exit_code == 0, shown.output
    assert "455148-1  Acme GmbH  yes" in shown.stdout
    assert "455148-2  Beta AG    no" in shown.stdout


def test_without_the_short_login_the_command_explains(machine: Machine) -> None:
    machine.add_tenant()
    machine.connect_datev()

    shown = machine.run("datev", "clients", "acme")

    assert shown.exit_code == 1
    assert "only that one can list clients" in shown.stderr
    assert "ml-connector connect datev acme" in shown.stderr


def test_disconnect_ends_the_login_and_may_be_repeated(machine: Machine) -> None:
    machine.add_tenant()
    machine.connect_datev()

    first = machine.run("disconnect", "datev", "acme")
    second = machine.run("disconnect", "datev", "acme", "--format", "json")

    assert (0, "acme: 1 login to DATEV ended.\n") == (first.exit_code, first.stdout)
    assert {"tenant": "acme", "partner": "datev", "ended": 0} == json.loads(second.stdout)


def test_a_login_still_works_after_the_keys_were_rotated(machine: Machine) -> None:
    machine.add_tenant()
    machine.connect_datev()
    machine.connect_pipedrive()
    machine.subscribe()

    rotate_keys(machine.services, new_key=True)

    assert machine.run("ping", "acme").exit_code == 0


def test_hooks_are_made_once_listed_and_removed(machine: Machine) -> None:
    machine.add_tenant()
    machine.connect_pipedrive()

    none = machine.run("webhook", "list", "acme")
    made = machine.run("webhook", "subscribe", "acme")
    again = json.loads(machine.run("webhook", "subscribe", "acme", "--format", "json").stdout)
    listed = json.loads(machine.run("webhook", "list", "acme", "--format", "json").stdout)
    removed = machine.run("webhook", "remove", "acme")
    gone = machine.run("webhook", "remove", "acme")

    assert "No hook leads here." in none.stdout
    assert (0, True) == (made.exit_code, " created: " in made.stdout)
    assert (False, []) == (again["created"], again["replaced"])
    assert {f"{machine.environ['MLC_PUBLIC_URL']}/webhooks/pipedrive/acme"} == {
        hook["url"] for hook in listed
    }
    assert ["deal", "organization", "person"] == [hook["event_object"] for hook in listed]
    assert f"Removed: {', '.join(str(hook['id']) for hook in listed)}.\n" == removed.stdout
    assert "There was no hook to remove.\n" == gone.stdout
    assert "correct horse" not in made.output + json.dumps(listed)
