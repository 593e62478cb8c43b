"""Accounts of the desk and their roles, as an operator manages them. Every change is written down."""

import re
import secrets
from dataclasses import dataclass
from datetime import timedelta

from connector.errors import DataError, NotFoundError, PermanentError, Problem
from connector.pipeline.desk.passwords import hash_password
from connector.pipeline.desk.roles import Role
from connector.pipeline.login_attempts import hashed
from connector.pipeline.onboarding import find_tenant
from connector.pipeline.services import Services
from connector.store import Transaction, desk_sessions, desk_users, journal
from connector.store.desk_users import RoleRow, UserRow

LINK_LIFETIME = timedelta(days=3)
"""Over a weekend: whoever gets it by mail on Friday opens it on Monday."""

_LOGIN = re.compile(r"[a-z0-9][a-z0-9._+@-]{1,99}")

_LINK_BYTES = 32


@dataclass(frozen=True, slots=True)
class User:
    """An account with its roles."""

    row: UserRow
    roles: tuple[RoleRow, ...]


def login_name(text: str) -> str:
    """A login name as it is kept: people write their address with capitals now and then."""
    return text.strip().lower()


def add_user(
    services: Services, login: str, *, name: str, installation_admin: bool = False, actor: str
) -> UserRow:
    """A new account, without password and roles.

    :raises DataError: the login name or the name cannot be used, or the login name is taken.
    """
    login = login_name(login)
    problems = []
    if not _LOGIN.fullmatch(login):
        problems.append(
            Problem(
                "login_invalid",
                f"{login!r} cannot be a login name.",
                "login",
                "Use an e-mail address, or 2 to 100 letters, digits and . _ + @ -",
            )
        )
    if not name.strip():
        problems.append(Problem("name_missing", "The person's name is missing.", "name", "Give --name."))
    if problems:
        raise DataError(problems)
    now = services.clock.now()
    with services.database.transaction() as tx:
        user_id = desk_users.add(
            tx, login=login, name=name.strip(), installation_admin=installation_admin, now=now
        )
        if user_id is None:
            raise DataError(
                [
                    Problem(
                        "login_taken",
                        f"There is a user {login} already.",
                        "login",
                        "List users with: ml-connector user list",
                    )
                ]
            )
        message = "admin of every tenant" if installation_admin else ""
        desk_users.note(tx, user_id, "added", actor=actor, now=now, message=message)
        return desk_users.get(tx, user_id)


def find_user(tx: Transaction, login: str, *, lock: bool = False) -> UserRow:
    """The account.

    :raises NotFoundError: there is none.
    """
    found = desk_users.find(tx, login_name(login), lock=lock)
    if found is None:
        raise NotFoundError(
            f"There is no user {login_name(login)!r}.",
            field="login",
            cure="List users with: ml-connector user list",
        )
    return found


def users(services: Services) -> list[User]:
    """Every account, by login name."""
    with services.database.transaction() as tx:
        return [User(row, tuple(desk_users.roles_of(tx, row.id))) for row in desk_users.all_users(tx)]


def set_role(services: Services, login: str, tenant_key: str, role: Role, *, actor: str) -> None:
    """Give somebody a role at a tenant, in place of an earlier one.

    :raises NotFoundError: there is no such user or tenant.
    """
    tenant = find_tenant(services, tenant_key)
    now = services.clock.now()
    with services.database.transaction() as tx:
        user = find_user(tx, login, lock=True)
        before = desk_users.role_at(tx, user.id, tenant.id)
        if before == role:
            return
        desk_users.set_role(tx, user.id, tenant.id, role, granted_by=actor, now=now)
        _note_role(services, tx, user, tenant.id, f"{before or 'no role'} → {role}", actor)


def remove_role(services: Services, login: str, tenant_key: str, *, actor: str) -> None:
    """Take somebody's role at a tenant.

    :raises NotFoundError: there is no such user or tenant, or no role to take.
    """
    tenant = find_tenant(services, tenant_key)
    with services.database.transaction() as tx:
        user = find_user(tx, login, lock=True)
        before = desk_users.remove_role(tx, user.id, tenant.id)
        if before is None:
            raise NotFoundError(
                f"{user.login} has no role at {tenant.key}.",
                field="login",
                cure=f"See the roles with: ml-connector user list --tenant {tenant.key}",
            )
        _note_role(services, tx, user, tenant.id, f"{before} → no role", actor)


def set_installation_admin(services: Services, login: str, *, admin: bool, actor: str) -> None:
    """Make somebody admin of every tenant, or no longer.

    :raises NotFoundError: there is no such user.
    """
    with services.database.transaction() as tx:
        user = find_user(tx, login, lock=True)
        desk_users.set_installation_admin(tx, user.id, admin=admin)
        event = "made_installation_admin" if admin else "no_installation_admin"
        desk_users.note(tx, user.id, event, actor=actor, now=services.clock.now())


def set_disabled(services: Services, login: str, *, disabled: bool, actor: str) -> int:
    """Lock an account out, which ends its sessions at once, or let it in again. How many sessions ended.

    :raises NotFoundError: there is no such user.
    """
    now = services.clock.now()
    with services.database.transaction() as tx:
        user = find_user(tx, login, lock=True)
        desk_users.set_disabled(tx, user.id, now if disabled else None)
        ended = desk_sessions.end_all_of(tx, user.id) if disabled else 0
        if disabled:
            desk_users.drop_link(tx, user.id)
        desk_users.note(tx, user.id, "disabled" if disabled else "enabled", actor=actor, now=now)
    return ended


