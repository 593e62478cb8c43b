"""Which revenue account and key a decided line is booked on.

The tax case names an account, mostly an automatic one. The tenant's mapping may name another one
for a line; it is used where the client's chart says that it carries the same case.
"""

from collections.abc import Collection
from dataclasses import dataclass

from connector.accounting.chart import AccountEntry, AccountFunction, Chart, client_account
from connector.accounting.sale import SaleLine
from connector.accounting.tax import TaxDecision
from connector.errors import Problem


@dataclass(frozen=True, slots=True)
class RevenueAccount:
    """Where a line's revenue goes."""

    account: int
    """In the client's account length."""
    tax_key: str
    why: str


@dataclass(frozen=True, slots=True)
class _Mapping:
    """The mapping that goes first for a line and its tax case."""

    account: int
    """In the client's account length."""
    by: str
    for_case: bool
    """Whether it names the tax case; else it is meant for the ordinary sale."""


def choose_revenue_account(
    decision: TaxDecision, line: SaleLine, *, chart: Chart, account_length: int
) -> RevenueAccount | Problem:
    """Pick account and key of a line, or say why the mapped account will not do."""
    chosen = _choose(decision, line, chart, account_length)
    if isinstance(chosen, Problem):
        return chosen
    account, tax_key, reason = chosen
    problems = chart.check_ledger_account(account, tax_key, account_length=account_length)
    if problems:
        return problems[0]
    key = f"key {tax_key}: account without function" if tax_key else "no key: automatic account"
    return RevenueAccount(account, tax_key, f"{reason}→ {account}, {key}")


def mapped_account_problem(
    line: SaleLine, standard_accounts: Collection[int], *, chart: Chart, account_length: int
) -> Problem | None:
    """Why the account mapped to a line takes no revenue, whatever tax case the line turns out to have.

    Where the mapping names accounts for single cases, which of them counts is open, and nothing is said.

    :param standard_accounts: of all tax cases, in 4 digits or the client's length: any may be mapped.
    """
    if line.revenue_account is None or line.case_accounts:
        return None
    mapping = _ordinary(line, line.revenue_account, account_length)
    if isinstance(mapping, Problem):
        return mapping
    if mapping.account in {client_account(account, account_length) for account in standard_accounts}:
        return None
    return _unusable(mapping, line, chart, account_length)


def takes_revenue(entry: AccountEntry) -> bool:
    """Whether ordinary revenue may be mapped to an account."""
    usable = entry.key_required or (entry.function is AccountFunction.AUTOMATIC_SALES_TAX and entry.tax_cases)
    return bool(usable) and not entry.obsolete


def _choose(
    decision: TaxDecision, line: SaleLine, chart: Chart, account_length: int
) -> tuple[int, str, str] | Problem:
    standard = client_account(decision.revenue_account, account_length)
    if isinstance(standard, Problem):
        return standard
    mapping = _mapping(decision, line, account_length)
    if isinstance(mapping, Problem):
        return mapping
    tax_key = _key_on(chart.entry_for(standard, account_length=account_length), decision)
    if mapping is None or mapping.account == standard:
        return standard, tax_key, ""
    return _mapped(mapping, decision, line, chart, account_length) or (
        standard,
        tax_key,
        f"mapped account {mapping.account} (by {mapping.by}) does not carry this case ",
    )


def _mapped(
    mapping: _Mapping, decision: TaxDecision, line: SaleLine, chart: Chart, account_length: int
) -> tuple[int, str, str] | Problem | None:
    """The mapped account; None where it steps back behind the account of the tax case."""
    unusable = _unusable(mapping, line, chart, account_length)
    entry = chart.entry_for(mapping.account, account_length=account_length)
    if unusable or entry is None:
        return unusable
    tax_key = _key_on(entry, decision)
    if entry.carries(decision.tax_case) and (tax_key or not entry.key_required):
        return mapping.account, tax_key, f"account {mapping.account} by {mapping.by} "
    if decision.over_mapping and not mapping.for_case:
        # A line is mapped for its ordinary, domestic sale. Where no German tax is charged, or the
        # supply is one into another member state, only the account of the case feeds the right line
        # of the return, so the mapping steps back. One that names the case is meant for it, and parks.
        return None
    return _contradiction(decision, line, mapping, entry)


def _unusable(mapping: _Mapping, line: SaleLine, chart: Chart, account_length: int) -> Problem | None:
    """Why a mapped account takes no revenue in any tax case."""
    entry = chart.entry_for(mapping.account, account_length=account_length)
    if entry is not None and takes_revenue(entry):
        return None
    problems = chart.check_ledger_account(mapping.account, "", account_length=account_length)
    return problems[0] if problems else _no_revenue_account(mapping, line, entry)


def _mapping(decision: TaxDecision, line: SaleLine, account_length: int) -> _Mapping | Problem | None:
    for mapped in line.case_accounts:
        if mapped.tax_case == decision.tax_case:
            return _in_length(mapped.account, mapped.mapped_by, True, account_length)
    if line.revenue_account is None:
        return None
    return _ordinary(line, line.revenue_account, account_length)


def _ordinary(line: SaleLine, account: int, account_length: int) -> _Mapping | Problem:
    return _in_length(account, line.mapped_by or "the tenant's mapping", False, account_length)


def _in_length(account: int, by: str, for_case: bool, account_length: int) -> _Mapping | Problem:
    scaled = client_account(account, account_length)
    return scaled if isinstance(scaled, Problem) else _Mapping(scaled, by, for_case)


def _key_on(entry: AccountEntry | None, decision: TaxDecision) -> str:
    return (entry.key or decision.plain_key) if entry and entry.key_required else ""


def _contradiction(decision: TaxDecision, line: SaleLine, mapping: _Mapping, entry: AccountEntry) -> Problem:
    return Problem(
        "account_contradicts_tax_case",
        f"Line {line.position} ({line.name}) is taxed at {decision.charged_rate} % "
        f"(tax case {decision.tax_case}), but is mapped to account {mapping.account} ({entry.meaning}) "
        f"by {mapping.by}.",
        field="revenue_account",
        cure=f"Map it to an account for {decision.charged_rate} %, or correct the tax of the line.",
    )


def _no_revenue_account(mapping: _Mapping, line: SaleLine, entry: AccountEntry | None) -> Problem:
    meaning = entry.meaning if entry else "unknown"
    return Problem(
        "account_not_for_revenue",
        f"Line {line.position} ({line.name}) is mapped to account {mapping.account} ({meaning}) "
        f"by {mapping.by}, which does not take ordinary revenue.",
        field="revenue_account",
        cure="Map it to a revenue account, or to none: the tax case decides.",
    )
