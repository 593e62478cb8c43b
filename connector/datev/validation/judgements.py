"""How bad it is, rule by rule, and by what source: what a check of foreign files adds to the format itself.

An error is what DATEV refuses, or books as something else than is written. A warning is what it takes, but
cuts, ignores, asks about or passes on wrong. Where no source says that DATEV refuses it, it is a warning.
"""

from typing import NamedTuple

from connector.datev.extf.problems import Severity
from connector.datev.extf.rules import Breach


class Judgement(NamedTuple):
    """The severity of a rule, and why."""

    severity: Severity
    source: str
    """What DATEV does with it, and who says so."""


_ERROR, _WARNING = Severity.ERROR, Severity.WARNING

JUDGEMENTS: dict[str, Judgement] = {
    "key_on_automatic_account": Judgement(
        _ERROR, "The import into Rechnungswesen refuses the row: REW00306, REW00305 (reports of imports)."
    ),
    "account_reserved": Judgement(_ERROR, "Function R: must not be posted (notes of DATEV's charts 2026)."),
    "account_reserved_later": Judgement(
        _WARNING,
        "Reserved in the chart of a later year than the file's; until then it may have been an account, as "
        "8195 and 4185 were until 2025 (DATEV's charts).",
    ),
    "account_collective": Judgement(
        _ERROR,
        "Function S: filled by DATEV from personal accounts or cash discounts, never posted directly (notes "
        "of DATEV's charts).",
    ),
    "account_needs_eu_field": Judgement(
        _ERROR,
        "An EU account without the country or VAT id is not importable, like a key of the EU (notes of the "
        "charts; makers of accounting programs).",
    ),
    "account_obsolete": Judgement(
        _WARNING,
        "DATEV's charts name the account that took its place; nobody says that an import refuses it.",
    ),
    "key_missing_on_plain_account": Judgement(
        _WARNING, "DATEV books the row as written, without tax (notes of the charts); that may be meant."
    ),
    "key_lifts_nothing": Judgement(_WARNING, "As key_missing_on_plain_account: booked without tax."),
    "currency_unknown": Judgement(
        _ERROR,
        "Columns of currencies hold a code of ISO 4217 (format description); no list of DATEV's has it.",
    ),
    "currency_withdrawn": Judgement(
        _WARNING,
        "DATEV's lists still have the code (schemas of the XML interface), though nobody pays in it.",
    ),
    "header_currency": Judgement(
        _WARNING,
        "Field 22 takes any three capitals (format description); all of DATEV's samples say EUR, and base "
        "amounts are in EUR.",
    ),
    "eu_country_unknown": Judgement(
        _WARNING,
        "Two letters are all that the format asks for; the statement of supplies to the EU takes member "
        "states and XI only (§ 18a UStG).",
    ),
    "vat_id_invalid": Judgement(
        _WARNING,
        "The format asks for at most 13 characters after the country; the Federal Central Tax Office refuses "
        "the number in the statement of supplies to the EU (§ 18a UStG).",
    ),
    "vat_id_without_number": Judgement(
        _WARNING,
        "The format takes a country alone, which is right for consumers; the statement of supplies to the EU "
        "wants the whole number (§ 18a (7) UStG).",
    ),
    "vat_id_german": Judgement(
        _WARNING,
        "DATEV's own sample has it; the statement of supplies to the EU takes numbers of other member states "
        "only (§ 18a (7) UStG).",
    ),
    "country_unknown": Judgement(
        _WARNING, "Two letters are all that the format asks for; the code is none of ISO 3166."
    ),
    "guid_twice": Judgement(
        _WARNING, "Nobody says that the import refuses it; two rows that are told apart by it cannot be."
    ),
    "due_date_before_document": Judgement(_WARNING, "Nothing in the format forbids it."),
    "empty_end": Judgement(
        _WARNING,
        "The format has one record on each line; nobody says that an import refuses a file for empty lines "
        "behind the last.",
    ),
    "iban_invalid": Judgement(
        _WARNING,
        "Pattern and length are all that the format asks for; banks refuse a payment to wrong check digits "
        "(ISO 13616).",
    ),
    "partner_differs": Judgement(
        _WARNING,
        "The schema lets every line name an account of its own; one invoice has one debtor or creditor.",
    ),
    "discount_on_invoice": Judgement(
        _WARNING,
        "Column 13 is of payments only (format description); nobody says that the import refuses it on other "
        "rows.",
    ),
    "account_twice": Judgement(_WARNING, "The later row overwrites the one above."),
    "name_missing": Judgement(
        _WARNING,
        "Only the account is required (format description); an account that exists keeps its name, a new "
        "one has none.",
    ),
    "valid_from_after_to": Judgement(_WARNING, "Nothing in the format forbids it; it holds on no day."),
    "format_mark_dtvf": Judgement(
        _WARNING,
        "DTVF marks files of DATEV's own programs: Rechnungswesen imports them, the online service takes "
        "EXTF only (description of extf-files).",
    ),
}
"""By the code of the rule. What breaks the format itself is judged where the format is described."""


def judged(code: str, column: int, what: str, cure: str, by: str = "") -> Breach:
    """A breach as heavy as the table says.

    :param by: the entry of the table, where it is another than the code.
    """
    return Breach(code, column, what, cure, JUDGEMENTS[by or code].severity)
