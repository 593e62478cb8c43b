"""``tenant``: bringing tenants in and looking at them."""

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from connector.cli.arguments import readable_file, tenant_argument
from connector.cli.output import (
    facts,
    format_option,
    local_time,
    moment_text,
    show,
    table,
)
from connector.cli.session import actor, environ, opened_services
from connector.cli.watch_lines import watch_facts, watch_lines
from connector.codec import to_plain
from connector.pipeline.kept_logins import TOKEN_STORED, ConnectionStatus, status
from connector.pipeline.login_expiry import end_text
from connector.pipeline.onboarding import apply_tenant, check_tenant, find_tenant, webhook_url
from connector.pipeline.parking import resume_tenant
from connector.pipeline.services import Services
from connector.store import connections, refused_deliveries, tenants, watches
from connector.store.connections import ConnectionRow
from connector.store.tenants import TenantRow
from connector.tenants.toml_file import TenantFile, read_tenant_file


@click.group()
def tenant() -> None:
    """Tenants: one Pipedrive account, carried into one DATEV client."""


@tenant.command()
@click.argument("file", type=readable_file, metavar="FILE.toml")
@click.option(
    "--dry-run", is_flag=True, help="Check the file, its secrets and the other tenants; store nothing."
)
@format_option
def apply(*, file: Path, dry_run: bool, fmt: str) -> None:
    """Check a tenant's file whole, then store it as the tenant's next configuration."""
    read = read_tenant_file(file, environ())
    if dry_run:
        with opened_services() as services:
            check_tenant(services, read)
        show(fmt, _dry_run(read), lambda _: [f"{file} is right. Nothing was stored."])
        return
    with opened_services() as services:
        applied = apply_tenant(services, read, actor=actor())
        outcome = {
            "tenant": applied.tenant.key,
            "config_version": applied.tenant.config_version,
            "changed": applied.changed,
            "resumed": applied.was_parked,
            "parked": applied.tenant.parked_message if applied.tenant.parked else None,
            "subscribe_again": applied.subscribe_again,
            "webhook_url": webhook_url(services, applied.tenant),
        }
    show(fmt, outcome, _applied_lines)


@tenant.command("show")
@tenant_argument
@format_option
def show_tenant(*, tenant_key: str, fmt: str) -> None:
    """A tenant's configuration, its logins and whether it is parked. Secrets are never shown."""
    with opened_services() as services:
        row = find_tenant(services, tenant_key)
        value = {
            **_tenant_facts(row),
            "webhook_url": webhook_url(services, row),
            "refused_deliveries": _refused(services, row),
            "watches": _watches(services, row),
            "logins": [_login_facts(login) for login in status(services, row)],
            "config": to_plain(row.config),
        }
    show(fmt, value, _tenant_lines)


@tenant.command("list")
@format_option
def list_tenants(*, fmt: str) -> None:
    """All tenants."""
    with opened_services() as services, services.database.transaction() as tx:
        ends = connections.earliest_end(tx)
        rows = [
            {**_tenant_facts(row), "login_ends": _next_end(ends.get(row.id))}
            for row in tenants.all_tenants(tx)
        ]
    columns = ("key", "name", "client", "format", "config_version", "parked", "login_ends")
    show(
        fmt,
        rows,
        lambda value: table(
            value, columns, empty="There is no tenant yet. Bring one in: ml-connector tenant apply FILE.toml"
        ),
    )


@tenant.command()
@tenant_argument
@format_option
def resume(*, tenant_key: str, fmt: str) -> None:
    """Let a parked tenant's steps run again, once the reason is gone."""
    with opened_services() as services:
        row = find_tenant(services, tenant_key)
        resumed = resume_tenant(services, row, actor=actor())
    told = (
        f"{row.key} works again; its waiting runs go on with the next sweep, within a minute."
        if resumed
        else f"{row.key} was not parked: nothing to do."
    )
    show(fmt, {"tenant": row.key, "resumed": resumed}, lambda _: [told])


