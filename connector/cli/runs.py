"""``run``: the deals on their way, and what a person may decide about them."""

import click

from connector.cli.arguments import deal_number, run_number
from connector.cli.exit_codes import ExitCode
from connector.cli.failures import Failure
from connector.cli.output import format_option, show, table
from connector.cli.run_views import TO_BOOK_IGNORED, list_facts, run_facts, show_lines, story
from connector.cli.session import actor, opened_services
from connector.errors import NotFoundError
from connector.pipeline.cancelling import cancel_run, run_numbers
from connector.pipeline.onboarding import find_tenant
from connector.pipeline.retry import retry_run
from connector.pipeline.states import (
    CANCELLED,
    IGNORED,
    NEEDS_ATTENTION,
    RUN_BEFORE_HAND_OVER,
    RUN_IN_BATCH,
)
from connector.pipeline.summary import summaries, summarize, with_number
from connector.runtime.wake import wake_workers
from connector.store import journal, runs, tenants

run_argument = click.argument("run_id", type=run_number, metavar="RUN")

RUN_STATES = (*RUN_BEFORE_HAND_OVER, *RUN_IN_BATCH, NEEDS_ATTENTION, IGNORED, CANCELLED)

LIST_COLUMNS = ("run", "tenant", "deal", "part", "state", "document", "amount", "currency", "debtor", "told")


@click.group()
def run() -> None:
    """Runs: each carries one won deal into DATEV."""


@run.command("list")
@click.option("--tenant", "tenant_key", metavar="TENANT", help="Only this tenant's.")
@click.option("--state", "states", type=click.Choice(RUN_STATES), multiple=True, help="May be repeated.")
@click.option("--deal", "deal_id", type=deal_number, metavar="DEAL", help="Only this deal's.")
@click.option(
    "--limit",
    type=click.IntRange(1, 1000),
    default=50,
    show_default=True,
    help="At most so many, newest first.",
)
@format_option
def list_(
    *, tenant_key: str | None, states: tuple[str, ...], deal_id: int | None, limit: int, fmt: str
) -> None:
    """Runs, newest first."""
    with opened_services() as services:
        tenant_id = find_tenant(services, tenant_key).id if tenant_key else None
        with services.database.transaction() as tx:
            keys = {row.id: row.key for row in tenants.all_tenants(tx)}
            rows = runs.search(tx, tenant_id=tenant_id, states=states, deal_id=deal_id, limit=limit)
            found = [list_facts(summary, keys[summary.run.tenant_id]) for summary in summaries(tx, rows)]
    show(fmt, found, lambda value: table(value, LIST_COLUMNS, empty="There is no such run."))


@run.command("show")
@run_argument
@format_option
def show_(*, run_id: int, fmt: str) -> None:
    """The facts of a run, and its journal as a story."""
    with opened_services() as services, services.database.transaction() as tx:
        row = runs.get(tx, run_id)
        if row is None:
            raise NotFoundError(
                f"There is no run {run_id}.", field="run", cure="List runs with: ml-connector run list"
            )
        value = {
            **run_facts(summarize(tx, row), tenants.get(tx, row.tenant_id).key),
            "journal": story(journal.of_run(tx, run_id), run_id),
        }
    show(fmt, value, show_lines)


@run.command()
@run_argument
@click.option(
    "--send-again",
    is_flag=True,
    help="You have looked in DATEV: the file of an unclear hand-over is not there.",
)
@format_option
def retry(*, run_id: int, send_again: bool, fmt: str) -> None:
    """Let a run go on, once the reason is gone."""
    with opened_services() as services:
        done = retry_run(services, run_id, actor=actor(), send_again=send_again)
        when = "at once" if wake_workers(services.settings) else "with the next sweep (within a minute)"
    what = f"run {run_id}" if done.batch_id is None else f"run {run_id} with its batch {done.batch_id}"
    lines = [f"Going on: {what} from {done.state}, {when}."]
    if done.waits:
        lines = [
            f"Run {run_id} still waits for {done.waits}: until then the deal may change.",
            "  → To book it earlier: move the date in Pipedrive.",
        ]
    if done.left_alone_by:
        lines += [
            f"If the rule still holds, it ends as ignored again: {done.left_alone_by}.",
            with_number(TO_BOOK_IGNORED, run_id),
        ]
    value = {"run": done.run_id, "batch": done.batch_id, "state": done.state, "waits": done.waits}
    show(fmt, value, lambda _: lines)


@run.command()
@run_argument
@click.option("--reason", required=True, metavar="TEXT", help="Why, in a sentence; it stands in the journal.")
@format_option
def cancel(*, run_id: int, reason: str, fmt: str) -> None:
    """End a run that needs attention, because the deal is booked by hand or not at all."""
    if not reason.strip():
        raise Failure(["Error: --reason is empty.", "  → Say why, in a sentence."], ExitCode.USAGE)
    with opened_services() as services:
        done = cancel_run(services, run_id, actor=actor(), reason=reason)
    lines = [f"Run {run_id} is cancelled."]
    if done.parts:
        lines = [
            f"Run {run_id} is cancelled, and with it the deal's parts: {run_numbers(done.parts)}.",
            "  → To book the deal after all: win it again in Pipedrive; the parts are then planned again.",
        ]
    if done.handed_over:
        lines.append("DATEV has, or may have, its postings: look there, cancelling takes nothing back.")
    value = {"run": run_id, "state": "cancelled", "handed_over": done.handed_over, "parts": list(done.parts)}
    show(fmt, value, lambda _: lines)
