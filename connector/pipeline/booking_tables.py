"""The tables that bookings are decided by, read once per process."""

from dataclasses import dataclass
from functools import cache

from connector.accounting.chart import Chart
from connector.accounting.tax import TaxRules
from connector.config_files import load_chart_document, load_tax_rules_document


@dataclass(frozen=True, slots=True)
class BookingTables:
    """A chart of accounts and the tax rules."""

    chart: Chart
    rules: TaxRules


@cache
def booking_tables(chart_name: str) -> BookingTables:
    """The tables for a tenant's chart (``skr03`` or ``skr04``).

    :raises ConfigurationError: a file is missing or contradicts itself.
    """
    return BookingTables(
        Chart.parse(load_chart_document(chart_name)), TaxRules.parse(load_tax_rules_document())
    )
