"""The runs of a deal that is invoiced in parts.

The deal's own run (part 0) plans them and ends as ignored by the rule "invoiced in parts"; whatever is told
of the deal later makes it read the deal and plan again. Each part has a run of its own, which waits for its
date, reads the deal anew and is carried like any other.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time

from connector.accounting.parts import Part
from connector.clock import BERLIN, berlin_date
from connector.pipeline.drafting import PART_GONE
from connector.pipeline.states import (
    CANCELLED,
    CANCELLED_BY_HAND,
    IGNORED,
    INVOICE,
    NEEDS_ATTENTION,
    RUN_BEFORE_HAND_OVER,
)
from connector.store import Transaction, journal, runs
from connector.store.runs import RunRow

IN_PARTS = "invoiced in parts"
"""Name of the rule by which the deal's own run ends once its parts are planned."""

_STEP = "resolve"
"""The journal's actor where a step has read what it acts on."""

_ENDED_WITHOUT_BATCH = (CANCELLED, IGNORED, NEEDS_ATTENTION)
STILL_OURS = (*RUN_BEFORE_HAND_OVER, *_ENDED_WITHOUT_BATCH)
"""States that a run may leave by an event, as long as it is in no batch."""

_FRESH = {"ignore_rule": "", "reason_code": "", "reason_message": "", "reason_cure": "", "resume_state": None}


def before_hand_over(run: RunRow) -> bool:
    """Whether nothing of the run can be at DATEV but its document."""
    return run.state in RUN_BEFORE_HAND_OVER or (run.state in _ENDED_WITHOUT_BATCH and run.batch_id is None)


def is_planned(run: RunRow) -> bool:
    """Whether it is the own run of a deal that is invoiced in parts."""
    return run.state == IGNORED and run.ignore_rule == IN_PARTS


def booked_parts(tx: Transaction, run: RunRow) -> list[RunRow]:
    """The parts of the run's deal that are handed over, or on their way there."""
    found = runs.parts_of_deal(tx, run.tenant_id, run.deal_id, kind=INVOICE)
    return [part for part in found if not before_hand_over(part) and part.state != CANCELLED]


def due_moment(day: date) -> datetime:
    """When a part with this date is due: as the day begins in Berlin."""
    return datetime.combine(day, time(), BERLIN).astimezone(UTC)


def waiting_text(day: date) -> str:
    """What a part waits for."""
    return f"its billing date, {day}"


def carry_out_plan(
    tx: Transaction, run: RunRow, parts: Sequence[Part], *, title: str, now: datetime, read_again: bool
) -> None:
    """Make the runs of the parts agree with the plan: new ones, moved ones, those that are gone.

    Parts that are handed over, and those that a person has cancelled, stay as they are.

    :param run: the run that has read the deal: the deal's own, or a part, which is left alone itself.
    :param title: of the deal, for runs that are made.
    :param read_again: also parts on their way are to be read again, because something was told of the deal.
    """
    # One plan at a time: several parts may be due on one day.
    runs.latest_of_deal(tx, run.tenant_id, run.deal_id, kind=INVOICE, part=0, lock=True)
    known = {row.part_key: row for row in _held_parts(tx, run)}
    today = berlin_date(now)
    ordinal = max((row.part for row in known.values()), default=0)
    for part in parts:
        row = known.get(part.key)
        if row is None:
            ordinal += 1
            # One that appears later is not dated before it did.
            day = max(part.date, today) if known else part.date
            _create(tx, replace(run, title=title), ordinal, part.key, day, now)
        elif row.id != run.id and _is_free(row):
            _follow(tx, row, date_of(part, row, today), now, read_again=read_again, despite=run.despite_rule)
    keys = {part.key for part in parts}
    for key, row in known.items():
        if key not in keys and row.id != run.id and _is_free(row) and row.state != CANCELLED:
            _cancel_part(tx, row, PART_GONE, "The deal has no such part any more.", now=now)


def plan_again(tx: Transaction, run: RunRow, *, now: datetime) -> None:
    """Have the deal's own run read the deal and plan again, if it waits for nothing else."""
    own = runs.latest_of_deal(tx, run.tenant_id, run.deal_id, kind=INVOICE, part=0, lock=True)
    if own is not None and is_planned(own):
        runs.reset(tx, own.id, from_states=(IGNORED,), now=now, state="received", due_at=now, **_FRESH)
        _tell(tx, own, "read_again", "received", f"Run {run.id} has read that the deal has changed.", now)


