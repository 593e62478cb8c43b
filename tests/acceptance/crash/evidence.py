"""What is known of a deal whose row failed, for whoever has to find out why."""

from pathlib import Path
from typing import Any

import sqlalchemy as sa

from connector.runtime.processes import REPOSITORY
from connector.store import Transaction
from connector.store import tables as t
from tests.acceptance.crash.deals import Deal
from tests.acceptance.crash.rows import Result
from tests.acceptance.crash.world import World

FOLDER = REPOSITORY / "build" / "crash"

LEFT_OUT = frozenset({"bundle", "invoice", "file", "content"})
"""Columns that are large and say nothing about the order of things."""


def keep(world: World, deal: Deal, result: Result) -> Path:
    """Write the deal's rows, its journal and its points to a file."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"{deal.key}.txt"
    with world.services.database.transaction() as tx:
        lines = [result.name, *result.problems, "", *_rows(tx, deal), ""]
    for folder in ("faults", "trace"):
        lines += [
            folder,
            *(f"{line['at']:.3f} {line['pid']} {line['point']}" for line in world.lines(folder, deal.key)),
        ]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def _rows(tx: Transaction, deal: Deal) -> list[str]:
    runs = sa.select(t.run.c.id).where(t.run.c.deal_id == deal.id)
    batches = sa.select(t.run.c.batch_id).where(t.run.c.deal_id == deal.id)
    chosen: tuple[tuple[sa.Table, Any], ...] = (
        (t.inbox, t.inbox.c.deal_id == deal.id),
        (t.run, t.run.c.deal_id == deal.id),
        (t.batch, t.batch.c.id.in_(batches)),
        (t.submission, t.submission.c.batch_id.in_(batches)),
        (t.document, t.document.c.run_id.in_(runs)),
        (t.journal, sa.or_(t.journal.c.run_id.in_(runs), t.journal.c.batch_id.in_(batches))),
    )
    lines = []
    for table, wanted in chosen:
        for row in tx.execute(sa.select(table).where(wanted).order_by(table.c.id)):
            told = {
                name: value
                for name, value in row._mapping.items()
                if name not in LEFT_OUT and value not in (None, "")
            }
            lines.append(f"{table.name} " + " ".join(f"{name}={value}" for name, value in told.items()))
    return lines
