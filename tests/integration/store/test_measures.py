"""What monitoring counts."""

import pytest
import sqlalchemy as sa

from connector.store import Database, measures
from connector.store import tables as t
from tests.integration.store.samples import NOW, Rows

PARKED = {"state": "needs_attention", "reason_message": "Unclear."}


@pytest.mark.parametrize(
    ("run_state", "counted", "unreconciled"),
    [("needs_attention", "needs_attention", 1), ("cancelled", "cancelled", 0)],
)
def test_a_parked_batch_needs_nobody_once_its_last_run_is_cancelled(
    database: Database, rows: Rows, run_state: str, counted: str, unreconciled: int
) -> None:
    with database.transaction() as tx:
        tx.execute(sa.update(t.batch).where(t.batch.c.id == rows.batch).values(**PARKED))
        states = {rows.run: run_state, rows.other_run: "cancelled"}
        for run_id, state in states.items():
            changes = {**PARKED, "state": state, "batch_id": rows.batch}
            tx.execute(sa.update(t.run).where(t.run.c.id == run_id).values(**changes))

        read = measures.read(tx, now=NOW)

    assert ({("acme", counted): 1}, unreconciled) == (read.batches, read.unreconciled)


def test_a_batch_that_is_under_way_is_counted_as_what_it_is(database: Database, rows: Rows) -> None:
    with database.transaction() as tx:
        read = measures.read(tx, now=NOW)

    assert ({("acme", "open"): 1}, 1) == (read.batches, read.unreconciled)
