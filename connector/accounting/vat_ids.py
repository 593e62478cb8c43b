"""VAT ids: written alike, checked by national pattern and check digits, matched with the country.

The check works offline (python-stdnum); whether the tax office knows the number is another
question, asked elsewhere.
"""

import re
import unicodedata
from enum import StrEnum

from stdnum.eu import vat
from stdnum.exceptions import ValidationError

from connector.accounting.countries import EU_MEMBERS, ISO_3166, vat_prefix
from connector.accounting.party import Address

EU_PREFIXES = frozenset({"EL" if country == "GR" else country for country in EU_MEMBERS} | {"XI"})
"""Prefixes of VAT ids that count in the EU: the member states, Greece as EL, Northern Ireland as XI."""


FEWEST_DIGITS = 5
"""A text with fewer digits is taken for words. Romania has shorter ones, too; where they are well-formed they
count all the same."""

_SWISS_SUFFIX = re.compile(r"(?<=CHE\d{9})(?:MWST|TVA|IVA|TPV|VAT)$", re.ASCII)
"""Switzerland writes behind the number that it is registered for VAT, in any of its languages."""

_LABEL = re.compile(r"(?:UST|MWST|VAT|TVA|IVA|PIVA|UID|BTW|NIF)(?:ID|REG)?(?:NR|NO|NUMBER|NUMMER)?", re.ASCII)
"""What people write before the number: USt-IdNr., VAT No., UID-Nummer, TVA."""

_THIRD_COUNTRY_PREFIXES = ISO_3166 | {"EU"}
"""Numbers of third countries begin with their code; EU marks sellers of the non-Union one-stop shop."""

_LETTERS_BEFORE_DIGITS = 5
"""A number begins soon after its country (CHE…, MXABC…); behind more letters stand words, as in a
Steuernummer 151/815/08156."""

_BARE_PREFIXES = {"CH": "CHE"}
"""What numbers without a country lack, where it is not the country's code."""

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

    A right one gets the full length of its state, so that one number is written in one way only; a Swiss one
    loses its MWST, TVA or IVA, and a right one the label before it (``USt-IdNr. DE…``). Full-width letters
    and digits become ordinary ones (NFKC).
    """
    written = unicodedata.normalize("NFKC", text).upper()
    compact = "".join(sign for sign in written if sign.isalnum() or sign in "+*")
    compact = _SWISS_SUFFIX.sub("", compact)
    label = _LABEL.match(compact)
    labelled = canonical_vat_id(_with_el(compact[label.end() :])) if label else None
    compact = _with_el(compact)
    return labelled or canonical_vat_id(compact) or compact


def _with_el(vat_id: str) -> str:
    return "EL" + vat_id[2:] if vat_id.startswith("GR") else vat_id


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


def identifying_vat_id(text: str, prefix: str = "") -> str:
    """A VAT id that tells one customer from another, normalised; empty for what does not.

    Of the EU only a well-formed one does; elsewhere what has the country and the digits of a number. People
    also write ``keine``, ``beantragt`` or zeros into the field.

    :param prefix: what VAT ids of the address begin with. A number without a country is one of there:
        136695976 is DE136695976 for a customer in Germany. Where it is none it says nothing.
    """
    vat_id = normalise_vat_id(text)
    if vat_id[:2] in EU_PREFIXES and (known := canonical_vat_id(vat_id)):
        return known
    if prefix in EU_PREFIXES and (completed := canonical_vat_id(prefix + vat_id)):
        return completed
    if vat_id.isdigit() and prefix not in EU_PREFIXES:
        vat_id = _BARE_PREFIXES.get(prefix, prefix) + vat_id
    return vat_id if _is_of_third_country(vat_id) else ""


def _is_of_third_country(vat_id: str) -> bool:
    digits = [sign for sign in vat_id if sign.isdigit()]
    letters = re.match(r"[A-Z]*", vat_id)
    return (
        vat_id[:2] in _THIRD_COUNTRY_PREFIXES - EU_PREFIXES
        and letters is not None
        and len(letters[0]) <= _LETTERS_BEFORE_DIGITS
        and len(digits) >= FEWEST_DIGITS
        and len(set(digits)) > 1  # 000000000 and 999999999 fill a field that must not be empty
    )


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
