"""Category 16 (Debitoren/Kreditoren): its 254 columns of version 5.

Sources: DATEV's sample file for headings and quoting, DATEV's format description for lengths.
"""

from connector.datev.extf.columns import Column, account, day, number, reserved, text

_IBAN = (r"[A-Z]{2}[0-9][0-9][A-Za-z0-9]{11,30}", "an IBAN without blanks")
_BIC = (r"[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?", "a BIC of 8 or 11 characters")
_COUNTRY = ("[A-Z]{2}", "a country code of two capitals")
_FLAG = ("[01]", "0 or 1")
_ADDRESS_KIND = ("STR|PF|GK", "STR (street), PF (post-office box) or GK (large customer)")
_VAT_ID_REST = (r"[0-9A-Za-z+*]{1,13}", "the VAT id without its country prefix, at most 13 characters")


def _bank(n: int) -> tuple[Column, ...]:
    """One of the ten bank accounts."""
    return (
        text(f"Bankleitzahl {n}", 8),
        text(f"Bankbezeichnung {n}", 30),
        text(f"Bank-Kontonummer {n}", 10),
        text(f"Länderkennzeichen {n}", 2, *_COUNTRY),
        text(f"IBAN-Nr. {n}", 34, *_IBAN),
        reserved("Leerfeld", quoted=True),
        text(f"SWIFT-Code {n}", 11, *_BIC),
        text(f"Abw. Kontoinhaber {n}", 70),
        text(f"Kennz. Hauptbankverb. {n}", 1, *_FLAG),
        day(f"Bankverb {n} Gültig von"),
        day(f"Bankverb {n} Gültig bis"),
    )


def _contact_points() -> tuple[Column, ...]:
    """Phone, mail and the like, each with a remark."""
    kinds = ("Telefon", "Telefon GL", "E-Mail", "Internet", "Fax", "Sonstige")
    return tuple(column for kind in kinds for column in (text(kind, 60), text(f"Bemerkung ({kind})", 40)))


_NAMES_AND_ADDRESS: tuple[Column, ...] = (
    account("Konto", required=True),
    text("Name (Adressattyp Unternehmen)", 50),
    text("Unternehmensgegenstand", 50),
    text("Name (Adressattyp natürl. Person)", 30),
    text("Vorname (Adressattyp natürl. Person)", 30),
    text("Name (Adressattyp keine Angabe)", 50),
    text("Adressattyp", 1, "[012]", "0 (none), 1 (person) or 2 (company)"),
    text("Kurzbezeichnung", 15),
    text("EU-Land", 2, *_COUNTRY),
    text("EU-UStID", 13, *_VAT_ID_REST),
    text("Anrede", 30),
    text("Titel/Akad. Grad", 25),
    text("Adelstitel", 15),
    text("Namensvorsatz", 14),
    text("Adressart", 3, *_ADDRESS_KIND),
    text("Straße", 36),
    text("Postfach", 10),
    text("Postleitzahl", 10),
    text("Ort", 30),
    text("Land", 2, *_COUNTRY),
    text("Versandzusatz", 50),
    text("Adresszusatz", 36),
    text("Abweichende Anrede", 30),
    text("Abw. Zustellbezeichnung 1", 50),
    text("Abw. Zustellbezeichnung 2", 36),
    number("Kennz. Korrespondenzadresse", 1, 0, *_FLAG),
    day("Adresse Gültig von"),
    day("Adresse Gültig bis"),
)

