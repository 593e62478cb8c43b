"""When a batch is closed and handed over. The cadence here is "at once": a batch of one."""

from datetime import datetime

from connector.store import Transaction, batches, journal


def close_at_once(tx: Transaction, *, tenant_id: int, batch_id: int, now: datetime) -> None:
    """Close the batch that a run has just joined, in the transaction of the joining."""
    _close(tx, tenant_id, batch_id, now, "Closed at once.")


def close_full(tx: Transaction, *, tenant_id: int, batch_id: int, now: datetime) -> None:
    """Close a batch that has no room for the run at its door, which opens the next one."""
    _close(tx, tenant_id, batch_id, now, "Closed: its file has no room for the next document.")


def _close(tx: Transaction, tenant_id: int, batch_id: int, now: datetime, message: str) -> None:
    batches.close(tx, batch_id, now=now)
    journal.write(
        tx,
        tenant_id=tenant_id,
        batch_id=batch_id,
        at=now,
        event="moved",
        from_state="open",
        to_state="closed",
        actor="cadence",
        message=message,
    )
