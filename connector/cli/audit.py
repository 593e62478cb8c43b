"""``audit``: proof that the journal is what it was."""

import re
from pathlib import Path
from typing import Any

import click

from connector.cli.arguments import readable_file
from connector.cli.exit_codes import ExitCode
from connector.cli.failures import Failure
from connector.cli.output import format_option, local_time, moment_text, show
from connector.cli.session import opened_services
from connector.pipeline.audit import UNSEALED_FOR, Head, Verified, current_heads, verify
from connector.pipeline.onboarding import find_tenant
from connector.pipeline.services import Services

_HEAD = re.compile(r"([a-z0-9][a-z0-9-]*):([1-9]\d{0,17}):([0-9a-f]{64})")
"""As ``audit head`` prints it."""

tenant_option = click.option("--tenant", "tenant_key", metavar="TENANT", help="Only this tenant's journal.")


@click.group()
def audit() -> None:
    """The journal's proof: every row is chained by hash to the one before it."""


@audit.command()
@tenant_option
@format_option
def head(*, tenant_key: str | None, fmt: str) -> None:
    """The newest hash of each chain: TENANT:NUMBER:HASH, a line each.

    Kept where the database's administrator cannot write (mailed to the adviser, printed, signed), it proves
    later that nothing was cut off: ml-connector audit verify --heads FILE
    """
    with opened_services() as services:
        _must_exist(services, tenant_key)
        found = current_heads(services, tenant_key)
    value = [{"tenant": one.tenant, "number": one.seq, "hash": one.hash} for one in found]
    show(fmt, value, lambda _: [str(one) for one in found] or ["The journal is empty."])


@audit.command("verify")
@tenant_option
@click.option(
    "--expect-head",
    "noted",
    multiple=True,
    metavar="TENANT:NUMBER:HASH",
    help="A head noted earlier; may be repeated.",
)
@click.option("--heads", "file", type=readable_file, metavar="FILE", help="Heads noted earlier, a line each.")
@format_option
def verify_(*, tenant_key: str | None, noted: tuple[str, ...], file: Path | None, fmt: str) -> None:
    """Reckon every hash anew, and compare with heads noted earlier.

    Exit code 1: a row was changed, deleted, inserted or moved, or the end was cut off; the first such row is
    named. Exit code 3: the chains hold, but rows wait to be sealed for long, or were entered late.
    """
    lines = [*noted, *(file.read_text("utf-8").split() if file else ())]
    expected = [_head(line) for line in lines]
    with opened_services() as services:
        _must_exist(services, tenant_key)
        found = verify(services, tenant_key, expected=expected)
        overdue = services.clock.now() - UNSEALED_FOR
    show(fmt, [_facts(one) for one in found], lambda _: [line for one in found for line in _lines(one)])
    if any(one.broken for one in found):
        raise click.exceptions.Exit(ExitCode.REFUSED)
    if any(one.late or (one.unsealed_since and one.unsealed_since < overdue) for one in found):
        raise click.exceptions.Exit(ExitCode.ATTENTION)


def _must_exist(services: Services, tenant_key: str | None) -> None:
    if tenant_key:
        find_tenant(services, tenant_key)


def _head(text: str) -> Head:
    found = _HEAD.fullmatch(text)
    if found is None:
        raise Failure(
            [
                f"Error: {text!r:.100} is no head of a chain.",
                "  → Give it as ml-connector audit head prints it: TENANT:NUMBER:HASH",
            ],
            ExitCode.USAGE,
        )
    return Head(found[1], int(found[2]), found[3])


def _facts(one: Verified) -> dict[str, Any]:
    return {
        "tenant": one.tenant,
        "ok": one.broken is None,
        "rows": one.rows,
        "head": {"number": one.head.seq, "hash": one.head.hash} if one.head else None,
        "broken": {
            "kind": one.broken.kind.value,
            "number": one.broken.seq,
            "journal_row": one.broken.journal_id,
            "message": one.broken.message,
        }
        if one.broken
        else None,
        "removed_by_retention": one.removed,
        "texts_erased": one.erased,
        "unsealed": one.unsealed,
        "unsealed_since": moment_text(one.unsealed_since),
        "entered_late": one.late,
    }


def _lines(one: Verified) -> list[str]:
    if one.broken:
        return [
            f"BROKEN  {one.tenant}: {one.broken.kind} at number {one.broken.seq}. {one.broken.message}",
            f"  {one.rows} rows before it hold.",
            "  → Compare with a backup from before, and find out who can write to the database.",
        ]
    lines = [f"OK  {one.tenant}: {one.rows} rows hold." + (f" Head {one.head}" if one.head else "")]
    if one.removed:
        lines.append(f"  {one.removed} rows before them were removed when their ten years were over.")
    if one.erased:
        lines.append(f"  The text of {one.erased} of them was erased on a person's demand.")
    if one.unsealed:
        since = local_time(one.unsealed_since)
        lines.append(f"  {one.unsealed} newer rows are not sealed yet, the oldest from {since}.")
    if one.late:
        lines += [
            f"  Entered later than they say: journal rows {', '.join(map(str, one.late))}.",
            "  → Either a clock was set back then, or somebody has written them by hand.",
        ]
    return lines
