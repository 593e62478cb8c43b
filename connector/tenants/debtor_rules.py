"""Rules between the keys that number debtors and creditors."""

from collections.abc import Iterator, Mapping
from typing import Any

from connector.accounting import chart
from connector.tenants.config import DebtorConfig, DebtorStrategy, WhenNotListed
from connector.tenants.findings import Fault, Finding
from connector.tenants.toml_lines import Path

_DEFAULTS = DebtorConfig()


def debtor_range(account_length: int) -> tuple[int, int]:
    """First and last debtor account of a client whose ledger accounts have this length."""
    accounts = chart.debtor_range(account_length)
    return accounts.start, accounts.stop - 1


def creditor_range(account_length: int) -> tuple[int, int]:
    """First and last creditor account of a client whose ledger accounts have this length."""
    accounts = chart.creditor_range(account_length)
    return accounts.start, accounts.stop - 1


def strategy_is_complete(loaded: Mapping[str, Any]) -> Iterator[Finding]:
    """A strategy needs the key that it works by."""
    section = loaded.get("debtors") or {}
    strategy = section.get("strategy", _DEFAULTS.strategy)
    if strategy is DebtorStrategy.FIELD and not (loaded.get("fields") or {}).get("debtor_number"):
        yield _finding(
            ("fields", "debtor_number"),
            "key_missing",
            'is missing, but debtors.strategy = "field" reads the debtor account from it.',
            'Add to [fields] a line such as: debtor_number = "Debitorennummer"',
        )
    if strategy is DebtorStrategy.COLLECTIVE and "collective_account" not in section:
        yield _finding(
            ("debtors", "collective_account"),
            "key_missing",
            'is missing, but strategy = "collective" books on it.',
            "Add a line such as: collective_account = 10000",
        )


def accounts_fit(loaded: Mapping[str, Any]) -> Iterator[Finding]:
    """Every account lies where DATEV has such accounts."""
    section = loaded.get("debtors") or {}
    length = (loaded.get("booking") or {}).get("account_length", chart.STANDARD_LENGTH)
    debtors, creditors = debtor_range(length), creditor_range(length)
    yield from _outside(section, ("first", "last", "collective_account"), "debtor", debtors, length)
    yield from _outside(section, ("creditor_first", "creditor_last"), "creditor", creditors, length)


def ranges_rise(loaded: Mapping[str, Any]) -> Iterator[Finding]:
    """No range is empty. An end that is left out is that of all accounts, behind which none can lie."""
    section = loaded.get("debtors") or {}
    for low, high in (("first", "last"), ("creditor_first", "creditor_last")):
        if low in section and high in section and section[low] > section[high]:
            yield _finding(
                ("debtors", low),
                "range_empty",
                f"is {section[low]}, above {high} = {section[high]}.",
                f"Swap {low} and {high}.",
            )


def collective_stands_apart(loaded: Mapping[str, Any]) -> Iterator[Finding]:
    """The collective account is not given to a single debtor."""
    section = loaded.get("debtors") or {}
    allowed = debtor_range((loaded.get("booking") or {}).get("account_length", chart.STANDARD_LENGTH))
    first, last = section.get("first", allowed[0]), section.get("last", allowed[1])
    collective = section.get("collective_account")
    if _gives_numbers(section) and collective is not None and first <= collective <= last:
        yield _finding(
            ("debtors", "collective_account"),
            "account_taken",
            f"is {collective}, inside {first} to {last}, from where single debtors get their numbers.",
            "Choose an account outside of the range, or begin the range behind it.",
        )


def creditors_are_complete(loaded: Mapping[str, Any]) -> Iterator[Finding]:
    """A number is looked for only on organizations that a label makes suppliers."""
    wanted = (loaded.get("fields") or {}).get("creditor_number")
    if wanted and not (loaded.get("debtors") or {}).get("creditor_labels"):
        yield _finding(
            ("debtors", "creditor_labels"),
            "key_missing",
            "is missing, so no organization is a supplier and fields.creditor_number is never looked at.",
            'Add to [debtors] a line such as: creditor_labels = ["Lieferant"]',
        )


def _gives_numbers(section: Mapping[str, Any]) -> bool:
    strategy = section.get("strategy", _DEFAULTS.strategy)
    unlisted = section.get("when_not_listed", _DEFAULTS.when_not_listed)
    return strategy is DebtorStrategy.NEXT_FREE or (
        strategy is DebtorStrategy.LIST and unlisted is WhenNotListed.NEXT_FREE
    )


def _outside(
    section: Mapping[str, Any], keys: tuple[str, ...], kind: str, allowed: tuple[int, int], length: int
) -> Iterator[Finding]:
    for key in keys:
        if key in section and not allowed[0] <= section[key] <= allowed[1]:
            yield _finding(
                ("debtors", key),
                "account_out_of_range",
                f"is {section[key]}, which is no {kind} account with {length}-digit ledger accounts "
                f"(booking.account_length): those are {allowed[0]} to {allowed[1]}.",
                f"Use {length + 1} digits, or correct booking.account_length.",
            )


def _finding(path: Path, code: str, says: str, cure: str) -> Finding:
    return Finding(path, Fault(code, says, cure))
