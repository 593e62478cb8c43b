"""Watches the deals on their way and says every step, until all have ended or the time is up."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from connector.demo.scenario import SampleDeal
from connector.errors import DatabaseUnavailableError
from connector.pipeline.services import Services
from connector.store import runs
from connector.store.runs import RunRow

END_STATES = ("done", "needs_attention", "ignored", "cancelled")
POLL_S = 0.2


@dataclass(frozen=True, slots=True, eq=False)
class Watched:
    """A deal of the demo in its tenant."""

    tenant_id: int
    tenant_key: str
    deal_id: int
    deal: SampleDeal


def watch(
    services: Services,
    deals: list[Watched],
    *,
    timeout_s: float,
    say: Callable[[str], None],
    stopped: Callable[[], bool],
) -> None:
    """Say every change of state until all deals have ended.

    The database may be away for a moment (it may be killed on purpose): then it is asked again.
    """
    seen: dict[Watched, str] = {}
    latest: dict[Watched, RunRow] = {}
    ends_at = time.monotonic() + timeout_s
    while time.monotonic() < ends_at and not stopped():
        try:
            latest = _read(services, deals)
        except DatabaseUnavailableError:
            time.sleep(POLL_S)
            continue
        for watched in deals:
            run = latest.get(watched)
            shown = f"{run.state}{f' ({run.waiting_for})' if run.waiting_for else ''}" if run else ""
            if run and seen.get(watched) != shown:
                seen[watched] = shown
                say(f"  {watched.tenant_key:17} {watched.deal.title[:36]:36} {shown}")
        if len(latest) == len(deals) and all(run.state in END_STATES for run in latest.values()):
            break
        time.sleep(POLL_S)


def _read(services: Services, deals: list[Watched]) -> dict[Watched, RunRow]:
    found = {}
    with services.database.transaction() as tx:
        for watched in deals:
            run = runs.latest_of_deal(tx, watched.tenant_id, watched.deal_id)
            if run:
                found[watched] = run
    return found
