"""The batch chain: one task a link, ids only."""

from celery import Task

from connector.pipeline import batch_chain
from connector.pipeline.batches import runs_to_write_back
from tasks.app import app
from tasks.links import follow
from tasks.process import services
from tasks.wake import wake_run


@app.task(name="batch.submit_debtors", bind=True)
def submit_debtors(self: Task, batch_id: int) -> None:
    """Hand new and changed debtors over, if there are any."""
    follow(self, batch_chain.advance(services(), batch_id, "submit_debtors"))


@app.task(name="batch.poll_debtors", bind=True)
def poll_debtors(self: Task, batch_id: int) -> None:
    """Ask what became of the debtors' file."""
    follow(self, batch_chain.advance(services(), batch_id, "poll_debtors"))


@app.task(name="batch.submit", bind=True)
def submit(self: Task, batch_id: int) -> None:
    """Hand the postings over."""
    follow(self, batch_chain.advance(services(), batch_id, "submit"))


@app.task(name="batch.poll", bind=True)
def poll(self: Task, batch_id: int) -> None:
    """Ask what became of the postings, and send the runs on."""
    follow(self, batch_chain.advance(services(), batch_id, "poll"))
    for run_id in runs_to_write_back(services(), batch_id):
        wake_run(run_id, "posted")
