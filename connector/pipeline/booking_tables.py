"""The tables that bookings are decided by, read once per process."""

from dataclasses import dataclass, replace
from functools import cache

from connector.accounting.chart import Chart
from connector.accounting.eu_vat_rates import EuVatRates
from connector.accounting.individual_accounts import with_individual_accounts
from connector.accounting.tax import TaxRules
from connector.config_files import load_chart_document, load_eu_vat_rates_document, load_tax_rules_document
from connector.tenants.config import TenantConfig


@dataclass(frozen=True, slots=True)
class BookingTables:
    """A chart of accounts and the tax rules."""

    chart: Chart
    rules: TaxRules


@cache
def booking_tables(chart_name: str) -> BookingTables:
    """The standard tables for a chart (``skr03`` or ``skr04``).

    :raises ConfigurationError: a file is missing or contradicts itself.
    """
    eu_rates = EuVatRates.parse(load_eu_vat_rates_document())
    return BookingTables(
        Chart.parse(load_chart_document(chart_name)), TaxRules.parse(load_tax_rules_document(), eu_rates)
    )


def tenant_tables(config: TenantConfig) -> BookingTables:
    """The tables as one tenant has changed them.

    :raises ConfigurationError: a file is missing or contradicts itself.
    """
    standard = booking_tables(config.terms.chart)
    return replace(
        standard,
        chart=with_individual_accounts(standard.chart, config.individual_accounts),
        rules=standard.rules.with_overrides(config.tax_overrides),
    )
