"""Ledger files and document.xml as typed values; None means not written.

Field names are DATEV's element names in snake case, so that the tables of rules fit both ways.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

Day = date
"""The type, where a field is called date."""


def field_name(element: str) -> str:
    """``bpAccountNo`` → ``bp_account_no``."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", element).lower()


class LedgerKind(StrEnum):
    """What a ledger file holds."""

    RECEIVABLE = "accountsReceivableLedger"
    PAYABLE = "accountsPayableLedger"
    CASH = "cashLedger"


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerLine:
    """One line of any kind of ledger; which fields its kind knows is said by ``shapes.LEDGER_LINES``."""

    date: Day
    amount: Decimal
    """Gross; negative in a credit note."""
    discount_amount: Decimal | None = None
    account_no: int | None = None
    """The contra account: revenue or expense."""
    bu_code: int | None = None
    """Tax key."""
    cost_amount: Decimal | None = None
    cost_category_id: str | None = None
    cost_category_id2: str | None = None
    tax: Decimal | None = None
    """Tax rate in percent."""
    information: str | None = None
    currency_code: str
    invoice_id: str | None = None
    booking_text: str | None = None
    type_of_receivable: str | None = None
    own_vat_id: str | None = None
    ship_from_country: str | None = None
    party_id: str | None = None
    paid_at: Day | None = None
    internal_invoice_id: str | None = None
    vat_id: str | None = None
    ship_to_country: str | None = None
    exchange_rate: Decimal | None = None
    """Foreign units per 1 EUR."""
    bank_code: str | None = None
    bank_account: str | None = None
    bank_country: str | None = None
    iban: str | None = None
    swift_code: str | None = None
    account_name: str | None = None
    payment_conditions_id: int | None = None
    payment_order: bool | None = None
    discount_percentage: Decimal | None = None
    discount_payment_date: Day | None = None
    discount_amount2: Decimal | None = None
    discount_percentage2: Decimal | None = None
    discount_payment_date2: Day | None = None
    due_date: Day | None = None
    bp_account_no: int | None = None
    """Debtor or creditor."""
    delivery_date: Day | None = None
    order_id: str | None = None
    customer_name: str | None = None
    customer_city: str | None = None
    supplier_name: str | None = None
    supplier_city: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """One ledger file: one invoice, or one day's cash."""

    kind: LedgerKind
    lines: tuple[LedgerLine, ...]
    consolidated_amount: Decimal
    consolidated_date: Day
    consolidated_invoice_id: str | None = None
    consolidated_currency_code: str
    consolidated_delivery_date: Day | None = None
    consolidated_order_id: str | None = None
    generator_info: str
    generating_system: str | None = None


@dataclass(frozen=True, slots=True)
class Property:
    """A key and its value below an extension."""

    key: str
    value: str


@dataclass(frozen=True, slots=True)
class Extension:
    """One file of a document."""

    kind: str
    """``File``, ``accountsReceivableLedger``, … (``xsi:type``)."""
    file: str
    """Its name, from ``datafile`` or ``name``."""
    properties: tuple[Property, ...] = ()

    def value(self, key: str) -> str | None:
        """The value of a property; None where it is not written."""
        return next((found.value for found in self.properties if found.key == key), None)


@dataclass(frozen=True, slots=True)
class Level:
    """One step of the place where documents are filed."""

    id: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveDocument:
    """Files that belong together, such as an invoice's data and its PDF."""

    extensions: tuple[Extension, ...]
    guid: str | None = None
    type: int | None = None
    """1 incoming, 2 outgoing invoice."""
    process_id: int | None = None
    """1 to be booked (inbox), 2 to be archived."""
    description: str | None = None
    keywords: str | None = None
    repository: tuple[Level, ...] = ()
    intern: Property | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """``document.xml``."""

    date: datetime
    """Without zone, as DATEV wants it."""
    documents: tuple[ArchiveDocument, ...]
    guid: str | None = None
    generating_system: str | None = None
    description: str | None = None
    consultant_number: int | None = None
    client_number: int | None = None
    client_name: str | None = None
    repository: tuple[Level, ...] = ()
