"""The facts of one line on which the tax rules decide, each with the words that explain it."""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from connector.accounting.countries import (
    CountryGroup,
    country_group,
    iso_country,
    open_place,
    special_territory,
    vat_prefix,
)
from connector.accounting.eu_vat_rates import EuVatRates, MemberRate
from connector.accounting.party import Address, CustomerStatus, Party
from connector.accounting.sale import Sale, SaleLine, SupplyKind, TaxMethod
from connector.accounting.terms import BookingTerms
from connector.accounting.vat_ids import VatIdState, canonical_vat_id, check_vat_id, normalise_vat_id

Fact = str | bool

FACT_VALUES: dict[str, frozenset[Fact] | None] = {
    "home": frozenset({"DE", "other"}),
    "country": frozenset(CountryGroup),
    "customer": frozenset(CustomerStatus),
    "vat_id": frozenset(VatIdState),
    "supply": frozenset(SupplyKind),
    "place_open": frozenset({"", "territory", "rates"}),
    "rate": None,
    "taxed": frozenset({True, False}),
    "marked_13b": frozenset({True, False}),
    "small_business": frozenset({True, False}),
    "oss": frozenset({True, False}),
    "zero_rate_means": frozenset({"", "zero_rated", "exempt"}),
    "member_rate": frozenset(MemberRate),
    "special_scheme": frozenset({True, False}),
}
"""Every fact a rule may ask for, and the values it can have; None: any text (rates)."""

SENTENCE_WORDS = ("country", "vat_id", "place", "rate", "rates", "line", "scheme")
"""Names that a rule's sentences may use."""

UNSTATED = "unstated"
"""The rate of a line that names one although the deal's tax method is none."""


@dataclass(frozen=True, slots=True)
class TaxFacts:
    """What is known about one line, ready to be held against the rules."""

    values: dict[str, Fact]
    vat_id: str
    vat_prefix: str
    """Country of the customer as field 40 writes it: ``EL`` for Greece, ``XI`` for Northern Ireland."""
    home_country: str
    rate: Decimal
    """Percent as the line states it."""
    supplied_on: date
    """Day of the supply, by whose rates it is taxed: the end of the service period, else the service date,
    else the document date."""
    words: dict[str, str]
    """Fillings for the sentences of the rules, by :data:`SENTENCE_WORDS`."""
    because: tuple[str, ...]
    """The facts as sentences, first part of every explanation."""


def facts_of(line: SaleLine, sale: Sale, terms: BookingTerms, eu_rates: EuVatRates) -> TaxFacts:
    """Gather the facts of a line."""
    buyer = sale.buyer
    vat_id = normalise_vat_id(buyer.vat_id)
    address = _address(buyer, vat_id)
    state = check_vat_id(vat_id, address)
    territory = special_territory(address)
    country = iso_country(buyer.address.country)
    # A rate belongs to the day of the supply; the invoice may be written later.
    supplied_on = sale.service_period_end or sale.service_date or sale.document_date
    rates = eu_rates.rates_at(address, supplied_on)
    member_rate = rates.kind_of(line.tax_rate) if rates else MemberRate.NONE
    unstated = sale.tax_method is TaxMethod.NONE and line.tax_rate != 0
    return TaxFacts(
        values={
            "home": "DE" if terms.home_country == "DE" else "other",
            "country": country_group(address),
            "customer": buyer.status,
            "vat_id": state,
            "supply": line.supply_kind,
            "place_open": open_place(address),
            "rate": UNSTATED if unstated else percent_text(line.tax_rate),
            "taxed": line.tax_rate != 0 and not unstated,
            "marked_13b": sale.domestic_reverse_charge,
            "small_business": terms.small_business,
            "oss": terms.oss,
            "zero_rate_means": terms.zero_rate_means,
            "member_rate": MemberRate.NONE if unstated else member_rate,
            "special_scheme": bool(sale.special_scheme),
        },
        vat_id=vat_id,
        vat_prefix=vat_prefix(address),
        home_country=terms.home_country,
        rate=line.tax_rate,
        supplied_on=supplied_on,
        words={
            "country": country or buyer.address.country or "none given",
            # What is no VAT id is told as it was written: a person looks for that.
            "vat_id": canonical_vat_id(vat_id) or _as_written(buyer.vat_id, vat_prefix(address)) or "(none)",
            "place": territory.name if territory else "",
            "rate": percent_text(line.tax_rate),
            "rates": rates.listed() if rates else "none",
            "scheme": sale.special_scheme,
            "line": f"Line {line.position} ({line.name})",
        },
        because=(
            _customer(buyer, country),
            _vat_id(canonical_vat_id(vat_id) or buyer.vat_id, state),
            line.supply_kind.replace("_", " "),
        ),
    )


def _as_written(written: str, prefix: str) -> str:
    """What is no VAT id, with a word of it where nothing but its prefix is missing."""
    bare = bool(canonical_vat_id(prefix + normalise_vat_id(written)))
    return f"{written} ({prefix} is missing before it)" if bare else written


def _address(buyer: Party, vat_id: str) -> Address:
    """The buyer's address; without a postal code a right VAT id with XI says that it is Northern Ireland."""
    says_nothing = not buyer.address.postal_code.strip() and iso_country(buyer.address.country) == "GB"
    if says_nothing and vat_id.startswith("XI") and canonical_vat_id(vat_id):
        return replace(buyer.address, region="Northern Ireland")
    return buyer.address


def percent_text(percent: Decimal) -> str:
    """A percentage without trailing zeros: ``19``, ``7``, ``5.5``, ``0``."""
    text = f"{percent:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"


def _customer(buyer: Party, country: str) -> str:
    status = "business or consumer unknown" if buyer.status is CustomerStatus.UNKNOWN else buyer.status.value
    return f"customer in {country}, {status}"


def _vat_id(vat_id: str, state: VatIdState) -> str:
    return {
        VatIdState.MISSING: "no VAT id",
        VatIdState.VALID: f"VAT id {vat_id} (pattern and check digits right)",
        VatIdState.INVALID: f"VAT id {vat_id} (not well-formed)",
        VatIdState.OTHER_COUNTRY: f"VAT id {vat_id} (of another country)",
        VatIdState.UNCHECKED: f"tax number {vat_id} of a third country",
    }[state]
