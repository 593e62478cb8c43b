"""What an event about a deal means for its run: the same function for every way in.

One transaction stores the event and moves the run. The first win of a deal, the usual case, is one
statement that does all of it or nothing. Whether the deal is really won, and what it contains, is
decided later from the deal itself.
"""

from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from connector.errors import DataError
from connector.pipedrive.fields import FieldCatalog
from connector.pipedrive.webhook import DealChange, DealEvent
from connector.pipeline.after_hand_over import QUIET_SWEEPS, ask_about_merge, look_again
from connector.pipeline.deal_parts import STILL_OURS, before_hand_over, booked_parts, cancel_parts, is_planned
from connector.pipeline.ignore import DealFacts, ignoring_rule
from connector.pipeline.services import Services
from connector.pipeline.states import (
    CANCELLED,
    CANCELLED_BY_HAND,
    IGNORED,
    INVOICE,
    NEEDS_ATTENTION,
    RUN_BEFORE_HAND_OVER,
)
from connector.store import Transaction, inbox, journal, runs
from connector.store.intake import first_win
from connector.store.runs import RunRow
from connector.store.tenants import TenantRow

_ACTOR = "intake"

_OVER = (DealChange.REOPENED, DealChange.LOST, DealChange.DELETED)
"""Changes after which the deal is probably not to be booked."""

_SAYS = {
    DealChange.WON: "was won again",
    DealChange.REOPENED: "was reopened",
    DealChange.LOST: "was lost",
    DealChange.DELETED: "was deleted",
}
"""How the journal says what an event reports of a deal that was handed over."""

_HOW_FOUND = {
    "sweep": " The reconciliation found it; no webhook had told of it.",
    "backfill": " A backfill found it.",
}
"""By the way in, what the journal adds to a deal that no webhook told of."""

_BESIDE_THE_INVOICE = frozenset(
    {
        *("stage_id", "stage_change_time", "pipeline_id", "owner_id", "probability", "visible_to"),
        *("notes_count", "activities_count", "done_activities_count"),
    }
)
"""Fields of a deal that no configuration can make a part of its invoice."""

_KEPT = tuple(field.name for field in fields(DealEvent) if field.name != "actor_user_id")
"""What the inbox keeps of an event."""

_NO_REASON = {"reason_code": "", "reason_message": "", "reason_cure": "", "resume_state": None}


@dataclass(frozen=True, slots=True)
class _Arrival:
    """One event being acted on, inside its transaction."""

    tx: Transaction
    tenant: TenantRow
    event: DealEvent
    now: datetime
    quiet: timedelta
    """How long after the hand-over more events are waited for."""

    def note(self, run_id: int, what: str, *, before: str, after: str, message: str) -> None:
        """A journal row of a run."""
        journal.write(
            self.tx,
            tenant_id=self.tenant.id,
            run_id=run_id,
            at=self.now,
            event=what,
            from_state=before,
            to_state=after,
            actor=_ACTOR,
            message=message,
            details={"event_id": self.event.event_id},
        )


def receive(services: Services, tenant: TenantRow, event: DealEvent, source: str) -> list[int]:
    """Store an event once and act on it.

    :param source: ``webhook``, ``sweep`` or ``backfill``.
    :returns: ids of runs to wake.
    :raises DatabaseUnavailableError: nothing was stored; the sender has to repeat.
    """
    now = services.clock.now()
    if event.change is DealChange.WON:
        # Either everything about a first win is stored by this, or nothing at all and it is no first win.
        rule = ignoring_rule(tenant.config, _deal_facts(event))
        started = _first_win(services, tenant, event, source, rule, now)
        if started is not None:
            return [started] if rule is None else []
    with services.database.transaction() as tx:
        inbox_id = inbox.put(
            tx,
            tenant_id=tenant.id,
            source=source,
            event_id=event.event_id,
            deal_id=event.deal_id,
            facts=facts_of_event(event),
            now=now,
        )
        if inbox_id is None:
            return []
        # Corrections are a human's, and parts are planned by it: an event is about the deal's own run.
        known = runs.latest_of_deal(tx, tenant.id, event.deal_id, kind=INVOICE, part=0, lock=True)
        if known is None:
            # Only being won makes a run; a new win that made none has found one, and runs are never deleted.
            return []
        inbox.link(tx, inbox_id, known.id)
        return _again(_Arrival(tx, tenant, event, now, services.timers.sweep * QUIET_SWEEPS), known)


