"""``backfill``: won deals of a time that a person names."""

import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time
from typing import Any

import click

from connector.cli.exit_codes import ExitCode
from connector.cli.failures import Failure
from connector.cli.output import format_option, local_time, moment_text, say, show, table
from connector.cli.session import actor, opened_services
from connector.clock import BERLIN, berlin_date
from connector.pipedrive.listed_deals import ListedDeal
from connector.pipeline.backfill import (
    Outlook,
    Prospect,
    bring_in,
    foresee,
    note_confirmation,
    note_done,
    won_deals,
)
from connector.pipeline.onboarding import find_tenant
from connector.pipeline.services import Services
from connector.runtime.wake import wake_workers
from connector.store.tenants import TenantRow

COLUMNS = ("deal", "won", "value", "title", "becomes")

_SAYS = {
    Outlook.BOOK: "booked",
    Outlook.BOOK_DESPITE_GO_LIVE: "booked, although won before go-live",
    Outlook.IGNORE: "ignored by the rule: {reason}",
    Outlook.READ_AGAIN: "read again, {reason}: it has changed since we were told of it",
    Outlook.KNOWN: "left as it is, {reason}",
}
"""What becomes of a deal, for people."""

_WRITTEN = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
"""The one way of writing a day that is taken: in another, a slip of the keyboard could be a day."""

_EARLIEST = date(2000, 1, 1)
"""An earlier day is a slip of the keyboard; Pipedrive is younger."""


