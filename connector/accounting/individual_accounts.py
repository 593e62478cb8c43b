"""A client's own accounts (individuelle Konten), which no standard chart knows.

The adviser sets them up in the client's DATEV chart; the tenant's file repeats what they do there,
because a row on them is right only with or without a key as their function wants it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from connector.accounting.chart import AccountEntry, AccountFunction, Chart


class IndividualFunction(StrEnum):
    """What DATEV does on an individual account, as the tenant's file says it."""

    AUTOMATIC = "automatic"
    """DATEV computes the tax of ``rate`` by itself; a key is an error."""
    NONE = "none"
    """DATEV does nothing; every row needs a key."""


@dataclass(frozen=True, slots=True)
class IndividualAccount:
    """One account of the client: like a standard one, or with a function of its own."""

    account: int
    """In the client's account length."""
    name: str = ""
    """As the client's chart calls it; explanations show it."""
    like: int | None = None
    """Standard account (4 digits) whose function, rate and tax cases it shares."""
    function: IndividualFunction | None = None
    rate: Decimal | None = None
    """Percent that an automatic account takes out of the gross amount."""
    tax_cases: tuple[str, ...] = ()
    """Cases of the tax rules that may be booked on it; empty: those of ``like``."""
    key: str = ""
    """Key for an account without function; empty: that of the tax case."""


def with_individual_accounts(chart: Chart, accounts: Iterable[IndividualAccount]) -> Chart:
    """The chart of one client. What its accounts contradict is the tenant's file's to say."""
    return chart.with_accounts(tuple(individual_entry(account, chart) for account in accounts))


def individual_entry(account: IndividualAccount, chart: Chart) -> AccountEntry:
    """What an individual account does."""
    model = None if account.like is None else chart.entry_of(account.like)
    if model:
        function, rate = model.function, model.rate
    else:
        automatic = account.function is IndividualFunction.AUTOMATIC
        function = AccountFunction.AUTOMATIC_SALES_TAX if automatic else AccountFunction.NONE
        rate = account.rate
    return AccountEntry(
        first=account.account,
        last=account.account,
        function=function,
        meaning=account.name or (model.meaning if model else "the client's own account"),
        rate=rate,
        key_required=function is AccountFunction.NONE,
        tax_cases=account.tax_cases or (model.tax_cases if model else ()),
        needs=model.needs if model else _needs(account.tax_cases, chart),
        key=account.key,
    )


def _needs(tax_cases: Iterable[str], chart: Chart) -> str:
    """What field 40 must hold: what the standard accounts of all the cases want there."""
    wanted = {entry.needs for case in tax_cases for entry in chart.entries if case in entry.tax_cases}
    return wanted.pop() if len(wanted) == 1 else ""