def _first_win(
    services: Services, tenant: TenantRow, event: DealEvent, source: str, rule: str | None, now: datetime
) -> int | None:
    """The run of a deal that had none; None if this event is known, or there is a run already."""
    return first_win(
        services.database,
        tenant_id=tenant.id,
        source=source,
        event_id=event.event_id,
        deal_id=event.deal_id,
        facts=facts_of_event(event),
        kind=INVOICE,
        state="received" if rule is None else IGNORED,
        due_at=now if rule is None else None,
        ignore_rule=rule or "",
        actor=_ACTOR,
        message=("The deal was won." if rule is None else f"Left alone by the rule: {rule}.")
        + _HOW_FOUND.get(source, ""),
        now=now,
    )


def _create(arrival: _Arrival, deal_id: int, message: str) -> int | None:
    run_id = runs.create(
        arrival.tx,
        tenant_id=arrival.tenant.id,
        deal_id=deal_id,
        kind=INVOICE,
        now=arrival.now,
    )
    if run_id is not None:
        arrival.note(run_id, "received", before="", after="received", message=message)
    return run_id


def _again(arrival: _Arrival, run: RunRow) -> list[int]:
    """A deal that has a run: until the hand-over it is read again or cancelled, after it only compared."""
    event = arrival.event
    if event.change is DealChange.MERGED:
        return _merged(arrival, run)
    ours = before_hand_over(run)
    if ours and event.change is DealChange.WON:
        return _won(arrival, run)
    if not ours or run.state == CANCELLED:
        _after_hand_over(arrival, *(booked_parts(arrival.tx, run) if ours else [run]))
        return []
    if event.change in _OVER:
        # Deliveries may overtake each other: whether it is still won, the deal itself tells.
        return _read_again(arrival, run, f"The deal was {event.change}.")
    if event.status_now != "won" or _is_echo_of_part(arrival, run):
        return []
    return _read_again(arrival, run, "The deal has changed.")


def _after_hand_over(arrival: _Arrival, *booked: RunRow) -> None:
    """Whatever the event says, the deal itself tells whether it still is what was booked."""
    event = arrival.event
    for run in booked:
        if event.change is DealChange.WON and _is_same_win(arrival.tx, event, run):
            continue
        if event.change is DealChange.OTHER and _is_beside_the_invoice(arrival, run):
            continue
        look_again(
            arrival.tx,
            run,
            f"The deal {_SAYS.get(event.change, 'has changed')} after the hand-over with run {run.id}.",
            now=arrival.now,
            quiet=arrival.quiet,
            event_id=event.event_id,
        )


def _is_echo_of_part(arrival: _Arrival, run: RunRow) -> bool:
    """Whether the event, about a deal in parts, may be the echo of our own words on it and is no more."""
    return (
        arrival.event.change is DealChange.OTHER and is_planned(run) and _is_beside_the_invoice(arrival, run)
    )


def _is_beside_the_invoice(arrival: _Arrival, run: RunRow) -> bool:
    """Whether the event names what changed, and none of it can be on an invoice.

    That spares a reading to nearly every echo of our own words. The time of the change is no name:
    it is all that is told of a change of the deal's lines.
    """
    named = set(arrival.event.changed) - {"update_time"}
    if not named:
        return False
    rest = named - _BESIDE_THE_INVOICE
    return not rest or rest == {_status_field_key(arrival, run)}


def _status_field_key(arrival: _Arrival, run: RunRow) -> str:
    """The key of the custom field in which we tell the state of the booking."""
    wanted = arrival.tenant.config.write_back.status_field
    try:
        catalog = FieldCatalog.of_bundle(runs.document_of(arrival.tx, run.id, "bundle") or {})
        field = catalog.find("deal", wanted) if wanted else None
    except DataError:
        # Several fields have this name, so nobody has written into one of them.
        return ""
    return field.key if field else ""


def _won(arrival: _Arrival, run: RunRow) -> list[int]:
    """Won again; the same win by another hook is no news once the deal has been read.

    Unless its run was ended since, because the deal was reopened or deleted: it may have been put back.
    """
    same = _is_same_win(arrival.tx, arrival.event, run)
    if run.state == CANCELLED and run.reason_code != CANCELLED_BY_HAND:
        return _read_again(arrival, run, "The deal is won after all." if same else "The deal was won again.")
    if run.state != CANCELLED:
        return [] if same else _read_again(arrival, run, "The deal was won again.")
    if not same:
        # A person has decided against this run: only a person decides for it.
        _ask(
            arrival,
            run,
            "won_after_cancelling",
            "The deal was won again after its run had been cancelled by hand.",
            "To book it now: ml-connector run retry RUN; else cancel the run again.",
        )
    return []


def _read_again(arrival: _Arrival, run: RunRow, message: str) -> list[int]:
    rule = ignoring_rule(arrival.tenant.config, _deal_facts(arrival.event), despite=run.despite_rule)
    if run.state == IGNORED and rule is not None:
        return []
    runs.reset(
        arrival.tx,
        run.id,
        from_states=STILL_OURS,
        now=arrival.now,
        state="received",
        due_at=arrival.now,
        ignore_rule="",
        **_NO_REASON,
    )
    arrival.note(run.id, "read_again", before=run.state, after="received", message=message)
    return [run.id]


