"""The run chain: one task a link, ids only."""

from celery import Task

from connector.pipeline import run_chain
from connector.pipeline.batches import batch_of_run
from connector.pipeline.lanes import RUNS, WRITE_BACKS
from tasks.app import app
from tasks.process import services
from tasks.turns import carry, turn
from tasks.wake import wake_batch


@app.task(name="run.resolve", bind=True)
def resolve(self: Task, run_id: int) -> None:
    """Read the deal again and everything around it."""
    carry(self, RUNS, run_id, run_chain.advance)


@app.task(name="run.build_debtor", bind=True)
def build_debtor(self: Task, run_id: int) -> None:
    """Find or give the debtor account."""
    carry(self, RUNS, run_id, run_chain.advance)


@app.task(name="run.render", bind=True)
def render(self: Task, run_id: int) -> None:
    """Decide the invoice, its postings and its PDF."""
    carry(self, RUNS, run_id, run_chain.advance)


@app.task(name="run.upload_document", bind=True)
def upload_document(self: Task, run_id: int) -> None:
    """Hand the PDF over under its own GUID."""
    carry(self, RUNS, run_id, run_chain.advance)


@app.task(name="run.join_batch", bind=True)
def join_batch(self: Task, run_id: int) -> None:
    """Put the run into its batch and wake that."""
    with turn(self, RUNS, run_id) as taken:
        taken.follow(run_chain.advance(services(), run_id, "join_batch"))
        wake_batch(*batch_of_run(services(), run_id))


@app.task(name="run.write_back", bind=True)
def write_back(self: Task, run_id: int) -> None:
    """Tell the deal in Pipedrive where it stands."""
    with turn(self, WRITE_BACKS, run_id) as taken:
        taken.follow(run_chain.advance(services(), run_id, "write_back"))
