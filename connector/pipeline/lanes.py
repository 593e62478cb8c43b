"""The lanes in which rows wait for a worker, as data: each has its own chain, each tenant its share of it.

A tenant with many waiting rows must not stand before everybody else's in a queue. Therefore only a few chains
of a tenant and lane are under way at once (:mod:`tasks.turns`), and what waits is chosen tenant by tenant.
"""

from dataclasses import dataclass

from connector.pipeline.states import BATCH_CHAIN, RUN_CHAIN, WRITE_BACK, Link
from connector.store.claims import Subject


@dataclass(frozen=True, slots=True)
class Lane:
    """One chain with the rows that wait for it."""

    name: str
    subject: Subject
    chain: tuple[Link, ...]

    @property
    def states(self) -> tuple[str, ...]:
        """States of a row that waits in this lane, each once."""
        return tuple(dict.fromkeys(state for link in self.chain for state in link.states))


RUNS = Lane("run", Subject.RUN, RUN_CHAIN)
WRITE_BACKS = Lane("write_back", Subject.RUN, (WRITE_BACK,))
"""A lane of its own: a batch of thousands, once posted, has thousands of deals to tell."""
BATCHES = Lane("batch", Subject.BATCH, BATCH_CHAIN)

LANES = (RUNS, WRITE_BACKS, BATCHES)


def lane_of_run(state: str) -> Lane:
    """The lane in which a run of this state waits."""
    return WRITE_BACKS if state in WRITE_BACKS.states else RUNS