_TERMS: tuple[Column, ...] = (
    reserved("Leerfeld", quoted=True),
    text("Briefanrede", 100),
    text("Grußformel", 50),
    text("Kunden-/Lief.-Nr.", 15),
    text("Steuernummer", 20),
    number("Sprache", 2, quoted=True),
    text("Ansprechpartner", 40),
    text("Vertreter", 40),
    text("Sachbearbeiter", 40),
    number("Diverse-Konto", 1),
    number("Ausgabeziel", 1),
    number("Währungssteuerung", 1, quoted=True),
    number("Kreditlimit (Debitor)", 13),
    number("Zahlungsbedingung", 3),
    number("Fälligkeit in Tagen (Debitor)", 3),
    number("Skonto in Prozent (Debitor)", 1, 2),
    number("Kreditoren-Ziel 1 Tg.", 3),
    number("Kreditoren-Skonto 1 %", 1, 2),
    number("Kreditoren-Ziel 2 Tg.", 3),
    number("Kreditoren-Skonto 2 %", 1, 2),
    number("Kreditoren-Ziel 3 Brutto Tg.", 3),
    number("Kreditoren-Ziel 4 Tg.", 3),
    number("Kreditoren-Skonto 4 %", 1, 2),
    number("Kreditoren-Ziel 5 Tg.", 3),
    number("Kreditoren-Skonto 5 %", 1, 2),
    number("Mahnung", 1),
    number("Kontoauszug", 1),
    text("Mahntext 1", 40, quoted=False),
    text("Mahntext 2", 40, quoted=False),
    text("Mahntext 3", 40, quoted=False),
    text("Kontoauszugstext", 40, quoted=False),
    number("Mahnlimit Betrag", 13, 2),
    number("Mahnlimit %", 3, 2),
    number("Zinsberechnung", 1),
    number("Mahnzinssatz 1", 2, 2),
    number("Mahnzinssatz 2", 2, 2),
    number("Mahnzinssatz 3", 2, 2),
    text("Lastschrift", 1),
    # Called "empty field" like the others, yet DATEV's own sample writes a digit here.
    text("Leerfeld", 1),
    number("Mandantenbank", 3),
    number("Zahlungsträger", 2, quoted=True),
    *(text(f"Indiv. Feld {n}", 40) for n in range(1, 16)),
)

_INVOICE_ADDRESS: tuple[Column, ...] = (
    text("Abweichende Anrede (Rechnungsadresse)", 30),
    text("Adressart (Rechnungsadresse)", 3, *_ADDRESS_KIND),
    text("Straße (Rechnungsadresse)", 36),
    text("Postfach (Rechnungsadresse)", 10),
    text("Postleitzahl (Rechnungsadresse)", 10),
    text("Ort (Rechnungsadresse)", 30),
    text("Land (Rechnungsadresse)", 2, *_COUNTRY),
    text("Versandzusatz (Rechnungsadresse)", 50),
    text("Adresszusatz (Rechnungsadresse)", 36),
    text("Abw. Zustellbezeichnung 1 (Rechnungsadresse)", 50),
    text("Abw. Zustellbezeichnung 2 (Rechnungsadresse)", 36),
    day("Adresse Gültig von (Rechnungsadresse)"),
    day("Adresse Gültig bis (Rechnungsadresse)"),
)

_REST: tuple[Column, ...] = (
    text("Nummer Fremdsystem", 15),
    number("Insolvent", 1),
    *(text(f"SEPA-Mandatsreferenz {n}", 35) for n in range(1, 11)),
    account("Verknüpftes OPOS-Konto"),
    day("Mahnsperre bis"),
    day("Lastschriftsperre bis"),
    day("Zahlungssperre bis"),
    number("Gebührenberechnung", 1),
    *(number(f"Mahngebühr {n}", 8, 2) for n in range(1, 4)),
    number("Pauschalenberechnung", 1),
    *(number(f"Verzugspauschale {n}", 8, 2) for n in range(1, 4)),
    text("Alternativer Suchname", 50),
    number("Status", 1),
    number("Anschrift manuell geändert (Korrespondenzadresse)", 1),
    number("Anschrift individuell (Korrespondenzadresse)", 1, quoted=True),
    number("Anschrift manuell geändert (Rechnungsadresse)", 1),
    number("Anschrift individuell (Rechnungsadresse)", 1, quoted=True),
    number("Fristberechnung bei Debitor", 1),
    *(number(f"Mahnfrist {n}", 3) for n in range(1, 4)),
    number("Letzte Frist", 3),
)

DEBTOR_COLUMNS: tuple[Column, ...] = (
    *_NAMES_AND_ADDRESS,
    *_contact_points(),
    *(column for n in range(1, 6) for column in _bank(n)),
    *_TERMS,
    *_INVOICE_ADDRESS,
    *(column for n in range(6, 11) for column in _bank(n)),
    *_REST,
)
"""Version 5; column n of DATEV's numbering is ``DEBTOR_COLUMNS[n - 1]``."""
