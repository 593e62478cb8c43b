"""A run that needs a person, as a list or a page of the desk shows it."""

from datetime import datetime

from connector.store import Transaction, runs


def parked_run(
    tx: Transaction,
    tenant_id: int,
    *,
    now: datetime,
    title: str,
    deal_id: int = 795371928,
    code: str = "vat_id_missing",
    message: str = "The customer is a business in FR, but has no VAT id.",
    cure: str = "Fill the VAT id of the customer in Pipedrive.",
) -> int:
    """Its id; it has stopped before anything was read."""
    run_id = runs.create(tx, tenant_id=tenant_id, deal_id=deal_id, kind="invoice", now=now, title=title)
    assert run_id is not None
    runs.reset(
        tx,
        run_id,
        from_states=("received",),
        now=now,
        state="needs_attention",
        resume_state="received",
        due_at=None,
        reason_code=code,
        reason_message=message,
        reason_cure=cure,
    )
    return run_id
