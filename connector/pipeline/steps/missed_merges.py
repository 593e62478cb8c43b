"""A merge that no delivery told us of, noticed when the survivor's first deal comes.

Pipedrive loses events while a hook is banned. A customer that is new to us, but bears a sign of one that we
have and that is gone from Pipedrive, is that one.
"""

from connector.accounting.adviser_list import name_key
from connector.accounting.debtor_records import parse_debtor_number
from connector.accounting.party import Party
from connector.accounting.vat_ids import normalise_vat_id
from connector.errors import NotFoundError, PermissionMissingError
from connector.pipedrive.client import PipedriveClient
from connector.pipedrive.merges import PartyMerge
from connector.pipedrive.shapes import flag_of
from connector.pipeline.merged_buyers import follow_merge
from connector.pipeline.partners import pipedrive_client
from connector.pipeline.runner import Work
from connector.store import Transaction, debtors, merged_parties
from connector.store.debtors import DebtorRow
from connector.store.runs import RunRow

_MOST_ASKED = 3
"""Customers looked up in Pipedrive for one deal; more with one VAT id are branches, not merges."""


def follow_missed_merge(work: Work, run: RunRow, buyer: Party) -> None:
    """Hand the debtor of a customer that is gone on to this one, if this one can only be its survivor."""
    with work.services.database.transaction() as tx:
        known = debtors.of_party(tx, work.tenant.id, buyer.key)
        if known is not None or merged_parties.survivor_of(tx, work.tenant.id, buyer.key) != buyer.key:
            return
        alike = _alike(tx, work, run, buyer)
    if not alike:
        return
    client = pipedrive_client(work.services, work.tenant, work.budget)
    for row in alike[:_MOST_ASKED]:
        if _is_gone(client, row.party):
            follow_merge(work.services, work.tenant, PartyMerge(row.party, buyer.key))
            return


def _alike(tx: Transaction, work: Work, run: RunRow, buyer: Party) -> list[DebtorRow]:
    """Customers of ours with this one's VAT id or number, or the one that this deal was of before."""
    kind = buyer.key.partition(":")[0]
    vat_id = normalise_vat_id(buyer.vat_id)
    number = parse_debtor_number(buyer.debtor_number, work.tenant.config.terms.account_length)
    found = debtors.with_vat_id(tx, work.tenant.id, vat_id) if vat_id else []
    if isinstance(number, int):
        owner = debtors.owner_of_account(tx, work.tenant.id, number)
        row = debtors.of_party(tx, work.tenant.id, owner) if owner else None
        found += [row] if row else []
    if run.debtor_id is not None:
        before = debtors.get_many(tx, [run.debtor_id])[run.debtor_id]
        found += [before] if name_key(before.record.name) == name_key(buyer.name) else []
    unique = {row.party: row for row in found if row.party.startswith(f"{kind}:")}
    return [row for row in unique.values() if not row.collective]


def _is_gone(client: PipedriveClient, party: str) -> bool:
    kind, _, number = party.partition(":")
    read = client.organization if kind == "organization" else client.person
    try:
        return bool(flag_of(read(int(number)).get("is_deleted")))
    except NotFoundError:
        return True
    except PermissionMissingError:
        # Hidden from the connected user is not gone.
        return False
