"""Logging in at the desk, being recognised, logging out.

A session is a random token in the browser's cookie; the database keeps its hash. Attempts are counted in
PostgreSQL **before** the password is compared, so that many at once do not get by, and survive the loss of
Redis. Whether an account exists shows neither in the answer nor in the time it takes.
"""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from connector.log import get_logger
from connector.pipeline.desk.accounts import login_name, store_password
from connector.pipeline.desk.passwords import hash_password, is_right, stronger_hash
from connector.pipeline.desk.roles import Role
from connector.pipeline.login_attempts import hashed
from connector.pipeline.services import Services
from connector.store import Transaction, desk_sessions, desk_users, tenants
from connector.store.desk_sessions import ACCOUNT, ADDRESS, SessionRow
from connector.store.desk_users import UserRow
from connector.store.tenants import TenantRow

log = get_logger(__name__)

IDLE = timedelta(hours=1)
"""A browser left alone is logged out after this."""

LONGEST = timedelta(hours=12)
"""A working day; after it everybody shows the password again."""

TOUCH_AFTER = timedelta(minutes=1)
"""A session's last use is written down at most this often: not every page shall cost a write."""

WINDOW = timedelta(minutes=15)
"""Attempts are counted in windows of this length. People's time, so no time scale shortens it."""

MOST_OF_ACCOUNT = 10
"""Wrong passwords for one account in a window. 960 a day find no password of 12 characters."""

MOST_OF_ADDRESS = 50
"""Wrong passwords from one address in a window: an office shares one."""

WRONG = "wrong"
LOCKED = "locked"

_TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True)
class Refused:
    """Not logged in."""

    reason: str
    """:data:`WRONG` (name or password, it is not told which) or :data:`LOCKED` (too many attempts)."""
    until: datetime | None = None
    """When the lock ends."""


@dataclass(frozen=True, slots=True)
class Entered:
    """Logged in."""

    token: str = field(repr=False)
    """For the cookie."""


@dataclass(frozen=True, slots=True)
class Seat:
    """A tenant at which somebody may do something."""

    tenant: TenantRow
    role: Role


@dataclass(frozen=True, slots=True)
class SeatName:
    """A seat as a list shows it."""

    key: str
    name: str
    role: Role


def log_in(
    services: Services, *, login: str, password: str, address: str, language: str, old_token: str = ""
) -> Entered | Refused:
    """Open a session, unless name and password do not fit or too many attempts were made.

    :param address: of the browser, for the limit.
    :param old_token: of a session that this browser has already; it ends.
    """
    login = login_name(login)[:_LONGEST_LOGIN]
    locked = _count(services, login, address)
    if locked:
        return _refused(services, LOCKED, login, locked)
    with services.database.transaction() as tx:
        user = desk_users.find(tx, login)
    usable = user if user and user.active else None
    if not is_right(usable.password_hash if usable else None, password) or usable is None:
        return _refused(services, WRONG, login)
    return _enter(services, usable, password, address, language, old_token)


def session_of(services: Services, token: str) -> SessionRow | None:
    """The living session of this token."""
    if not token:
        return None
    now = services.clock.now()
    token_hash = hashed("desk session", token)
    with services.database.transaction() as tx:
        found = desk_sessions.find(tx, token_hash, now=now, idle_since=now - IDLE)
        if found and found.seen_at <= now - TOUCH_AFTER:
            desk_sessions.touch(tx, token_hash, now=now)
    return found


def log_out(services: Services, session: SessionRow) -> None:
    """End the session."""
    with services.database.transaction() as tx:
        desk_sessions.end(tx, session.token_hash)


def set_language(services: Services, session: SessionRow, language: str) -> None:
    """Show the session's pages in this language."""
    with services.database.transaction() as tx:
        desk_sessions.set_language(tx, session.token_hash, language)


def change_password(
    services: Services, session: SessionRow, *, current: str, new: str, address: str
) -> Entered | Refused:
    """Change one's own password. Every session ends; this browser gets a new one.

    :raises DataError: the new password is not to be used.
    """
    locked = _count(services, session.login, address)
    if locked:
        return _refused(services, LOCKED, session.login, locked)
    with services.database.transaction() as tx:
        user = desk_users.get(tx, session.user_id)
    if not is_right(user.password_hash, current):
        return _refused(services, WRONG, session.login)
    kept = hash_password(new, login=user.login)
    with services.database.transaction() as tx:
        store_password(services, tx, user, kept, actor=user.login)
        desk_sessions.take_back_attempt(tx, ADDRESS, hashed("address", address))
        return _open(services, tx, user, session.language)


