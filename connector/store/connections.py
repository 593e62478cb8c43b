"""Logins to the partners: their tokens (encrypted), their end, and the claim on renewing them.

Refresh tokens of DATEV are single-use, so of all processes only the one that holds the claim may spend
one. The claim is an epoch with a lease: every write of a refresh names its epoch and is refused when
somebody else has claimed since. No transaction stays open while DATEV is asked.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from connector.store.engine import Transaction
from connector.store.tables import connection, tenant

CONNECTED = "connected"
RECONNECT_NEEDED = "reconnect_needed"

SESSION = "session"
"""DATEV's short login (11 h), used only to list and choose clients."""
LONG = "long"
"""The login that is kept."""

_REFRESH_FREE: Mapping[str, Any] = {"refresh_started_at": None, "refresh_lease_until": None}


@dataclass(frozen=True, slots=True)
class ConnectionKey:
    """Which login is meant."""

    tenant_id: int
    partner: str
    kind: str = LONG


@dataclass(frozen=True, slots=True)
class ConnectionRow:
    """A stored login. Tokens are still encrypted."""

    tenant_id: int
    tenant_key: str
    partner: str
    kind: str
    state: str
    state_message: str
    access_token: bytes = field(repr=False)
    refresh_token: bytes = field(repr=False)
    access_expires_at: datetime
    refresh_expires_at: datetime | None
    scope: str
    api_domain: str
    client_id: str
    subject_name: str
    connected_at: datetime
    updated_at: datetime
    refresh_epoch: int
    refresh_started_at: datetime | None
    refresh_lease_until: datetime | None

    @property
    def key(self) -> ConnectionKey:
        """The key of this row."""
        return ConnectionKey(self.tenant_id, self.partner, self.kind)


@dataclass(frozen=True, slots=True)
class NewTokens:
    """What a token endpoint gave us, encrypted and with absolute times."""

    access_token: bytes = field(repr=False)
    refresh_token: bytes = field(repr=False)
    access_expires_at: datetime
    refresh_expires_at: datetime | None
    scope: str
    api_domain: str = ""


@dataclass(frozen=True, slots=True)
class RefreshClaim:
    """The right to renew a login, until the lease ends."""

    key: ConnectionKey
    epoch: int
    interrupted: bool
    """A refresh before this one began and never reported back: its token may be spent."""
    refresh_token: bytes = field(repr=False)


def find(tx: Transaction, key: ConnectionKey) -> ConnectionRow | None:
    """The login, or None."""
    row = tx.execute(_select().where(_is(key))).mappings().one_or_none()
    return ConnectionRow(**row) if row else None


def of_tenant(tx: Transaction, tenant_id: int) -> list[ConnectionRow]:
    """All logins of a tenant, by partner and kind."""
    rows = tx.execute(
        _select().where(connection.c.tenant_id == tenant_id).order_by(connection.c.partner, connection.c.kind)
    ).mappings()
    return [ConnectionRow(**row) for row in rows]


def ending(tx: Transaction, *, before: datetime, kind: str = LONG) -> list[ConnectionRow]:
    """Logins that still work and end before a moment, the earliest first; locked until the transaction's end,
    so that of two who look at once one sees what the other did."""
    rows = tx.execute(
        _select()
        .where(
            connection.c.kind == kind,
            connection.c.state == CONNECTED,
            connection.c.refresh_expires_at < before,
        )
        .order_by(connection.c.refresh_expires_at)
        .with_for_update(of=connection)
    ).mappings()
    return [ConnectionRow(**row) for row in rows]


def earliest_end(tx: Transaction, *, kind: str = LONG) -> dict[int, ConnectionRow]:
    """The working login of each tenant that ends first, by tenant."""
    rows = tx.execute(
        _select()
        .where(
            connection.c.kind == kind,
            connection.c.state == CONNECTED,
            connection.c.refresh_expires_at.is_not(None),
        )
        .order_by(connection.c.refresh_expires_at.desc())
    ).mappings()
    return {row["tenant_id"]: ConnectionRow(**row) for row in rows}


