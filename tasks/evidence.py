"""Evidence: the journal is sealed, and what is over its time is deleted."""

from connector.pipeline.retention import keep_house
from connector.pipeline.sealing import seal_journal
from tasks.app import app
from tasks.process import services


@app.task(name="evidence.seal")
def seal() -> None:
    """Give journal rows their place in the chain of hashes."""
    seal_journal(services())


@app.task(name="evidence.keep_house")
def housekeeping() -> None:
    """Tell the heads of the chains to the log, and delete what is over its time."""
    keep_house(services())
