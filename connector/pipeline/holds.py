"""Legal holds: somebody says that a tenant's data, or a run's, must stay, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from connector.errors import NotFoundError, PermanentError
from connector.pipeline.onboarding import find_tenant
from connector.pipeline.services import Services
from connector.store import Transaction, holds, journal, runs, tenants
from connector.store.tenants import TenantRow


@dataclass(frozen=True, slots=True)
class HoldView:
    """A hold in force."""

    tenant: str
    run_id: int | None
    """None: everything of the tenant."""
    reason: str
    placed_at: datetime
    placed_by: str


def place_hold(services: Services, tenant_key: str, run_id: int | None, *, reason: str, actor: str) -> None:
    """Keep a tenant's data, or a run's, from retention and erasure.

    :raises NotFoundError: there is no such tenant or run.
    :raises PermanentError: it is held already.
    """
    tenant, now = find_tenant(services, tenant_key), services.clock.now()
    with services.database.transaction() as tx:
        _must_be_its_run(tx, tenant, run_id)
        if not holds.place(tx, tenant_id=tenant.id, run_id=run_id, reason=reason, placed_by=actor, now=now):
            raise PermanentError(
                f"{_subject(tenant, run_id)} is held already.",
                code="hold_exists",
                cure="See the holds with: ml-connector retention holds",
            )
        _tell(tx, tenant, run_id, now, actor, "hold_placed", f"Must not be deleted: {reason}")


def release_hold(services: Services, tenant_key: str, run_id: int | None, *, reason: str, actor: str) -> None:
    """Let retention and erasure have their way again.

    :raises NotFoundError: there is no such tenant, run or hold.
    """
    tenant, now = find_tenant(services, tenant_key), services.clock.now()
    with services.database.transaction() as tx:
        _must_be_its_run(tx, tenant, run_id)
        if not holds.release(tx, tenant_id=tenant.id, run_id=run_id, released_by=actor, now=now):
            raise NotFoundError(
                f"{_subject(tenant, run_id)} is not held.",
                field="run" if run_id else "tenant",
                cure="See the holds with: ml-connector retention holds",
            )
        _tell(tx, tenant, run_id, now, actor, "hold_released", f"May be deleted in its time again: {reason}")


def active_holds(services: Services) -> Sequence[HoldView]:
    """The holds in force, oldest first."""
    with services.database.transaction() as tx:
        keys = {row.id: row.key for row in tenants.all_tenants(tx)}
        return [
            HoldView(keys[hold.tenant_id], hold.run_id, hold.reason, hold.placed_at, hold.placed_by)
            for hold in holds.active(tx)
        ]


def _must_be_its_run(tx: Transaction, tenant: TenantRow, run_id: int | None) -> None:
    if run_id is None:
        return
    run = runs.get(tx, run_id)
    if run is None or run.tenant_id != tenant.id:
        raise NotFoundError(
            f"The tenant {tenant.key} has no run {run_id}.",
            field="run",
            cure=f"List its runs with: ml-connector run list --tenant {tenant.key}",
        )


def _subject(tenant: TenantRow, run_id: int | None) -> str:
    return f"The run {run_id}" if run_id else f"The tenant {tenant.key}"


def _tell(
    tx: Transaction, tenant: TenantRow, run_id: int | None, now: datetime, actor: str, event: str, what: str
) -> None:
    journal.write(tx, tenant_id=tenant.id, run_id=run_id, at=now, event=event, actor=actor, message=what)
