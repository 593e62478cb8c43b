"""Which account a customer gets, by the tenant's strategy. Never two for one party, never one for two.

Called under :func:`connector.store.debtors.lock_accounts`: two deals of a new customer must not give it two.
"""

from dataclasses import dataclass

from connector.accounting.adviser_list import AdviserAccount, MatchedBy, match
from connector.accounting.chart import creditor_range, debtor_range
from connector.accounting.debtor_records import parse_creditor_number, parse_debtor_number
from connector.accounting.party import Party
from connector.errors import DataError, Problem
from connector.store import Transaction, adviser_accounts, debtors
from connector.store.debtors import CREDITOR, DEBTOR, DebtorRow, Origin
from connector.store.tenants import TenantRow
from connector.tenants.config import DebtorStrategy, WhenNotListed

IMPORT_LIST = "ml-connector debtors import --tenant KEY FILE"

_SIGNS = {
    MatchedBy.NUMBER: "the number on its record",
    MatchedBy.VAT_ID: "its VAT id",
    MatchedBy.NAME: "its name",
}


@dataclass(frozen=True, slots=True)
class ChosenAccount:
    """An account, and where it comes from."""

    account: int
    origin: Origin
    told: str = ""
    """For the journal, where the account was recognised or is new."""


def choose_debtor(tx: Transaction, tenant: TenantRow, buyer: Party) -> ChosenAccount:
    """The customer's debtor account.

    :param buyer: under the key of the party that survives its merges.
    :raises DataError: it names no usable account, or another party's; a person has to choose; none is free.
    """
    config = tenant.config.debtors
    if config.strategy is DebtorStrategy.COLLECTIVE and config.collective_account is not None:
        return ChosenAccount(config.collective_account, Origin.COLLECTIVE)
    if config.strategy is DebtorStrategy.FIELD:
        named = parse_debtor_number(buyer.debtor_number, tenant.config.terms.account_length)
        return ChosenAccount(_free_for(tx, tenant, buyer.key, DEBTOR, _account(named)), Origin.FIELD)
    by_list = config.strategy is DebtorStrategy.LIST
    if by_list and buyer.debtor_number:
        # Looked at before anything that is known: the number is how a person settles what we cannot.
        number = _account(parse_debtor_number(buyer.debtor_number, tenant.config.terms.account_length))
        has = debtors.of_party(tx, tenant.id, buyer.key)
        if has is None or has.account != number:
            return _listed(tx, tenant, buyer, DEBTOR, number)
    known = _kept(tx, tenant, buyer.key, DEBTOR)
    if known is None and by_list:
        return _listed(tx, tenant, buyer, DEBTOR, None)
    return _of_ours(tx, tenant, known, DEBTOR)


def choose_creditor(tx: Transaction, tenant: TenantRow, supplier: Party, number: str) -> ChosenAccount:
    """The creditor account of an organization that is a supplier, too.

    :param number: what ``fields.creditor_number`` holds, where the tenant names that field.
    :raises DataError: as :func:`choose_debtor`.
    """
    if tenant.config.sale.fields.creditor_number:
        named = parse_creditor_number(number, tenant.config.terms.account_length)
        return ChosenAccount(_free_for(tx, tenant, supplier.key, CREDITOR, _account(named)), Origin.FIELD)
    known = _kept(tx, tenant, supplier.key, CREDITOR)
    if known is None and tenant.config.debtors.strategy is DebtorStrategy.LIST:
        return _listed(tx, tenant, supplier, CREDITOR, None)
    return _of_ours(tx, tenant, known, CREDITOR)


def _account(parsed: int | Problem) -> int:
    if isinstance(parsed, Problem):
        raise DataError([parsed])
    return parsed


def _kept(tx: Transaction, tenant: TenantRow, party: str, kind: str) -> DebtorRow | None:
    """The account that the party has for itself already.

    :raises DataError: the adviser's list gives it to somebody else.
    """
    known = debtors.of_party(tx, tenant.id, party, kind)
    if known is None or known.collective:
        return None
    if adviser_accounts.clash_of(tx, tenant.id, known.account) == party:
        raise DataError([_clashing(known, party)])
    return known


