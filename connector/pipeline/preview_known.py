"""What is decided already where a preview is that of a run: its number, and the account of its customer."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from connector.accounting.debtor_records import parse_debtor_number
from connector.accounting.exchange_rates import Published
from connector.accounting.party import Party
from connector.errors import DataError, Problem
from connector.pipeline.drafting import RunIdentity, read_draft_sale
from connector.pipeline.steps.identity import identity_of
from connector.pipeline.steps.personal_accounts import choose_debtor
from connector.store import Transaction, debtors, documents, merged_parties
from connector.store.debtors import Origin
from connector.store.runs import RunRow
from connector.store.tenants import TenantRow
from connector.tenants.config import DebtorStrategy, TenantConfig


@dataclass(frozen=True, slots=True)
class Known:
    """What is decided already, and what the database would decide now."""

    identity: RunIdentity | None = None
    """None: that of the deal's first invoice."""
    debtor_account: int | None = None
    """The account that the buyer has, or would get now; None: no database was asked."""
    number: str = ""
    """The document number that the run has."""
    provisional: bool = False
    """The account is the next free one as of now. It is not taken by a preview, so another may get it."""
    problems: tuple[Problem, ...] = ()
    """Why the buyer gets no account as things stand."""


def known_of_run(
    tx: Transaction,
    tenant: TenantRow,
    run: RunRow,
    bundle: Mapping[str, Any],
    config: TenantConfig,
    published: Published | None,
) -> Known:
    """What is decided of a run; of one that has no account yet, the account that it would get now.

    Without this a run that waits would show the first account of the range, which is another customer's.

    :param config: that the preview is made with, which may be older than the tenant's.
    """
    document = documents.of_run(tx, run.id)
    identity = identity_of(tenant, run)
    known = Known(identity, number=document.document_number if document else "")
    if run.debtor_id:
        return replace(known, debtor_account=debtors.get_many(tx, [run.debtor_id])[run.debtor_id].account)
    try:
        buyer = read_draft_sale(bundle, config, identity, published=published).buyer
    except DataError:
        # The preview reads the deal likewise, and tells why it cannot be read.
        return known
    party = replace(buyer, key=merged_parties.survivor_of(tx, tenant.id, buyer.key))
    try:
        chosen = choose_debtor(tx, replace(tenant, config=config), party)
    except DataError as e:
        return replace(known, problems=tuple(e.problems))
    has = debtors.of_party(tx, tenant.id, party.key)
    new = chosen.origin is Origin.NEXT_FREE and (has is None or has.account != chosen.account)
    return replace(known, debtor_account=chosen.account, provisional=new)


def account_of(
    buyer: Party, config: TenantConfig, known: Known, problems: list[Problem]
) -> tuple[int | None, bool]:
    """The debtor account, and whether it is only an example; None where the buyer gets none as things stand.

    From files alone the adviser's list is not asked: it lies in the database, and a preview needs none.
    """
    if known.problems:
        problems += known.problems
        return None, False
    debtor = config.debtors
    if debtor.strategy is DebtorStrategy.COLLECTIVE and debtor.collective_account is not None:
        return debtor.collective_account, False
    by_list = debtor.strategy is DebtorStrategy.LIST
    if debtor.strategy is DebtorStrategy.FIELD or (by_list and buyer.debtor_number):
        named = parse_debtor_number(buyer.debtor_number, config.terms.account_length)
        if isinstance(named, Problem):
            problems.append(named)
            return None, False
        return named, False
    return (debtor.first, True) if known.debtor_account is None else (known.debtor_account, known.provisional)
