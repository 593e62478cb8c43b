"""Tenants, their configuration's history and their secrets."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from connector.codec import from_plain, to_plain
from connector.store import tables as t
from connector.store.engine import Transaction
from connector.tenants.config import TenantConfig

_APPLY_LOCK = 0x74656E61
"""Advisory lock under which a tenant is compared with the others: of two at once, one sees the other."""


@dataclass(frozen=True, slots=True)
class TenantRow:
    """A tenant with the configuration that counts now."""

    id: int
    key: str
    name: str
    go_live_at: datetime
    config_version: int
    config: TenantConfig
    parked_at: datetime | None
    parked_code: str | None
    parked_message: str | None
    parked_cure: str | None

    @property
    def parked(self) -> bool:
        """Whether no step of this tenant may run."""
        return self.parked_at is not None


_CURRENT = sa.select(
    t.tenant.c.id,
    t.tenant.c.key,
    t.tenant.c.name,
    t.tenant.c.go_live_at,
    t.tenant.c.config_version,
    t.tenant_config.c.document,
    t.tenant.c.parked_at,
    t.tenant.c.parked_code,
    t.tenant.c.parked_message,
    t.tenant.c.parked_cure,
).join(
    t.tenant_config,
    sa.and_(
        t.tenant_config.c.tenant_id == t.tenant.c.id, t.tenant_config.c.version == t.tenant.c.config_version
    ),
)


def find(tx: Transaction, key: str) -> TenantRow | None:
    """The tenant with this key."""
    row = tx.execute(_CURRENT.where(t.tenant.c.key == key)).first()
    return _tenant(row) if row else None


def get(tx: Transaction, tenant_id: int) -> TenantRow:
    """The tenant with this id, which must exist."""
    return _tenant(tx.execute(_CURRENT.where(t.tenant.c.id == tenant_id)).one())


def all_tenants(tx: Transaction) -> list[TenantRow]:
    """Every tenant, by key."""
    return [_tenant(row) for row in tx.execute(_CURRENT.order_by(t.tenant.c.key))]


def lock_all(tx: Transaction) -> None:
    """Let one command at a time apply a tenant, until its transaction ends."""
    tx.execute(sa.select(sa.func.pg_advisory_xact_lock(_APPLY_LOCK)))


def config_version(tx: Transaction, tenant_id: int, version: int) -> TenantConfig:
    """An earlier configuration: bookings are explained with the one they were made with."""
    document = tx.execute(
        sa.select(t.tenant_config.c.document).where(
            t.tenant_config.c.tenant_id == tenant_id, t.tenant_config.c.version == version
        )
    ).scalar_one()
    return from_plain(document, TenantConfig)


def apply(
    tx: Transaction, config: TenantConfig, *, source_text: str, applied_by: str, now: datetime
) -> tuple[int, bool]:
    """Create the tenant or give it a new configuration version.

    :returns: the tenant's id and whether anything changed.
    """
    document = to_plain(config)
    current = tx.execute(_CURRENT.where(t.tenant.c.key == config.key).with_for_update(of=t.tenant)).first()
    if current is None:
        tenant_id = tx.execute(
            t.tenant.insert()
            .values(
                key=config.key,
                name=config.name,
                go_live_at=config.go_live_at,
                config_version=1,
                created_at=now,
            )
            .returning(t.tenant.c.id)
        ).scalar_one()
        version = 1
    elif current.document == document:
        return current.id, False
    else:
        tenant_id, version = current.id, current.config_version + 1
        tx.execute(
            t.tenant.update()
            .where(t.tenant.c.id == tenant_id)
            .values(name=config.name, go_live_at=config.go_live_at, config_version=version)
        )
    tx.execute(
        t.tenant_config.insert().values(
            tenant_id=tenant_id,
            version=version,
            document=document,
            source_text=source_text,
            applied_at=now,
            applied_by=applied_by,
        )
    )
    return tenant_id, True


def set_secret(tx: Transaction, tenant_id: int, name: str, ciphertext: bytes, *, now: datetime) -> None:
    """Store an encrypted secret, replacing an earlier one."""
    values = {"ciphertext": ciphertext, "updated_at": now}
    tx.execute(
        insert(t.tenant_secret)
        .values(tenant_id=tenant_id, name=name, **values)
        .on_conflict_do_update(index_elements=["tenant_id", "name"], set_=values)
    )


def secret(tx: Transaction, tenant_id: int, name: str) -> bytes | None:
    """An encrypted secret."""
    return tx.execute(
        sa.select(t.tenant_secret.c.ciphertext).where(
            t.tenant_secret.c.tenant_id == tenant_id, t.tenant_secret.c.name == name
        )
    ).scalar_one_or_none()


def secret_set_at(tx: Transaction, tenant_id: int, name: str) -> datetime | None:
    """When a secret was stored last; None: there is none."""
    return tx.execute(
        sa.select(t.tenant_secret.c.updated_at).where(
            t.tenant_secret.c.tenant_id == tenant_id, t.tenant_secret.c.name == name
        )
    ).scalar_one_or_none()


def park(tx: Transaction, tenant_id: int, *, code: str, message: str, cure: str, now: datetime) -> bool:
    """Stop all steps of the tenant until someone acts; an earlier reason stays. Returns if it was new."""
    parked = tx.execute(
        t.tenant.update()
        .where(t.tenant.c.id == tenant_id, t.tenant.c.parked_at.is_(None))
        .values(parked_at=now, parked_code=code, parked_message=message, parked_cure=cure)
    )
    return parked.rowcount == 1


def unpark(tx: Transaction, tenant_id: int) -> bool:
    """Let the tenant's steps run again, its rows with the very next sweep. Returns whether it was parked."""
    freed = tx.execute(
        t.tenant.update()
        .where(t.tenant.c.id == tenant_id, t.tenant.c.parked_at.is_not(None))
        .values(parked_at=None, parked_code=None, parked_message=None, parked_cure=None)
    )
    for table in (t.run, t.batch):
        # Woken while the tenant was parked means woken in vain.
        tx.execute(
            table.update()
            .where(table.c.tenant_id == tenant_id, table.c.woken_at.is_not(None))
            .values(woken_at=None)
        )
    return freed.rowcount == 1


def field_definitions(tx: Transaction, tenant_id: int) -> Mapping[str, tuple[Any, datetime]]:
    """Cached Pipedrive field definitions: entity → (definitions, when they were read)."""
    rows = tx.execute(
        sa.select(
            t.field_definitions.c.entity, t.field_definitions.c.definitions, t.field_definitions.c.read_at
        ).where(t.field_definitions.c.tenant_id == tenant_id)
    )
    return {row.entity: (row.definitions, row.read_at) for row in rows}


def keep_field_definitions(
    tx: Transaction, tenant_id: int, definitions: Mapping[str, Any], *, now: datetime
) -> None:
    """Replace the cached definitions of the given entities."""
    for entity, content in definitions.items():
        values = {"definitions": content, "read_at": now}
        tx.execute(
            insert(t.field_definitions)
            .values(tenant_id=tenant_id, entity=entity, **values)
            .on_conflict_do_update(index_elements=["tenant_id", "entity"], set_=values)
        )


def _tenant(row: Any) -> TenantRow:
    return TenantRow(
        row.id,
        row.key,
        row.name,
        row.go_live_at,
        row.config_version,
        from_plain(row.document, TenantConfig),
        row.parked_at,
        row.parked_code,
        row.parked_message,
        row.parked_cure,
    )
