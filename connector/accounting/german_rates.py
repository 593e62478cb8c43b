"""Which rates Germany charges on the day of a supply (``[[german_rates]]`` of ``config/tax_rules.toml``)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from connector.accounting.tables import TableReader
from connector.accounting.tax_facts import TaxFacts
from connector.errors import Problem


@dataclass(frozen=True, slots=True)
class RatePeriod:
    """The rates from one day on, until the next period begins."""

    since: date
    rates: tuple[Decimal, ...]
    source: str


@dataclass(frozen=True, slots=True)
class GermanRates:
    """All periods, the oldest first."""

    periods: tuple[RatePeriod, ...]

    @classmethod
    def read(cls, rows: Iterable[TableReader]) -> "GermanRates":
        """Read the rows; their mistakes are noted in them."""
        return cls(tuple(sorted((_period(row) for row in rows), key=lambda period: period.since)))

    def problem(self, facts: TaxFacts, charged: Decimal) -> Problem | None:
        """Why a rate that Germany charges at some time cannot be charged on the day of the supply.

        Not judged are a rate of no period, such as one of a tenant's own rule, and a day before the first
        period, which lies too far back for any invoice and is told as a date.

        :param charged: in percent, as a tax rule would book it in Germany.
        """
        if not any(charged in period.rates for period in self.periods):
            return None
        held = [period for period in self.periods if period.since <= facts.supplied_on]
        if not held or charged in held[-1].rates:
            return None
        listed = " and ".join(f"{rate:f} %" for rate in held[-1].rates)
        return Problem(
            "rate_not_of_that_time",
            f"{facts.words['line']} is charged {charged:f} % tax, but was supplied on {facts.supplied_on}, "
            f"when Germany's rates were {listed} ({held[-1].source}).",
            field="tax",
            cure="Correct the service date, or the end of the service period; if it is right, correct the "
            "invoice and book this deal by hand at the rate of that day.",
        )


def _period(row: TableReader) -> RatePeriod:
    rates = tuple(row.as_decimal(text) for text in row.texts("rates"))
    if not rates or not all(rate.is_finite() and 0 < rate < 100 for rate in rates):
        row.wrong('rates above 0 in quotes are wanted, such as "19"', "rates")
    since = row.day("from", default=date.max)
    if since == date.max:
        row.wrong("the day from which the rates hold is wanted", "from")
    return RatePeriod(since, rates, row.text("source"))
