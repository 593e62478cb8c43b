"""``audit``: proof that the journal is what it was."""

import re
from datetime import date
from pathlib import Path
from typing import Any

import click

from connector.cli.arguments import readable_file
from connector.cli.exit_codes import ExitCode
from connector.cli.failures import Failure
from connector.cli.given_file import read_given_file
from connector.cli.output import format_option, local_time, moment_text, show
from connector.cli.session import opened_services
from connector.pipeline.audit import current_heads, verify
from connector.pipeline.audit_findings import UNSEALED_FOR, Head, Verified, ranges
from connector.pipeline.onboarding import find_tenant
from connector.pipeline.services import Services

_HEAD = re.compile(r"([a-z0-9][a-z0-9-]*):([1-9]\d{0,17}):([0-9a-f]{64})(?::(\d{4}-\d\d-\d\d))?")
"""As ``audit head`` prints it; heads that were noted without a day are taken as well."""

_FORM = "TENANT:NUMBER:HASH:DAY"

LARGEST_HEADS = 16 * 1024 * 1024
"""Bytes of a file of heads: a head has some 100, so 40 tenants may be noted every day for ten years."""

tenant_option = click.option("--tenant", "tenant_key", metavar="TENANT", help="Only this tenant's journal.")


@click.group()
def audit() -> None:
    """The journal's proof: every row is chained by hash to the one before it."""


@audit.command()
@tenant_option
@format_option
def head(*, tenant_key: str | None, fmt: str) -> None:
    """The newest hash of each chain: TENANT:NUMBER:HASH:DAY, a line each.

    Kept where the database's administrator cannot write (mailed to the adviser, printed, signed), it proves
    later that nothing up to it was changed or cut off: ml-connector audit verify --heads FILE
    """
    with opened_services() as services:
        _must_exist(services, tenant_key)
        found = current_heads(services, tenant_key)
    value = [
        {
            "tenant": one.tenant,
            "number": one.seq,
            "hash": one.hash,
            "day": _day(one),
        }
        for one in found
    ]
    show(fmt, value, lambda _: [str(one) for one in found] or ["The journal is empty."])


@audit.command("verify")
@tenant_option
@click.option(
    "--expect-head",
    "noted",
    multiple=True,
    metavar=_FORM,
    help="A head noted earlier; may be repeated.",
)
@click.option("--heads", "file", type=readable_file, metavar="FILE", help="Heads noted earlier, a line each.")
@format_option
def verify_(*, tenant_key: str | None, noted: tuple[str, ...], file: Path | None, fmt: str) -> None:
    """Reckon every hash anew, and compare with heads noted earlier.

    Exit code 1: a row was changed, deleted, inserted or moved, rows were removed that must stay, or the end
    was cut off; the first such place is named. Exit code 3: the chains hold, but rows wait to be sealed for
    long or were sealed long after they were written, were entered late, or are missing for a run.
    """
    content = read_given_file(file, LARGEST_HEADS) if file else b""
    lines = [*noted, *content.decode("utf-8", "replace").split()]
    expected = [_head(line) for line in lines]
    with opened_services() as services:
        _must_exist(services, tenant_key)
        found = verify(services, tenant_key, expected=expected)
        overdue = services.clock.now() - UNSEALED_FOR
    show(fmt, [_facts(one) for one in found], lambda _: [line for one in found for line in _lines(one)])
    if any(one.broken for one in found):
        raise click.exceptions.Exit(ExitCode.REFUSED)
    if any(one.doubtful or (one.unsealed_since and one.unsealed_since < overdue) for one in found):
        raise click.exceptions.Exit(ExitCode.ATTENTION)


def _must_exist(services: Services, tenant_key: str | None) -> None:
    if tenant_key:
        find_tenant(services, tenant_key)


def _head(text: str) -> Head:
    found = _HEAD.fullmatch(text)
    try:
        if found:
            day = date.fromisoformat(found[4]) if found[4] else None
            return Head(found[1], int(found[2]), found[3], day)
    except ValueError:
        pass  # No such day.
    raise Failure(
        [
            f"Error: {text!r:.100} is no head of a chain.",
            f"  → Give it as ml-connector audit head prints it: {_FORM}",
        ],
        ExitCode.USAGE,
    )


def _facts(one: Verified) -> dict[str, Any]:
    return {
        "tenant": one.tenant,
        "ok": one.broken is None,
        "rows": one.rows,
        "head": {"number": one.head.seq, "hash": one.head.hash, "day": _day(one.head)} if one.head else None,
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
        "erasures": [
            {
                "journal_row": erasure.journal_id,
                "at": moment_text(erasure.at),
                "actor": erasure.actor,
                "demand": erasure.demand,
                "rows": list(erasure.rows),
            }
            for erasure in one.erasures
        ],
        "unsealed": one.unsealed,
        "unsealed_since": moment_text(one.unsealed_since),
        "entered_late": one.late,
        "sealed_late": one.sealed_late,
        "sealed_late_since": moment_text(one.sealed_late_since),
        "runs_without_a_row": one.untold_runs,
        "removed_heads_without_day": one.undated_heads,
    }


def _day(head: Head) -> str | None:
    return head.day.isoformat() if head.day else None


def _lines(one: Verified) -> list[str]:
    if one.broken:
        return [
            f"BROKEN  {one.tenant}: {one.broken.kind} at number {one.broken.seq}. {one.broken.message}",
            f"  {one.rows} rows hold.",
            "  → Compare with a backup from before, and find out who can write to the database.",
        ]
    lines = [f"OK  {one.tenant}: {one.rows} rows hold." + (f" Head {one.head}" if one.head else "")]
    if one.removed:
        lines.append(f"  {one.removed} rows before them were removed when their ten years were over.")
    if one.erased:
        lines.append(f"  The text of {one.erased} of them was erased on a person's demand:")
        lines += [
            f"    {local_time(done.at)}, {done.actor}: journal rows {ranges(done.rows)}. {done.demand}"
            for done in one.erasures
        ]
    if one.unsealed:
        since = local_time(one.unsealed_since)
        lines.append(f"  {one.unsealed} newer rows are not sealed yet, the oldest from {since}.")
    return lines + _doubts(one)


def _doubts(one: Verified) -> list[str]:
    """What is no break and wants a look, each with where to look."""
    lines = []
    if one.late:
        lines += [
            f"  Entered later than they say: journal rows {', '.join(map(str, one.late))}.",
            "  → Either a clock was set back then, or somebody has written them by hand.",
        ]
    if one.sealed_late:
        since = local_time(one.sealed_late_since)
        lines += [
            f"  {one.sealed_late} rows were sealed long after they were written, the oldest from {since}.",
            "  → Either nobody sealed then, or seals were deleted and made anew. A head noted before tells.",
        ]
    if one.untold_runs:
        lines += [
            f"  No journal row tells of the runs {ranges(one.untold_runs)}.",
            "  → Each run begins with one: rows were deleted. Compare with a backup.",
        ]
    if one.undated_heads:
        lines += [
            f"  Noted without a day, and among the removed rows: heads {ranges(one.undated_heads)}.",
            "  → Look up when they were noted: rows may go ten years after, not before.",
        ]
    return lines
