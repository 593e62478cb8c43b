"""Evidence: the journal is sealed, and what is over its time is deleted."""

from connector.pipeline.sealing import seal_journal
from tasks.app import app
from tasks.process import services


@app.task(name="evidence.seal")
def seal() -> None:
    """Give journal rows their place in the chain of hashes."""
    seal_journal(services())
