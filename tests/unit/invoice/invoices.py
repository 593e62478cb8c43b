"""Invoices for the tests, complete and right to the cent."""

from datetime import UTC, date, datetime
from decimal import Decimal

from connector.accounting.invoice import Invoice, InvoiceLine, TaxGroup
from connector.accounting.party import Address, Party
from connector.tenants.config import SellerConfig

CREATED_AT = datetime(2026, 11, 5, 9, 30, tzinfo=UTC)

SELLER = SellerConfig(
    name="Beispiel Software GmbH",
    street="Hauptstraße 12",
    postal_code="90402",
    city="Nürnberg",
    tax_number="241/123/45678",
    vat_id="DE123456788",
    bank="Musterbank Nürnberg",
    iban="DE02760501010001234567",
    bic="MUSTDE77XXX",
    email="rechnung@beispiel.example",
    phone="+49 911 123456",
    register="AG Nürnberg HRB 12345, Geschäftsführung: Anna Beispiel",
)


def line(position: int = 1, **changes: object) -> InvoiceLine:
    """A line of 1,000.00 at 19 %."""
    values: dict[str, object] = {
        "position": position,
        "name": "Beratung Prozessautomatisierung",
        "description": "",
        "quantity": Decimal("12.5"),
        "unit": "Std.",
        "unit_price": Decimal(80),
        "discount_text": "",
        "net": Decimal("1000.00"),
        "tax_rate": Decimal(19),
        "tax_case": "domestic",
    }
    return InvoiceLine(**(values | changes))  # type: ignore[arg-type]


STANDARD = TaxGroup(
    "domestic", Decimal(19), Decimal("1000.00"), Decimal("190.00"), Decimal("1190.00"), 8400, ""
)
REDUCED = TaxGroup("domestic", Decimal(7), Decimal("67.50"), Decimal("4.73"), Decimal("72.23"), 8300, "")

DOMESTIC = Invoice(
    document_number="PD-2026-42",
    document_date=date(2026, 11, 5),
    service_date=date(2026, 10, 1),
    service_period_end=date(2026, 10, 31),
    due_date=date(2026, 11, 19),
    currency="EUR",
    exchange_rate=None,
    buyer=Party(
        "organization:17",
        "Muster Möbel GmbH",
        Address("Nelkenweg 7", "Hinterhaus", "10115", "Berlin", "DE"),
        contact="Frau Żaneta Ćwik",
    ),
    title="Website 2026",
    order_number="PO-4711",
    lines=(
        line(description="Workshop und Konzept"),
        line(
            2,
            name="Fachbuch „DATEV“",
            quantity=Decimal(3),
            unit="Stk.",
            unit_price=Decimal(25),
            discount_text="10 %",
            net=Decimal("67.50"),
            tax_rate=Decimal(7),
        ),
    ),
    discount_total=Decimal(0),
    tax_breakdown=(STANDARD, REDUCED),
    net=Decimal("1067.50"),
    tax=Decimal("194.73"),
    gross=Decimal("1262.23"),
)

REVERSE_CHARGE_NOTE = "Steuerschuldnerschaft des Leistungsempfängers (§13b UStG, Art. 196 MwStSystRL)"

REVERSE_CHARGE = Invoice(
    document_number="PD-2026-43",
    document_date=date(2026, 11, 5),
    service_date=None,
    service_period_end=None,
    due_date=None,
    currency="EUR",
    exchange_rate=None,
    buyer=Party(
        "organization:18",
        "Beispiel Handels GmbH",
        Address("Ring 1", "", "1010", "Wien", "AT"),
        vat_id="ATU12345675",
    ),
    title="",
    order_number="",
    lines=(line(tax_rate=Decimal(0)),),
    discount_total=Decimal(0),
    tax_breakdown=(
        TaxGroup(
            "eu_service",
            Decimal(0),
            Decimal("1000.00"),
            Decimal("0.00"),
            Decimal("1000.00"),
            8336,
            "",
            eu_vat="ATU12345675",
            notes=(REVERSE_CHARGE_NOTE,),
        ),
    ),
    net=Decimal("1000.00"),
    tax=Decimal("0.00"),
    gross=Decimal("1000.00"),
)
