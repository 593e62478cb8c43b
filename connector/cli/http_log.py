"""``http-log``: the calls to partners, for whoever has to ask their support."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

import click

from connector.cli.arguments import batch_number, call_number, run_number
from connector.cli.output import facts, format_option, local_time, show, table
from connector.cli.session import opened_services
from connector.clock import BERLIN
from connector.errors import NotFoundError
from connector.pipeline.onboarding import find_tenant
from connector.store import http_log as calls
from connector.store import tenants
from connector.store.http_log import LoggedCall

COLUMNS = ("call", "at", "tenant", "run", "batch", "step", "partner", "method", "status", "ms", "url")


@click.group("http-log", invoke_without_command=True)
@click.option("--tenant", "tenant_key", metavar="TENANT", help="Only this tenant's.")
@click.option("--run", "run_id", type=run_number, metavar="RUN", help="Of a run and its batch.")
@click.option("--batch", "batch_id", type=batch_number, metavar="BATCH", help="Only this batch's.")
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]),
    metavar="MOMENT",
    help="From 2026-11-03 or 2026-11-03T14:30 on, Berlin time.",
)
@click.option("--errors", is_flag=True, help="Only refusals, and calls without an answer.")
@click.option(
    "--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="At most so many."
)
@format_option
@click.pass_context
def http_log(
    ctx: click.Context,
    *,
    tenant_key: str | None,
    run_id: int | None,
    batch_id: int | None,
    since: datetime | None,
    errors: bool,
    limit: int,
    fmt: str,
) -> None:
    """Calls to Pipedrive and DATEV, newest first, without tokens and anybody's data."""
    if ctx.invoked_subcommand:
        return
    with opened_services() as services:
        tenant_id = find_tenant(services, tenant_key).id if tenant_key else None
        with services.database.transaction() as tx:
            keys = {row.id: row.key for row in tenants.all_tenants(tx)}
            found = calls.search(
                tx,
                tenant_id=tenant_id,
                run_id=run_id,
                batch_id=batch_id,
                since=since.replace(tzinfo=BERLIN) if since else None,
                errors=errors,
                limit=limit,
            )
    value = [_facts(call, keys) for call in found]
    show(fmt, value, lambda _: table([_row(one) for one in value], COLUMNS, empty="There is no such call."))


@http_log.command("show")
@click.argument("call_id", type=call_number, metavar="CALL")
@format_option
def show_(*, call_id: int, fmt: str) -> None:
    """One call with the ids for the partner's support, and what a refusal said."""
    with opened_services() as services:
        with services.database.transaction() as tx:
            keys = {row.id: row.key for row in tenants.all_tenants(tx)}
            found = calls.get(tx, call_id)
        if found is None:
            raise NotFoundError(
                f"There is no call {call_id}, or it is deleted already.",
                field="call",
                cure="List calls with: ml-connector http-log",
            )
        call, sealed = found
        body = services.vault.decrypt(sealed) if sealed else ""
    show(fmt, {**_facts(call, keys), "error_body": body}, _lines)


def _facts(call: LoggedCall, keys: dict[int, str]) -> dict[str, Any]:
    value = asdict(call)
    return {
        "call": value.pop("id"),
        **value,
        "at": call.at.isoformat(),
        "tenant": keys.get(call.tenant_id or 0, ""),
        "request_ids": dict(call.request_ids),
    }


def _row(value: dict[str, Any]) -> dict[str, Any]:
    return {
        **value,
        "at": local_time(value["at"]),
        "run": value["run_id"],
        "batch": value["batch_id"],
        "ms": value["duration_ms"],
        "status": value["status"] or value["failure"],
    }


def _lines(value: dict[str, Any]) -> list[str]:
    return [
        f"{value['method']} {value['url']}",
        *facts(
            [
                ("at", local_time(value["at"])),
                ("partner", value["partner"]),
                ("tenant", value["tenant"]),
                ("run", value["run_id"]),
                ("batch", value["batch_id"]),
                ("step", value["step"]),
                ("status", value["status"] or f"no answer ({value['failure']})"),
                *value["request_ids"].items(),
                ("duration", f"{value['duration_ms']} ms"),
                ("sent", f"{value['sent_bytes']} bytes"),
                ("received", f"{value['received_bytes']} bytes"),
            ]
        ),
        *(["", *value["error_body"].splitlines()] if value["error_body"] else []),
    ]
