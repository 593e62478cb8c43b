"""Numbers, dates and countries as they are printed on a German invoice."""

import gettext
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

import pycountry

_NO_BREAK = "\u00a0"
_MAX_PRICE_DECIMALS = 4
"""A net price taken out of a gross one has endless decimals; four tell it apart from its neighbours."""


def amount_text(amount: Decimal, currency: str) -> str:
    """``1.234,56 €``; other currencies with their code."""
    sign = "€" if currency == "EUR" else currency
    return f"{number_text(amount, 2)}{_NO_BREAK}{sign}"


def price_text(price: Decimal) -> str:
    """A unit price: two decimals, up to four where it has them."""
    rounded = price.quantize(Decimal(1).scaleb(-_MAX_PRICE_DECIMALS), rounding=ROUND_HALF_UP)
    return number_text(rounded, 2)


def quantity_text(quantity: Decimal) -> str:
    """A quantity without idle zeros: ``1,5``."""
    return number_text(quantity, 0)


def percent_text(percent: Decimal) -> str:
    """``19 %``, ``5,5 %``."""
    return f"{number_text(percent, 0)}{_NO_BREAK}%"


def number_text(value: Decimal, least_decimals: int) -> str:
    """Decimal comma, points between thousands; idle zeros only up to ``least_decimals``."""
    whole, _, fraction = format(value, ",f").partition(".")
    fraction = fraction.rstrip("0").ljust(least_decimals, "0")
    whole = whole.replace(",", ".").replace("-", "\u2212")
    return f"{whole},{fraction}" if fraction else whole


def date_text(day: date) -> str:
    """TT.MM.JJJJ."""
    return f"{day:%d.%m.%Y}"


def country_name(code: str) -> str:
    """German name of an ISO country code; the code itself where it has none."""
    country = pycountry.countries.get(alpha_2=code)
    return _translation().gettext(country.name) if country else code


@lru_cache(maxsize=1)
def _translation() -> gettext.NullTranslations:
    return gettext.translation("iso3166-1", pycountry.LOCALES_DIR, languages=["de"])
