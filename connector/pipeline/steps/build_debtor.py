"""resolved → debtor_ready: find or give the debtor account, and note the master record as it should be."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from connector.accounting.debtor import DebtorRecord
from connector.accounting.debtor_records import build_debtor_record, parse_debtor_number
from connector.accounting.party import Party
from connector.codec import to_plain
from connector.errors import DataError, Problem
from connector.pipeline.drafting import read_draft_sale
from connector.pipeline.runner import Finish, Work
from connector.pipeline.steps.identity import claimed_run, identity_of
from connector.store import Transaction, debtors, runs
from connector.tenants.config import DebtorStrategy


def build_debtor(work: Work) -> Finish:
    """Give the buyer its account.

    :raises DataError: the customer names no usable number, or another party's; or the range is used up.
    """
    with work.services.database.transaction() as tx:
        run = claimed_run(tx, work)
        bundle = runs.document_of(tx, run.id, "bundle")
    buyer = read_draft_sale(bundle, work.tenant.config, identity_of(work.tenant, run)).buyer

    def write(tx: Transaction) -> Mapping[str, Any]:
        account = _account(tx, work, buyer)
        record = build_debtor_record(buyer, account)
        debtor_id = debtors.keep(
            tx,
            tenant_id=work.tenant.id,
            party=buyer.key,
            record=record,
            record_hash=record_hash(record),
            collective=work.tenant.config.debtors.strategy is DebtorStrategy.COLLECTIVE,
            now=work.now,
        )
        return {"debtor_id": debtor_id}

    return Finish("debtor_ready", write=write)


def record_hash(record: DebtorRecord) -> str:
    """Tells whether DATEV has been given exactly this record."""
    return hashlib.sha256(json.dumps(to_plain(record), sort_keys=True).encode()).hexdigest()


def _account(tx: Transaction, work: Work, buyer: Party) -> int:
    """The buyer's account, decided under a lock: two deals of a new buyer must not give it two accounts."""
    config = work.tenant.config.debtors
    debtors.lock_accounts(tx, work.tenant.id)
    if config.strategy is DebtorStrategy.COLLECTIVE and config.collective_account is not None:
        return config.collective_account
    known = debtors.of_party(tx, work.tenant.id, buyer.key)
    if config.strategy is DebtorStrategy.FIELD:
        account = parse_debtor_number(buyer.debtor_number, work.tenant.config.terms.account_length)
        if isinstance(account, Problem):
            raise DataError([account])
        owner = debtors.owner_of_account(tx, work.tenant.id, account)
        if owner not in {None, buyer.key}:
            raise DataError([_taken(account, str(owner), buyer)])
        return account
    if known is not None and not known.collective:
        return known.account
    free = debtors.next_free_account(tx, work.tenant.id, config.first, config.last)
    if free is None:
        raise DataError([_used_up(config.first, config.last)])
    return free


def _taken(account: int, owner: str, buyer: Party) -> Problem:
    return Problem(
        "debtor_account_taken",
        f"The debtor number {account} of {buyer.key} belongs to {owner} already.",
        "debtor_number",
        "Correct the debtor number on one of the two customer records, then retry the run.",
    )


def _used_up(first: int, last: int) -> Problem:
    return Problem(
        "debtor_range_used_up",
        f"All debtor numbers from {first} to {last} are given.",
        "debtors.last",
        "Widen the range in the tenant's file, apply it, then retry the run.",
    )