def _listed(tx: Transaction, tenant: TenantRow, party: Party, kind: str, number: int | None) -> ChosenAccount:
    """The party's account in the adviser's list, or what the tenant wants where it has none."""
    if adviser_accounts.is_empty(tx, tenant.id):
        raise DataError([_no_list()])
    length = tenant.config.terms.account_length
    accounts = debtor_range(length) if kind == DEBTOR else creditor_range(length)
    found = match(party, adviser_accounts.candidates(tx, tenant.id, party, accounts, number), number=number)
    if found.account is not None and found.by is not None:
        account = _free_for(tx, tenant, party.key, kind, found.account.account)
        told = f"{kind.capitalize()} {account}, recognised in the adviser's list by {_SIGNS[found.by]}."
        return ChosenAccount(account, Origin.LIST, told)
    if found.candidates:
        raise DataError([_ambiguous(party, kind, found.candidates)])
    if number is not None:
        raise DataError([_number_not_listed(party, kind, number)])
    if tenant.config.debtors.when_not_listed is WhenNotListed.PARK:
        raise DataError([_not_listed(party, kind)])
    return _of_ours(tx, tenant, None, kind)


def _of_ours(tx: Transaction, tenant: TenantRow, known: DebtorRow | None, kind: str) -> ChosenAccount:
    """The account that the party has, or the next free one."""
    if known is not None:
        return ChosenAccount(known.account, Origin(known.origin))
    config = tenant.config.debtors
    debtor = kind == DEBTOR
    first, last = (config.first, config.last) if debtor else (config.creditor_first, config.creditor_last)
    free = debtors.next_free_account(tx, tenant.id, first, last)
    if free is None:
        raise DataError([_used_up(kind, first, last)])
    return ChosenAccount(free, Origin.NEXT_FREE, f"{kind.capitalize()} {free} is new.")


def _free_for(tx: Transaction, tenant: TenantRow, party: str, kind: str, account: int) -> int:
    """The account, if nobody else has it.

    :raises DataError: somebody has.
    """
    owner = debtors.owner_of_account(tx, tenant.id, account)
    if owner not in {None, party}:
        raise DataError([_taken(kind, account, str(owner), party)])
    return account


def _taken(kind: str, account: int, owner: str, party: str) -> Problem:
    return Problem(
        f"{kind}_account_taken",
        f"The {kind} number {account} of {party} belongs to {owner} already.",
        f"{kind}_number",
        f"Correct the {kind} number on one of the two customer records, or merge them in Pipedrive if they "
        "are one; then retry the run.",
    )


def _used_up(kind: str, first: int, last: int) -> Problem:
    return Problem(
        f"{kind}_range_used_up",
        f"All {kind} numbers from {first} to {last} are given.",
        "debtors.last" if kind == DEBTOR else "debtors.creditor_last",
        "Widen the range in the tenant's file, apply it, then retry the run.",
    )


def _no_list() -> Problem:
    return Problem(
        "adviser_list_missing",
        "The adviser's list of debtors has not been imported.",
        "debtors.strategy",
        f"Import it: {IMPORT_LIST}; then retry the run.",
    )


def _ambiguous(party: Party, kind: str, candidates: tuple[AdviserAccount, ...]) -> Problem:
    named = "; ".join(entry.told() for entry in candidates)
    return Problem(
        f"{kind}_ambiguous",
        f"The adviser's list does not tell which {kind} {party.key} is: {named}.",
        f"{kind}_number",
        f"Enter the right {kind} number on the customer (fields.{kind}_number), or let the adviser correct "
        "the list and import it again; then retry the run.",
    )


def _number_not_listed(party: Party, kind: str, number: int) -> Problem:
    return Problem(
        f"{kind}_number_not_listed",
        f"The {kind} number {number} of {party.key} does not stand in the adviser's list.",
        f"{kind}_number",
        f"Correct the number on the customer, or import a newer list: {IMPORT_LIST}; then retry the run.",
    )


def _not_listed(party: Party, kind: str) -> Problem:
    return Problem(
        f"{kind}_not_listed",
        f"The adviser's list has no {kind} with the VAT id or the name of {party.key}.",
        f"{kind}_number",
        f"Let the adviser open an account and import the list again ({IMPORT_LIST}), or set "
        'debtors.when_not_listed = "next_free"; then retry the run.',
    )


def _clashing(known: DebtorRow, party: str) -> Problem:
    return Problem(
        f"{known.kind}_account_clashes",
        f"We gave the account {known.account} to {party}, but the adviser's list gives it to somebody else.",
        f"{known.kind}_number",
        f"Agree with the adviser whose it is, import the corrected list ({IMPORT_LIST}), then retry.",
    )
