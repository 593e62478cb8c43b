"""resolved → debtor_ready: find or give the accounts, and note the master records as they should be."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from connector.accounting.debtor import DebtorRecord
from connector.accounting.debtor_records import build_debtor_record
from connector.accounting.party import Party
from connector.codec import to_plain
from connector.pipedrive.suppliers import creditor_number_from, has_label
from connector.pipeline.drafting import read_draft_sale
from connector.pipeline.runner import Finish, Work
from connector.pipeline.steps.identity import claimed_run, identity_of
from connector.pipeline.steps.missed_merges import follow_missed_merge
from connector.pipeline.steps.personal_accounts import ChosenAccount, choose_creditor, choose_debtor
from connector.store import Transaction, debtors, journal, merged_parties, runs
from connector.store.debtors import CREDITOR, DEBTOR, Origin

_LATER_FIELDS = ("name_rest",)
"""Fields of the record that older hashes know nothing of: they count where they are filled, so that an
upgrade sends no record again that has not changed."""


def build_debtor(work: Work) -> Finish:
    """Give the buyer its debtor account, and a supplier its creditor account besides.

    :raises DataError: the customer names no usable number, or another party's; a person has to choose
        among accounts of the adviser's list; or the range is used up.
    """
    with work.services.database.transaction() as tx:
        run = claimed_run(tx, work)
        bundle = runs.document_of(tx, run.id, "bundle")
    buyer = read_draft_sale(bundle, work.tenant.config, identity_of(work.tenant, run)).buyer
    follow_missed_merge(work, run, buyer)

    def write(tx: Transaction) -> Mapping[str, Any]:
        debtors.lock_accounts(tx, work.tenant.id)
        party = replace(buyer, key=merged_parties.survivor_of(tx, work.tenant.id, buyer.key))
        if party.key != buyer.key:
            # The deal was read before its buyer was merged: the survivor's record is newer than this one.
            known = debtors.of_party(tx, work.tenant.id, party.key)
            if known is not None:
                return {"debtor_id": known.id}
        debtor_id = _keep(tx, work, party, choose_debtor(tx, work.tenant, party), DEBTOR)
        if has_label(bundle, work.tenant.config.debtors.creditor_labels):
            number = creditor_number_from(bundle, work.tenant.config.sale)
            _keep(tx, work, party, choose_creditor(tx, work.tenant, party, number), CREDITOR)
        return {"debtor_id": debtor_id}

    return Finish("debtor_ready", write=write)


def record_hash(record: DebtorRecord) -> str:
    """Tells whether DATEV has been given exactly this record."""
    plain = {name: value for name, value in to_plain(record).items() if value or name not in _LATER_FIELDS}
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()


def _keep(tx: Transaction, work: Work, party: Party, chosen: ChosenAccount, kind: str) -> int:
    """Note the account with its master record; what is new or was recognised is told in the journal."""
    record = build_debtor_record(party, chosen.account)
    before = debtors.of_party(tx, work.tenant.id, party.key, kind)
    debtor_id = debtors.keep(
        tx,
        tenant_id=work.tenant.id,
        party=party.key,
        record=record,
        record_hash=record_hash(record),
        collective=chosen.origin is Origin.COLLECTIVE,
        origin=chosen.origin,
        kind=kind,
        now=work.now,
    )
    if chosen.told and (before is None or before.account != chosen.account):
        journal.write(
            tx,
            tenant_id=work.tenant.id,
            run_id=work.claim.id,
            at=work.now,
            event=f"{kind}_chosen",
            actor="build_debtor",
            message=chosen.told,
            details={"party": party.key, "account": chosen.account, "origin": chosen.origin.value},
        )
    return debtor_id
