"""``webhook``: Pipedrive's hooks that bring us the deals."""

from dataclasses import asdict
from typing import Any

import click

from connector.cli.arguments import tenant_argument
from connector.cli.output import format_option, show, table
from connector.cli.session import opened_services
from connector.pipeline.onboarding import find_tenant, remove_webhooks, subscribe_webhook, tenant_webhooks


@click.group()
def webhook() -> None:
    """Pipedrive's webhooks to this connector."""


@webhook.command("subscribe")
@tenant_argument
@format_option
def subscribe_(*, tenant_key: str, fmt: str) -> None:
    """Make sure that exactly one hook brings the tenant's deals, and one each the merges of their buyers."""
    with opened_services() as services:
        done = subscribe_webhook(services, find_tenant(services, tenant_key))
    value = {"created": done.created, "replaced": list(done.replaced), "webhook": asdict(done.webhook)}
    show(fmt, value, _subscribed_lines)


@webhook.command("list")
@tenant_argument
@format_option
def list_(*, tenant_key: str, fmt: str) -> None:
    """The hooks that lead to this tenant, as Pipedrive lists them."""
    with opened_services() as services:
        found = [asdict(hook) for hook in tenant_webhooks(services, find_tenant(services, tenant_key))]
    columns = ("id", "event_action", "event_object", "version", "is_active", "last_status", "url")
    empty = f"No hook leads here. Create it: ml-connector webhook subscribe {tenant_key}"
    show(fmt, found, lambda rows: table(rows, columns, empty=empty))


@webhook.command("remove")
@tenant_argument
@format_option
def remove_(*, tenant_key: str, fmt: str) -> None:
    """Remove the hooks that lead to this tenant. Deals won from now on do not arrive any more."""
    with opened_services() as services:
        removed = list(remove_webhooks(services, find_tenant(services, tenant_key)))
    show(fmt, {"removed": removed}, lambda _: [_removed_line(removed)])


def _subscribed_lines(value: dict[str, Any]) -> list[str]:
    hook = value["webhook"]
    state = "created" if value["created"] else "was there already"
    lines = [f"Hook {hook['id']} {state}: {hook['url']} (version {hook['version']})."]
    if value["replaced"]:
        lines.append(f"Removed in its favour: {', '.join(map(str, value['replaced']))}.")
    return lines


def _removed_line(removed: list[int]) -> str:
    return f"Removed: {', '.join(map(str, removed))}." if removed else "There was no hook to remove."
