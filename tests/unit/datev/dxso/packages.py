"""Packages for the tests, right in every respect."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

from connector.accounting.posting import Side
from connector.datev.dxso import DxsoDocument, PackageHeader
from tests.unit.datev.samples import COMPANY, DOCUMENT_GUID, PERSON, POSTING

HEADER = PackageHeader(
    month=date(2026, 11, 1),
    folder_name="Ausgangsrechnungen",
    sender="Beispiel Software GmbH",
    generating_system="ml-connector",
    created_at=datetime(2026, 11, 5, 9, 30, 15, tzinfo=UTC),
    consultant_number=455148,
    client_number=1,
    own_vat_id="DE123456788",
)

INVOICE = DxsoDocument(
    guid=DOCUMENT_GUID,
    number="PD-42",
    date=date(2026, 11, 5),
    debtor=COMPANY,
    postings=(
        POSTING,
        replace(POSTING, line=2, amount=Decimal("10.70"), contra_account=8300, tax_rate=Decimal(7)),
    ),
)

_CREDIT_POSTING = replace(
    POSTING,
    side=Side.CREDIT,
    document_number="GS/7",
    account=PERSON.account,
    due_date=None,
    order_number="A-1",
)
CREDIT_NOTE = DxsoDocument(
    guid="11111111-2222-4333-8444-555555555555",
    number="GS/7",
    date=date(2026, 11, 5),
    debtor=PERSON,
    postings=(_CREDIT_POSTING,),
)

_ABROAD_POSTING = replace(
    POSTING,
    document_number="PD-44",
    currency="CHF",
    exchange_rate=Decimal("0.9412"),
    base_amount=Decimal("1264.34"),
    contra_account=8336,
    tax_rate=Decimal(0),
    eu_vat="ATU12345678",
    service_date=date(2026, 11, 1),
    cost_centre_1="100",
    cost_centre_2="KST 7",
    order_number="PO 4711 (neu)",
)
ABROAD = DxsoDocument(
    guid="22222222-2222-4333-8444-555555555555",
    number="PD-44",
    date=date(2026, 11, 5),
    debtor=COMPANY,
    postings=(_ABROAD_POSTING,),
)

_DISTANCE_POSTING = replace(
    POSTING,
    document_number="PD-45",
    contra_account=8200,
    tax_key="240",
    tax_rate=Decimal(0),
    eu_vat="EL",
    eu_rate=Decimal(24),
)
DISTANCE_SALE = DxsoDocument(
    guid="33333333-2222-4333-8444-555555555555",
    number="PD-45",
    date=date(2026, 11, 5),
    debtor=COMPANY,
    postings=(_DISTANCE_POSTING,),
)

ALL = (INVOICE, CREDIT_NOTE, ABROAD, DISTANCE_SALE)
