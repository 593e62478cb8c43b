"""The batch chain: one task a link, ids only."""

from celery import Task

from connector.pipeline import batch_chain
from connector.pipeline.batches import runs_to_write_back
from connector.pipeline.lanes import BATCHES
from tasks.app import app
from tasks.process import services
from tasks.turns import carry, turn
from tasks.wake import wake_run


@app.task(name="batch.submit_debtors", bind=True)
def submit_debtors(self: Task, batch_id: int) -> None:
    """Hand new and changed debtors over, if there are any."""
    carry(self, BATCHES, batch_id, batch_chain.advance)


@app.task(name="batch.poll_debtors", bind=True)
def poll_debtors(self: Task, batch_id: int) -> None:
    """Ask what became of the debtors' file."""
    carry(self, BATCHES, batch_id, batch_chain.advance)


@app.task(name="batch.submit", bind=True)
def submit(self: Task, batch_id: int) -> None:
    """Hand the postings over."""
    carry(self, BATCHES, batch_id, batch_chain.advance)


@app.task(name="batch.poll", bind=True)
def poll(self: Task, batch_id: int) -> None:
    """Ask what became of the postings, and send the runs on, as many as their tenant's share takes."""
    with turn(self, BATCHES, batch_id) as taken:
        taken.follow(batch_chain.advance(services(), batch_id, "poll"))
        for run_id, tenant_id in runs_to_write_back(services(), batch_id):
            if not wake_run(run_id, tenant_id, "posted"):
                break
