"""Browsers that are logged in at the desk, and attempts to log in."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from connector.store.desk_tables import (
    desk_link,
    desk_login_attempt,
    desk_refused_login,
    desk_session,
    desk_user,
)
from connector.store.engine import Transaction

ACCOUNT = "account"
ADDRESS = "address"


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session and whose it is, as one statement finds them."""

    token_hash: str
    user_id: int
    login: str
    name: str
    installation_admin: bool
    language: str
    seen_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Counted:
    """An attempt as it was counted."""

    attempts: int
    window_ends: datetime


def add(
    tx: Transaction, token_hash: str, user_id: int, language: str, *, now: datetime, expires_at: datetime
) -> None:
    """A new session."""
    tx.execute(
        desk_session.insert().values(
            token_hash=token_hash,
            user_id=user_id,
            language=language,
            created_at=now,
            seen_at=now,
            expires_at=expires_at,
        )
    )


def find(tx: Transaction, token_hash: str, *, now: datetime, idle_since: datetime) -> SessionRow | None:
    """The living session of a user who may log in.

    :param idle_since: a session that was seen last before this is over.
    """
    chosen = (
        sa.select(
            desk_session.c.token_hash,
            desk_session.c.user_id,
            desk_user.c.login,
            desk_user.c.name,
            desk_user.c.installation_admin,
            desk_session.c.language,
            desk_session.c.seen_at,
            desk_session.c.expires_at,
        )
        .join(desk_user, desk_user.c.id == desk_session.c.user_id)
        .where(
            desk_session.c.token_hash == token_hash,
            desk_session.c.expires_at > now,
            desk_session.c.seen_at > idle_since,
            desk_user.c.disabled_at.is_(None),
        )
    )
    row = tx.execute(chosen).first()
    return SessionRow(*row) if row else None


def touch(tx: Transaction, token_hash: str, *, now: datetime) -> None:
    """Somebody works with the session."""
    tx.execute(desk_session.update().where(desk_session.c.token_hash == token_hash).values(seen_at=now))


def set_language(tx: Transaction, token_hash: str, language: str) -> None:
    """Show the session's pages in this language."""
    tx.execute(desk_session.update().where(desk_session.c.token_hash == token_hash).values(language=language))


def end(tx: Transaction, token_hash: str) -> None:
    """End one session."""
    tx.execute(desk_session.delete().where(desk_session.c.token_hash == token_hash))


def end_all_of(tx: Transaction, user_id: int) -> int:
    """End every session of a user; how many."""
    return tx.execute(desk_session.delete().where(desk_session.c.user_id == user_id)).rowcount


def forget_ended(tx: Transaction, *, now: datetime, idle_since: datetime) -> None:
    """Delete sessions, links and windows of attempts that are over."""
    tx.execute(
        desk_session.delete().where(
            sa.or_(desk_session.c.expires_at <= now, desk_session.c.seen_at <= idle_since)
        )
    )
    tx.execute(desk_link.delete().where(desk_link.c.expires_at <= now))
    tx.execute(desk_login_attempt.delete().where(desk_login_attempt.c.window_ends <= now))


def count_attempt(
    tx: Transaction, scope: str, subject_hash: str, *, now: datetime, window_ends: datetime
) -> Counted:
    """Count one attempt in the window that is open, or open one.

    :param window_ends: of a window that this attempt opens.
    """
    table = desk_login_attempt
    over = table.c.window_ends <= now
    row = tx.execute(
        insert(table)
        .values(scope=scope, subject_hash=subject_hash, attempts=1, window_ends=window_ends)
        .on_conflict_do_update(
            index_elements=["scope", "subject_hash"],
            set_={
                "attempts": sa.case((over, 1), else_=table.c.attempts + 1),
                "window_ends": sa.case((over, window_ends), else_=table.c.window_ends),
            },
        )
        .returning(table.c.attempts, table.c.window_ends)
    ).one()
    return Counted(*row)


def forget_attempts(tx: Transaction, scope: str, subject_hash: str) -> bool:
    """Forget what was counted; whether anything was."""
    table = desk_login_attempt
    return (
        tx.execute(
            table.delete().where(table.c.scope == scope, table.c.subject_hash == subject_hash)
        ).rowcount
        > 0
    )


def take_back_attempt(tx: Transaction, scope: str, subject_hash: str) -> None:
    """An attempt has succeeded, so it does not count."""
    table = desk_login_attempt
    tx.execute(
        table.update()
        .where(table.c.scope == scope, table.c.subject_hash == subject_hash, table.c.attempts > 0)
        .values(attempts=table.c.attempts - 1)
    )


def count_refused(tx: Transaction, reason: str, *, now: datetime) -> None:
    """One more refused log-in."""
    table = desk_refused_login
    adding = insert(table).values(reason=reason, logins=1, last_at=now)
    tx.execute(
        adding.on_conflict_do_update(
            index_elements=["reason"], set_={"logins": table.c.logins + 1, "last_at": now}
        )
    )


def refused_by_reason(tx: Transaction) -> dict[str, int]:
    """Refused log-ins since ever."""
    return {
        row.reason: row.logins
        for row in tx.execute(sa.select(desk_refused_login.c.reason, desk_refused_login.c.logins))
    }
