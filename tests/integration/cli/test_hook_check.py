"""The hook that brings the deals: what ``tenant apply``, ``ping`` and ``tenant show`` say about it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from connector.pipeline.hook_watch import watch_hooks
from connector.pipeline.onboarding import find_tenant, tenant_webhooks
from connector.pipeline.reconciliation import due_watches, reconcile
from connector.store import refused_deliveries
from connector.store.watches import Watch
from tests.integration.cli.conftest import Machine
from tests.unit.cli.deals import write_tenant

AGAIN = "ml-connector webhook subscribe acme"


@pytest.fixture
def tenant_file(machine: Machine, tmp_path: Path) -> Path:
    """The tenant ``acme`` with an API token and a password for its receiver, applied."""
    path = Path(write_tenant(tmp_path))
    text = path.read_text("utf-8").replace('"muster"', '"acme"')
    basic = 'user = "pipedrive"\npassword = { env = "HOOK_PASSWORD" }'
    path.write_text(text.replace('user = "pipedrive"', basic), "utf-8")
    apply(machine, path)
    return path


@pytest.fixture
def subscribed(machine: Machine, tenant_file: Path) -> Iterator[None]:
    """Its hook at Pipedrive, for the time of the test."""
    machine.subscribe()
    yield
    machine.run("webhook", "remove", "acme")


def apply(machine: Machine, path: Path, of_hook: str = "first") -> str:
    shown = machine.run("tenant", "apply", str(path), NOT_SET_ANYWHERE="token-acme", HOOK_PASSWORD=of_hook)
    assert shown.exit_code == 0, shown.output
    return shown.stdout


def pinged(machine: Machine) -> dict[str, Any]:
    shown = machine.run("ping", "acme", "--format", "json")
    value: dict[str, Any] = json.loads(shown.stdout)
    return {**value["webhook"], "exit": shown.exit_code}


def delivered(machine: Machine, user: str, password: str) -> None:
    requests.post(
        f"{machine.environ['MLC_PUBLIC_URL']}/webhooks/pipedrive/acme",
        json={},
        auth=(user, password),
        timeout=10,
    )


def test_a_new_tenant_is_told_to_subscribe(machine: Machine, tmp_path: Path) -> None:
    path = Path(write_tenant(tmp_path))

    shown = machine.run("tenant", "apply", str(path), NOT_SET_ANYWHERE="token-acme")

    assert "ml-connector webhook subscribe muster" in shown.stdout


@pytest.mark.usefixtures("subscribed")
def test_a_changed_password_is_told_with_the_command_that_mends_the_hook(
    machine: Machine, tenant_file: Path
) -> None:
    assert AGAIN not in apply(machine, tenant_file)

    assert f"→ So that no deal is lost: {AGAIN}" in apply(machine, tenant_file, "second password")


def test_ping_says_that_no_hook_brings_the_deals(machine: Machine, tenant_file: Path) -> None:
    said = pinged(machine)

    assert (3, False) == (said["exit"], said["ok"])
    assert ("webhook_missing", AGAIN) == (said["problems"][0]["code"], said["problems"][0]["cure"])


@pytest.mark.usefixtures("subscribed")
def test_ping_says_that_the_hook_has_another_password_until_it_is_made_anew(
    machine: Machine, tenant_file: Path
) -> None:
    apply(machine, tenant_file, "second password")

    said = pinged(machine)
    machine.subscribe()

    assert (3, "webhook_differs") == (said["exit"], said["problems"][0]["code"])
    assert AGAIN in said["problems"][0]["cure"]
    assert pinged(machine)["ok"]


@pytest.mark.usefixtures("subscribed")
def test_refused_deliveries_stand_in_the_tenants_page(machine: Machine) -> None:
    assert "Refused deliveries" not in machine.run("tenant", "show", "acme").stdout

    delivered(machine, "pipedrive", "yesterday's")

    assert "Refused deliveries: 1, the last at " in machine.run("tenant", "show", "acme").stdout
    with machine.services.database.transaction() as tx:
        assert 1 == refused_deliveries.by_tenant(tx)["acme"].deliveries


@pytest.mark.usefixtures("subscribed")
def test_the_right_hook_is_found_beside_those_about_merges(machine: Machine) -> None:
    hooks = tenant_webhooks(machine.services, find_tenant(machine.services, "acme"))

    assert 3 == len(hooks)
    assert pinged(machine)["ok"]


@pytest.mark.usefixtures("subscribed")
def test_a_hook_made_anew_stands_in_ping_and_in_the_tenants_page(machine: Machine) -> None:
    machine.run("webhook", "remove", "acme")
    machine.subscribe()
    for hook in tenant_webhooks(machine.services, find_tenant(machine.services, "acme")):
        requests.delete(
            f"{machine.sandbox.url}/pipedrive/api/v1/webhooks/{hook.id}",
            headers={"x-api-token": "token-acme"},
            timeout=10,
        )
    for tenant_id, watch in due_watches(machine.services):
        if watch == Watch.HOOKS:
            watch_hooks(machine.services, tenant_id)
        else:
            reconcile(machine.services, tenant_id, Watch(watch))

    shown = machine.run("tenant", "show", "acme").stdout
    said = machine.run("ping", "acme").stdout

    assert "; made anew 1 times, the last at " in shown
    assert re.search(r"^Reconciled: \d{4}-\d\d-\d\d [\d:]+$", shown, re.MULTILINE)
    anew = r"^Webhook: ok, hook \d+, no delivery yet; made anew 1 times, the last at "
    assert re.search(anew, said, re.MULTILINE)
