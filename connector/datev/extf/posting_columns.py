"""Category 21 (Buchungsstapel): its 125 columns of version 13.

Sources: DATEV's sample file for headings (``Zusatzinformation- Inhalt`` has a blank only after the
hyphen) and quoting, DATEV's format description for lengths and patterns.
"""

from connector.datev.extf.columns import Column, Kind, account, amount, cut_text, day, number, text

DOCUMENT_NUMBER_CHARACTERS = r"[A-Za-z0-9$&%*+\-/]"
"""Belegfeld 1 and 2 (the published list; ``_`` is on none of DATEV's lists, only passes a pattern)."""

_DOCUMENT_NUMBER_RULE = "made of letters, digits and $ & % * + - / only, at most {} characters"
_CURRENCY = ("[A-Z]{3}", "a currency code of three capitals")
_EU_VAT = (
    r"[A-Z]{2}[0-9A-Za-z+* ]{0,13}",
    "a country code of two capitals and up to 13 characters of a VAT id",
)
_COUNTRY = ("[A-Z]{2}", "a country code of two capitals")
_GUID = (
    "[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}",
    "a GUID as 8-4-4-4-12 hexadecimal digits",
)
_DOCUMENT_LINK = (
    rf'BEDI "{_GUID[0]}"|(?!BEDI)[A-Z]{{4}} "[^"\x00-\x1f\x7f-\x9f]{{1,203}}"',
    'BEDI "<GUID>" (Belege online), or the mark of another program and its id in quotes',
)

POSTING_COLUMNS: tuple[Column, ...] = (
    amount("Umsatz (ohne Soll/Haben-Kz)", 10, required=True),
    text("Soll/Haben-Kennzeichen", 1, "[SH]", "S or H", required=True),
    text("WKZ Umsatz", 3, *_CURRENCY),
    amount("Kurs", 4, 6),
    amount("Basis-Umsatz", 10),
    text("WKZ Basis-Umsatz", 3, *_CURRENCY),
    account("Konto", required=True),
    account("Gegenkonto (ohne BU-Schlüssel)", required=True),
    text("BU-Schlüssel", 4, r"[0-9]{1,4}", "a tax key of at most 4 digits"),
    day("Belegdatum", Kind.DAY_MONTH, required=True),
    text(
        "Belegfeld 1",
        36,
        DOCUMENT_NUMBER_CHARACTERS + "{1,36}",
        _DOCUMENT_NUMBER_RULE.format(36),
        tolerated=r"[A-Za-z0-9$&%*+\-/_]{1,36}",
        tolerance="DATEV's pattern lets _ pass, its published list of characters does not have it.",
    ),
    text("Belegfeld 2", 12, DOCUMENT_NUMBER_CHARACTERS + "{1,12}", _DOCUMENT_NUMBER_RULE.format(12)),
    amount("Skonto", 8),
    cut_text("Buchungstext", 60),
    number("Postensperre", 1, pattern="[01]", rule="0 or 1"),
    text("Diverse Adressnummer", 9),
    number("Geschäftspartnerbank", 3),
    number("Sachverhalt", 2),
    number("Zinssperre", 1, quoted=True),
    text("Beleglink", 210, *_DOCUMENT_LINK),
    *(
        column
        for n in range(1, 9)
        for column in (cut_text(f"Beleginfo - Art {n}", 20), text(f"Beleginfo - Inhalt {n}", 210))
    ),
    text("KOST1 - Kostenstelle", 36),
    text("KOST2 - Kostenstelle", 36),
    number("Kost-Menge", 12, 4),
    text("EU-Land u. UStID (Bestimmung)", 15, *_EU_VAT),
    number("EU-Steuersatz (Bestimmung)", 2, 2),
    text("Abw. Versteuerungsart", 1, "[IKPS]", "I, K, P or S"),
    number(
        "Sachverhalt L+L",
        3,
        pattern=r"(?!0{1,3}(?![0-9]))[0-9]{1,3}",
        rule="a number of at most 3 digits, not 0",
    ),
    number("Funktionsergänzung L+L", 3),
    number("BU 49 Hauptfunktionstyp", 1),
    number("BU 49 Hauptfunktionsnummer", 2),
    number("BU 49 Funktionsergänzung", 3),
    *(
        column
        for n in range(1, 21)
        for column in (
            cut_text(f"Zusatzinformation - Art {n}", 20),
            text(f"Zusatzinformation- Inhalt {n}", 210),
        )
    ),
    number("Stück", 8),
    number("Gewicht", 8, 2),
    number("Zahlweise", 2),
    text("Forderungsart", 10),
    number("Veranlagungsjahr", 4, pattern=r"(?:19|20)[0-9][0-9]", rule="a year of four digits"),
    day("Zugeordnete Fälligkeit"),
    number("Skontotyp", 1),
    text("Auftragsnummer", 30),
    text("Buchungstyp", 2, "A[AGV]|S[RUGO]", "AA, AG, AV, SR, SU, SG or SO"),
    number("USt-Schlüssel (Anzahlungen)", 2),
    text("EU-Land (Anzahlungen)", 2, *_COUNTRY),
    number("Sachverhalt L+L (Anzahlungen)", 3),
    number("EU-Steuersatz (Anzahlungen)", 2, 2),
    # An account like the others, but DATEV's own sample writes 0 for "none".
    number("Erlöskonto (Anzahlungen)", 9),
    text("Herkunft-Kz", 2),
    text("Buchungs GUID", 36, *_GUID),
    day("KOST-Datum"),
    text("SEPA-Mandatsreferenz", 35),
    number("Skontosperre", 1, pattern="[01]", rule="0 or 1"),
    text("Gesellschaftername", 76),
    number("Beteiligtennummer", 4, quoted=True),
    text("Identifikationsnummer", 11),
    text("Zeichnernummer", 20),
    day("Postensperre bis"),
    text("Bezeichnung SoBil-Sachverhalt", 30),
    number("Kennzeichen SoBil-Buchung", 2),
    number("Festschreibung", 1, pattern="[01]", rule="0 (open) or 1 (locked)"),
    day("Leistungsdatum"),
    day("Datum Zuord. Steuerperiode"),
    day("Fälligkeit"),
    text("Generalumkehr (GU)", 1, "[01G]", "0, 1 or G"),
    number("Steuersatz", 2, 2),
    text("Land", 2, *_COUNTRY),
    text("Abrechnungsreferenz", 50),
    number("BVV-Position", 1),
    text("EU-Land u. UStID (Ursprung)", 15, *_EU_VAT),
    number("EU-Steuersatz (Ursprung)", 2, 2),
    account("Abw. Skontokonto", 8),
)
"""Version 13; column n of DATEV's numbering is ``POSTING_COLUMNS[n - 1]``."""

COLUMN_COUNT_BY_VERSION = {9: 120, 10: 121, 11: 122, 12: 124, 13: 125}
"""Each version appends columns: 10 Abrechnungsreferenz, 11 BVV-Position, 12 the two origins, 13 the last."""

PAIRS: tuple[tuple[int, int], ...] = tuple((n, n + 1) for n in (*range(21, 36, 2), *range(48, 87, 2)))
"""Numbers of the columns that come as kind and content: both filled or neither."""

FIRST_EXTRA_PAIR = 48
EXTRA_PAIRS = 20
