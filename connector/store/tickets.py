"""One-time permissions of the login pages: tickets from the CLI and authorisations under way.

Only hashes of what a browser carries are stored: who reads the database cannot continue a login.
Using one deletes it, in one statement, so that of two uses at once only one finds it.
"""

from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from connector.store.engine import Transaction
from connector.store.tables import connect_ticket, login_attempt, tenant


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket that has just been used."""

    tenant_id: int
    tenant_key: str
    partner: str
    client_id: str


@dataclass(frozen=True, slots=True)
class NewAttempt:
    """An authorisation request, or (without nonce and verifier) a choice of client, under way.

    The hash tells them apart: the purpose goes into it (:mod:`connector.pipeline.login_attempts`).
    """

    state_hash: str
    tenant_id: int
    partner: str
    purpose: str
    browser_hash: str
    created_at: datetime
    expires_at: datetime
    client_id: str = ""
    nonce: bytes | None = field(default=None, repr=False)
    verifier: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Attempt:
    """What is known of an attempt when it comes back."""

    tenant_id: int
    tenant_key: str
    partner: str
    purpose: str
    client_id: str
    nonce: bytes | None = field(repr=False)
    verifier: bytes | None = field(repr=False)


def add_ticket(
    tx: Transaction,
    *,
    ticket_hash: str,
    tenant_id: int,
    partner: str,
    client_id: str,
    now: datetime,
    expires_at: datetime,
) -> None:
    """Store a ticket."""
    tx.execute(
        sa.insert(connect_ticket).values(
            ticket_hash=ticket_hash,
            tenant_id=tenant_id,
            partner=partner,
            client_id=client_id,
            created_at=now,
            expires_at=expires_at,
        )
    )


def find_ticket(tx: Transaction, *, ticket_hash: str, partner: str, now: datetime) -> int | None:
    """The tenant of a ticket that could be used now, without using it up."""
    return tx.execute(
        sa.select(connect_ticket.c.tenant_id).where(
            connect_ticket.c.ticket_hash == ticket_hash,
            connect_ticket.c.partner == partner,
            connect_ticket.c.expires_at > now,
        )
    ).scalar_one_or_none()


def use_ticket(tx: Transaction, *, ticket_hash: str, partner: str, now: datetime) -> Ticket | None:
    """Use a ticket up; None: unknown, used, ended or for the other partner."""
    row = tx.execute(
        sa.delete(connect_ticket)
        .where(
            connect_ticket.c.ticket_hash == ticket_hash,
            connect_ticket.c.partner == partner,
            connect_ticket.c.expires_at > now,
            tenant.c.id == connect_ticket.c.tenant_id,
        )
        .returning(
            connect_ticket.c.tenant_id,
            tenant.c.key.label("tenant_key"),
            connect_ticket.c.partner,
            connect_ticket.c.client_id,
        )
    ).one_or_none()
    return Ticket(*row) if row else None


def add_attempt(tx: Transaction, attempt: NewAttempt) -> None:
    """Store an attempt."""
    tx.execute(
        sa.insert(login_attempt).values(
            **{name: getattr(attempt, name) for name in NewAttempt.__dataclass_fields__}
        )
    )


def find_choice(tx: Transaction, *, state_hash: str, now: datetime) -> Attempt | None:
    """A choice of client that is still open."""
    row = tx.execute(
        sa.select(*_ATTEMPT_COLUMNS)
        .join_from(login_attempt, tenant, tenant.c.id == login_attempt.c.tenant_id)
        .where(*_open(state_hash, now))
    ).one_or_none()
    return Attempt(*row) if row else None


def use_choice(tx: Transaction, *, state_hash: str, now: datetime) -> bool:
    """Close a choice of client; False: it was closed or has ended."""
    closed = tx.execute(sa.delete(login_attempt).where(*_open(state_hash, now)))
    return closed.rowcount > 0


def use_attempt(
    tx: Transaction, *, state_hash: str, browser_hash: str, partner: str, now: datetime
) -> Attempt | None:
    """Use an authorisation request up.

    None: unknown, used, ended, of the other partner, or begun in another browser. A wrong browser uses
    nothing up, so that a stranger who saw the address cannot spoil the login.
    """
    row = tx.execute(
        sa.delete(login_attempt)
        .where(
            *_open(state_hash, now),
            login_attempt.c.browser_hash == browser_hash,
            login_attempt.c.partner == partner,
            tenant.c.id == login_attempt.c.tenant_id,
        )
        .returning(*_ATTEMPT_COLUMNS)
    ).one_or_none()
    return Attempt(*row) if row else None


def forget_ended(tx: Transaction, *, before: datetime) -> int:
    """Delete tickets and attempts that ended before a moment; how many."""
    return sum(
        tx.execute(sa.delete(table).where(table.c.expires_at < before)).rowcount
        for table in (connect_ticket, login_attempt)
    )


_ATTEMPT_COLUMNS = (
    login_attempt.c.tenant_id,
    tenant.c.key.label("tenant_key"),
    login_attempt.c.partner,
    login_attempt.c.purpose,
    login_attempt.c.client_id,
    login_attempt.c.nonce,
    login_attempt.c.verifier,
)


def _open(state_hash: str, now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        login_attempt.c.state_hash == state_hash,
        login_attempt.c.expires_at > now,
    )
