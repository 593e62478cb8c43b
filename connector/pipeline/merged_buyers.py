"""Merged organizations and persons: the debtor follows, so that one customer never has two by accident.

The survivor keeps its own account if it has one, else it inherits the other's. An account left behind stays
known and is never given out again: DATEV has postings on it.
"""

from connector.pipedrive.merges import PartyMerge
from connector.pipeline.services import Services
from connector.pipeline.states import RUN_BEFORE_HAND_OVER
from connector.store import Transaction, debtors, journal, merged_parties, runs
from connector.store.debtors import CREDITOR, DEBTOR, DebtorRow
from connector.store.tenants import TenantRow


def follow_merge(services: Services, tenant: TenantRow, merge: PartyMerge) -> list[int]:
    """Hand the accounts of the party that is gone on to the survivor; the same merge told twice acts once.

    :returns: ids of runs to wake: those not handed over yet, whose account is another now, are read again.
    """
    now = services.clock.now()
    with services.database.transaction() as tx:
        debtors.lock_accounts(tx, tenant.id)
        survivor = merged_parties.survivor_of(tx, tenant.id, merge.into_party)
        if survivor == merge.party or not merged_parties.add(
            tx, tenant_id=tenant.id, party=merge.party, into_party=survivor, now=now
        ):
            return []
        gone = [
            row for kind in (DEBTOR, CREDITOR) if (row := debtors.of_party(tx, tenant.id, merge.party, kind))
        ]
        debtors.follow_merge(tx, tenant.id, merge.party, survivor, now=now)
        for row in gone:
            kept = debtors.of_party(tx, tenant.id, survivor, row.kind)
            journal.write(
                tx,
                tenant_id=tenant.id,
                at=now,
                event="parties_merged",
                actor="intake",
                message=_told(row, kept, merge.party, survivor),
                details={
                    "party": merge.party,
                    "into_party": survivor,
                    "account": row.account,
                    "kept_account": kept.account if kept else None,
                },
            )
        return _read_again(services, tx, tenant, gone, survivor)


def _told(gone: DebtorRow, kept: DebtorRow | None, party: str, survivor: str) -> str:
    if kept is None or kept.account == gone.account:
        return f"{party} was merged into {survivor}, which takes over the {gone.kind} {gone.account}."
    return (
        f"{party} was merged into {survivor}, which keeps the {kept.kind} {kept.account}. The account "
        f"{gone.account} stays behind: its open items are settled or carried over in DATEV."
    )


def _read_again(
    services: Services, tx: Transaction, tenant: TenantRow, gone: list[DebtorRow], survivor: str
) -> list[int]:
    """Runs that were to be booked on an account that stays behind."""
    now = services.clock.now()
    woken = []
    for row in gone:
        if debtors.of_party(tx, tenant.id, row.party, row.kind) is None:
            continue
        for run in runs.on_debtor(tx, row.id, RUN_BEFORE_HAND_OVER):
            runs.reset(
                tx,
                run.id,
                from_states=RUN_BEFORE_HAND_OVER,
                now=now,
                state="received",
                due_at=now,
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
                message=f"The buyer {row.party} was merged into {survivor}.",
            )
            woken.append(run.id)
    return woken
