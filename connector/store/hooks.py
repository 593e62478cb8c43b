"""Our hooks at Pipedrive: those that we made ourselves, so that only those are ever replaced."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from connector.store import tables as t
from connector.store.engine import Transaction


@dataclass(frozen=True, slots=True)
class OwnHook:
    """A hook that we made."""

    hook_id: int
    url: str
    event: str
    """``deal.*``, ``organization.delete``."""


def remember(tx: Transaction, tenant_id: int, made: Iterable[OwnHook], *, now: datetime) -> None:
    """Note hooks of ours; what is noted already stays."""
    for hook in made:
        tx.execute(
            insert(t.webhook_subscription)
            .values(tenant_id=tenant_id, hook_id=hook.hook_id, url=hook.url, event=hook.event, created_at=now)
            .on_conflict_do_nothing()
        )


def forget(tx: Transaction, tenant_id: int, hook_ids: Iterable[int] | None = None) -> None:
    """Strike out hooks that are gone; None: all of the tenant, which from now on has none of ours."""
    table = t.webhook_subscription
    chosen = sa.true() if hook_ids is None else table.c.hook_id.in_(list(hook_ids))
    tx.execute(table.delete().where(table.c.tenant_id == tenant_id, chosen))


def of_tenant(tx: Transaction, tenant_id: int) -> list[OwnHook]:
    """The hooks that we made for a tenant, by id."""
    table = t.webhook_subscription
    rows = tx.execute(
        sa.select(table.c.hook_id, table.c.url, table.c.event)
        .where(table.c.tenant_id == tenant_id)
        .order_by(table.c.hook_id)
    )
    return [OwnHook(*row) for row in rows]
