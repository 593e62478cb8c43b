"""What happens to a deal after its booking went to DATEV: nothing by itself, a human is asked."""

from datetime import datetime

from connector.pipeline.states import CORRECTION, NEEDS_ATTENTION
from connector.store import Transaction, journal, runs
from connector.store.runs import RunRow

CURE = "Compare the deal with the booking; correct it in DATEV if needed, then cancel this run."


def ask_for_correction(tx: Transaction, run: RunRow, message: str, *, now: datetime, event_id: str) -> None:
    """Open a run of kind ``correction`` for a human, or tell the one that is open of the new change.

    A correction is never carried by itself. Once a person has cancelled it, the next change opens another.

    :param run: the run that booked the deal.
    """
    asked = runs.latest_of_deal(tx, run.tenant_id, run.deal_id, kind=CORRECTION, lock=True)
    reason = {"reason_code": "changed_after_hand_over", "reason_message": message, "reason_cure": CURE}
    if asked is not None and asked.state == NEEDS_ATTENTION:
        correction: int | None = asked.id
        runs.reset(tx, asked.id, from_states=(NEEDS_ATTENTION,), now=now, **reason)
    else:
        correction = runs.create(
            tx,
            tenant_id=run.tenant_id,
            deal_id=run.deal_id,
            kind=CORRECTION,
            revision=(asked or run).revision + 1,
            now=now,
            state=NEEDS_ATTENTION,
            title=run.title,
            reason=(reason["reason_code"], message, CURE),
        )
    journal.write(
        tx,
        tenant_id=run.tenant_id,
        run_id=correction or run.id,
        at=now,
        event="changed_after_hand_over",
        to_state=NEEDS_ATTENTION if correction else "",
        actor="intake",
        message=message,
        details={"event_id": event_id, "run": run.id},
    )
