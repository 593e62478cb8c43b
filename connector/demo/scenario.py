"""What the demo plays: tenants, customers and deals from ``config/demo``, and where each deal must end."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connector.config_files import config_dir

TENANT_FILES = ("muster-beratung.toml", "beispiel-digital.toml")


@dataclass(frozen=True, slots=True)
class SampleCustomer:
    """An organization in a tenant's Pipedrive."""

    key: str
    tenant: str
    name: str
    address: Mapping[str, str] | None = None
    vat_id: str = ""


@dataclass(frozen=True, slots=True)
class SampleDeal:
    """A deal and where it must end."""

    tenant: str
    customer: str
    title: str
    lines: tuple[Mapping[str, Any], ...]
    state: str
    """``done``, ``needs_attention`` or ``ignored``."""
    gross: str = ""
    """Sum of the postings, where it ends in ``done``."""
    accounts: tuple[str, ...] = ()
    """Revenue accounts of the postings, ascending."""
    reason: str = ""
    """Code of the reason, or name of the ignore rule."""
    deal_discount: float = 0.0
    attach_pdf: str = ""
    won_time: str = ""


@dataclass(frozen=True, slots=True)
class Scenario:
    """Everything the demo plays."""

    tenant_files: tuple[Path, ...]
    customers: tuple[SampleCustomer, ...]
    deals: tuple[SampleDeal, ...]
    vat_fields: Mapping[str, str] = field(default_factory=dict)


def load_scenario() -> Scenario:
    """Read ``config/demo``."""
    folder = config_dir() / "demo"
    document = tomllib.loads((folder / "deals.toml").read_text("utf-8"))
    files = tuple(folder / name for name in TENANT_FILES)
    tenants = [tomllib.loads(path.read_text("utf-8")) for path in files]
    return Scenario(
        tenant_files=files,
        customers=tuple(SampleCustomer(**customer) for customer in document["customers"]),
        deals=tuple(_deal(deal) for deal in document["deals"]),
        vat_fields={tenant["key"]: tenant["fields"]["vat_id"] for tenant in tenants},
    )


def _deal(values: dict[str, Any]) -> SampleDeal:
    return SampleDeal(
        **{**values, "lines": tuple(values["lines"]), "accounts": tuple(values.get("accounts", ()))}
    )
