"""How programs call the columns of a list of debtors."""

import re
import unicodedata
from collections.abc import Mapping
from enum import StrEnum


class Column(StrEnum):
    """What a column holds."""

    ACCOUNT = "account"
    NAME = "name"
    NAME_UNSPECIFIED = "name_unspecified"
    """DATEV's name column of an account whose kind of address is not told."""
    LAST_NAME = "last_name"
    FIRST_NAME = "first_name"
    VAT_COUNTRY = "vat_country"
    VAT_ID = "vat_id"
    POSTAL_CODE = "postal_code"
    CITY = "city"
    COUNTRY = "country"
    CUSTOMER_NUMBER = "customer_number"


EXTF_POSITIONS: Mapping[Column, int] = {
    Column.ACCOUNT: 1,
    Column.NAME: 2,
    Column.LAST_NAME: 4,
    Column.FIRST_NAME: 5,
    Column.NAME_UNSPECIFIED: 6,
    Column.VAT_COUNTRY: 9,
    Column.VAT_ID: 10,
    Column.POSTAL_CODE: 18,
    Column.CITY: 19,
    Column.COUNTRY: 20,
    Column.CUSTOMER_NUMBER: 99,
}
"""Category 16; later versions added columns behind these."""

HEADINGS: Mapping[Column, tuple[str, ...]] = {
    Column.ACCOUNT: (
        "Konto",
        "Debitor",
        "Kontonummer",
        "Kontonr.",
        "Konto-Nr.",
        "Debitorennummer",
        "Debitoren-Nr.",
        "Debitornummer",
        "Debitor-Nr.",
        "Debitorenkonto",
        "Personenkonto",
        "Kreditor",
        "Kreditorennummer",
        "Kreditoren-Nr.",
        "Kreditorenkonto",
        "Account",
        "Account No.",
        "Account Number",
        "Debtor",
        "Debtor No.",
        "Debtor Number",
        "Debtor Account",
        "Customer Account",
        "Creditor",
        "Creditor Number",
    ),
    Column.NAME: (
        "Name",
        "Name 1",
        "Name (Adressattyp Unternehmen)",
        "Firma",
        "Firmenname",
        "Bezeichnung",
        "Kontobezeichnung",
        "Kontobeschriftung",
        "Beschriftung",
        "Unternehmen",
        "Kunde",
        "Kundenname",
        "Company",
        "Company Name",
        "Customer",
        "Customer Name",
        "Organization",
        "Organisation",
    ),
    Column.NAME_UNSPECIFIED: ("Name (Adressattyp keine Angabe)",),
    Column.LAST_NAME: (
        "Nachname",
        "Name (Adressattyp natürl. Person)",
        "Last Name",
        "Surname",
        "Family Name",
    ),
    Column.FIRST_NAME: ("Vorname", "Vorname (Adressattyp natürl. Person)", "First Name", "Given Name"),
    Column.VAT_COUNTRY: ("EU-Land", "USt-Land", "VAT Country"),
    Column.VAT_ID: (
        "USt-IdNr.",
        "USt-ID",
        "UStID",
        "USt-Identnummer",
        "USt-Identifikationsnummer",
        "Umsatzsteuer-ID",
        "Umsatzsteuer-Identifikationsnummer",
        "EU-UStID",
        "EU-UStIdNr.",
        "VAT ID",
        "VAT No.",
        "VAT Number",
        "VAT Reg. No.",
        "VAT",
    ),
    Column.POSTAL_CODE: ("PLZ", "Postleitzahl", "ZIP", "ZIP Code", "Postal Code", "Post Code", "Postcode"),
    Column.CITY: ("Ort", "Stadt", "Wohnort", "City", "Town", "Place"),
    Column.CUSTOMER_NUMBER: (
        "Kunden-/Lief.-Nr.",
        "Kunden-Nr.",
        "Kundennummer",
        "Customer No.",
        "Customer Number",
    ),
    Column.COUNTRY: ("Land", "Ländercode", "Länderkennzeichen", "Country", "Country Code", "Staat"),
}


def column_of(heading: str) -> Column | None:
    """What a heading means; None where it means nothing to us."""
    return _BY_HEADING.get(_plain(heading))


def _plain(heading: str) -> str:
    """Letters and digits only, without case: ``USt.-IdNr.`` and ``UST IDNR`` are one heading."""
    composed = unicodedata.normalize("NFKC", heading).casefold()
    return re.sub(r"[\W_]", "", composed)


_BY_HEADING = {_plain(heading): column for column, headings in HEADINGS.items() for heading in headings}
