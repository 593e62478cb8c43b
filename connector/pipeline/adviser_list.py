"""The adviser's list brought in: compared with the one before and with the accounts that we gave."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from connector.accounting.adviser_list import AdviserAccount, is_same
from connector.pipeline.adviser_file import read_adviser_list
from connector.pipeline.services import Services
from connector.store import Transaction, adviser_accounts, debtors, journal
from connector.store.debtors import DebtorRow, Origin
from connector.store.tenants import TenantRow


@dataclass(frozen=True, slots=True)
class Clash:
    """An account of ours that the list gives to somebody else."""

    account: int
    party: str
    our_name: str
    listed_name: str


@dataclass(frozen=True, slots=True)
class Gone:
    """An account that the list has no more."""

    account: int
    name: str
    party: str
    """The customer of ours that is booked on it; empty: none."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did, or would do."""

    accounts: int
    new: tuple[int, ...]
    changed: tuple[int, ...]
    gone: tuple[Gone, ...]
    unchanged: int
    clashes: tuple[Clash, ...]


@dataclass(frozen=True, slots=True)
class KnownAccount:
    """One personal account that we know of, and where from."""

    account: int
    kind: str
    """``debtor``, ``creditor``; as the account's range says where only the list has it."""
    name: str
    source: str
    """``list``, ``next_free``, ``field``, ``collective``, or ``earlier``: given before this was noted."""
    party: str
    """Who books on it here; empty: nobody yet."""
    in_list: bool
    clash: bool
    """We gave it to a party although the list gives it to another."""
    transferred: bool
    """Whether DATEV has been given our master record as it is now."""


def import_adviser_list(
    services: Services, tenant: TenantRow, data: bytes, *, actor: str, dry_run: bool
) -> Imported:
    """Put the file's accounts in the place of the tenant's list.

    :param dry_run: compare only; nothing is stored.
    :raises DataError: with every mistake of the file; nothing is stored.
    """
    entries = read_adviser_list(data, tenant.config)
    now = services.clock.now()
    with services.database.transaction() as tx:
        # No account is given out while the list that forbids it is being replaced.
        debtors.lock_accounts(tx, tenant.id)
        ours = debtors.all_of(tx, tenant.id)
        imported = _compared(adviser_accounts.all_of(tx, tenant.id), entries, ours)
        if dry_run:
            return imported
        clashes = {clash.account: clash.party for clash in imported.clashes}
        adviser_accounts.replace_all(tx, tenant.id, entries, clashes, now=now)
        journal.write(
            tx,
            tenant_id=tenant.id,
            at=now,
            event="adviser_list_imported",
            actor=actor,
            message=f"The adviser's list was imported: {imported.accounts} accounts.",
            details={
                "accounts": imported.accounts,
                "new": len(imported.new),
                "changed": len(imported.changed),
                "gone": [gone.account for gone in imported.gone if gone.party],
                "clashes": clashes_told(imported.clashes),
            },
        )
    return imported


def known_accounts(tx: Transaction, tenant_id: int, creditors: range) -> list[KnownAccount]:
    """Every account that we know of, by number.

    :param creditors: which accounts are creditors' by the tenant's account length.
    """
    listed = {entry.account: entry for entry in adviser_accounts.all_of(tx, tenant_id)}
    clashes = adviser_accounts.clashes_of(tx, tenant_id)
    ours = debtors.all_of(tx, tenant_id)
    known = [_of_ours(row, row.account in listed, clashes.get(row.account) == row.party) for row in ours]
    taken = {row.account for row in ours}
    known += [
        _of_list(entry, "creditor" if entry.account in creditors else "debtor")
        for entry in listed.values()
        if entry.account not in taken
    ]
    return sorted(known, key=lambda one: (one.account, one.party))


def clashes_told(clashes: Iterable[Clash]) -> list[dict[str, str | int]]:
    """For the journal: account and party, no names."""
    return [{"account": clash.account, "party": clash.party} for clash in clashes]


def _compared(
    before: Sequence[AdviserAccount], after: Sequence[AdviserAccount], ours: Sequence[DebtorRow]
) -> Imported:
    old = {entry.account: entry for entry in before}
    new = {entry.account: entry for entry in after}
    party_of = {row.account: row.party for row in ours if not row.collective}
    return Imported(
        accounts=len(new),
        new=tuple(account for account in new if account not in old),
        changed=tuple(account for account, entry in new.items() if old.get(account, entry) != entry),
        gone=tuple(
            Gone(entry.account, entry.name, party_of.get(entry.account, ""))
            for entry in before
            if entry.account not in new
        ),
        unchanged=sum(old.get(account) == entry for account, entry in new.items()),
        clashes=tuple(_clashes(new, ours)),
    )


_GIVEN = (Origin.NEXT_FREE, Origin.UNKNOWN)


def _clashes(listed: dict[int, AdviserAccount], ours: Sequence[DebtorRow]) -> Iterable[Clash]:
    """Accounts that we gave to somebody else than the list means.

    An account from the list or from a field is no clash: there the adviser or a person has decided, and may
    call the customer otherwise.
    """
    for row in ours:
        entry = listed.get(row.account)
        if entry is not None and row.origin in _GIVEN and not is_same(row.record, entry):
            yield Clash(row.account, row.party, row.record.name, entry.name)


def _of_ours(row: DebtorRow, in_list: bool, clash: bool) -> KnownAccount:
    return KnownAccount(
        account=row.account,
        kind=row.kind,
        name=row.record.name,
        source=row.origin or "earlier",
        party=row.party,
        in_list=in_list,
        clash=clash,
        transferred=row.record_hash == row.transferred_hash,
    )


def _of_list(entry: AdviserAccount, kind: str) -> KnownAccount:
    return KnownAccount(
        account=entry.account,
        kind=kind,
        name=entry.name,
        source="list",
        party="",
        in_list=True,
        clash=False,
        transferred=False,
    )
