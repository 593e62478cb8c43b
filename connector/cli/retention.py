"""``retention``: what is kept for how long, what is over its time, and what must stay all the same."""

from typing import Any

import click

from connector.cli.arguments import run_number
from connector.cli.exit_codes import ExitCode
from connector.cli.failures import Failure
from connector.cli.output import format_option, local_time, show, table, tell
from connector.cli.session import actor, opened_services
from connector.pipeline.holds import active_holds, place_hold, release_hold
from connector.pipeline.retention import Ended, apply_retention, due_now, terms
from connector.pipeline.retention_rules import KEPT

tenant_option = click.option("--tenant", "tenant_key", required=True, metavar="TENANT", help="Whose data.")
run_option = click.option(
    "--run", "run_id", type=run_number, metavar="RUN", help="Only this run; else everything."
)
reason_option = click.option("--reason", required=True, metavar="TEXT", help="Why; it stands in the journal.")


@click.group()
def retention() -> None:
    """Retention: nothing goes before the law allows it, nothing stays without a reason."""


@retention.command()
@format_option
def rules(*, fmt: str) -> None:
    """What is kept for how long, with the source of each period."""
    with opened_services() as services:
        found = terms(services)
    value = {
        "ends": [
            {"name": one.name, "what": one.what, "kept": str(one.period), "source": one.source}
            for one in found
        ],
        "stays": [{"name": name, "why": why} for name, why in KEPT.items()],
    }
    show(fmt, value, _rules_lines)


@retention.command()
@click.option("--dry-run", is_flag=True, help="Only count what is over its time.")
@format_option
def run(*, dry_run: bool, fmt: str) -> None:
    """Delete what is over its time, as beat does every hour."""
    with opened_services() as services:
        found = due_now(services) if dry_run else apply_retention(services)
    value = [_facts(one, dry_run=dry_run) for one in found]
    show(fmt, value, lambda _: _run_lines(value, dry_run=dry_run))


@retention.command()
@tenant_option
@run_option
@reason_option
def hold(*, tenant_key: str, run_id: int | None, reason: str) -> None:
    """Keep a tenant's data, or a run's, although its time is up: for an audit or a lawsuit."""
    _must_say(reason)
    with opened_services() as services:
        place_hold(services, tenant_key, run_id, reason=reason, actor=actor())
    tell(f"Held: {_subject(tenant_key, run_id)}. Nothing of it is deleted or erased.")


@retention.command()
@tenant_option
@run_option
@reason_option
def release(*, tenant_key: str, run_id: int | None, reason: str) -> None:
    """End a hold."""
    _must_say(reason)
    with opened_services() as services:
        release_hold(services, tenant_key, run_id, reason=reason, actor=actor())
    tell(f"Released: {_subject(tenant_key, run_id)}. What is over its time goes with the next run.")


@retention.command()
@format_option
def holds(*, fmt: str) -> None:
    """The holds in force."""
    with opened_services() as services:
        found = active_holds(services)
    value = [
        {
            "tenant": one.tenant,
            "run": one.run_id,
            "since": one.placed_at.isoformat(),
            "by": one.placed_by,
            "reason": one.reason,
        }
        for one in found
    ]
    shown = [{**one, "since": local_time(str(one["since"])), "run": one["run"] or "all"} for one in value]
    columns = ("tenant", "run", "since", "by", "reason")
    show(fmt, value, lambda _: table(shown, columns, empty="Nothing is held."))


def _must_say(reason: str) -> None:
    if not reason.strip():
        raise Failure(["Error: --reason is empty.", "  → Say why, in a sentence."], ExitCode.USAGE)


def _subject(tenant_key: str, run_id: int | None) -> str:
    return f"run {run_id} of {tenant_key}" if run_id else f"everything of {tenant_key}"


def _facts(one: Ended, *, dry_run: bool) -> dict[str, Any]:
    return {
        "name": one.name,
        "what": one.what,
        "kept": str(one.period),
        "from_before": one.before.isoformat(),
        "due" if dry_run else "deleted": one.rows,
    }


def _rules_lines(value: dict[str, Any]) -> list[str]:
    return [
        *table(value["ends"], ("name", "what", "kept", "source"), empty=""),
        "",
        "Nothing of these ends by itself:",
        *table(value["stays"], ("name", "why"), empty=""),
    ]


def _run_lines(value: list[dict[str, Any]], *, dry_run: bool) -> list[str]:
    rows = [{**one, "from_before": local_time(one["from_before"])} for one in value]
    columns = ("name", "what", "kept", "from_before", "due" if dry_run else "deleted")
    return [
        *table(rows, columns, empty=""),
        "Nothing was deleted." if dry_run else "Done. What a hold covers was left alone.",
    ]
