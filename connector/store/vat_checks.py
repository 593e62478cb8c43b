"""What the registries said about VAT ids: evidence, kept with its time."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from connector.store import tables as t
from connector.store.engine import Transaction


@dataclass(frozen=True, slots=True)
class VatCheckRow:
    """One answer of a registry."""

    vat_id: str
    checked_at: datetime
    provider: str
    valid: bool
    status: str
    reference: str
    name_match: str
    address_match: str


def add(tx: Transaction, tenant_id: int, row: VatCheckRow) -> None:
    """Keep an answer."""
    tx.execute(
        t.vat_check.insert().values(
            tenant_id=tenant_id,
            vat_id=row.vat_id,
            checked_at=row.checked_at,
            provider=row.provider,
            valid=row.valid,
            status=row.status,
            reference=row.reference,
            name_match=row.name_match,
            address_match=row.address_match,
        )
    )


def latest(tx: Transaction, tenant_id: int, vat_id: str, provider: str) -> VatCheckRow | None:
    """The newest answer of a registry about a VAT id, for one tenant."""
    table = t.vat_check
    columns = [table.c[name] for name in VatCheckRow.__dataclass_fields__]
    found = tx.execute(
        sa.select(*columns)
        .where(table.c.tenant_id == tenant_id, table.c.vat_id == vat_id, table.c.provider == provider)
        .order_by(table.c.checked_at.desc(), table.c.id.desc())
        .limit(1)
    ).first()
    return VatCheckRow(**found._mapping) if found else None  # noqa: SLF001 - SQLAlchemy's public name for it
