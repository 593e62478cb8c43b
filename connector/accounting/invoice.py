"""The invoice: what was sold with every tax decided and every cent in its place."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from connector.accounting.party import Party


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """One line as it is printed; amounts are net after discounts."""

    position: int
    name: str
    description: str
    quantity: Decimal
    unit: str
    unit_price: Decimal
    """Net price of one unit before discounts (from an inclusive price the tax is taken out)."""
    discount_text: str
    """The discount in words, such as ``10 %``; empty if none."""
    net: Decimal
    tax_rate: Decimal
    tax_case: str


@dataclass(frozen=True, slots=True)
class TaxGroup:
    """Everything that is booked alike: one row of the tax breakdown, one posting.

    EN 16931 (BR-CO-17): tax is computed on the summed net of a group, not line by line.
    """

    tax_case: str
    tax_rate: Decimal
    """The rate that is charged; 0 where the supply is not taxed in Germany."""
    net: Decimal
    tax: Decimal
    gross: Decimal
    revenue_account: int
    """In the client's account length."""
    tax_key: str
    """BU-Schlüssel; empty on an automatic account."""
    eu_vat: str = ""
    """Country and VAT id (field 40), ``ATU12345678``; only the country for consumers; empty if not needed."""
    eu_rate: Decimal | None = None
    """Foreign rate (field 41) where the supply is taxed abroad."""
    origin_country: str = ""
    """Country that the supply comes from (field 123) where the row must name it; empty if not needed."""
    cost_centre_1: str = ""
    cost_centre_2: str = ""
    notes: tuple[str, ...] = ()
    """Sentences the law wants on the invoice, in German."""
    why: tuple[str, ...] = ()
    """The reasons for this tax case, account and key, one fact each."""


@dataclass(frozen=True, slots=True)
class Invoice:
    """A complete outgoing invoice, or a credit note, whose amounts are negative."""

    document_number: str
    document_date: date
    service_date: date | None
    service_period_end: date | None
    due_date: date | None
    currency: str
    exchange_rate: Decimal | None
    buyer: Party
    title: str
    order_number: str
    lines: tuple[InvoiceLine, ...]
    discount_total: Decimal
    """Net sum of the deal's own discounts, already inside the lines' net amounts."""
    tax_breakdown: tuple[TaxGroup, ...]
    net: Decimal
    tax: Decimal
    gross: Decimal
    corrects: str = ""
    """Number of the invoice that a credit note corrects (§31 (5) UStDV); empty on an invoice."""
    why: tuple[str, ...] = ()
    """What was decided for the document as a whole: source of the exchange rate, a cleaned number."""

    @property
    def is_credit_note(self) -> bool:
        """Whether it corrects an invoice downwards (Rechnungskorrektur); its amounts are negative then."""
        return self.gross < 0
