"""The statements that the runbook gives for after a restore do what it says."""

import re
from pathlib import Path

import pytest

from connector.pipeline.steps.render import SEQUENCE
from connector.store import Database, documents
from connector.store import tables as t
from tests.integration.store import samples

RUNBOOK = Path(__file__).parents[3] / "docs" / "runbook.md"


def statements() -> str:
    """What is fed to psql, for the tenant of the samples."""
    [block] = re.findall(r"<<'SQL'\n(.*?)\n *SQL\n", RUNBOOK.read_text("utf-8"), re.DOTALL)
    return str(block).replace("'muster'", "'acme'")


@pytest.mark.parametrize("drawn_before", [0, 3], ids=["backup without a number", "backup with numbers"])
def test_after_a_restore_the_next_number_and_batch_are_those_of_the_runbook(
    database: Database, drawn_before: int
) -> None:
    with database.transaction() as tx:
        rows = samples.fill(tx)
        for _number in range(drawn_before):
            documents.draw_number(tx, rows.tenant, SEQUENCE)

        tx.exec_driver_sql(statements())

        assert 125 == documents.draw_number(tx, rows.tenant, SEQUENCE)
        assert 126 == documents.draw_number(tx, rows.tenant, SEQUENCE)
        batch = samples.insert(t.batch, {"tenant": rows.tenant}, state="posted").returning(t.batch.c.id)
        assert rows.batch + 10001 == tx.execute(batch).scalar_one()
