"""A full batch is rendered posting by posting: what is needed beside the file does not grow with it."""

import tracemalloc

import pytest
import sqlalchemy as sa

from connector.errors import NotFoundError
from connector.pipeline.hand_over.claimed_batch import batch_postings
from connector.pipeline.hand_over.files import postings_file
from connector.store import batches
from connector.store import tables as t
from tests.integration.pipeline.carriage import Carriage

MANY = 6_000
BESIDE_THE_FILE = 4 * 1024 * 1024
"""Bytes for a piece of rows on its way; the postings of all rows as objects take three times as much."""

_COPIES = """
INSERT INTO posting (document_id, line, reversal, key, amount, account, contra_account, row)
SELECT document_id, n, reversal, gen_random_uuid(), amount, account, contra_account,
       jsonb_set(jsonb_set(row, '{line}', to_jsonb(n)), '{posting_text}', to_jsonb('Zeile ' || n))
FROM posting, generate_series(2, :rows) AS n WHERE line = 1
"""


@pytest.fixture
def batch(carriage: Carriage) -> int:
    """A closed batch of one document with many rows."""
    run = carriage.carry_to("batched", carriage.win(7).id)
    with carriage.services.database.transaction() as tx:
        tx.execute(sa.text(_COPIES), {"rows": MANY})
    assert run.batch_id is not None
    return run.batch_id


def test_memory_beside_the_file_does_not_grow_with_its_rows(carriage: Carriage, batch: int) -> None:
    tracemalloc.start()
    try:
        file = _render(carriage, batch)
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    # The pieces and the file they become exist together for a moment.
    assert peak < 2 * len(file) + BESIDE_THE_FILE
    lines = file.decode("cp1252").split("\r\n")[2:-1]
    assert [f"Zeile {n}" for n in range(2, MANY + 1)] == [
        line.split(";")[13].strip('"') for line in lines[1:]
    ]


def test_a_run_without_postings_is_never_left_out_in_silence(carriage: Carriage, batch: int) -> None:
    other = carriage.carry_to("documented", carriage.win(8).id)
    with carriage.services.database.transaction() as tx:
        tx.execute(t.run.update().where(t.run.c.id == other.id).values(batch_id=batch))
        documents = sa.select(t.document.c.id).where(t.document.c.run_id == other.id)
        tx.execute(t.posting.delete().where(t.posting.c.document_id.in_(documents)))

    with pytest.raises(NotFoundError, match=f"Run {other.id}"):
        _render(carriage, batch)


def _render(carriage: Carriage, batch_id: int) -> bytes:
    with carriage.services.database.transaction() as tx:
        batch = batches.get(tx, batch_id)
        assert batch is not None
        return postings_file(
            carriage.tenant.config,
            fiscal_year=batch.fiscal_year,
            month=batch.month,
            created_at=carriage.clock.now(),
            postings=batch_postings(tx, batch_id),
        )
