"""The sweep: what keeps the promise when a wake-up call was lost."""

from connector.pipeline.sweep import due_batches, due_runs
from tasks.app import app
from tasks.process import services
from tasks.wake import wake_batch, wake_run


@app.task(name="sweep")
def sweep() -> None:
    """Wake every run and batch that is due and free."""
    for run_id, state in due_runs(services()):
        wake_run(run_id, state)
    for batch_id, state in due_batches(services()):
        wake_batch(batch_id, state)
