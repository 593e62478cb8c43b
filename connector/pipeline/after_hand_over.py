"""What happens to a deal after its booking went to DATEV: nothing by itself.

Whatever is told about it opens a run of kind ``correction``. Its first step reads the deal again, after a
quiet while in which edits and echoes come together, and compares (``steps/compare.py``).
"""

from datetime import datetime, timedelta
from typing import Any

from connector.pipeline.states import CANCELLED, CORRECTION, NEEDS_ATTENTION
from connector.store import Transaction, journal, runs
from connector.store.claims import EARLY_GRACE
from connector.store.runs import RunRow

CHANGED = "changed_after_hand_over"
"""Reason code: the deal shows something else than what was booked."""
UNCHANGED = "unchanged_after_hand_over"
"""Reason code: read again, and it shows what was booked."""
MERGED = "merged_after_hand_over"
"""Reason code: what a merge means for two bookings no reading can tell."""

CURE = (
    "Compare both versions. If the booking has to follow, correct it in DATEV, then: "
    "ml-connector run cancel RUN --reason TEXT. If the deal is wrong, put it back: the run ends by itself."
)
CURE_OF_MERGE = (
    "Compare the surviving deal with both bookings; correct them in DATEV if needed, then: "
    "ml-connector run cancel RUN --reason TEXT"
)

QUIET_SWEEPS = 4
"""Sweeps between an event and the reading: two minutes at full scale. A person edits several fields, and our
own note and field on the deal echo at once: all of it is read once."""


def look_again(
    tx: Transaction, run: RunRow, message: str, *, now: datetime, quiet: timedelta, event_id: str
) -> None:
    """Have the deal compared with its booking, by the one correction that is not settled by a human yet.

    :param run: the run that booked the deal, locked: events of one deal come one after the other.
    :param quiet: how long to wait for more.
    """
    latest = runs.latest_of_deal(tx, run.tenant_id, run.deal_id, kind=CORRECTION, part=run.part, lock=True)
    if latest is not None and latest.state == "received":
        _read_later(tx, latest, now)
        return
    reusable = latest is not None and latest.reason_code != MERGED and _is_open_or_unasked(latest)
    if latest is None or not reusable:
        _open(tx, run, latest, message, now=now, due_at=now + quiet, event_id=event_id)
        return
    # Its reason stays until the reading gives a newer one: a human may be looking at it.
    runs.reset(tx, latest.id, from_states=(latest.state,), now=now, state="received", due_at=now + quiet)
    _tell(tx, latest, latest.id, message, now, event_id, before=latest.state, after="received")


def ask_about_merge(tx: Transaction, run: RunRow, message: str, *, now: datetime, event_id: str) -> None:
    """Open a correction that a human has to settle, whatever the deal shows; one question for one merge.

    :param run: the run that booked the deal.
    """
    latest = runs.latest_of_deal(tx, run.tenant_id, run.deal_id, kind=CORRECTION, part=run.part, lock=True)
    asked = runs.search(tx, tenant_id=run.tenant_id, deal_id=run.deal_id, part=run.part)
    if any((one.state, one.reason_message) == (NEEDS_ATTENTION, message) for one in asked):
        # Several hooks tell the same merge.
        return
    reason = (MERGED, message, CURE_OF_MERGE)
    correction = _create(tx, run, latest, now=now, state=NEEDS_ATTENTION, reason=reason)
    _tell(tx, run, correction or run.id, message, now, event_id, before="", after=NEEDS_ATTENTION)


def _is_open_or_unasked(correction: RunRow) -> bool:
    """Whether a later event belongs to this correction; one that a human has ended is history."""
    return correction.state == NEEDS_ATTENTION or (
        correction.state == CANCELLED and correction.reason_code == UNCHANGED
    )


def _read_later(tx: Transaction, correction: RunRow, now: datetime) -> None:
    """One that waits for its reading takes the event in; one that may be reading now reads once more."""
    if correction.due_at is None or correction.due_at > now + EARLY_GRACE:
        return
    runs.reset(tx, correction.id, from_states=("received",), now=now, due_at=correction.due_at)


def _create(
    tx: Transaction, run: RunRow, latest: RunRow | None, *, now: datetime, **beginning: Any
) -> int | None:
    """The next correction of what the run booked; None: it has just been opened elsewhere.

    :param latest: the correction before it.
    :param beginning: state and reason, where it does not begin by being read.
    """
    return runs.create(
        tx,
        tenant_id=run.tenant_id,
        deal_id=run.deal_id,
        kind=CORRECTION,
        revision=(latest or run).revision + 1,
        part=run.part,
        part_key=run.part_key,
        part_date=run.part_date,
        now=now,
        title=run.title,
        **beginning,
    )


def _open(
    tx: Transaction,
    run: RunRow,
    latest: RunRow | None,
    message: str,
    *,
    now: datetime,
    due_at: datetime,
    event_id: str,
) -> None:
    correction = _create(tx, run, latest, now=now)
    if correction is not None:
        runs.reset(tx, correction, from_states=("received",), now=now, due_at=due_at)
        _tell(tx, run, correction, message, now, event_id, before="", after="received")


def _tell(
    tx: Transaction,
    run: RunRow,
    correction: int,
    message: str,
    now: datetime,
    event_id: str,
    *,
    before: str,
    after: str,
) -> None:
    journal.write(
        tx,
        tenant_id=run.tenant_id,
        run_id=correction,
        at=now,
        event="told_after_hand_over",
        from_state=before,
        to_state=after,
        actor="intake",
        message=message,
        details={"event_id": event_id},
    )
