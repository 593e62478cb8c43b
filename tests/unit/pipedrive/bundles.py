"""Bundles of our own making, in Pipedrive's shapes."""

from typing import Any

from connector.accounting.party import CustomerStatus
from connector.accounting.sale import SupplyKind
from connector.tenants.config import FieldMap, SaleConfig

VAT, STATUS, DEBTOR, LAND = "1" * 40, "2" * 40, "3" * 40, "4" * 40
NUMBER, SERVICE, DUE, RATE, REVERSE, KIND, COST, ORDER, DATED = (letter * 40 for letter in "abcdef567")
PRODUCT_KIND, PRODUCT_COST = "8" * 40, "9" * 40


def definition(code: str, name: str, kind: str = "varchar", labels: tuple[str, ...] = ()) -> dict[str, Any]:
    """A custom field's definition; options are numbered from 1."""
    options = [{"id": number, "label": label} for number, label in enumerate(labels, start=1)]
    return {
        "field_code": code,
        "field_name": name,
        "field_type": kind,
        "options": options or None,
        "is_custom_field": True,
    }


DEFINITIONS = {
    "deal_fields": [
        definition(NUMBER, "Rechnungsnummer"),
        definition(SERVICE, "Leistungszeitraum", "daterange"),
        definition(DUE, "Fällig am", "date"),
        definition(RATE, "Kurs", "double"),
        definition(REVERSE, "§13b", "enum", ("Ja", "Nein", "Vielleicht")),
        definition(KIND, "Leistungsart", "enum", ("Ware", "Dienstleistung", "Unbekannt")),
        definition(COST, "Kostenstelle", "enum", ("100", "200")),
        definition(ORDER, "Bestellnummer"),
        definition(DATED, "Rechnungsdatum", "date"),
    ],
    "organization_fields": [
        definition(VAT, "USt-IdNr."),
        definition(STATUS, "Kundenart", "enum", ("Firma", "Privat", "Verein")),
        definition(DEBTOR, "Debitor", "double"),
        definition(LAND, "Land"),
    ],
    "person_fields": [definition(VAT, "USt-IdNr."), definition(LAND, "Land")],
    "product_fields": [
        definition(PRODUCT_KIND, "Leistungsart", "enum", ("Ware", "Dienstleistung", "Unbekannt")),
        definition(PRODUCT_COST, "Kostenstelle"),
    ],
}

FIELDS = FieldMap(
    vat_id="USt-IdNr.",
    customer_status="Kundenart",
    debtor_number="Debitor",
    service_date="Leistungszeitraum",
    due_date="Fällig am",
    order_number="Bestellnummer",
    exchange_rate="Kurs",
    reverse_charge="§13b",
    supply_kind="Leistungsart",
    cost_centre_1="Kostenstelle",
)
CONFIG = SaleConfig(
    fields=FIELDS,
    supply_kind_labels=(("Ware", SupplyKind.GOODS), ("Dienstleistung", SupplyKind.SERVICE)),
    customer_status_labels=(("Firma", CustomerStatus.BUSINESS), ("Privat", CustomerStatus.CONSUMER)),
    revenue_accounts=(("BERATUNG", 8410),),
)
PLAIN = SaleConfig(fields=FieldMap())


def line(**changes: Any) -> dict[str, Any]:
    """A product line."""
    return {
        "id": 1,
        "product_id": 5,
        "name": "Beratung",
        "item_price": "100.50",
        "quantity": 2,
        "discount": 0,
        "discount_type": "percentage",
        "tax": 19,
        "tax_method": "exclusive",
        "currency": "EUR",
        "comments": "",
        "is_enabled": True,
        "order_nr": 1,
        "billing_frequency": "one-time",
        **changes,
    }


def organization(**changes: Any) -> dict[str, Any]:
    """An organization with a recognised address."""
    return {
        "id": 17,
        "name": "Muster GmbH",
        "is_deleted": False,
        "address": {
            "value": "Hauptstraße 5, 10115 Berlin, Deutschland",
            "route": "Hauptstraße",
            "street_number": "5",
            "subpremise": None,
            "locality": "Berlin",
            "postal_code": "10115",
            "country": "Deutschland",
        },
        "custom_fields": {VAT: None, STATUS: None, DEBTOR: None, LAND: None},
        **changes,
    }


def person(**changes: Any) -> dict[str, Any]:
    """A contact person."""
    return {
        "id": 4,
        "name": "Erika Muster",
        "first_name": "Erika",
        "last_name": "Muster",
        "emails": [
            {"value": "privat@example.org", "primary": False},
            {"value": "erika@example.org", "primary": True},
        ],
        "phones": [{"value": "030 1234", "primary": False}],
        "is_deleted": False,
        "custom_fields": {},
        **changes,
    }


def deal(**changes: Any) -> dict[str, Any]:
    """A won deal."""
    return {
        "id": 42,
        "title": "Projekt",
        "status": "won",
        "value": "201",
        "currency": "EUR",
        "org_id": 17,
        "person_id": 4,
        "won_time": "2026-03-04T10:00:00Z",
        "custom_fields": {},
        **changes,
    }


def bundle(**changes: Any) -> dict[str, Any]:
    """A complete bundle."""
    return {
        "deal": deal(),
        "organization": organization(),
        "person": person(),
        "products": [line()],
        "discounts": [],
        "installments": [],
        "catalog": [
            {
                "id": 5,
                "name": "Beratung",
                "code": "BERATUNG",
                "unit": "Std.",
                "category": None,
                "custom_fields": {},
            }
        ],
        "files": [],
        **DEFINITIONS,
        **changes,
    }
