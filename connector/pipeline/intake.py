"""What an event about a deal means for its run: the same function for every way in.

One transaction stores the event and moves the run; whether the deal is really won, and what
it contains, is decided later from the deal itself.
"""

from dataclasses import asdict
from datetime import datetime

from connector.pipedrive.webhook import DealChange, DealEvent
from connector.pipeline.ignore import DealFacts, ignoring_rule
from connector.pipeline.services import Services
from connector.pipeline.states import (
    CANCELLED,
    IGNORED,
    NEEDS_ATTENTION,
    RUN_BEFORE_HAND_OVER,
)
from connector.store import Transaction, inbox, journal, runs
from connector.store.runs import RunRow
from connector.store.tenants import TenantRow

_STILL_OURS = (*RUN_BEFORE_HAND_OVER, CANCELLED, IGNORED, NEEDS_ATTENTION)


def receive(services: Services, tenant: TenantRow, event: DealEvent, source: str) -> list[int]:
    """Store an event once and act on it.

    :param source: ``webhook``, ``sweep`` or ``backfill``.
    :returns: ids of runs to wake.
    :raises DatabaseUnavailableError: nothing was stored; the sender has to repeat.
    """
    now = services.clock.now()
    with services.database.transaction() as tx:
        inbox_id = inbox.put(
            tx,
            tenant_id=tenant.id,
            source=source,
            event_id=event.event_id,
            deal_id=event.deal_id,
            facts=_facts(event),
            now=now,
        )
        if inbox_id is None:
            return []
        known = runs.latest_of_deal(tx, tenant.id, event.deal_id, lock=True)
        if known is None:
            return _first(services, tx, tenant, event, inbox_id)
        inbox.link(tx, inbox_id, known.id)
        return _again(services, tx, tenant, event, known)


def _first(
    services: Services, tx: Transaction, tenant: TenantRow, event: DealEvent, inbox_id: int
) -> list[int]:
    """A deal we have no run for: only being won makes one."""
    if event.change is not DealChange.WON:
        return []
    now = services.clock.now()
    rule = ignoring_rule(tenant.config, _deal_facts(event))
    run_id = runs.create(
        tx,
        tenant_id=tenant.id,
        deal_id=event.deal_id,
        kind="invoice",
        now=now,
        state="received" if rule is None else IGNORED,
        ignore_rule=rule or "",
    )
    if run_id is None:
        # Another delivery of the same deal has just made it; that one wakes it.
        return []
    inbox.link(tx, inbox_id, run_id)
    journal.write(
        tx,
        tenant_id=tenant.id,
        run_id=run_id,
        at=now,
        event="received",
        to_state="received" if rule is None else IGNORED,
        actor="intake",
        message="The deal was won." if rule is None else f"Left alone by the rule: {rule}.",
        details={"event_id": event.event_id},
    )
    return [run_id] if rule is None else []


def _again(
    services: Services, tx: Transaction, tenant: TenantRow, event: DealEvent, run: RunRow
) -> list[int]:
    """A deal that has a run: until the hand-over it is read again or cancelled, after it a human compares."""
    still_ours = run.state in RUN_BEFORE_HAND_OVER or (
        run.state in {CANCELLED, IGNORED, NEEDS_ATTENTION} and run.batch_id is None
    )
    if event.change in {DealChange.REOPENED, DealChange.LOST, DealChange.DELETED}:
        if still_ours:
            _cancel(services, tx, tenant, event, run)
        else:
            _ask_for_correction(services, tx, tenant, event, run)
        return []
    wakes_up = event.change is DealChange.WON or (
        event.change is DealChange.OTHER and event.status_now == "won" and run.state in RUN_BEFORE_HAND_OVER
    )
    if not wakes_up:
        return []
    if still_ours:
        return _read_again(services, tx, tenant, event, run)
    if _is_other_win(tx, event, run):
        _ask_for_correction(services, tx, tenant, event, run)
    return []


def _read_again(
    services: Services, tx: Transaction, tenant: TenantRow, event: DealEvent, run: RunRow
) -> list[int]:
    now = services.clock.now()
    if run.state == IGNORED and ignoring_rule(tenant.config, _deal_facts(event)) is not None:
        return []
    runs.reset(
        tx,
        run.id,
        from_states=_STILL_OURS,
        now=now,
        state="received",
        due_at=now,
        resume_state=None,
        reason_code="",
        reason_message="",
        reason_cure="",
        ignore_rule="",
    )
    journal.write(
        tx,
        tenant_id=tenant.id,
        run_id=run.id,
        at=now,
        event="read_again",
        from_state=run.state,
        to_state="received",
        actor="intake",
        message="The deal has changed." if run.state != CANCELLED else "The deal was won again.",
        details={"event_id": event.event_id},
    )
    return [run.id]


def _cancel(services: Services, tx: Transaction, tenant: TenantRow, event: DealEvent, run: RunRow) -> None:
    now = services.clock.now()
    if run.state in {CANCELLED, IGNORED}:
        return
    runs.reset(tx, run.id, from_states=_STILL_OURS, now=now, state=CANCELLED, due_at=None)
    journal.write(
        tx,
        tenant_id=tenant.id,
        run_id=run.id,
        at=now,
        event="cancelled",
        from_state=run.state,
        to_state=CANCELLED,
        actor="intake",
        message=f"The deal was {event.change} before it was handed over.",
        details={"event_id": event.event_id},
    )


def _is_other_win(tx: Transaction, event: DealEvent, run: RunRow) -> bool:
    """Whether this is another win than the one that was handed over; several hooks report the same win."""
    if event.won_time is None:
        return False
    deal = (runs.document_of(tx, run.id, "bundle") or {}).get("deal", {})
    booked = deal.get("won_time")
    return booked is not None and abs((event.won_time - datetime.fromisoformat(booked)).total_seconds()) >= 1


def _ask_for_correction(
    services: Services, tx: Transaction, tenant: TenantRow, event: DealEvent, run: RunRow
) -> None:
    """After the hand-over nothing changes by itself: a human decides about a correction."""
    now = services.clock.now()
    message = f"The deal was {event.change} after it had been handed over to DATEV with run {run.id}."
    cure = "Compare the deal with the booking; correct it in DATEV if needed, then cancel this run."
    correction = runs.create(
        tx,
        tenant_id=tenant.id,
        deal_id=event.deal_id,
        kind="correction",
        revision=run.revision + 1,
        now=now,
        state=NEEDS_ATTENTION,
        title=run.title,
        reason=("changed_after_hand_over", message, cure),
    )
    journal.write(
        tx,
        tenant_id=tenant.id,
        run_id=correction or run.id,
        at=now,
        event="changed_after_hand_over",
        to_state=NEEDS_ATTENTION if correction else "",
        actor="intake",
        message=message,
        details={"event_id": event.event_id, "run": run.id},
    )


def _deal_facts(event: DealEvent) -> DealFacts:
    return DealFacts(
        first_won_at=event.first_won_time,
        won_at=event.won_time,
        pipeline_id=event.pipeline_id,
        currency=event.currency or None,
    )


def _facts(event: DealEvent) -> dict[str, object]:
    """The trigger as it is kept: ids, words and times, nothing personal."""
    return {
        name: value.isoformat() if hasattr(value, "isoformat") else value
        for name, value in asdict(event).items()
        if name != "actor_user_id"
    }
