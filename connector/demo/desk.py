"""Somebody who may look round in the demo's desk."""

import secrets
from dataclasses import dataclass, field

from connector.pipeline.desk import accounts
from connector.pipeline.services import Services
from connector.store import desk_users

LOGIN = "demo"

_PASSWORD_BYTES = 12
"""96 bits in 16 characters: typed from the terminal, good for this one demo."""


@dataclass(frozen=True, slots=True)
class DeskLogin:
    """What to type."""

    password: str = field(repr=False)
    login: str = LOGIN


def let_in(services: Services) -> DeskLogin:
    """An account for this demo, admin of both tenants; a demo before it had another password."""
    password = secrets.token_urlsafe(_PASSWORD_BYTES)
    with services.database.transaction() as tx:
        known = desk_users.find(tx, LOGIN) is not None
    if not known:
        accounts.add_user(services, LOGIN, name="Demo", installation_admin=True, actor="demo")
    accounts.set_password(services, LOGIN, password, actor="demo")
    return DeskLogin(password)
