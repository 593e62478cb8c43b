"""A deal and a tenant's file for previews, as files on a disk."""

import copy
import json
from pathlib import Path
from typing import Any

TENANT = """
key = "muster"
name = "Muster GmbH"
go_live_at = 2026-01-01

[pipedrive]
auth = "token"
company_domain = "muster"
api_token = { env = "NOT_SET_ANYWHERE" }

[receiver.basic]
user = "pipedrive"

[datev]
consultant_number = 455148
client_number = 1
format = "extf"

[booking]
payment_days = 14
%(booking)s

[numbers]
%(numbers)s

[debtors]
%(debtors)s

[seller]
name = "Muster GmbH"
street = "Musterstraße 1"
postal_code = "90402"
city = "Nürnberg"
vat_id = "DE136695976"
%(more)s
"""

BUNDLE: dict[str, Any] = {
    "deal": {
        "id": 42,
        "title": "Workshop",
        "status": "won",
        "won_time": "2027-02-03T23:30:00Z",
        "value": 2190.0,
        "currency": "EUR",
        "org_id": 17,
        "custom_fields": {},
    },
    "organization": {
        "id": 17,
        "name": "Käufer GmbH",
        "address": {
            "value": "Hauptstraße 5, 10115 Berlin, Deutschland",
            "route": "Hauptstraße",
            "street_number": "5",
            "locality": "Berlin",
            "postal_code": "10115",
            "country": "Deutschland",
        },
        "custom_fields": {},
    },
    "products": [
        {"id": 1, "product_id": 5, "name": "Workshop", "item_price": 1000.1, "quantity": 1, "tax": 19},
        {"id": 2, "product_id": 6, "name": "Handbuch", "item_price": 933.55, "quantity": 1, "tax": 7},
    ],
}
for _line in BUNDLE["products"]:
    _line |= {"tax_method": "exclusive", "discount": 0, "discount_type": "percentage", "is_enabled": True}


def bundle(**changes: Any) -> dict[str, Any]:
    """The deal; keyword arguments change the deal itself."""
    made = copy.deepcopy(BUNDLE)
    made["deal"] |= changes
    made["deal"]["value"] = changes.get("value", 2189.02)
    return made


def write_tenant(
    folder: Path, *, numbers: str = "", debtors: str = "", booking: str = 'chart = "skr03"', more: str = ""
) -> str:
    """A tenant's file; returns its path."""
    path = folder / "tenant.toml"
    sections = {"numbers": numbers, "debtors": debtors, "booking": booking, "more": more}
    path.write_text(TENANT % sections, "utf-8")
    return str(path)


def write_bundle(folder: Path, content: Any) -> str:
    """A bundle's file; returns its path."""
    path = folder / "bundle.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return str(path)
