"""Whose document it is: the identity of a run, and the run that a link works on."""

from connector.accounting.parts import Part
from connector.errors import NotFoundError
from connector.pipeline.drafting import RunIdentity
from connector.pipeline.runner import Work
from connector.store import Transaction, runs
from connector.store.runs import RunRow
from connector.store.tenants import TenantRow


def identity_of(tenant: TenantRow, run: RunRow) -> RunIdentity:
    """What the document's GUID, and with it every posting key, is a function of."""
    billed = Part(run.part_key, run.part_date) if run.part_date else None
    return RunIdentity(tenant.key, run.deal_id, run.kind, run.revision, run.part, billed)


def claimed_run(tx: Transaction, work: Work) -> RunRow:
    """The run that this link has claimed.

    :raises NotFoundError: there is no such run.
    """
    run = runs.get(tx, work.claim.id)
    if run is None:
        raise NotFoundError(f"There is no run {work.claim.id}.")
    return run