def _tenant_facts(row: TenantRow) -> dict[str, Any]:
    return {
        "key": row.key,
        "name": row.name,
        "client": f"{row.config.datev.consultant_number}/{row.config.datev.client_number}",
        "format": row.config.datev.format.value,
        "chart": row.config.terms.chart,
        "go_live_at": moment_text(row.go_live_at),
        "config_version": row.config_version,
        "parked": row.parked,
        "parked_at": moment_text(row.parked_at),
        "parked_code": row.parked_code,
        "parked_message": row.parked_message,
        "parked_cure": row.parked_cure,
    }


def _next_end(row: ConnectionRow | None) -> str:
    """The tenant's login that ends first; empty where none is known to end."""
    if row is None or row.refresh_expires_at is None:
        return ""
    return f"{row.partner} {end_text(row.refresh_expires_at, row.subject_name)}"


def _refused(services: Services, row: TenantRow) -> dict[str, Any] | None:
    with services.database.transaction() as tx:
        refused = refused_deliveries.by_tenant(tx).get(row.key)
    return {"count": refused.deliveries, "last_at": moment_text(refused.last_at)} if refused else None


def _watches(services: Services, row: TenantRow) -> dict[str, Any]:
    with services.database.transaction() as tx:
        return watch_facts(watches.of_tenant(tx, row.id))


def _login_facts(login: ConnectionStatus) -> dict[str, Any]:
    return {
        **asdict(login),
        "ends_at": moment_text(login.ends_at),
        "warnings": list(login.warnings),
    }


def _tenant_lines(value: dict[str, Any]) -> list[str]:
    lines = facts(
        [
            ("Tenant", f"{value['key']} ({value['name']})"),
            ("DATEV client", f"{value['client']}, {value['format'].upper()}, {value['chart'].upper()}"),
            ("Go-live", f"{local_time(value['go_live_at'])} (Berlin)"),
            ("Configuration", f"version {value['config_version']} (whole: --format json)"),
            ("Webhook", value["webhook_url"]),
        ]
    )
    if refused := value["refused_deliveries"]:
        last = local_time(refused["last_at"])
        lines.append(f"Refused deliveries: {refused['count']}, the last at {last}")
        lines.append(f"  → See whether they are the tenant's own: ml-connector ping {value['key']}")
    lines += watch_lines(value["watches"])
    if value["parked"]:
        since = local_time(value["parked_at"])
        lines += [f"PARKED since {since}: {value['parked_message']}", f"  → {value['parked_cure']}"]
    for login in value["logins"]:
        end = f", ends {_end_text(login)}" if login["ends_at"] else ""
        kind = "" if login["kind"] in {"long", "none"} else f" ({login['kind'].replace('_', ' ')})"
        lines.append(f"{login['partner']}{kind}: {_state_text(login['state'])}{end}")
        lines += [f"  → {warning}" for warning in login["warnings"]]
    return lines


def _end_text(login: dict[str, Any]) -> str:
    return end_text(datetime.fromisoformat(login["ends_at"]), login["who"])


def _state_text(state: str) -> str:
    return "token stored, not tried" if state == TOKEN_STORED else state.replace("_", " ")


def _dry_run(read: TenantFile) -> dict[str, Any]:
    return {"tenant": read.config.key, "valid": True, "stored": False}


def _applied_lines(value: dict[str, Any]) -> list[str]:
    key, version = value["tenant"], value["config_version"]
    first = (
        f"{key}: stored as configuration version {version}."
        if value["changed"]
        else f"{key}: nothing has changed; configuration version {version} stays. Secrets were stored anew."
    )
    lines = [first]
    if value["resumed"]:
        lines.append("The tenant was parked and works again.")
    if value["parked"]:
        lines.append(f"The tenant stays parked: {value['parked']} See: ml-connector tenant show {key}")
    is_new = value["changed"] and version == 1
    if value["subscribe_again"] and not is_new:
        lines += [
            "From now on the receiver asks for another user, password or version, and refuses the old hook.",
            f"  → So that no deal is lost: ml-connector webhook subscribe {key}",
        ]
    subscribe = f" · ml-connector webhook subscribe {key}" if value["subscribe_again"] else ""
    return [*lines, f"Next: ml-connector connect datev {key}{subscribe} · ml-connector ping {key}"]
