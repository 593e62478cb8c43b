"""What resolving means for a deal that is invoiced in parts, and for each of its parts."""

from collections.abc import Mapping, Sequence
from typing import Any

from connector.accounting.parts import Part
from connector.clock import berlin_date
from connector.pipeline.after_hand_over import CHANGED, QUIET_SWEEPS, look_again
from connector.pipeline.booking_tables import tenant_tables
from connector.pipeline.deal_parts import (
    IN_PARTS,
    booked_parts,
    cancel_parts,
    carry_out_plan,
    date_of,
    due_moment,
    plan_again,
    waiting_text,
)
from connector.pipeline.drafting import PART_GONE, RunIdentity, plan_deal
from connector.pipeline.exchange_rates import stored_rates
from connector.pipeline.runner import Finish, Park, Result, Wait, Work
from connector.pipeline.states import CANCELLED, CORRECTION, IGNORED, INVOICE, NEEDS_ATTENTION
from connector.pipeline.steps.compare import shows_what_was_booked
from connector.store import Transaction, runs
from connector.store.claims import EARLY_GRACE
from connector.store.runs import RunRow

_MOST_TOLD = 12
"""Parts that the journal's sentence lists; its details hold all of them."""


def wait_for_date(work: Work, run: RunRow) -> Wait | None:
    """A part is read on its date, not before: the deal may change until then."""
    if run.part_date is None:
        return None
    delay = due_moment(run.part_date) - work.now
    return Wait(delay, waiting_text(run.part_date)) if delay > EARLY_GRACE else None


def plan_parts(work: Work, run: RunRow, bundle: dict[str, Any], kept: Mapping[str, Any]) -> Result | None:
    """For the deal's own run: its parts, planned in one transaction; None if the deal is invoiced whole.

    :raises DataError: with every problem of the parts.
    """
    parts = _planned(work, run, bundle)
    if not parts:
        return _no_parts_left(work, run)

    def write(tx: Transaction) -> None:
        carry_out_plan(tx, run, parts, title=str(kept["title"]), now=work.now, read_again=True)
        changed = _changed(tx, work, run, bundle)
        asked = [part for part in booked_parts(tx, run) if part not in changed and _is_asked_about(tx, part)]
        _look_again(tx, work, [*changed, *asked])

    told = ", ".join(f"{part.key} on {part.date}" for part in parts[:_MOST_TOLD])
    more = f" and {len(parts) - _MOST_TOLD} more" if len(parts) > _MOST_TOLD else ""
    return Finish(
        IGNORED,
        message=f"Invoiced in parts, each with a run of its own: {told}{more}.",
        details={"parts": [{"key": part.key, "date": part.date.isoformat()} for part in parts]},
        values={**kept, "ignore_rule": IN_PARTS},
        write=write,
        due_in=None,
        goes_on=False,
    )


def resolve_part(work: Work, run: RunRow, bundle: dict[str, Any], kept: Mapping[str, Any]) -> Result:
    """For a part whose draft is in order: it goes on, and the plan follows the deal as it was read now.

    :raises DataError: with every problem of the parts.
    """
    parts = _planned(work, run, bundle)
    today = berlin_date(work.now)
    day = next((date_of(part, run, today) for part in parts if part.key == run.part_key), today)
    if day > today:
        return Wait(
            due_moment(day) - work.now, waiting_text(day), write=lambda tx: runs.date_part(tx, run.id, day)
        )
    with work.services.database.transaction() as tx:
        changed = _changed(tx, work, run, bundle)
    if changed:
        return _booked_otherwise(work, changed)

    def write(tx: Transaction) -> Mapping[str, Any]:
        carry_out_plan(tx, run, parts, title=str(kept["title"]), now=work.now, read_again=False)
        return {"part_date": day}

    return Finish("resolved", values=kept, write=write)


def part_is_gone(work: Work, run: RunRow, kept: Mapping[str, Any]) -> Finish:
    """The end of a part that the deal has no more; the deal's own run plans again."""
    message = "The deal has no such part any more."
    return Finish(
        CANCELLED,
        message=message,
        values={**kept, "reason_code": PART_GONE, "reason_message": message},
        write=lambda tx: plan_again(tx, run, now=work.now),
        due_in=None,
        goes_on=False,
    )


def end_other_parts(tx: Transaction, work: Work, run: RunRow, message: str) -> None:
    """Where one run of a deal ends, the others do: its own run ends the parts, and a part asks it to."""
    if run.part:
        plan_again(tx, run, now=work.now)
        return
    cancel_parts(tx, run, "not_won", message, now=work.now)
    _look_again(tx, work, booked_parts(tx, run))


def _planned(work: Work, run: RunRow, bundle: dict[str, Any]) -> tuple[Part, ...]:
    config = work.tenant.config
    with work.services.database.transaction() as tx:
        return plan_deal(
            bundle,
            config,
            tenant_tables(config),
            RunIdentity(work.tenant.key, run.deal_id, INVOICE, run.revision, 0),
            today=berlin_date(work.now),
            published=stored_rates(tx),
        )


def _no_parts_left(work: Work, run: RunRow) -> Park | None:
    """A deal of which a part is booked cannot be booked whole."""
    with work.services.database.transaction() as tx:
        booked = booked_parts(tx, run)
    if not booked:
        return None
    named = ", ".join(f"{part.part_key} with run {part.id}" for part in booked)
    return Park(
        "booked_in_parts",
        f"The deal has no instalments and recurring lines any more, but parts of it are booked: {named}.",
        "Put them back in Pipedrive; or correct the bookings in DATEV, then: "
        "ml-connector run cancel RUN --reason TEXT",
        write=lambda tx: end_other_parts(tx, work, run, "The deal is not invoiced in parts any more."),
    )


def _changed(tx: Transaction, work: Work, run: RunRow, bundle: dict[str, Any]) -> list[RunRow]:
    """Parts that are booked otherwise than the deal shows them now."""
    booked = (part for part in booked_parts(tx, run) if part.id != run.id)
    return [part for part in booked if not shows_what_was_booked(tx, work, part, bundle)]


def _is_asked_about(tx: Transaction, part: RunRow) -> bool:
    """Whether a person is asked about a change of a booked part that may have been undone since."""
    asked = runs.latest_of_deal(tx, part.tenant_id, part.deal_id, kind=CORRECTION, part=part.part)
    return asked is not None and (asked.state, asked.reason_code) == (NEEDS_ATTENTION, CHANGED)


def _booked_otherwise(work: Work, changed: Sequence[RunRow]) -> Park:
    named = ", ".join(f"{part.part_key} (run {part.id})" for part in changed)
    return Park(
        "part_booked_otherwise",
        f"What is booked of the deal differs from what it shows now: {named}. The parts would not add up.",
        "Settle the corrections of these parts, or put the deal back; then: ml-connector run retry RUN",
        write=lambda tx: _look_again(tx, work, changed),
    )


def _look_again(tx: Transaction, work: Work, booked: Sequence[RunRow]) -> None:
    for part in booked:
        look_again(
            tx,
            part,
            f"The deal has changed after the hand-over of {part.part_key} with run {part.id}.",
            now=work.now,
            quiet=work.services.timers.sweep * QUIET_SWEEPS,
            event_id="",
        )
