"""Master data of a debtor within DATEV's lengths, and the account number it lives under.

Lengths are those of category 16 (Debitoren/Kreditoren). What can be shortened without becoming
wrong is shortened on a word; what cannot (postal code) is refused; e-mail addresses are left out.
"""

import re

from connector.accounting.chart import creditor_range, debtor_range
from connector.accounting.countries import iso_country
from connector.accounting.debtor import DebtorRecord
from connector.accounting.party import Address, Party
from connector.accounting.transliterate import fit, is_cp1252, to_cp1252
from connector.accounting.vat_ids import canonical_vat_id, normalise_vat_id
from connector.errors import DataError, Problem

NAME_LENGTH = 50
PERSON_NAME_LENGTH = 30
SHORT_NAME_LENGTH = 15
STREET_LENGTH = 36
POSTAL_CODE_LENGTH = 10
CITY_LENGTH = 30
EMAIL_LENGTH = 60
PHONE_LENGTH = 60
CONTACT_LENGTH = 40

_LEGAL_FORMS = frozenset(
    """
    gmbh mbh ag kg ohg gbr ug se eg ev e.v. co co. & kgaa ltd ltd. limited inc inc. llc s.a. sa
    s.r.l. srl bv b.v. sp. z o.o. s.r.o. a/s aps ab oy und (haftungsbeschränkt)
    """.split()  # noqa: SIM905 - a table to be read
)
"""Words that a short name (field 8, what the bookkeeper searches by) can do without."""

_HOUSE_NUMBER = re.compile(r"\s(\d+\s?[A-Za-z]?([-/]\d+\s?[A-Za-z]?)?)$")
_INITIALS = {"organization": "O", "person": "P"}


def build_debtor_record(party: Party, account: int) -> DebtorRecord:
    """Make the master record of a customer.

    Raises:
        DataError: no name is left to write, or the postal code does not fit.
    """
    name = fit(party.name, NAME_LENGTH)
    first_name, last_name = _person_names(party)
    problems = [*_name_problems(name, party), *_postal_code_problems(party.address)]
    if problems:
        raise DataError(problems)
    return DebtorRecord(
        account=account,
        is_organization=party.is_organization,
        name=name,
        first_name=first_name,
        last_name=last_name,
        short_name=_short_name(name if party.is_organization else last_name or name),
        address=_address(party.address),
        vat_id=_eu_vat_id(party),
        email=_email(party.email),
        phone=fit(party.phone, PHONE_LENGTH),
        contact=fit(party.contact, CONTACT_LENGTH),
        customer_number=_customer_number(party.key),
        name_rest=_name_rest(party, name, first_name, last_name),
    )


def check_debtor_account(account: int, account_length: int) -> Problem | None:
    """Say what is wrong with a debtor account, or None."""
    return _check_account("debtor", debtor_range(account_length), account, account_length)


def parse_debtor_number(text: str, account_length: int) -> int | Problem:
    """Read the debtor account that a customer record names.

    Blanks are forgiven, and ``.0`` that a numeric field adds; anything else is not guessed at.
    """
    return _parse_number("debtor", debtor_range(account_length), text, account_length)


def parse_creditor_number(text: str, account_length: int) -> int | Problem:
    """Read the creditor account that a record names, as :func:`parse_debtor_number` does a debtor's."""
    return _parse_number("creditor", creditor_range(account_length), text, account_length)


def _check_account(kind: str, allowed: range, account: int, account_length: int) -> Problem | None:
    if account in allowed:
        return None
    return Problem(
        f"{kind}_account_out_of_range",
        f"{account} is no {kind} account: with ledger accounts of {account_length} digits, "
        f"{kind}s have {account_length + 1} digits, {allowed.start} to {allowed.stop - 1}.",
        field=f"{kind}_number",
        cure=f"Correct the {kind} number on the customer in Pipedrive, or the account length of the tenant.",
    )


