"""The sweep: what keeps the promise when a wake-up call was lost."""

from connector.pipeline.lanes import LANES
from connector.pipeline.sweep import due, not_woken
from tasks.app import app
from tasks.broker import Woken
from tasks.process import services
from tasks.wake import wake


@app.task(name="sweep")
def sweep() -> None:
    """Wake every run and batch that is due and free, as far as each tenant's share goes."""
    for lane in LANES:
        left = [
            row.id
            for row in due(services(), lane)
            if wake(lane, row.id, row.tenant_id, row.state, again=True) is not Woken.SENT
        ]
        not_woken(services(), lane, left)
