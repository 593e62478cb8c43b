"""What a document calls itself and its parts, in German.

A correction downwards is called *Rechnungskorrektur*: the word *Gutschrift* belongs to invoices that the
buyer issues himself (§14 (2) UStG), and whoever uses it otherwise may owe the tax that it states (§14c UStG).
"""

from dataclasses import dataclass

from connector.accounting.invoice import Invoice


@dataclass(frozen=True, slots=True)
class Wording:
    """The words of one kind of document."""

    title: str
    number: str
    date: str
    total: str


INVOICE = Wording("Rechnung", "Rechnungsnummer", "Rechnungsdatum", "Rechnungsbetrag")
CREDIT_NOTE = Wording("Rechnungskorrektur", "Belegnummer", "Belegdatum", "Korrekturbetrag")


def wording_of(invoice: Invoice) -> Wording:
    """The words of this document."""
    return CREDIT_NOTE if invoice.is_credit_note else INVOICE