def _booking_of(tx: Transaction, run: RunRow) -> RunRow | None:
    """The run by which the deal is at DATEV: its own, or the first of its parts; None: it is not."""
    if not before_hand_over(run):
        return run
    return next(iter(booked_parts(tx, run)), None)


def _cancel(arrival: _Arrival, run: RunRow, message: str) -> None:
    if run.state in {CANCELLED, IGNORED} and not is_planned(run):
        return
    code = str(arrival.event.change)
    cancel_parts(arrival.tx, run, code, message, now=arrival.now, actor=_ACTOR)
    runs.reset(
        arrival.tx,
        run.id,
        from_states=STILL_OURS,
        now=arrival.now,
        state=CANCELLED,
        due_at=None,
        ignore_rule="",
        **{**_NO_REASON, "reason_code": code, "reason_message": message},
    )
    arrival.note(run.id, "cancelled", before=run.state, after=CANCELLED, message=message)


def _merged(arrival: _Arrival, run: RunRow) -> list[int]:
    """The deal went up in another one: before the hand-over that one is booked, with its own organization."""
    survivor = int(arrival.event.merged_to or 0)
    other = runs.latest_of_deal(arrival.tx, arrival.tenant.id, survivor, kind=INVOICE, part=0, lock=True)
    booked = _booking_of(arrival.tx, run)
    if booked is not None:
        _ask_about_merge(arrival, booked, f"was merged into deal {survivor}")
        gone = f"The deal was merged into deal {survivor}."
        code = str(arrival.event.change)
        cancel_parts(arrival.tx, run, code, gone, now=arrival.now, actor=_ACTOR)
        if other is not None and other.state in RUN_BEFORE_HAND_OVER:
            _ask(
                arrival,
                other,
                "merged_with_booked_deal",
                f"The deal {run.deal_id}, booked with run {run.id}, was merged into this deal.",
                "Make sure that nothing of it is among this deal's lines, then: ml-connector run retry RUN",
            )
        return []
    if run.state in {CANCELLED, IGNORED} and not is_planned(run):
        return []
    _cancel(arrival, run, f"The deal was merged into deal {survivor} before it was handed over.")
    message = f"Deal {run.deal_id} was merged into this deal."
    if other is None:
        created = _create(arrival, survivor, message)
        return [] if created is None else [created]
    booked = _booking_of(arrival.tx, other)
    if booked is not None:
        _ask_about_merge(arrival, booked, f"took up deal {run.deal_id}")
        return []
    if (other.state == IGNORED and not is_planned(other)) or other.reason_code == CANCELLED_BY_HAND:
        return []
    return _read_again(arrival, other, message)


def _ask(arrival: _Arrival, run: RunRow, code: str, message: str, cure: str) -> None:
    runs.reset(
        arrival.tx,
        run.id,
        from_states=STILL_OURS,
        now=arrival.now,
        state=NEEDS_ATTENTION,
        due_at=None,
        resume_state="received",
        reason_code=code,
        reason_message=message,
        reason_cure=cure,
    )
    arrival.note(run.id, "needs_attention", before=run.state, after=NEEDS_ATTENTION, message=message)


def _ask_about_merge(arrival: _Arrival, run: RunRow, what: str) -> None:
    ask_about_merge(
        arrival.tx,
        run,
        f"The deal {what} after it had been handed over to DATEV with run {run.id}.",
        now=arrival.now,
        event_id=arrival.event.event_id,
    )


def _is_same_win(tx: Transaction, event: DealEvent, run: RunRow) -> bool:
    """Whether this is the win that the run has read; several hooks report the same win."""
    booked = _booked_win(tx, run)
    return booked is not None and event.won_time is not None and _close(event.won_time, booked)


def _booked_win(tx: Transaction, run: RunRow) -> datetime | None:
    deal = (runs.document_of(tx, run.id, "bundle") or {}).get("deal", {})
    return datetime.fromisoformat(deal["won_time"]) if deal.get("won_time") else None


def _close(one: datetime, other: datetime) -> bool:
    """Version 1 tells whole seconds."""
    return abs((one - other).total_seconds()) < 1


def _deal_facts(event: DealEvent) -> DealFacts:
    return DealFacts(
        first_won_at=event.first_won_time,
        won_at=event.won_time,
        pipeline_id=event.pipeline_id,
        currency=event.currency or None,
    )


def facts_of_event(event: DealEvent) -> dict[str, object]:
    """The trigger as it is kept: ids, words and times, nothing personal."""
    values = {name: getattr(event, name) for name in _KEPT}
    return {
        name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()
    }
