"""Reference rates: brought in from the bank's file, asked for a document's day."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from connector.accounting.exchange_rates import Published, PublishedRate
from connector.clock import berlin_date
from connector.pipeline.ecb_file import read_ecb_rates
from connector.pipeline.services import Services
from connector.store import Transaction, ecb_rates


@dataclass(frozen=True, slots=True)
class ImportedRates:
    """What an import did, or would do."""

    rates: int
    first_day: date
    last_day: date
    new: int
    unchanged: int
    changed: tuple[str, ...]
    """Rates that the bank has corrected: day, currency, before and after. What is booked stays as it is."""


def import_ecb_rates(services: Services, data: bytes, *, dry_run: bool) -> ImportedRates:
    """Store the file's rates; the same file a second time changes nothing.

    :param dry_run: compare only.
    :raises DataError: with every mistake of the file; nothing is stored.
    """
    rates = read_ecb_rates(data, today=berlin_date(services.clock.now()))
    with services.database.transaction() as tx:
        ecb_rates.lock(tx)
        known = ecb_rates.all_of(tx, (rate.day for rate in rates))
        before = [(rate, known.get((rate.day, rate.currency))) for rate in rates]
        differing = [rate for rate, earlier in before if earlier != rate.rate]
        if not dry_run:
            ecb_rates.keep(tx, differing, now=services.clock.now())
    return ImportedRates(
        rates=len(rates),
        first_day=rates[0].day,
        last_day=rates[-1].day,
        new=sum(earlier is None for _, earlier in before),
        unchanged=len(rates) - len(differing),
        changed=tuple(
            f"{rate.day} {rate.currency}: {earlier} → {rate.rate}"
            for rate, earlier in before
            if earlier is not None and earlier != rate.rate
        ),
    )


def stored_rates(tx: Transaction, *, known_at: datetime | None = None) -> Published:
    """The stored rates, asked within a transaction.

    :param known_at: those that were there when the document was made: it keeps its rate when a newer one
        comes in before it is handed over.
    """
    return lambda currency, day: ecb_rates.newest(tx, currency, day, known_at=known_at)


def given_rates(rates: Iterable[PublishedRate]) -> Published:
    """Rates that are at hand all together, such as those of a file for a preview without a server."""
    by_currency: dict[str, list[PublishedRate]] = {}
    for rate in rates:
        by_currency.setdefault(rate.currency, []).append(rate)

    def newest(currency: str, day: date) -> PublishedRate | None:
        published = [rate for rate in by_currency.get(currency, ()) if rate.day <= day]
        return max(published, key=lambda rate: rate.day, default=None)

    return newest
