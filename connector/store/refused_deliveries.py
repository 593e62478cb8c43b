"""Deliveries to the receiver that did not prove where they come from, counted by tenant."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from connector.store.engine import Transaction
from connector.store.tables import refused_delivery

UNKNOWN_TENANT = ""
"""All tenants that do not exist together: strangers choose those names."""


@dataclass(frozen=True, slots=True)
class Refused:
    """How many, and the last one."""

    deliveries: int
    last_at: datetime


def add(tx: Transaction, tenant_key: str, deliveries: int, *, now: datetime) -> None:
    """Count some more."""
    table = refused_delivery
    adding = insert(table).values(tenant_key=tenant_key, deliveries=deliveries, last_at=now)
    tx.execute(
        adding.on_conflict_do_update(
            index_elements=["tenant_key"],
            set_={"deliveries": table.c.deliveries + adding.excluded.deliveries, "last_at": now},
        )
    )


def by_tenant(tx: Transaction) -> dict[str, Refused]:
    """Of every tenant that has any, by key."""
    table = refused_delivery
    rows = tx.execute(sa.select(table.c.tenant_key, table.c.deliveries, table.c.last_at))
    return {row.tenant_key: Refused(row.deliveries, row.last_at) for row in rows}
