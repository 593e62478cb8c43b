"""What Pipedrive's list says of a deal that nobody has told us: the event that a webhook lost.

A deal that was told of up to its last change makes no event, so that reading the list over and over is quiet.
Where our run contradicts the list outright, what was told does not count.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from connector.pipedrive.listed_deals import DELETED, WON, ListedDeal
from connector.pipedrive.moments import moment
from connector.pipedrive.webhook import DealAction, DealEvent
from connector.pipeline.deal_parts import before_hand_over, is_planned
from connector.pipeline.ignore import DealFacts
from connector.pipeline.states import CANCELLED, CANCELLED_BY_HAND, IGNORED, INVOICE
from connector.store import Transaction, told
from connector.store.runs import RunRow


@dataclass(frozen=True, slots=True)
class Known:
    """What we know of a deal."""

    run: RunRow | None = None
    """Its own run that books it."""
    until: datetime | None = None
    """The newest state of the deal that was told, or read by a run."""
    won_at: datetime | None = None
    """The newest win among it."""


def known_of(tx: Transaction, tenant_id: int, deal_ids: Sequence[int]) -> dict[int, Known]:
    """What we know of each of these deals."""
    own = told.own_runs(tx, tenant_id, deal_ids, kind=INVOICE)
    times: dict[int, list[datetime]] = {deal_id: [] for deal_id in deal_ids}
    wins: dict[int, list[datetime]] = {deal_id: [] for deal_id in deal_ids}
    for deal_id, of_deal in told.told_of(tx, tenant_id, deal_ids).items():
        times[deal_id].append(of_deal.until)
        wins[deal_id] += [of_deal.won_at] if of_deal.won_at else []
    for deal_id, read in told.readings(tx, tenant_id, deal_ids):
        times[deal_id] += _readable(read.changed)
        wins[deal_id] += _readable(read.won)
    return {
        deal_id: Known(own.get(deal_id), max(times[deal_id], default=None), max(wins[deal_id], default=None))
        for deal_id in deal_ids
    }


def untold(deal: ListedDeal, known: Known) -> DealEvent | None:
    """The event that the list stands for; None: it says nothing new."""
    if known.run is None:
        return event_of(deal, became_won=True) if deal.status == WON else None
    is_news = known.until is None or _second(deal.changed_at) > _second(known.until)
    if deal.status == WON:
        if _was_given_up(known.run):
            return event_of(deal, became_won=True)
        return event_of(deal, became_won=_is_new_win(deal, known)) if is_news else None
    return event_of(deal) if is_news or _is_carried(known.run) else None


def event_of(deal: ListedDeal, *, became_won: bool = False) -> DealEvent:
    """A listed deal as an event, equal for equal states of the deal."""
    return DealEvent(
        event_id=f"deal:{deal.id}:{deal.changed_at:%Y-%m-%dT%H:%M:%S.%fZ}:{deal.status}",
        version="list",
        deal_id=deal.id,
        action=DealAction.DELETED if deal.status == DELETED else DealAction.CHANGED,
        status_now=deal.status,
        status_before="" if deal.status == WON else WON,
        became_won=became_won,
        won_time=deal.won_at,
        first_won_time=deal.first_won_at,
        merged_to=None,
        merged_from=None,
        change_source="",
        actor_user_id=None,
        company_id=None,
        webhook_id="",
        attempt=1,
        pipeline_id=deal.pipeline_id,
        currency=deal.currency,
        as_of=deal.changed_at,
    )


def facts_of_listed(deal: ListedDeal) -> DealFacts:
    """What the ignore rules look at, as far as the list shows it."""
    return DealFacts(
        first_won_at=deal.first_won_at,
        won_at=deal.won_at,
        pipeline_id=deal.pipeline_id,
        label_ids=deal.label_ids,
        currency=deal.currency or None,
        value=deal.value,
    )


def _was_given_up(run: RunRow) -> bool:
    """Whether its run ended because the deal was not won, and no person wanted that."""
    return run.state == CANCELLED and run.reason_code != CANCELLED_BY_HAND and before_hand_over(run)


def _is_carried(run: RunRow) -> bool:
    """Whether we are about to book the deal from what was read of it."""
    if run.state in {"received", CANCELLED} or not before_hand_over(run):
        return False
    return run.state != IGNORED or is_planned(run)


def _is_new_win(deal: ListedDeal, known: Known) -> bool:
    return deal.won_at is not None and (known.won_at is None or _second(deal.won_at) > _second(known.won_at))


def _second(instant: datetime) -> datetime:
    """Version 1 of the webhooks, and the lists, tell whole seconds."""
    return instant.replace(microsecond=0)


def _readable(text: str) -> list[datetime]:
    try:
        found = moment(text)
    except ValueError:
        return []
    return [found] if found else []
