"""The exchange rate of an invoice in foreign currency: where it comes from, and why it is this one.

Rates are foreign units per 1 EUR, as DATEV (EXTF field 4) and the European Central Bank write them.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum

from connector.accounting.currencies import HOME_CURRENCY, ISO_4217
from connector.accounting.sale import Sale
from connector.errors import Problem

RATE_FIELD = "exchange_rate"
"""Field of every problem about a rate, so that a missing rate is told once."""


class RateSource(StrEnum):
    """Where the rate of a deal comes from that does not state its own."""

    FIELD = "field"
    """From the deal's field alone; a deal that leaves it empty is parked."""
    TABLE = "table"
    """From the tenant's own table, such as the monthly averages of the Ministry of Finance (§16 (6) UStG)."""
    ECB = "ecb"
    """The euro reference rates of the European Central Bank, imported from its file."""


@dataclass(frozen=True, slots=True)
class TableRate:
    """A rate of the tenant's table: for one month, or from a day on until the next."""

    currency: str
    rate: Decimal
    month: date | None = None
    """First day of the month that the rate is the average of; else ``valid_from`` is set."""
    valid_from: date | None = None


@dataclass(frozen=True, slots=True)
class ExchangeTerms:
    """What a tenant has agreed about exchange rates."""

    source: RateSource = RateSource.FIELD
    max_age_days: int = 7
    """For ``ecb``: how old the last published rate may be on the document date. The bank publishes on working
    days; the longest gap (Easter, Christmas) is five days, so an older one means a file not imported."""
    rates: tuple[TableRate, ...] = ()


@dataclass(frozen=True, slots=True)
class PublishedRate:
    """A reference rate as it was published."""

    currency: str
    day: date
    rate: Decimal


Published = Callable[[str, date], PublishedRate | None]
"""Currency and day → the last rate that was published on or before the day; None if there is none."""


def with_exchange_rate(sale: Sale, terms: ExchangeTerms, published: Published | None) -> Sale:
    """The sale with its rate and where that comes from, or with the problem that there is none.

    A rate that the deal itself states goes first: a person has entered it for this deal.

    :param published: the stored reference rates; None where there are none to ask (a preview from files).
    """
    if sale.currency == HOME_CURRENCY or sale.currency not in ISO_4217:
        return sale
    if sale.exchange_rate is not None:
        return _with_rate(sale, sale.exchange_rate, "as the deal states it")
    if any(problem.field == RATE_FIELD for problem in sale.problems) or terms.source is RateSource.FIELD:
        return sale
    found = (
        _from_table(sale, terms) if terms.source is RateSource.TABLE else _from_ecb(sale, terms, published)
    )
    if isinstance(found, Problem):
        return replace(sale, problems=(*sale.problems, found))
    return _with_rate(sale, *found)


def _with_rate(sale: Sale, rate: Decimal, origin: str) -> Sale:
    why = f"exchange rate {rate} {sale.currency} per {HOME_CURRENCY}: {origin}"
    return replace(sale, exchange_rate=rate, why=(*sale.why, why))


def _from_table(sale: Sale, terms: ExchangeTerms) -> tuple[Decimal, str] | Problem:
    """The average of the month of supply where the table has it, else the rate valid on the document date."""
    rates = [rate for rate in terms.rates if rate.currency == sale.currency]
    month = _month_of_supply(sale)
    for rate in rates:
        if rate.month == month:
            return rate.rate, f"monthly average of {month:%Y-%m} in the tenant's table (§16 (6) UStG)"
    valid = [(rate.valid_from, rate.rate) for rate in rates if rate.valid_from]
    begun = [(day, rate) for day, rate in valid if day <= sale.document_date]
    if begun:
        day, found = max(begun)
        return found, f"valid from {day} in the tenant's table"
    return Problem(
        "exchange_rate_missing",
        f"The tenant's table has no {sale.currency} rate for {month:%Y-%m}, nor one valid on "
        f"{sale.document_date}.",
        field=RATE_FIELD,
        cure=f'Add it to the tenant\'s file: [[exchange.rates]] with currency = "{sale.currency}", '
        f'month = "{month:%Y-%m}" and the rate.',
    )


def _month_of_supply(sale: Sale) -> date:
    """§16 (6) UStG asks for the month that completes the supply; what comes later is invoiced before."""
    supplied = sale.service_period_end or sale.service_date or sale.document_date
    return min(supplied, sale.document_date).replace(day=1)


def _from_ecb(sale: Sale, terms: ExchangeTerms, published: Published | None) -> tuple[Decimal, str] | Problem:
    if published is None:
        return Problem(
            "exchange_rates_not_at_hand",
            f"The {sale.currency} rate is to come from the rates of the European Central Bank that the "
            "server keeps, and they are not asked here.",
            field=RATE_FIELD,
            cure="Give the bank's file: --rates eurofxref-hist.xml; or preview a run of the server.",
        )
    found = published(sale.currency, sale.document_date)
    if found is None:
        return Problem(
            "exchange_rate_missing",
            f"No {sale.currency} rate of the European Central Bank is known for {sale.document_date} or "
            "before.",
            field=RATE_FIELD,
            cure="Import the bank's file: ml-connector rates import eurofxref-hist.xml; for a currency that "
            "it does not publish, enter the rate on the deal.",
        )
    age = (sale.document_date - found.day).days
    if age > terms.max_age_days:
        return Problem(
            "exchange_rate_too_old",
            f"The last known {sale.currency} rate of the European Central Bank is of {found.day}, {age} days "
            f"before the document date {sale.document_date}; at most {terms.max_age_days} are allowed.",
            field=RATE_FIELD,
            cure="Import a newer file: ml-connector rates import eurofxref-daily.xml",
        )
    return found.rate, f"reference rate of the European Central Bank of {found.day}"
