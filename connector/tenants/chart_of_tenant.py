"""The chart of one client: the standard one of its file's choice, with its own accounts laid over it."""

from collections.abc import Iterator, Mapping
from typing import Any

from connector.accounting.chart import STANDARD_LENGTH, Chart
from connector.accounting.individual_accounts import with_individual_accounts
from connector.config_files import load_chart_document
from connector.tenants.account_rules import account_findings, individual_accounts
from connector.tenants.findings import Finding
from connector.tenants.mapping_rules import MAPPINGS, mapping_findings
from connector.tenants.tax_rules import tenant_tax_rules


def tenant_account_findings(loaded: Mapping[str, Any]) -> Iterator[Finding]:
    """Everything wrong with a client's own accounts and with the accounts that it maps to."""
    accounts, sale = individual_accounts(loaded), loaded.get("sale") or {}
    if not accounts and not any(sale.get(key) for key in MAPPINGS):
        return
    booking = loaded["booking"]
    length = booking.get("account_length", STANDARD_LENGTH)
    standard, rules = Chart.parse(load_chart_document(booking["chart"])), tenant_tax_rules(loaded)
    wrong = list(account_findings(accounts, chart=standard, rules=rules, account_length=length))
    yield from wrong
    chart = with_individual_accounts(standard, accounts)
    unsure = {accounts[finding.path[2]].account for finding in wrong if isinstance(finding.path[2], int)}
    yield from mapping_findings(sale, chart=chart, rules=rules, account_length=length, unsure=unsure)