def _parse_number(kind: str, allowed: range, text: str, account_length: int) -> int | Problem:
    digits = re.sub(r"\s", "", text).removesuffix(".0").removesuffix(".00")
    if not digits:
        return Problem(
            f"{kind}_number_missing",
            f"The customer has no {kind} number.",
            field=f"{kind}_number",
            cure=f"Fill the {kind} number on the customer, or let the tenant number {kind}s itself.",
        )
    if not (digits.isascii() and digits.isdigit()):
        return Problem(
            f"{kind}_number_not_a_number",
            f"The {kind} number {text!r} is no number.",
            field=f"{kind}_number",
            cure=f"Enter the {kind} account with digits only, as the adviser keeps it.",
        )
    # 18 digits are far beyond any account; longer ones would only make int() work.
    account = int(digits[:18])
    return _check_account(kind, allowed, account, account_length) or account


def _person_names(party: Party) -> tuple[str, str]:
    if party.is_organization:
        return "", ""
    first, last = to_cp1252(party.first_name).strip(), to_cp1252(party.last_name).strip()
    if not last:
        given, _, family = party.name.strip().rpartition(" ")
        first, last = first or given, family
    return fit(first, PERSON_NAME_LENGTH), fit(last, PERSON_NAME_LENGTH)


def _name_rest(party: Party, name: str, first_name: str, last_name: str) -> str:
    """What the name fields had no room for, so that the bookkeeper finds the account by it as well.

    A company's name goes on where field 2 broke off; of a person whose names were cut, the whole name.
    """
    spelled = to_cp1252(party.name)
    if party.is_organization:
        return fit(spelled[len(name) :].strip(), NAME_LENGTH)
    cut = len(f"{first_name} {last_name}") < len(_spoken_name(party))
    return fit(spelled, NAME_LENGTH) if cut else ""


def _spoken_name(party: Party) -> str:
    if party.last_name.strip():
        return to_cp1252(f"{party.first_name} {party.last_name}")
    return to_cp1252(party.name)


def _short_name(name: str) -> str:
    words = [word for word in name.split() if word.lower().strip(",") not in _LEGAL_FORMS]
    return fit(" ".join(words) or name, SHORT_NAME_LENGTH)


def _address(address: Address) -> Address:
    return Address(
        street=_street(address.street),
        extra=fit(address.extra, STREET_LENGTH),
        postal_code=to_cp1252(address.postal_code),
        city=fit(address.city, CITY_LENGTH),
        country=iso_country(address.country),
    )


def _street(street: str) -> str:
    """A street too long loses letters of its name, never its house number."""
    spelled = to_cp1252(street)
    number = _HOUSE_NUMBER.search(spelled)
    if len(spelled) <= STREET_LENGTH or number is None or len(number[1]) > STREET_LENGTH // 2:
        return fit(spelled, STREET_LENGTH)
    return f"{fit(spelled[: number.start()], STREET_LENGTH - len(number[1]) - 1)} {number[1]}"


def _eu_vat_id(party: Party) -> str:
    """Fields 9 and 10 are for VAT ids of the EU. What is none, or is not well-formed, stays out: where the
    booking hangs on it the tax rules ask, and elsewhere the explanation of the posting says so."""
    return canonical_vat_id(normalise_vat_id(party.vat_id)) or ""


def _email(email: str) -> str:
    """An e-mail address is right or wrong, never nearly right: what does not fit is left out."""
    address = email.strip()
    fits = len(address) <= EMAIL_LENGTH and is_cp1252(address) and address == to_cp1252(address)
    return address if fits else ""


def _customer_number(key: str) -> str:
    """``organization:17`` → ``PD-O-17``: where the record comes from (field 99, ≤ 15)."""
    kind, _, number = key.partition(":")
    return fit(f"PD-{_INITIALS.get(kind, kind[:1].upper())}-{number}", 15)


def _name_problems(name: str, party: Party) -> list[Problem]:
    if name:
        return []
    return [
        Problem(
            "buyer_name_missing",
            f"The customer {party.key} has no name that can be written.",
            field="name",
            cure="Enter the customer's name in Pipedrive.",
        )
    ]


def _postal_code_problems(address: Address) -> list[Problem]:
    if len(to_cp1252(address.postal_code)) <= POSTAL_CODE_LENGTH:
        return []
    return [
        Problem(
            "postal_code_too_long",
            f"The postal code {address.postal_code!r} has more than {POSTAL_CODE_LENGTH} characters.",
            field="address.postal_code",
            cure="Correct the postal code in the customer's address.",
        )
    ]
