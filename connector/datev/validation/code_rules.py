"""Codes that stand in cells: currencies, countries and VAT ids, held against the lists of those there are."""

from collections.abc import Iterable
from functools import lru_cache

from stdnum import iban
from stdnum.exceptions import InvalidComponent, ValidationError

from connector.accounting.countries import ISO_3166
from connector.accounting.currencies import ISO_4217
from connector.accounting.vat_ids import EU_PREFIXES, canonical_vat_id, normalise_vat_id
from connector.datev.dxso.codes import COUNTRIES, CURRENCIES
from connector.datev.extf.rules import Breach
from connector.datev.validation.judgements import judged

_COUNTRY_LENGTH = 2
GREECE_BY_ISO = "GR"
"""Has a rule of its own in every category: VAT ids of Greece begin with EL."""


def currency_breaches(code: str, column: int) -> Iterable[Breach]:
    """A code that no currency has, or none any more."""
    if code in ISO_4217:
        return
    if code in CURRENCIES:
        what = f"is in {code}, in which nobody pays any more."
        yield judged(
            "currency_withdrawn", column, what, "Correct the currency, or convert the amount to EUR."
        )
    else:
        what = f"is in {code}, which is no currency of ISO 4217."
        yield judged("currency_unknown", column, what, "Write the ISO code of the currency.")


def country_breaches(code: str, column: int) -> Iterable[Breach]:
    """A code of an address that no country has."""
    if code not in ISO_3166 and code not in COUNTRIES:
        what = f"names the country {code}, which ISO 3166 does not know."
        yield judged("country_unknown", column, what, "Write the ISO code of the country.")


def vat_id_breaches(vat_id: str, country_column: int, number_column: int) -> Iterable[Breach]:
    """A VAT id, or a country alone, that no member state has.

    :param vat_id: country and number in one.
    :param number_column: where the number stands; the same as that of the country in postings.
    """
    country = vat_id[:_COUNTRY_LENGTH]
    if country == GREECE_BY_ISO:
        return
    if country not in EU_PREFIXES:
        what = f"names {country}, which is no member state of the EU (nor XI)."
        yield judged("eu_country_unknown", country_column, what, "Correct the country, or leave it empty.")
    elif len(vat_id) > _COUNTRY_LENGTH and not _well_formed(vat_id):
        what = f"has the VAT id {vat_id}, whose form or check digits are wrong."
        yield judged("vat_id_invalid", number_column, what, "Ask the customer for the right VAT id.")


def iban_breaches(written: str, column: int) -> Iterable[Breach]:
    """An IBAN of the right form whose check digits (or length, by its country) are wrong."""
    try:
        iban.validate(written, check_country=False)
    except InvalidComponent:
        return  # A country that our register of IBANs does not know.
    except ValidationError:
        what = f"has the IBAN {written}, whose length or check digits are wrong."
        yield judged("iban_invalid", column, what, "Ask for the right IBAN.")


@lru_cache(maxsize=10_000)
def _well_formed(vat_id: str) -> bool:
    return canonical_vat_id(normalise_vat_id(vat_id)) is not None