class PastDay(click.ParamType[date]):
    """A day, as 2026-01-31."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """The day.

        :raises click.BadParameter: it is none, or none in which a deal can have been won.
        """
        try:
            day = _day(str(value))
        except ValueError:
            self.fail(f"{str(value)!r} is no day. Write it as 2026-01-31.", param, ctx)
        if day < _EARLIEST:
            self.fail(f"{day} is earlier than any deal. Is the year right?", param, ctx)
        return day


def _day(text: str) -> date:
    """The day.

    :raises ValueError: it is none, or is written otherwise; ``fromisoformat`` also reads 20260131 and weeks.
    """
    if not _WRITTEN.fullmatch(text):
        raise ValueError(text)
    return date.fromisoformat(text)


@click.command()
@click.option("--tenant", "tenant_key", required=True, metavar="TENANT", help="Whose deals.")
@click.option(
    "--since", required=True, type=PastDay(), metavar="DATE", help="Deals won on this day (Berlin) or later."
)
@click.option("--dry-run", is_flag=True, help="Say of each deal what would become of it; store nothing.")
@click.option(
    "--before-go-live",
    is_flag=True,
    help="Book also deals first won before go-live. Asks you to type the tenant's key.",
)
@format_option
def backfill(*, tenant_key: str, since: date, dry_run: bool, before_go_live: bool, fmt: str) -> None:
    """Bring in deals that were won since a day and that no webhook told of.

    Deals that are in already are left as they are, so it may be broken off and repeated at will.
    """
    with opened_services() as services:
        tenant = find_tenant(services, tenant_key)
        _refuse_impossible(services, tenant, since, before_go_live=before_go_live)
        beginning = datetime.combine(since, time(), BERLIN)
        deals = _read(services, tenant, beginning)
        prospects = foresee(services, tenant, deals, before_go_live=before_go_live)
        if not dry_run:
            _confirm(services, tenant, prospects, beginning)
            _bring_all(services, tenant, prospects, beginning)
    value = {
        "tenant": tenant.key,
        "since": since.isoformat(),
        "stored": not dry_run,
        "deals": [_facts(prospect) for prospect in prospects],
        "counts": dict(Counter(prospect.outlook.value for prospect in prospects)),
    }
    show(fmt, value, _dry_lines if dry_run else _done_lines)


def _refuse_impossible(services: Services, tenant: TenantRow, since: date, *, before_go_live: bool) -> None:
    today = berlin_date(services.clock.now())
    if since > today:
        raise Failure([f"Error: {since} is in the future.", "  → Name a day up to today."], ExitCode.USAGE)
    go_live = berlin_date(tenant.go_live_at)
    if since < go_live and not before_go_live:
        what = f"{since} is before the go-live of {tenant.key}, {local_time(tenant.go_live_at)} (Berlin)"
        cure = f"For those won later: --since {go_live}. To book the earlier ones as well, if nobody has"
        raise Failure(
            [
                f"Error: {what}: deals first won before it are left alone.",
                f"  → {cure} booked them yet: --before-go-live",
            ],
            ExitCode.USAGE,
        )


def _read(services: Services, tenant: TenantRow, since: datetime) -> list[ListedDeal]:
    """The deals, once each: one that is archived meanwhile shows in both lists."""
    found: dict[int, ListedDeal] = {}
    with _bar("Reading Pipedrive's lists", None) as bar:
        for page in won_deals(services, tenant, since):
            found |= {deal.id: deal for deal in page}
            bar.update(len(page))
    return list(found.values())


def _confirm(services: Services, tenant: TenantRow, prospects: Sequence[Prospect], since: datetime) -> None:
    early = [prospect for prospect in prospects if prospect.outlook is Outlook.BOOK_DESPITE_GO_LIVE]
    if not early:
        return
    for line in table([_row(prospect) for prospect in early], COLUMNS, empty=""):
        say(line)
    say(
        f"{len(early)} deals were first won before go-live. What somebody has booked by hand already will be "
        "booked twice."
    )
    typed = click.prompt(f"To book them, type the tenant's key ({tenant.key})", default="", err=True)
    if typed.strip() != tenant.key:
        raise Failure(["Not confirmed: nothing was stored."], ExitCode.REFUSED)
    note_confirmation(services, tenant, early, since=since, actor=actor())


def _bring_all(services: Services, tenant: TenantRow, prospects: Sequence[Prospect], since: datetime) -> None:
    coming = [prospect for prospect in prospects if prospect.event is not None]
    if not coming:
        return
    with _bar("Bringing deals in", len(coming)) as bar:
        for prospect in coming:
            bring_in(services, tenant, prospect, actor=actor())
            bar.update(1)
    note_done(services, tenant, coming, since=since, actor=actor())
    wake_workers(services.settings)


@contextmanager
def _bar(label: str, length: int | None) -> Iterator[Any]:
    """A progress bar on stderr, so that stdout is the result alone."""
    # A list does not tell its length beforehand: its bar only counts.
    steps: Any = iter(int, 1) if length is None else range(length)
    with click.progressbar(steps, length=length, label=label, show_pos=True, file=sys.stderr) as bar:
        yield bar


def _facts(prospect: Prospect) -> dict[str, Any]:
    deal = prospect.deal
    return {
        "deal": deal.id,
        "title": deal.title,
        "won_at": moment_text(deal.won_at),
        "first_won_at": moment_text(deal.first_won_at),
        "value": str(deal.value) if deal.value is not None else None,
        "currency": deal.currency,
        "outlook": prospect.outlook.value,
        "reason": prospect.reason,
    }


def _row(prospect: Prospect) -> dict[str, Any]:
    return _shown(_facts(prospect))


def _shown(facts: dict[str, Any]) -> dict[str, Any]:
    becomes = _SAYS[Outlook(facts["outlook"])].format(reason=facts["reason"])
    return {
        "deal": facts["deal"],
        "won": local_time(facts["won_at"]),
        "value": f"{facts['value']} {facts['currency']}" if facts["value"] is not None else "",
        "title": facts["title"],
        "becomes": becomes,
    }


def _dry_lines(value: dict[str, Any]) -> list[str]:
    empty = f"{value['tenant']} has no deal won since {value['since']}."
    lines = table([_shown(facts) for facts in value["deals"]], COLUMNS, empty=empty)
    return [*lines, "Nothing was stored."]


def _done_lines(value: dict[str, Any]) -> list[str]:
    if not value["deals"]:
        return [f"{value['tenant']} has no deal won since {value['since']}."]
    counts = value["counts"]
    words = {
        Outlook.BOOK: "to be booked",
        Outlook.BOOK_DESPITE_GO_LIVE: "to be booked although won before go-live",
        Outlook.IGNORE: "left alone by a rule",
        Outlook.READ_AGAIN: "read again",
        Outlook.KNOWN: "known already",
    }
    told = ", ".join(f"{counts[outlook]} {text}" for outlook, text in words.items() if counts.get(outlook))
    return [
        f"{len(value['deals'])} deals won since {value['since']}: {told}.",
        f"See how they fare: ml-connector run list --tenant {value['tenant']}",
    ]
