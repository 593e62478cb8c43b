"""What is looked after at regular intervals: Pipedrive's lists of deals, and our hooks there."""

from connector.pipeline.hook_watch import watch_hooks
from connector.pipeline.reconciliation import due_watches, reconcile
from connector.store.watches import Watch
from tasks.app import app
from tasks.process import services


@app.task(name="watches")
def watches() -> None:
    """Start whatever is due; who finds it taken leaves it."""
    expires = services().timers.watch_tick.total_seconds()
    for tenant_id, watch in due_watches(services()):
        if watch == Watch.HOOKS:
            hooks.apply_async((tenant_id,), expires=expires)
        else:
            deals.apply_async((tenant_id, watch), expires=expires)


@app.task(name="watch.deals")
def deals(tenant_id: int, watch: str) -> None:
    """Read on in one of a tenant's lists of deals."""
    reconcile(services(), tenant_id, Watch(watch))


@app.task(name="watch.hooks")
def hooks(tenant_id: int) -> None:
    """Look after a tenant's hooks."""
    watch_hooks(services(), tenant_id)
