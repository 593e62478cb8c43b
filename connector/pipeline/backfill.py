"""Backfill: won deals of a time that a person names come the same way in as those of a webhook.

For a tenant that goes live late, and for what was lost before reconciliation could find it. It may be broken
off and repeated at will: what is in already is seen and left. Deals first won before go-live are booked only
where a person has confirmed just that; the rule is then set aside for their runs alone.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from connector.log import get_logger
from connector.pipedrive.listed_deals import WON, ListedDeal, listed_deal
from connector.pipedrive.webhook import DealEvent
from connector.pipeline import intake
from connector.pipeline.ignore import BEFORE_GO_LIVE, ignoring_rule
from connector.pipeline.partners import pipedrive_client
from connector.pipeline.services import Services
from connector.pipeline.states import IGNORED, INVOICE
from connector.pipeline.untold import Known, event_of, facts_of_listed, known_of, untold
from connector.store import Transaction, inbox, journal, runs
from connector.store.tenants import TenantRow

log = get_logger(__name__)

SOURCE = "backfill"
"""What the inbox calls this way in."""

AT_ONCE = 200
"""Deals of which is asked at once what is known."""


class Outlook(StrEnum):
    """What a backfill does with a deal."""

    BOOK = "book"
    """It has no run: it gets one."""
    BOOK_DESPITE_GO_LIVE = "book_despite_go_live"
    """First won before go-live, and a person wants it booked."""
    IGNORE = "ignore"
    """It gets a run that a rule ends at once."""
    READ_AGAIN = "read_again"
    """It has a run, and shows what nobody has told us: as if a webhook came now."""
    KNOWN = "known"
    """It has a run, and nothing new: left as it is."""


@dataclass(frozen=True, slots=True)
class Prospect:
    """One deal, and what would become of it."""

    deal: ListedDeal
    outlook: Outlook
    reason: str
    """The rule, or its run and state."""
    event: DealEvent | None
    """How it comes in; None: it is known and stays out."""


def won_deals(services: Services, tenant: TenantRow, since: datetime) -> Iterator[list[ListedDeal]]:
    """The tenant's deals won since a moment, page by page, archived ones too.

    :raises ConnectorError: Pipedrive does not answer, or not to this login.
    """
    for archived in (False, True):
        cursor = ""
        while True:
            records, cursor = pipedrive_client(services, tenant).deal_page(
                archived=archived, status=WON, updated_since=since, cursor=cursor
            )
            found = [deal for record in records if (deal := listed_deal(record)) is not None]
            # Winning a deal changes it, so whatever was won since is listed; the others were only changed.
            yield [deal for deal in found if deal.status == WON and (deal.won_at or deal.changed_at) >= since]
            if not cursor:
                break


def foresee(
    services: Services, tenant: TenantRow, deals: Sequence[ListedDeal], *, before_go_live: bool
) -> list[Prospect]:
    """What would become of each deal; writes nothing.

    :param before_go_live: deals first won before go-live are to be booked too.
    """
    found: list[Prospect] = []
    for start in range(0, len(deals), AT_ONCE):
        some = deals[start : start + AT_ONCE]
        with services.database.transaction() as tx:
            known = known_of(tx, tenant.id, [deal.id for deal in some])
        found += [_foresee(tenant, deal, known[deal.id], before_go_live=before_go_live) for deal in some]
    return found


def _foresee(tenant: TenantRow, deal: ListedDeal, known: Known, *, before_go_live: bool) -> Prospect:
    run, facts = known.run, facts_of_listed(deal)
    event = untold(deal, known)
    rule = ignoring_rule(tenant.config, facts)
    left_alone = run is None or (run.state == IGNORED and run.ignore_rule == BEFORE_GO_LIVE)
    if rule == BEFORE_GO_LIVE and before_go_live and left_alone:
        also = ignoring_rule(tenant.config, facts, despite=BEFORE_GO_LIVE)
        if also is None:
            event = event or event_of(deal, became_won=True)
            return Prospect(deal, Outlook.BOOK_DESPITE_GO_LIVE, BEFORE_GO_LIVE, event)
        rule = f"{rule}, and by: {also}"
    if run is not None:
        outlook = Outlook.READ_AGAIN if event else Outlook.KNOWN
        return Prospect(deal, outlook, f"run {run.id}: {run.state}", event)
    return Prospect(deal, Outlook.IGNORE if rule else Outlook.BOOK, rule or "", event)


def bring_in(services: Services, tenant: TenantRow, prospect: Prospect, *, actor: str) -> None:
    """Let a deal in as it was foreseen; what has changed since is seen and followed.

    :param actor: who wants it.
    """
    if prospect.event is None:
        return
    if prospect.outlook is Outlook.BOOK_DESPITE_GO_LIVE:
        with services.database.transaction() as tx:
            _book_despite_go_live(tx, services.clock.now(), tenant, prospect.event, actor)
        return
    intake.receive(services, tenant, prospect.event, SOURCE)


def note_confirmation(
    services: Services, tenant: TenantRow, prospects: Sequence[Prospect], *, since: datetime, actor: str
) -> None:
    """Write down that a person wants these deals booked although they were first won before go-live."""
    deals = [one.deal.id for one in prospects if one.outlook is Outlook.BOOK_DESPITE_GO_LIVE]
    with services.database.transaction() as tx:
        journal.write(
            tx,
            tenant_id=tenant.id,
            at=services.clock.now(),
            event="backfill_confirmed",
            actor=actor,
            message=f"{len(deals)} deals first won before go-live are to be booked.",
            details={"since": since.isoformat(), "deals": deals},
        )


def note_done(
    services: Services, tenant: TenantRow, prospects: Sequence[Prospect], *, since: datetime, actor: str
) -> None:
    """Write down what a backfill has brought in."""
    counts = Counter(one.outlook.value for one in prospects)
    with services.database.transaction() as tx:
        journal.write(
            tx,
            tenant_id=tenant.id,
            at=services.clock.now(),
            event="backfilled",
            actor=actor,
            message=", ".join(f"{name}: {count}" for name, count in sorted(counts.items())),
            details={"since": since.isoformat(), "counts": dict(counts)},
        )


def _book_despite_go_live(
    tx: Transaction, now: datetime, tenant: TenantRow, event: DealEvent, actor: str
) -> None:
    known = runs.latest_of_deal(tx, tenant.id, event.deal_id, kind=INVOICE, part=0, lock=True)
    before = known.state if known else ""
    if known is None:
        run_id = runs.create(
            tx,
            tenant_id=tenant.id,
            deal_id=event.deal_id,
            kind=INVOICE,
            now=now,
            despite_rule=BEFORE_GO_LIVE,
        )
    elif known.state == IGNORED and known.ignore_rule == BEFORE_GO_LIVE:
        run_id = known.id
        runs.reset(
            tx,
            run_id,
            from_states=(IGNORED,),
            now=now,
            state="received",
            due_at=now,
            ignore_rule="",
            despite_rule=BEFORE_GO_LIVE,
        )
    else:
        run_id = None
    if run_id is None:
        # It has just got a run elsewhere: a repeat of the backfill sees which.
        return
    inbox_id = inbox.put(
        tx,
        tenant_id=tenant.id,
        source=SOURCE,
        event_id=event.event_id,
        deal_id=event.deal_id,
        facts=intake.facts_of_event(event),
        now=now,
    )
    if inbox_id is not None:
        inbox.link(tx, inbox_id, run_id)
    journal.write(
        tx,
        tenant_id=tenant.id,
        run_id=run_id,
        at=now,
        event="received",
        from_state=before,
        to_state="received",
        actor=actor,
        message=f"To be booked although the rule says: {BEFORE_GO_LIVE}.",
        details={"event_id": event.event_id},
    )