def save_login(
    tx: Transaction,
    key: ConnectionKey,
    tokens: NewTokens,
    *,
    now: datetime,
    client_id: str = "",
    subject_name: str = "",
) -> None:
    """Store a fresh login in place of an earlier one.

    The epoch rises, so that a refresh of the earlier login that is still under way cannot overwrite this one.
    """
    values = {
        **_token_values(tokens),
        **_REFRESH_FREE,
        "state": CONNECTED,
        "state_message": "",
        "client_id": client_id,
        "subject_name": subject_name,
        "connected_at": now,
        "updated_at": now,
    }
    row = insert(connection).values(
        tenant_id=key.tenant_id, partner=key.partner, kind=key.kind, refresh_epoch=1, **values
    )
    tx.execute(
        row.on_conflict_do_update(
            index_elements=["tenant_id", "partner", "kind"],
            set_={**values, "refresh_epoch": connection.c.refresh_epoch + 1},
        )
    )


def delete(tx: Transaction, key: ConnectionKey) -> bool:
    """Forget a login; False when there was none."""
    return tx.execute(sa.delete(connection).where(_is(key))).rowcount > 0


def claim_refresh(
    tx: Transaction, row: ConnectionRow, *, now: datetime, lease_until: datetime
) -> RefreshClaim | None:
    """Claim the renewal of the login as it was read; None: someone else holds it or has done it."""
    claimed = tx.execute(
        sa.update(connection)
        .where(
            _is(row.key),
            connection.c.state == CONNECTED,
            connection.c.refresh_epoch == row.refresh_epoch,
            connection.c.access_expires_at == row.access_expires_at,
            sa.or_(connection.c.refresh_lease_until.is_(None), connection.c.refresh_lease_until <= now),
        )
        .values(
            refresh_epoch=connection.c.refresh_epoch + 1,
            refresh_started_at=now,
            refresh_lease_until=lease_until,
        )
        .returning(connection.c.refresh_epoch, connection.c.refresh_token)
    ).one_or_none()
    if claimed is None:
        return None
    return RefreshClaim(
        row.key, claimed.refresh_epoch, row.refresh_started_at is not None, bytes(claimed.refresh_token)
    )


def save_refreshed(tx: Transaction, claim: RefreshClaim, tokens: NewTokens, *, now: datetime) -> bool:
    """Store the renewed tokens and end the claim; False: the claim is no longer ours, nothing was written."""
    values = {**_token_values(tokens), **_REFRESH_FREE, "updated_at": now}
    if tokens.refresh_expires_at is None:
        del values["refresh_expires_at"]  # not told again: the end known from before still holds
    if not tokens.api_domain:
        del values["api_domain"]
    if not tokens.scope:
        del values["scope"]
    return _write_as(tx, claim, values)


def release_refresh(tx: Transaction, claim: RefreshClaim) -> bool:
    """Give the claim back unused: the partner has certainly not seen the refresh token.

    If an interrupted refresh came before, that doubt stays: only the lease is given back.
    """
    free = {"refresh_lease_until": None} if claim.interrupted else _REFRESH_FREE
    return _write_as(tx, claim, free)


def end_login(tx: Transaction, claim: RefreshClaim, message: str, *, now: datetime) -> bool:
    """Mark the login as ended, under the claim that found it out."""
    values = {**_REFRESH_FREE, "state": RECONNECT_NEEDED, "state_message": message, "updated_at": now}
    return _write_as(tx, claim, values)


def expire_access(tx: Transaction, row: ConnectionRow, *, now: datetime) -> bool:
    """Treat the access token as ended now; False: it has changed since it was read."""
    return (
        tx.execute(
            sa.update(connection)
            .where(
                _is(row.key),
                connection.c.refresh_epoch == row.refresh_epoch,
                connection.c.access_token == row.access_token,
            )
            .values(access_expires_at=now)
        ).rowcount
        > 0
    )


def _write_as(tx: Transaction, claim: RefreshClaim, values: Mapping[str, Any]) -> bool:
    return (
        tx.execute(
            sa.update(connection)
            .where(_is(claim.key), connection.c.refresh_epoch == claim.epoch)
            .values(**values)
        ).rowcount
        > 0
    )


def _is(key: ConnectionKey) -> sa.ColumnElement[bool]:
    return sa.and_(
        connection.c.tenant_id == key.tenant_id,
        connection.c.partner == key.partner,
        connection.c.kind == key.kind,
    )


def _select() -> sa.Select[Any]:
    return sa.select(connection, tenant.c.key.label("tenant_key")).join(
        tenant, tenant.c.id == connection.c.tenant_id
    )


def _token_values(tokens: NewTokens) -> dict[str, Any]:
    return {
        "access_token": tokens.access_token,
        "refresh_token": tokens.refresh_token,
        "access_expires_at": tokens.access_expires_at,
        "refresh_expires_at": tokens.refresh_expires_at,
        "scope": tokens.scope,
        "api_domain": tokens.api_domain,
    }
