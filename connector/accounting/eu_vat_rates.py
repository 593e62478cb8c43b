"""Rates that a line to a consumer in another member state may state (``config/eu_vat_rates.toml``).

A sale declared through the one-stop shop is charged at the destination's rate (§ 3a (5), § 3c UStG).
Which of a state's rates a product has, the seller knows; that the rate is one of that state, we check.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from connector.accounting.countries import vat_prefix
from connector.accounting.party import Address
from connector.accounting.tables import TableReader
from connector.accounting.vat_ids import EU_PREFIXES


class MemberRate(StrEnum):
    """What a stated rate is in the customer's member state."""

    STANDARD = "standard"
    REDUCED = "reduced"
    NONE = "none"
    """No rate of that state, or no member state at all."""


@dataclass(frozen=True, slots=True)
class StateRates:
    """The rates of one state, or of a part of it, from one day on."""

    country: str
    """Prefix of VAT ids: ``EL`` for Greece, ``XI`` for goods in Northern Ireland."""
    standard: Decimal
    reduced: tuple[Decimal, ...]
    region: str
    postal: tuple[str, ...]
    """Beginnings of postal codes, digits only; empty: the whole state."""
    since: date
    source: str

    def kind_of(self, rate: Decimal) -> MemberRate:
        """Which of the state's rates this is."""
        if rate == self.standard:
            return MemberRate.STANDARD
        return MemberRate.REDUCED if rate in self.reduced else MemberRate.NONE

    def listed(self) -> str:
        """The rates as people read them: ``20, 13, 10 %``."""
        return ", ".join(f"{rate:f}" for rate in (self.standard, *self.reduced)) + " %"


@dataclass(frozen=True, slots=True)
class EuVatRates:
    """The whole table."""

    version: str
    states: tuple[StateRates, ...]

    @classmethod
    def parse(cls, document: Mapping[str, Any]) -> "EuVatRates":
        """Read the parsed TOML of ``config/eu_vat_rates.toml``.

        Raises:
            TableError: with every mistake of the table.
        """
        reader = TableReader("eu_vat_rates", document)
        rates = cls(
            version=reader.text("version"), states=tuple(_state(row) for row in reader.tables("states"))
        )
        for missing in sorted(EU_PREFIXES - {state.country for state in rates.states if not state.postal}):
            reader.wrong(f"the rates of {missing} are missing")
        seen: set[tuple[str, str, date]] = set()
        for state in rates.states:
            row = (state.country, state.region, state.since)
            if row in seen:
                reader.wrong(f"two rows hold for {state.region or state.country} from {state.since}")
            seen.add(row)
        reader.finish()
        return rates

    def rates_at(self, address: Address, day: date) -> StateRates | None:
        """The rates at an address on a day, those of its region before those of its state.

        :returns: None outside of the EU, and on a day before the table begins.
        """
        prefix = vat_prefix(address)
        digits = "".join(sign for sign in address.postal_code if sign.isdigit())
        rows = [
            state
            for state in self.states
            if state.country == prefix
            and state.since <= day
            and (not state.postal or digits.startswith(state.postal))
        ]
        return max(rows, key=lambda state: (bool(state.postal), state.since), default=None)


def _state(row: TableReader) -> StateRates:
    country = row.text("country")
    if country and country not in EU_PREFIXES:
        row.wrong("the prefix of a member state's VAT ids is wanted, EL for Greece", "country")
    postal, region = row.texts("postal"), row.text("region", default="")
    if bool(postal) != bool(region):
        row.wrong("a region has a name and postal codes", "region")
    return StateRates(
        country=country,
        standard=_rate(row, "standard", row.text("standard")),
        reduced=tuple(_rate(row, "reduced", text) for text in row.texts("reduced")),
        region=region,
        postal=postal,
        since=row.day("from", default=date.min),
        source=row.text("source"),
    )


def _rate(row: TableReader, key: str, text: str) -> Decimal:
    rate = row.as_decimal(text)
    if not rate.is_finite() or not 0 < rate < 100:
        row.wrong('rates above 0 in quotes are wanted, such as "20"', key)
        return Decimal(0)
    return rate
