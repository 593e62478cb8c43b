"""Freeing a parked tenant by a person's or a check's decision."""

from connector.pipeline.services import Services
from connector.store import journal, tenants
from connector.store.tenants import TenantRow


def resume_tenant(services: Services, tenant: TenantRow, *, actor: str, message: str = "") -> bool:
    """Let the tenant's steps run again; its waiting rows go on with the next sweep.

    :returns: whether it was parked.
    """
    with services.database.transaction() as tx:
        resumed = tenants.unpark(tx, tenant.id)
        if resumed:
            journal.write(
                tx,
                tenant_id=tenant.id,
                at=services.clock.now(),
                event="tenant_unparked",
                actor=actor,
                message=message or f"Resumed by hand; it was parked because: {tenant.parked_message}",
            )
    return resumed
