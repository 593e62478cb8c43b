"""A tenant's own tax rules and keys: checked against the standard table and the chart that they change."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from connector.accounting.chart import STANDARD_LENGTH, Chart, client_account
from connector.accounting.eu_vat_rates import EuVatRates
from connector.accounting.individual_accounts import with_individual_accounts
from connector.accounting.tax import TaxRules
from connector.accounting.tax_overrides import TaxOverrides
from connector.accounting.tax_table import Booking, is_tax_key
from connector.config_files import load_chart_document, load_eu_vat_rates_document, load_tax_rules_document
from connector.errors import Problem, TableError
from connector.tenants.account_rules import individual_accounts
from connector.tenants.findings import Fault, Finding
from connector.tenants.toml_lines import Path

_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
"""One part of a table's path: a key, or a position counted from 1."""

_CURE = "Write it as the standard rules in config/tax_rules.toml are written; their head explains every key."


def tax_overrides(loaded: Mapping[str, Any]) -> TaxOverrides:
    """What the file says about tax rules and keys.

    :raises TableError: with every mistake of the rules.
    """
    booking = loaded.get("booking") or {}
    return TaxOverrides.parse(
        loaded.get("tax_rules") or (),
        chart=booking["chart"],
        tax_keys=booking.get("tax_keys") or (),
        version=loaded.get("tax_rules_version", ""),
    )


def tax_rule_findings(loaded: Mapping[str, Any]) -> Iterator[Finding]:
    """Everything wrong with a tenant's own rules and keys."""
    booking = loaded.get("booking") or {}
    if not loaded.get("tax_rules") and not booking.get("tax_keys"):
        if loaded.get("tax_rules_version"):
            yield Finding(
                ("tax_rules_version",),
                Fault("key_without_effect", "has no effect without [[tax_rules]].", "Remove the line."),
            )
        return
    try:
        own = tax_overrides(loaded)
    except TableError as e:
        for problem in e.problems:
            yield _finding(problem)
        own = TaxOverrides(tax_keys=tuple(booking.get("tax_keys") or ()))
    standard = TaxRules.parse(load_tax_rules_document(), EuVatRates.parse(load_eu_vat_rates_document()))
    yield from _key_findings(own, standard)
    chart = with_individual_accounts(
        Chart.parse(load_chart_document(booking["chart"])), individual_accounts(loaded)
    )
    yield from _account_findings(own, chart, booking.get("account_length", STANDARD_LENGTH))


def tenant_tax_rules(loaded: Mapping[str, Any]) -> TaxRules:
    """The rules as the tenant changes them; the standard ones where its own are wrong (told elsewhere)."""
    standard = TaxRules.parse(load_tax_rules_document(), EuVatRates.parse(load_eu_vat_rates_document()))
    try:
        return standard.with_overrides(tax_overrides(loaded))
    except TableError:
        return standard


def _finding(problem: Problem) -> Finding:
    says = problem.message.removeprefix(f"{problem.field}: ")
    return Finding(_path(problem.field), Fault("tax_rule_wrong", f"is wrong: {says}", _CURE))


def _path(where: str) -> Path:
    return tuple(key or int(position) - 1 for key, position in _STEP.findall(where))


def _key_findings(own: TaxOverrides, standard: TaxRules) -> Iterator[Finding]:
    cases = standard.with_overrides(own).tax_cases
    for case, key in own.tax_keys:
        if case not in cases:
            yield Finding(
                ("booking", "tax_keys", case),
                Fault(
                    "tax_case_unknown",
                    "is no tax case that is booked.",
                    f"Use one of: {', '.join(sorted(cases))}.",
                ),
            )
        if not is_tax_key(key):
            yield Finding(
                ("booking", "tax_keys", case),
                Fault("tax_key_invalid", f"is {key!r}; a key has 1 to 4 digits.", 'Write it such as: "240".'),
            )


def _account_findings(own: TaxOverrides, chart: Chart, account_length: int) -> Iterator[Finding]:
    """Accounts that no booking may go to, or that compute another rate than the rule charges."""
    for position, rule in enumerate(own.rules):
        if not isinstance(rule.outcome, Booking):
            continue
        booking, place = rule.outcome, ("tax_rules", position, "book", "account")
        account = client_account(booking.accounts[chart.name], account_length)
        if isinstance(account, Problem):
            yield Finding(place, Fault(account.code, f"will not do: {account.message}", account.cure))
            continue
        entry = chart.entry_for(account, account_length=account_length)
        key = (entry.key or booking.plain_key) if entry and entry.key_required else ""
        for problem in chart.check_ledger_account(account, key, account_length=account_length):
            yield Finding(place, Fault(problem.code, f"will not do: {problem.message}", problem.cure))
        if entry and entry.function.is_automatic and booking.charge != entry.rate:
            charged = "another rate" if booking.charge is None else f"{booking.charge} %"
            yield Finding(
                place,
                Fault(
                    "account_rate_differs",
                    f"will not do: Account {account} ({entry.meaning}) books {entry.rate} % tax, but the "
                    f"rule charges {charged}.",
                    "Name an account for the rate that the rule charges.",
                ),
            )
