"""The people who use the desk, their roles, and the record of who changed either."""

from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from connector.store import tables as t
from connector.store.desk_tables import desk_event, desk_link, desk_role, desk_user
from connector.store.engine import Transaction


@dataclass(frozen=True, slots=True)
class UserRow:
    """Somebody who may use the desk."""

    id: int
    login: str
    name: str
    password_hash: str | None = field(repr=False)
    password_set_at: datetime | None
    installation_admin: bool
    disabled_at: datetime | None
    created_at: datetime

    @property
    def active(self) -> bool:
        """Whether this account may log in at all."""
        return self.disabled_at is None


@dataclass(frozen=True, slots=True)
class RoleRow:
    """What a user may do at one tenant."""

    user_id: int
    tenant_id: int
    tenant_key: str
    tenant_name: str
    role: str


_COLUMNS = [desk_user.c[name] for name in UserRow.__slots__]


def find(tx: Transaction, login: str, *, lock: bool = False) -> UserRow | None:
    """The user with this login name (lower case)."""
    chosen = sa.select(*_COLUMNS).where(desk_user.c.login == login)
    row = tx.execute(chosen.with_for_update() if lock else chosen).first()
    return UserRow(*row) if row else None


def get(tx: Transaction, user_id: int) -> UserRow:
    """The user with this id, which must exist."""
    return UserRow(*tx.execute(sa.select(*_COLUMNS).where(desk_user.c.id == user_id)).one())


def all_users(tx: Transaction) -> list[UserRow]:
    """Every user, by login name."""
    return [UserRow(*row) for row in tx.execute(sa.select(*_COLUMNS).order_by(desk_user.c.login))]


def add(tx: Transaction, *, login: str, name: str, installation_admin: bool, now: datetime) -> int | None:
    """A new user without a password; None: the login name is taken."""
    return tx.execute(
        insert(desk_user)
        .values(login=login, name=name, installation_admin=installation_admin, created_at=now)
        .on_conflict_do_nothing()
        .returning(desk_user.c.id)
    ).scalar_one_or_none()


def set_password(tx: Transaction, user_id: int, password_hash: str, *, now: datetime) -> None:
    """Replace the password."""
    tx.execute(
        desk_user.update()
        .where(desk_user.c.id == user_id)
        .values(password_hash=password_hash, password_set_at=now)
    )


def renew_hash(tx: Transaction, user_id: int, *, old: str, new: str) -> None:
    """The same password in a stronger hash, unless it was changed meanwhile."""
    tx.execute(
        desk_user.update()
        .where(desk_user.c.id == user_id, desk_user.c.password_hash == old)
        .values(password_hash=new)
    )


def set_disabled(tx: Transaction, user_id: int, disabled_at: datetime | None) -> None:
    """Lock an account out, or let it in again."""
    tx.execute(desk_user.update().where(desk_user.c.id == user_id).values(disabled_at=disabled_at))


def forget(tx: Transaction, user_id: int, *, login: str) -> None:
    """Leave of an account only its number, by which the record of rights knows it. The login name is free."""
    for table in (desk_role, desk_link):
        tx.execute(table.delete().where(table.c.user_id == user_id))
    tx.execute(
        desk_user.update()
        .where(desk_user.c.id == user_id)
        .values(login=login, name="", password_hash=None, password_set_at=None, installation_admin=False)
    )


def set_installation_admin(tx: Transaction, user_id: int, *, admin: bool) -> None:
    """Make somebody admin of every tenant, or no longer."""
    tx.execute(desk_user.update().where(desk_user.c.id == user_id).values(installation_admin=admin))


def roles_of(tx: Transaction, user_id: int) -> list[RoleRow]:
    """The user's roles, by tenant key."""
    chosen = (
        sa.select(
            desk_role.c.user_id, desk_role.c.tenant_id, t.tenant.c.key, t.tenant.c.name, desk_role.c.role
        )
        .join(t.tenant, t.tenant.c.id == desk_role.c.tenant_id)
        .where(desk_role.c.user_id == user_id)
        .order_by(t.tenant.c.key)
    )
    return [RoleRow(*row) for row in tx.execute(chosen)]


def role_at(tx: Transaction, user_id: int, tenant_id: int) -> str | None:
    """The user's role at one tenant."""
    return tx.execute(
        sa.select(desk_role.c.role).where(desk_role.c.user_id == user_id, desk_role.c.tenant_id == tenant_id)
    ).scalar_one_or_none()


def set_role(
    tx: Transaction, user_id: int, tenant_id: int, role: str, *, granted_by: str, now: datetime
) -> None:
    """Give a role, in place of an earlier one."""
    values = {"role": role, "granted_at": now, "granted_by": granted_by}
    tx.execute(
        insert(desk_role)
        .values(user_id=user_id, tenant_id=tenant_id, **values)
        .on_conflict_do_update(index_elements=["user_id", "tenant_id"], set_=values)
    )


def remove_role(tx: Transaction, user_id: int, tenant_id: int) -> str | None:
    """Take the role; the one that there was."""
    return tx.execute(
        desk_role.delete()
        .where(desk_role.c.user_id == user_id, desk_role.c.tenant_id == tenant_id)
        .returning(desk_role.c.role)
    ).scalar_one_or_none()


def put_link(tx: Transaction, user_id: int, link_hash: str, *, now: datetime, expires_at: datetime) -> None:
    """A link to choose a password with; an earlier one of the user ends."""
    tx.execute(desk_link.delete().where(desk_link.c.user_id == user_id))
    tx.execute(
        desk_link.insert().values(link_hash=link_hash, user_id=user_id, created_at=now, expires_at=expires_at)
    )


def find_link(tx: Transaction, link_hash: str, *, now: datetime) -> int | None:
    """The user of a link that could be used now."""
    return tx.execute(
        sa.select(desk_link.c.user_id).where(desk_link.c.link_hash == link_hash, desk_link.c.expires_at > now)
    ).scalar_one_or_none()


def use_link(tx: Transaction, link_hash: str, *, now: datetime) -> int | None:
    """Use a link up: of two uses at once, one finds it. None: unknown, used or ended."""
    return tx.execute(
        desk_link.delete()
        .where(desk_link.c.link_hash == link_hash, desk_link.c.expires_at > now)
        .returning(desk_link.c.user_id)
    ).scalar_one_or_none()


def drop_link(tx: Transaction, user_id: int) -> None:
    """End the user's link."""
    tx.execute(desk_link.delete().where(desk_link.c.user_id == user_id))


def note(
    tx: Transaction,
    user_id: int,
    event: str,
    *,
    actor: str,
    now: datetime,
    tenant_id: int | None = None,
    message: str = "",
) -> None:
    """Append to the record of accounts and rights."""
    tx.execute(
        desk_event.insert().values(
            user_id=user_id, tenant_id=tenant_id, at=now, event=event, actor=actor, message=message
        )
    )


@dataclass(frozen=True, slots=True)
class UserEvent:
    """What happened to an account, when, by whom."""

    at: datetime
    event: str
    actor: str
    message: str


def events_of(tx: Transaction, user_id: int) -> list[UserEvent]:
    """The record of one account, oldest first."""
    chosen = (
        sa.select(*(desk_event.c[name] for name in UserEvent.__slots__))
        .where(desk_event.c.user_id == user_id)
        .order_by(desk_event.c.id)
    )
    return [UserEvent(*row) for row in tx.execute(chosen)]
