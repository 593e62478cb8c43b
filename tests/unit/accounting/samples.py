"""Sales as short as a test wants them, and the tables as they are shipped."""

import tomllib
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from connector.accounting.chart import Chart
from connector.accounting.eu_vat_rates import EuVatRates
from connector.accounting.party import Address, CustomerStatus, Party
from connector.accounting.sale import Sale, SaleLine, SupplyKind, TaxMethod
from connector.accounting.tax import TaxRules
from connector.accounting.tax_facts import TaxFacts, facts_of
from connector.accounting.terms import BookingTerms

CONFIG = Path(__file__).parents[3] / "config"
GUID = "0b5e4d1c-8a2f-4c3d-9e6f-112233445566"


def document(path: str) -> dict[str, Any]:
    """A table of ``config/``, parsed but unchecked."""
    return tomllib.loads((CONFIG / path).read_text(encoding="utf-8"))


@cache
def chart(name: str = "skr03") -> Chart:
    return Chart.parse(document(f"charts/{name}.toml"))


@cache
def eu_rates() -> EuVatRates:
    return EuVatRates.parse(document("eu_vat_rates.toml"))


@cache
def rules() -> TaxRules:
    return TaxRules.parse(document("tax_rules.toml"), eu_rates())


def buyer(
    country: str = "DE",
    *,
    status: CustomerStatus = CustomerStatus.BUSINESS,
    vat_id: str = "",
    postal_code: str = "10115",
    **changes: Any,
) -> Party:
    values: dict[str, Any] = {
        "key": "organization:17",
        "name": "Beispiel GmbH",
        "address": Address("Hauptstraße 1", "", postal_code, "Berlin", country),
        "status": status,
        "vat_id": vat_id,
    }
    return Party(**values | changes)


def austrian(**changes: Any) -> Party:
    return buyer("AT", **{"vat_id": "ATU13585627", "postal_code": "1010"} | changes)


def line(price: str = "100.00", rate: str = "19", **changes: Any) -> SaleLine:
    values: dict[str, Any] = {
        "position": 1,
        "name": "Beratung",
        "quantity": Decimal(1),
        "unit_price": Decimal(price),
        "tax_rate": Decimal(rate),
        "supply_kind": SupplyKind.SERVICE,
    }
    return SaleLine(**values | changes)


def sale(*lines: SaleLine, value: str | None = None, **changes: Any) -> Sale:
    """A sale; its stated value is the sum of quantity × price unless said otherwise."""
    stated = (
        sum((one.quantity * one.unit_price for one in lines), Decimal(0)) if value is None else Decimal(value)
    )
    values: dict[str, Any] = {
        "deal_id": 4711,
        "title": "Projekt Alpha",
        "currency": "EUR",
        "tax_method": TaxMethod.EXCLUSIVE,
        "lines": lines,
        "discounts": (),
        "buyer": buyer(),
        "stated_value": stated,
        "document_number": "PD-4711",
        "document_date": date(2026, 11, 20),
    }
    return Sale(**values | changes)


def terms(**changes: Any) -> BookingTerms:
    return BookingTerms(**{"chart": "skr03"} | changes)


def facts(one: SaleLine, deal: Sale, **changes: Any) -> TaxFacts:
    """What the tax rules are asked with about a line."""
    return facts_of(one, deal, terms(**changes), eu_rates())
