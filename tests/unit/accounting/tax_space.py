"""Every combination of facts that a sale of a German seller can bring before the tax rules."""

import itertools
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from connector.accounting.tax_facts import FACT_VALUES, SENTENCE_WORDS, TaxFacts

_VAT_IDS = {
    "DE": ("missing", "valid", "invalid", "other_country"),
    "EU": ("missing", "valid", "invalid", "other_country"),
    "XI": ("missing", "valid", "invalid", "other_country"),
    "GB?": ("missing", "invalid", "other_country", "unchecked"),
    "third": ("missing", "invalid", "other_country", "unchecked"),
    "special": ("missing",),
    "unknown": ("missing",),
}
"""States of a VAT id that :func:`check_vat_id` can find at an address of the group."""

_VAT_ID_TEXTS = {"missing": "", "valid": "XX123456789", "invalid": "XX1", "other_country": "YY123456789"}

_MEMBER_RATES = {"EU": ("none", "standard", "reduced"), "XI": ("none", "standard", "reduced")}
"""What a rate above 0 can be at the destination; everywhere else it is none of a member state's."""

_OPEN_PLACES = {"EU": ("", "territory", "rates")}
"""What a missing postal code leaves open; nothing outside of the EU."""

_RATES = ("0", "19", "7", "20", "16", "unstated")


def all_facts() -> Iterator[TaxFacts]:
    """Without foreign sellers and special schemes, each of which parks before anything else is asked."""
    words = dict.fromkeys(SENTENCE_WORDS, "x")
    flags = itertools.product((True, False), (True, False), (True, False), ("", "zero_rated", "exempt"))
    settings = list(flags)
    for country, rate in itertools.product(sorted(FACT_VALUES["country"] or ()), _RATES):
        unstated = rate == "unstated"
        stated = Decimal(19) if unstated else Decimal(rate)
        members = _MEMBER_RATES.get(str(country), ("none",)) if stated and not unstated else ("none",)
        for member, place_open, vat_id, customer, supply, setting in itertools.product(
            members,
            _OPEN_PLACES.get(str(country), ("",)),
            _VAT_IDS[str(country)],
            sorted(FACT_VALUES["customer"] or (), key=str),
            sorted(FACT_VALUES["supply"] or (), key=str),
            settings,
        ):
            marked_13b, small_business, oss, zero_rate_means = setting
            yield TaxFacts(
                values={
                    "home": "DE",
                    "country": country,
                    "customer": customer,
                    "vat_id": vat_id,
                    "supply": supply,
                    "place_open": place_open,
                    "rate": rate,
                    "taxed": bool(stated) and not unstated,
                    "marked_13b": marked_13b,
                    "small_business": small_business,
                    "oss": oss,
                    "zero_rate_means": zero_rate_means,
                    "member_rate": member,
                    "special_scheme": False,
                },
                vat_id=_VAT_ID_TEXTS.get(vat_id, "12-345"),
                vat_prefix={"EU": "XX", "XI": "XI", "DE": "DE"}.get(str(country), "ZZ"),
                home_country="DE",
                rate=stated,
                supplied_on=date(2026, 11, 20),
                words=words,
                because=(),
            )
