"""Our own sample postings and debtors, right in every respect; a test breaks one thing at a time."""

from datetime import date
from decimal import Decimal

from connector.accounting.debtor import DebtorRecord
from connector.accounting.party import Address
from connector.accounting.posting import Posting, Side

DOCUMENT_GUID = "3f0c5b1e-7c1d-4c57-9a3e-5d2f1a6b7c8d"
POSTING_GUID = "8a1d2c3b-4e5f-4a6b-8c7d-9e0f1a2b3c4d"

POSTING = Posting(
    line=1,
    key=POSTING_GUID,
    amount=Decimal("1190.00"),
    side=Side.DEBIT,
    account=10000,
    contra_account=8400,
    tax_key="",
    currency="EUR",
    exchange_rate=None,
    base_amount=None,
    document_number="PD-42",
    document_date=date(2026, 11, 5),
    service_date=None,
    due_date=date(2026, 11, 19),
    posting_text="Muster Möbel GmbH Website",
    tax_rate=Decimal(19),
    eu_vat="",
    eu_rate=None,
    cost_centre_1="",
    cost_centre_2="",
    document_link=DOCUMENT_GUID,
    order_number="",
    extra=(("Pipedrive-Deal", "42"),),
)

COMPANY = DebtorRecord(
    account=10000,
    is_organization=True,
    name="Muster Möbel GmbH",
    first_name="",
    last_name="",
    short_name="Muster Möbel",
    address=Address("Hauptstraße 12", "Hinterhaus", "90402", "Nürnberg", "DE"),
    vat_id="DE123456788",
    email="buchhaltung@muster.example",
    phone="+49 911 123",
    contact="Frau Beispiel",
    customer_number="PD-O-17",
)

PERSON = DebtorRecord(
    account=10001,
    is_organization=False,
    name="",
    first_name="Erika",
    last_name="Mustermann",
    short_name="Mustermann",
    address=Address("Allee 3", "", "1010", "Wien", "AT"),
    vat_id="",
    email="",
    phone="",
    contact="",
    customer_number="PD-P-4",
)
