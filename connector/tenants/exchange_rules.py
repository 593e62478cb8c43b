"""Rules between the keys of ``[exchange]``."""

from collections.abc import Iterator, Mapping
from typing import Any

from connector.accounting.currencies import HOME_CURRENCY, ISO_4217
from connector.accounting.exchange_rates import RateSource
from connector.tenants.findings import Fault, Finding
from connector.tenants.toml_lines import Path

_RATES: Path = ("exchange", "rates")


def exchange_findings(loaded: Mapping[str, Any]) -> Iterator[Finding]:
    """A table without a use, a source without a table, and rates that are none or stand twice."""
    section = loaded.get("exchange") or {}
    source, rates = section.get("source", RateSource.FIELD), section.get("rates") or ()
    if source is RateSource.TABLE and not rates:
        yield Finding(
            _RATES,
            Fault(
                "key_missing",
                'is missing, but source = "table" needs it.',
                'Add [[exchange.rates]] with currency = "USD", month = "2026-11" and rate = 1.0852.',
            ),
        )
    if source is not RateSource.TABLE and rates:
        yield Finding(
            _RATES,
            Fault(
                "key_without_effect",
                f'has no effect with source = "{source}".',
                'Set source = "table", or remove the rates.',
            ),
        )
    seen: set[tuple[Any, ...]] = set()
    for position, rate in enumerate(rates):
        yield from _rate_findings((*_RATES, position), rate)
        key = (rate.get("currency"), rate.get("month"), rate.get("valid_from"))
        if key in seen:
            yield Finding(
                (*_RATES, position),
                Fault("rate_twice", "gives a rate a second time.", "Keep the one that holds."),
            )
        seen.add(key)


def _rate_findings(path: Path, rate: Mapping[str, Any]) -> Iterator[Finding]:
    currency = rate.get("currency")
    if currency is not None and (currency not in ISO_4217 or currency == HOME_CURRENCY):
        yield Finding(
            (*path, "currency"),
            Fault(
                "currency_unknown",
                f"is {currency!r}, which is no foreign currency of ISO 4217.",
                'Write its code, such as: currency = "USD"',
            ),
        )
    if bool(rate.get("month")) == bool(rate.get("valid_from")):
        yield Finding(
            path,
            Fault(
                "keys_disagree",
                "needs one of month and valid_from, not both and not neither.",
                'Write month = "2026-11" for a monthly average, or valid_from = 2026-11-01 for a rate that '
                "holds until the next.",
            ),
        )