def seat_at(services: Services, session: SessionRow, tenant_key: str) -> Seat | None:
    """What the person may do at a tenant; None: nothing, or there is no such tenant."""
    with services.database.transaction() as tx:
        tenant = tenants.find(tx, tenant_key)
        # As many statements for a tenant that does not exist as for one that the person must not know of.
        role = desk_users.role_at(tx, session.user_id, tenant.id if tenant else _NO_TENANT)
    if tenant is None:
        return None
    if session.installation_admin:
        return Seat(tenant, Role.ADMIN)
    return Seat(tenant, Role(role)) if role else None


def seats_of(services: Services, session: SessionRow) -> list[SeatName]:
    """Every tenant at which the person may do something, by name."""
    with services.database.transaction() as tx:
        if session.installation_admin:
            found = [SeatName(row.key, row.name, Role.ADMIN) for row in tenants.all_tenants(tx)]
        else:
            roles = desk_users.roles_of(tx, session.user_id)
            found = [SeatName(row.tenant_key, row.tenant_name, Role(row.role)) for row in roles]
    return sorted(found, key=lambda seat: (seat.name.casefold(), seat.key))


_NO_TENANT = 0
"""Identities in PostgreSQL start at 1."""

_LONGEST_LOGIN = 100
"""No account has a longer name, so what was typed beyond it is nothing to compare."""


def _count(services: Services, login: str, address: str) -> datetime | None:
    """Count the attempt; the moment until which it is one too many."""
    now = services.clock.now()
    ends = now + WINDOW
    with services.database.transaction() as tx:
        of_account = desk_sessions.count_attempt(
            tx, ACCOUNT, hashed("account", login), now=now, window_ends=ends
        )
        of_address = desk_sessions.count_attempt(
            tx, ADDRESS, hashed("address", address), now=now, window_ends=ends
        )
        if of_account.attempts == MOST_OF_ACCOUNT + 1:
            user = desk_users.find(tx, login)
            if user:
                desk_users.note(tx, user.id, "locked_out", actor="log-in", now=now)
    over = [
        counted.window_ends
        for counted, most in ((of_account, MOST_OF_ACCOUNT), (of_address, MOST_OF_ADDRESS))
        if counted.attempts > most
    ]
    return max(over, default=None)


def _refused(services: Services, reason: str, login: str, until: datetime | None = None) -> Refused:
    with services.database.transaction() as tx:
        desk_sessions.count_refused(tx, reason, now=services.clock.now())
    # Not the name itself: people type passwords into the wrong field.
    log.warning("desk_login_refused", reason=reason, account=hashed("account", login)[:12])
    return Refused(reason, until)


def _enter(
    services: Services, user: UserRow, password: str, address: str, language: str, old_token: str
) -> Entered | Refused:
    now = services.clock.now()
    stronger = stronger_hash(user.password_hash or "", password)
    with services.database.transaction() as tx:
        # Locked: a session of a password that was changed in this moment must not outlive the change.
        if desk_users.find(tx, user.login, lock=True) != user:
            return Refused(WRONG)
        desk_sessions.forget_attempts(tx, ACCOUNT, hashed("account", user.login))
        desk_sessions.take_back_attempt(tx, ADDRESS, hashed("address", address))
        if stronger:
            desk_users.renew_hash(tx, user.id, old=user.password_hash or "", new=stronger)
        if old_token:
            desk_sessions.end(tx, hashed("desk session", old_token))
        entered = _open(services, tx, user, language)
    with services.database.transaction() as tx:
        desk_sessions.forget_ended(tx, now=now, idle_since=now - IDLE)
    log.info("desk_login", user=user.id)
    return entered


def _open(services: Services, tx: Transaction, user: UserRow, language: str) -> Entered:
    """A new session under a new token: one that was known before the log-in opens nothing."""
    now = services.clock.now()
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    desk_sessions.add(tx, hashed("desk session", token), user.id, language, now=now, expires_at=now + LONGEST)
    return Entered(token)
