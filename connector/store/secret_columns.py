"""The columns that hold encrypted secrets, and how their rows are gone through when keys change."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from connector.store import tables as t
from connector.store.engine import Transaction
from connector.store.evidence_tables import http_log

_ROTATION_LOCK = 0x6B657973
"""Advisory lock under which the key file is changed: of two rotations at once neither loses a key."""


@dataclass(frozen=True, slots=True)
class SecretColumn:
    """One column of ciphertexts."""

    table: sa.Table
    column: str

    @property
    def name(self) -> str:
        """``table.column``."""
        return f"{self.table.name}.{self.column}"


SECRET_COLUMNS = (
    SecretColumn(t.tenant_secret, "ciphertext"),
    SecretColumn(t.connection, "access_token"),
    SecretColumn(t.connection, "refresh_token"),
    SecretColumn(t.login_attempt, "nonce"),
    SecretColumn(t.login_attempt, "verifier"),
    SecretColumn(http_log, "error_body"),
)
"""Everything that the vault has encrypted; a test compares it with what the migrations call encrypted."""


def lock_rotation(tx: Transaction) -> None:
    """Keep other rotations from changing the key file until the transaction ends."""
    tx.execute(sa.select(sa.func.pg_advisory_xact_lock(_ROTATION_LOCK)))


def next_rows(
    tx: Transaction, secret: SecretColumn, *, after: tuple[Any, ...] | None, limit: int
) -> list[tuple[tuple[Any, ...], bytes]]:
    """The rows that follow a primary key, locked until the transaction ends: (primary key, ciphertext)."""
    keys, column = list(secret.table.primary_key), secret.table.c[secret.column]
    chosen = sa.select(*keys, column).where(column.is_not(None)).order_by(*keys).limit(limit)
    if after is not None:
        chosen = chosen.where(sa.tuple_(*keys) > sa.tuple_(*after))
    return [(tuple(row[:-1]), bytes(row[-1])) for row in tx.execute(chosen.with_for_update())]


def replace(tx: Transaction, secret: SecretColumn, key: tuple[Any, ...], ciphertext: bytes) -> None:
    """Write a ciphertext anew; nothing else of the row changes."""
    keys = secret.table.primary_key
    tx.execute(
        secret.table.update()
        .where(*(column == value for column, value in zip(keys, key, strict=True)))
        .values({secret.column: ciphertext})
    )
