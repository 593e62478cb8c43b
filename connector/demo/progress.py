"""Watches the deals on their way and says every step, until all have ended or the time is up."""

import time
from dataclasses import dataclass

from connector.demo.patience import Patience
from connector.demo.scenario import SampleDeal
from connector.demo.telling import Teller
from connector.pipeline.services import Services
from connector.pipeline.states import INVOICE
from connector.store import runs
from connector.store.runs import RunRow

END_STATES = ("done", "needs_attention", "ignored", "cancelled")
POLL_S = 0.2
"""Often enough to show most of the states on the way, without a load worth naming."""

TITLE_WIDTH = 36
"""Of the deal's title, so that the states stand below each other."""


@dataclass(frozen=True, slots=True, eq=False)
class Watched:
    """A deal of the demo in its tenant."""

    tenant_id: int
    tenant_key: str
    deal_id: int
    deal: SampleDeal


def watch(
    services: Services, deals: list[Watched], *, timeout_s: float, teller: Teller, patience: Patience
) -> None:
    """Say every change of state until all deals have ended or the time is up.

    :raises InterruptedDemoError: somebody asked for the end.
    """
    seen: dict[Watched, str] = {}
    ends_at = time.monotonic() + timeout_s
    while time.monotonic() < ends_at:
        latest = patience.call(lambda: _read(services, deals))
        for watched in deals:
            shown = _shown(latest[watched]) if watched in latest else ""
            if seen.get(watched, "") != shown:
                seen[watched] = shown
                ended = sum(run.state in END_STATES for run in latest.values())
                teller.live(
                    f"{watched.tenant_key:16}  {watched.deal.title[:TITLE_WIDTH]:{TITLE_WIDTH}}  "
                    f"{ended:>2}/{len(deals)}  {shown}"
                )
        if len(latest) == len(deals) and all(run.state in END_STATES for run in latest.values()):
            break
        time.sleep(POLL_S)


def _shown(run: RunRow) -> str:
    """The state, and what it waits for or why it ended."""
    why = run.waiting_for or run.reason_code or run.ignore_rule
    return f"{run.state} ({why})" if why and run.state != "done" else run.state


def _read(services: Services, deals: list[Watched]) -> dict[Watched, RunRow]:
    found = {}
    with services.database.transaction() as tx:
        for watched in deals:
            run = runs.latest_of_deal(tx, watched.tenant_id, watched.deal_id, kind=INVOICE)
            if run:
                found[watched] = run
    return found
