"""VAT ids: written alike, checked by national pattern and check digits, matched with the country.

The check works offline (python-stdnum); whether the tax office knows the number is another
question, asked elsewhere.
"""

from enum import StrEnum

from stdnum.eu import vat
from stdnum.exceptions import ValidationError

from connector.accounting.countries import EU_MEMBERS, vat_prefix
from connector.accounting.party import Address

EU_PREFIXES = frozenset({"EL" if country == "GR" else country for country in EU_MEMBERS} | {"XI"})
"""Prefixes of VAT ids that count in the EU: the member states, Greece as EL, Northern Ireland as XI."""


FEWEST_DIGITS = 5
"""A text with fewer digits is taken for words. Romania has shorter ones, too; where they are well-formed they
count all the same."""

_OWN_NUMBER_MAY_BE_WRONG = frozenset({"DE", "XI"})
"""Germany taxes at home whatever the number is; a service to Northern Ireland, which has numbers with GB too,
is one to a third country."""


class VatIdState(StrEnum):
    """What can be said about a customer's VAT id without asking anybody."""

    MISSING = "missing"
    VALID = "valid"
    """Pattern, check digits and country agree."""
    INVALID = "invalid"
    """Pattern or check digits are wrong."""
    OTHER_COUNTRY = "other_country"
    """A well-formed VAT id, but not of the country of the address."""
    UNCHECKED = "unchecked"
    """A number of a third country, which says nothing here."""


def normalise_vat_id(text: str) -> str:
    """Upper case without blanks and separators; ``GR`` becomes ``EL``. What is wrong stays wrong.

    A right one gets the full length of its state, so that one number is written in one way only.
    """
    compact = "".join(sign for sign in text.upper() if sign.isalnum() or sign in "+*")
    compact = "EL" + compact[2:] if compact.startswith("GR") else compact
    return canonical_vat_id(compact) or compact


def canonical_vat_id(vat_id: str) -> str | None:
    """A VAT id of the EU in its full length (``BE403019261`` → ``BE0403019261``); None if it is not one.

    Belgium, Greece and the Netherlands lose leading zeros in people's hands; the statement to the Federal
    Central Tax Office and VIES want them (§ 18a (7) UStG; patterns of VIES).
    """
    if not vat_id.isascii() or vat_id[:2] not in EU_PREFIXES:
        return None
    try:
        return str(vat.validate(vat_id))
    except ValidationError:
        return None


def identifying_vat_id(text: str) -> str:
    """A VAT id that tells one customer from another, normalised; empty for what does not.

    Of the EU only a well-formed one does; elsewhere what has the digits of a number. People also write
    ``keine`` or ``beantragt`` into the field.
    """
    vat_id = normalise_vat_id(text)
    if vat_id[:2] in EU_PREFIXES:
        return canonical_vat_id(vat_id) or ""
    return vat_id if _digits_of(vat_id) >= FEWEST_DIGITS else ""


def _digits_of(text: str) -> int:
    return sum(sign.isdigit() for sign in text)


def check_vat_id(text: str, address: Address) -> VatIdState:
    """Judge a VAT id against the customer's address."""
    vat_id = normalise_vat_id(text)
    if not vat_id:
        return VatIdState.MISSING
    prefix, expected = vat_id[:2], vat_prefix(address)
    if prefix not in EU_PREFIXES:
        return VatIdState.INVALID if expected in EU_PREFIXES else VatIdState.UNCHECKED
    if canonical_vat_id(vat_id) is None:
        # Where a wrong number of the own country changes nothing, one of another contradicts the address.
        contradicts = (
            expected in _OWN_NUMBER_MAY_BE_WRONG
            and prefix != expected
            and _digits_of(vat_id) >= FEWEST_DIGITS  # FREI begins like France, and is no number
        )
        return VatIdState.OTHER_COUNTRY if contradicts else VatIdState.INVALID
    return VatIdState.VALID if prefix == expected else VatIdState.OTHER_COUNTRY
