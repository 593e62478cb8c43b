"""Which revenue account and key a decided line is booked on.

The tax case names an account, mostly an automatic one. The tenant's mapping may name another one
for a product; it is used where the chart says that it carries the same case.
"""

from dataclasses import dataclass

from connector.accounting.chart import AccountEntry, AccountFunction, Chart, scaled_account
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


def choose_revenue_account(
    decision: TaxDecision, line: SaleLine, *, chart: Chart, account_length: int
) -> RevenueAccount | Problem:
    """Pick account and key of a line, or say why the mapped account will not do."""
    chosen = _choose(decision, line, chart)
    if isinstance(chosen, Problem):
        return chosen
    account4, tax_key, reason = chosen
    account = scaled_account(account4, account_length)
    problems = chart.check_ledger_account(account, tax_key, account_length=account_length)
    if problems:
        return problems[0]
    key = f"key {tax_key}: account without function" if tax_key else "no key: automatic account"
    return RevenueAccount(account, tax_key, f"{reason}→ {account}, {key}")


def _choose(decision: TaxDecision, line: SaleLine, chart: Chart) -> tuple[int, str, str] | Problem:
    standard = decision.revenue_account
    if line.revenue_account is None or line.revenue_account == standard:
        return standard, _key_on(standard, decision, chart), ""
    mapped = line.revenue_account
    entry = chart.entry_of(mapped)
    if entry is None or not _takes_revenue(entry):
        problems = chart.check_ledger_account(mapped, "", account_length=4)
        return problems[0] if problems else _no_revenue_account(mapped, line, entry)
    if entry.function.is_automatic and decision.tax_case in entry.tax_cases:
        return mapped, "", f"account {mapped} by the product's mapping "
    carries = not entry.needs or decision.tax_case in entry.tax_cases
    if entry.key_required and decision.plain_key and carries:
        return mapped, decision.plain_key, f"account {mapped} by the product's mapping "
    if decision.over_mapping:
        # A product is mapped for its ordinary, domestic sale. Where no German tax is charged, or the
        # supply is one into another member state, only the account of the case feeds the right line
        # of the return, so the mapping steps back.
        return (
            standard,
            _key_on(standard, decision, chart),
            f"mapped account {mapped} ({entry.meaning}) does not carry this case ",
        )
    return Problem(
        "account_contradicts_tax_case",
        f"Line {line.position} ({line.name}) is taxed at {decision.charged_rate} %, but its product is "
        f"mapped to account {mapped} ({entry.meaning}).",
        field="revenue_account",
        cure=f"Map the product to an account for {decision.charged_rate} %, or correct the tax of the line.",
    )


def _key_on(account: int, decision: TaxDecision, chart: Chart) -> str:
    entry = chart.entry_of(account)
    return decision.plain_key if entry and entry.key_required else ""


def _takes_revenue(entry: AccountEntry) -> bool:
    usable = entry.key_required or (entry.function is AccountFunction.AUTOMATIC_SALES_TAX and entry.tax_cases)
    return bool(usable) and not entry.obsolete


def _no_revenue_account(account: int, line: SaleLine, entry: AccountEntry | None) -> Problem:
    meaning = entry.meaning if entry else "unknown"
    return Problem(
        "account_not_for_revenue",
        f"Line {line.position} ({line.name}): its product is mapped to account {account} ({meaning}), "
        "which does not take ordinary revenue.",
        field="revenue_account",
        cure="Map the product to a revenue account, or to none: the tax case decides.",
    )
