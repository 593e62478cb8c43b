"""Rules of the mappings to revenue accounts, and of the labels and fields that they hang on."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from connector.accounting.chart import STANDARD_LENGTH, Chart, client_account
from connector.accounting.revenue_accounts import takes_revenue
from connector.accounting.tax import TaxRules
from connector.errors import Problem
from connector.tenants.findings import Fault, Finding
from connector.tenants.toml_lines import Path

MAPPINGS = (
    "revenue_accounts",
    "revenue_account_labels",
    "revenue_accounts_by_category",
    "revenue_accounts_by_pipeline",
)
"""Keys of ``[sale]`` that map to revenue accounts."""

_BY_PIPELINE = ("revenue_accounts_by_pipeline", "cost_centre_1_by_pipeline", "cost_centre_2_by_pipeline")


def mapping_findings(
    sale: Mapping[str, Any],
    *,
    chart: Chart,
    rules: TaxRules,
    account_length: int,
    unsure: Collection[int] = (),
) -> Iterator[Finding]:
    """Mapped accounts that nothing may be booked on, or not the tax case that they are named for.

    :param chart: the client's chart, its own accounts included.
    :param unsure: accounts of the client that are wrong by themselves; nothing more is said about them.
    """
    for key in MAPPINGS:
        rows = sale.get(key) or ()
        spellings = Counter(_folded(key, value) for value, _ in rows)
        for value, accounts in rows:
            place: Path = ("sale", key, value)
            if spellings[_folded(key, value)] > 1:
                yield Finding(
                    place,
                    Fault(
                        "mapping_ambiguous",
                        "is mapped a second time in another spelling.",
                        "Keep the one that holds.",
                    ),
                )
            for tax_case, account in accounts:
                if account in unsure:
                    continue
                fault = _mapping_fault(tax_case, account, chart, rules.tax_cases, account_length)
                if fault:
                    yield Finding((*place, tax_case) if tax_case else place, fault)


def _folded(key: str, value: str) -> str:
    """Codes of products are told apart by capitals; labels and categories are not."""
    return value.strip() if key == "revenue_accounts" else value.strip().casefold()


def _mapping_fault(
    tax_case: str, account: int, chart: Chart, tax_cases: Collection[str], account_length: int
) -> Fault | None:
    if tax_case and tax_case not in tax_cases:
        return Fault(
            "tax_case_unknown",
            "is no tax case that is booked.",
            f"Use one of: {', '.join(sorted(tax_cases))}.",
        )
    number = client_account(account, account_length)
    if isinstance(number, Problem):
        return Fault(
            number.code,
            f"is {account}; a mapped account has {_lengths(account_length)} (booking.account_length).",
            "Write it as the standard chart prints it, or in the client's full length.",
        )
    entry = chart.entry_for(number, account_length=account_length)
    if entry is None or not takes_revenue(entry):
        problems = chart.check_ledger_account(number, "", account_length=account_length)
        says = problems[0].message if problems else f"Account {number} takes no ordinary revenue."
        return Fault(
            problems[0].code if problems else "account_not_for_revenue",
            f"will not do: {says}",
            "Name a revenue account; one of the client's own needs its function in [[chart.accounts]].",
        )
    if tax_case and not entry.carries(tax_case):
        return Fault(
            "account_contradicts_tax_case",
            f"is {number} ({entry.meaning}), which does not carry this tax case.",
            "Name an account that carries it, or leave the case out: the standard account is taken.",
        )
    return None


def _lengths(account_length: int) -> str:
    if account_length == STANDARD_LENGTH:
        return f"{STANDARD_LENGTH} digits"
    return f"{STANDARD_LENGTH} digits (a standard account) or {account_length}"


def lookup_findings(loaded: Mapping[str, Any]) -> Iterator[Finding]:
    """Labels that no field shows, and pipelines that are no ids."""
    sale, fields = loaded.get("sale") or {}, loaded.get("fields") or {}
    if sale.get("revenue_account_labels") and not fields.get("revenue_account"):
        yield Finding(
            ("fields", "revenue_account"),
            Fault(
                "key_missing",
                "is missing, so the labels of sale.revenue_account_labels are never looked at.",
                'Add to [fields] a line such as: revenue_account = "Erlöskonto"',
            ),
        )
    for key in _BY_PIPELINE:
        for value, _ in sale.get(key) or ():
            if not (value.isascii() and value.isdecimal()):
                yield Finding(
                    ("sale", key, value),
                    Fault(
                        "values_invalid",
                        "is no id of a pipeline.",
                        "Write the number that Pipedrive shows in the address of the pipeline: /pipeline/3",
                    ),
                )