def remove(services: Services, login: str, *, actor: str) -> str:
    """Erase the person behind a disabled account: login name, name, password, roles (Art. 17 GDPR).

    What was decided under the name stays in the journal for as long as the law wants it there.

    :returns: the name under which the record of rights knows the account from now on.
    :raises NotFoundError: there is no such user.
    :raises PermanentError: the account is not disabled, so that nobody is removed by a slip.
    """
    now = services.clock.now()
    with services.database.transaction() as tx:
        user = find_user(tx, login, lock=True)
        if user.active:
            raise PermanentError(
                f"The account {user.login} is in use.",
                code="user_active",
                cure=f"First: ml-connector user disable {user.login}",
            )
        for role in desk_users.roles_of(tx, user.id):
            _note_role(services, tx, user, role.tenant_id, f"{role.role} → no role", actor)
        left = f"(removed {user.id})"  # nobody can be added under such a login name
        desk_sessions.end_all_of(tx, user.id)
        desk_sessions.forget_attempts(tx, desk_sessions.ACCOUNT, hashed("account", user.login))
        desk_users.forget(tx, user.id, login=left)
        desk_users.note(tx, user.id, "removed", actor=actor, now=now)
    return left


def unlock(services: Services, login: str, *, actor: str) -> bool:
    """Forget an account's attempts, so that it may log in at once. Whether there were any.

    :raises NotFoundError: there is no such user.
    """
    with services.database.transaction() as tx:
        user = find_user(tx, login)
        were = desk_sessions.forget_attempts(tx, desk_sessions.ACCOUNT, hashed("account", user.login))
        if were:
            desk_users.note(tx, user.id, "unlocked", actor=actor, now=services.clock.now())
    return were


def set_password(services: Services, login: str, password: str, *, actor: str) -> None:
    """Set a password; every session of the account ends, and so does its link.

    :raises NotFoundError: there is no such user.
    :raises DataError: the password is not to be used.
    """
    with services.database.transaction() as tx:
        user = find_user(tx, login)
    kept = hash_password(password, login=user.login)
    with services.database.transaction() as tx:
        store_password(services, tx, user, kept, actor=actor)


def store_password(services: Services, tx: Transaction, user: UserRow, kept: str, *, actor: str) -> None:
    """Store a hash, and end whatever was opened with the password before."""
    now = services.clock.now()
    desk_users.set_password(tx, user.id, kept, now=now)
    desk_users.drop_link(tx, user.id)
    desk_sessions.end_all_of(tx, user.id)
    desk_sessions.forget_attempts(tx, desk_sessions.ACCOUNT, hashed("account", user.login))
    desk_users.note(tx, user.id, "password_set", actor=actor, now=now)


def make_link(services: Services, login: str, *, actor: str) -> str:
    """A one-time address at which the person chooses a password. The password until then stays.

    :raises NotFoundError: there is no such user.
    :raises PermanentError: the account is disabled.
    """
    secret = secrets.token_urlsafe(_LINK_BYTES)
    now = services.clock.now()
    with services.database.transaction() as tx:
        user = find_user(tx, login, lock=True)
        if not user.active:
            raise PermanentError(
                f"The account {user.login} is disabled.",
                code="user_disabled",
                cure=f"First: ml-connector user enable {user.login}",
            )
        desk_users.put_link(tx, user.id, hashed("desk link", secret), now=now, expires_at=now + LINK_LIFETIME)
        desk_users.note(tx, user.id, "link_made", actor=actor, now=now)
    return f"{services.settings.public_url}/desk/password/new?link={secret}"


def look_at_link(services: Services, secret: str) -> UserRow | None:
    """Whose link this is, without using it up; None: unknown, used or ended."""
    with services.database.transaction() as tx:
        user_id = desk_users.find_link(tx, hashed("desk link", secret), now=services.clock.now())
        user = desk_users.get(tx, user_id) if user_id else None
    return user if user and user.active else None


def use_link(services: Services, secret: str, password: str) -> UserRow | None:
    """Set the password that its link asks for; None: the link is unknown, used or ended.

    :raises DataError: the password is not to be used; the link stays.
    """
    found = look_at_link(services, secret)
    if found is None:
        return None
    kept = hash_password(password, login=found.login)
    with services.database.transaction() as tx:
        used_by = desk_users.use_link(tx, hashed("desk link", secret), now=services.clock.now())
        if used_by != found.id:
            return None
        store_password(services, tx, found, kept, actor=f"{found.login} (link)")
    return found


def _note_role(
    services: Services, tx: Transaction, user: UserRow, tenant_id: int, change: str, actor: str
) -> None:
    """In the record of accounts and in the tenant's journal: who may decide there is part of its evidence."""
    now = services.clock.now()
    desk_users.note(tx, user.id, "role_changed", actor=actor, now=now, tenant_id=tenant_id, message=change)
    journal.write(
        tx,
        tenant_id=tenant_id,
        at=now,
        event="role_changed",
        actor=actor,
        message=f"{user.login}: {change}",
    )
