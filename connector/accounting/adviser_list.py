"""The adviser's list of personal accounts, and which of them a customer is.

The list is what stands in DATEV already. A customer is found in it by its number, else by its VAT id,
else by its name; where two accounts fit, a person decides.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from connector.accounting.countries import vat_prefix
from connector.accounting.debtor import DebtorRecord
from connector.accounting.legal_forms import split_legal_forms
from connector.accounting.party import Address, Party
from connector.accounting.transliterate import to_cp1252
from connector.accounting.vat_ids import identifying_vat_id


class MatchedBy(StrEnum):
    """Which sign a customer was recognised by."""

    NUMBER = "number"
    VAT_ID = "vat_id"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class AdviserAccount:
    """One personal account of the adviser's list."""

    account: int
    name: str
    """As the list writes it; a person's as "first name last name". Empty: an account without a name."""
    vat_id: str = ""
    """Normalised, with prefix."""
    postal_code: str = ""
    city: str = ""
    country: str = ""
    """ISO 3166 alpha-2."""
    customer_number: str = field(default="", compare=False)
    """Kunden-/Lief.-Nr.: what we write there (``PD-O-17``) tells our own record in DATEV's export."""

    def told(self) -> str:
        """The account in a sentence."""
        place = " ".join(part for part in (self.postal_code, self.city) if part)
        return ", ".join(part for part in (f"{self.account} {self.name}".strip(), place, self.vat_id) if part)


@dataclass(frozen=True, slots=True)
class Match:
    """What the list says about a customer."""

    account: AdviserAccount | None
    by: MatchedBy | None = None
    candidates: tuple[AdviserAccount, ...] = ()
    """Accounts of which each could be the customer's; then ``account`` is None and a person decides."""


NOT_LISTED = Match(None)

_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "ø": "oe", "å": "aa"})
_SINGLE_LETTERS = re.compile(r"\b(?:[a-z] ){1,4}[a-z]\b")
"""``e v``, ``s r l``, ``z o o``: what stays of an abbreviation with dots."""
_CONNECTIVES = frozenset({"und", "u", "and"})
"""What ``&`` is also written as."""


def name_key(name: str) -> str:
    """A name as it is compared: case, legal form, punctuation, blanks and spellings of umlauts aside.

    ``Müller & Söhne GmbH`` and ``MUELLER UND SOEHNE Gesellschaft mbH`` are one key. Empty where nothing is
    left.
    """
    return " ".join(_parts_of(name)[0])


def _parts_of(name: str) -> tuple[tuple[str, ...], frozenset[str]]:
    """The words that name a company, and its legal forms."""
    # Umlauts first: "Mueller" is the other spelling of "Müller", "Muller" is another name.
    composed = unicodedata.normalize("NFC", name).casefold().translate(_UMLAUTS)
    spelled = to_cp1252(composed).casefold().translate(_UMLAUTS)
    decomposed = unicodedata.normalize("NFKD", spelled)
    bare = "".join(sign for sign in decomposed if not unicodedata.combining(sign))
    blank = re.sub(r"[^a-z0-9]+", " ", bare).strip()
    joined = _SINGLE_LETTERS.sub(lambda found: found[0].replace(" ", ""), blank)
    words = [word for word in joined.split() if word not in _CONNECTIVES]
    named, forms = split_legal_forms(words)
    return (named, forms) if named else (tuple(words), frozenset())


def match(buyer: Party, listed: Sequence[AdviserAccount], *, number: int | None = None) -> Match:
    """Find a customer among the accounts that come into question.

    :param listed: at least every account of the list with the customer's number, VAT id or name key.
    :param number: the account that the customer's record names; then nothing else is looked at.
    """
    if number is not None:
        named = next((entry for entry in listed if entry.account == number), None)
        return Match(named, MatchedBy.NUMBER) if named else NOT_LISTED
    vat_id = vat_id_sought(buyer)
    key = name_key(buyer.name)
    same_vat_id = [entry for entry in listed if vat_id and _vat_id_of(entry) == vat_id]
    same_name = [entry for entry in listed if key and name_key(entry.name) == key]
    if same_vat_id:
        # One company may have several accounts (branches): then the name, if it fits one alone.
        both = [entry for entry in same_vat_id if entry in same_name]
        return _only(same_vat_id, MatchedBy.VAT_ID) or _only(both, MatchedBy.VAT_ID) or _unclear(same_vat_id)
    fitting = [entry for entry in same_name if not contradicts(buyer, entry)]
    if not fitting:
        return NOT_LISTED
    alike = [entry for entry in fitting if _forms_agree(buyer.name, entry.name)]
    return (_only(fitting, MatchedBy.NAME) if alike else None) or _unclear(fitting)


def vat_id_sought(buyer: Party) -> str:
    """The VAT id by which a customer is looked for in the list; empty: by none."""
    return identifying_vat_id(buyer.vat_id, vat_prefix(buyer.address))


def _vat_id_of(entry: AdviserAccount) -> str:
    place = Address(postal_code=entry.postal_code, country=entry.country)
    return identifying_vat_id(entry.vat_id, vat_prefix(place))


def contradicts(buyer: Party, entry: AdviserAccount) -> bool:
    """Whether a namesake is somebody else: VAT id, country, postal code or place differ where both tell."""
    address = buyer.address
    pairs = (
        (vat_id_sought(buyer), _vat_id_of(entry)),
        (address.country, entry.country),
        (_compact(address.postal_code), _compact(entry.postal_code)),
    )
    if any(ours and theirs and ours != theirs for ours, theirs in pairs):
        return True
    if address.postal_code and entry.postal_code:
        # The same postal code: the place may be written in many ways (Frankfurt, Frankfurt am Main).
        return False
    ours, theirs = name_key(address.city), name_key(entry.city)
    return bool(ours and theirs) and not (ours.startswith(theirs) or theirs.startswith(ours))


def is_same(record: DebtorRecord, entry: AdviserAccount) -> bool:
    """Whether an account of ours and one of the list are the same customer's; a nameless one can be."""
    if entry.customer_number == record.customer_number:
        return True
    listed = _vat_id_of(entry)
    if record.vat_id and listed:
        return record.vat_id == listed
    return not entry.name or name_key(record.name) == name_key(entry.name)


def _forms_agree(ours: str, theirs: str) -> bool:
    """Müller KG is not Müller GmbH; but a form may be left out, or shortened (GmbH & Co. KG to KG)."""
    one, other = _parts_of(ours)[1], _parts_of(theirs)[1]
    return one <= other or other <= one


def _only(entries: Sequence[AdviserAccount], by: MatchedBy) -> Match | None:
    return Match(entries[0], by) if len(entries) == 1 else None


def _unclear(entries: Sequence[AdviserAccount]) -> Match:
    return Match(None, candidates=tuple(entries))


def _compact(postal_code: str) -> str:
    """``D-80331`` and ``80331``, ``SW1A 1AA`` and ``sw1a1aa`` are the same."""
    compact = re.sub(r"[^A-Z0-9]", "", postal_code.upper())
    return re.sub(r"^[A-Z]{1,3}(?=\d{4,5}$)", "", compact)