def date_of(part: Part, row: RunRow, today: date) -> date:
    """The document date of a part that is known: moved into the past it is dated today, never before."""
    return max(part.date, min(row.part_date or today, today))


def cancel_parts(
    tx: Transaction, run: RunRow, code: str, message: str, *, now: datetime, actor: str = _STEP
) -> tuple[int, ...]:
    """End every part of the run's deal that is not handed over; the runs of those that ended."""
    return tuple(
        row.id
        for row in _held_parts(tx, run)
        if row.id != run.id
        and before_hand_over(row)
        and row.state != CANCELLED
        and _cancel_part(tx, row, code, message, now=now, actor=actor)
    )


def _held_parts(tx: Transaction, run: RunRow) -> list[RunRow]:
    """All parts of the run's deal, none of them carried on while it is decided about."""
    return runs.parts_of_deal(tx, run.tenant_id, run.deal_id, kind=INVOICE, lock_in=STILL_OURS)


def _cancel_part(
    tx: Transaction, row: RunRow, code: str, message: str, *, now: datetime, actor: str = _STEP
) -> bool:
    """End one part; False: it has moved on meanwhile."""
    values = {**_FRESH, "reason_code": code, "reason_message": message}
    if not runs.reset(tx, row.id, from_states=(row.state,), now=now, state=CANCELLED, due_at=None, **values):
        return False
    _tell(tx, row, "cancelled", CANCELLED, message, now, actor)
    return True


def _is_free(row: RunRow) -> bool:
    """Whether the plan may move it: not handed over, and no person has decided against this very part."""
    by_hand = row.state == CANCELLED and row.reason_code == CANCELLED_BY_HAND
    return before_hand_over(row) and not by_hand


def _create(tx: Transaction, run: RunRow, ordinal: int, key: str, day: date, now: datetime) -> None:
    due = max(now, due_moment(day))
    waiting = waiting_text(day) if due > now else ""
    made = runs.create(
        tx,
        tenant_id=run.tenant_id,
        deal_id=run.deal_id,
        kind=INVOICE,
        now=now,
        title=run.title,
        part=ordinal,
        part_key=key,
        part_date=day,
        due_at=due,
        waiting_for=waiting,
        despite_rule=run.despite_rule,
    )
    if made is not None:
        journal.write(
            tx,
            tenant_id=run.tenant_id,
            run_id=made,
            at=now,
            event="received",
            to_state="received",
            actor=_STEP,
            message=f"Part {ordinal} of the deal, {key}: invoiced on {day}.",
        )


def _follow(
    tx: Transaction, row: RunRow, day: date, now: datetime, *, read_again: bool, despite: str
) -> None:
    """A part that is known: it waits for its date, maybe another one, and is read again.

    :param despite: the rule set aside for the run that planned. Of a part that went by it still, the plan
        would be made again as soon as it is read, and so without end.
    """
    moved, ended = day != row.part_date, row.state in (CANCELLED, IGNORED)
    waits = row.state == "received"
    if not (read_again or ended or (moved and waits)):
        return
    due = max(now, due_moment(day))
    runs.reset(
        tx,
        row.id,
        from_states=(row.state,),
        now=now,
        state="received",
        due_at=due,
        part_date=day,
        despite_rule=despite or row.despite_rule,
        **{**_FRESH, "waiting_for": waiting_text(day) if due > now else ""},
    )
    if moved or not waits:
        message = f"Planned again: invoiced on {day}." if moved else "The deal has changed."
        _tell(tx, row, "read_again", "received", message, now)


def _tell(
    tx: Transaction,
    row: RunRow,
    event: str,
    to_state: str,
    message: str,
    now: datetime,
    actor: str = _STEP,
) -> None:
    journal.write(
        tx,
        tenant_id=row.tenant_id,
        run_id=row.id,
        at=now,
        event=event,
        from_state=row.state,
        to_state=to_state,
        actor=actor,
        message=message,
    )
