"""Texts that PostgreSQL does not take are replaced on every way into it."""

import sqlalchemy as sa

from connector.store import Database
from connector.store import tables as t
from connector.store.intake import first_win
from connector.store.single_statements import PreparedStatement
from tests.integration.store.samples import NOW, Rows

STRANGE, KEPT = "a\x00b\ud800c", "a\ufffdb\ufffdc"


def test_texts_and_documents_of_many_rows_at_once(database: Database, rows: Rows) -> None:
    row = {"tenant_id": rows.tenant, "run_id": rows.run, "at": NOW, "event": "e", "actor": "a"}
    with database.transaction() as tx:
        tx.execute(
            t.journal.insert(),
            [{**row, "message": STRANGE, "details": {STRANGE: [STRANGE, 1]}} for _number in range(3)],
        )
        stored = tx.execute(
            sa.select(t.journal.c.message, t.journal.c.details).where(t.journal.c.message != "")
        ).all()
    assert [(KEPT, {KEPT: [KEPT, 1]})] * 3 == [tuple(row) for row in stored]


def test_a_question_with_such_a_text_finds_what_was_stored_with_it(database: Database, rows: Rows) -> None:
    with database.transaction() as tx:
        tx.execute(t.run.update().where(t.run.c.id == rows.run).values(title=STRANGE))
        found = tx.execute(sa.select(t.run.c.id).where(t.run.c.title.in_([STRANGE, "x"]))).scalars().all()
    assert [rows.run] == found


def test_single_statements(database: Database) -> None:
    echo = PreparedStatement("echo", "SELECT %(said)s, %(held)s", {"said": "text", "held": "text"})
    assert (KEPT, "🎉") == database.at_once(echo, {"said": STRANGE, "held": "🎉"})


def test_a_delivery_whose_facts_hold_such_a_text_is_stored(database: Database, rows: Rows) -> None:
    made = first_win(
        database,
        tenant_id=rows.tenant,
        source="webhook",
        event_id="v2:1:new",
        deal_id=99,
        facts={"currency": STRANGE},
        kind="invoice",
        state="received",
        due_at=NOW,
        ignore_rule="",
        actor="intake",
        message=STRANGE,
        now=NOW,
    )
    with database.transaction() as tx:
        facts = tx.execute(sa.select(t.inbox.c.facts).where(t.inbox.c.run_id == made)).scalar_one()
    assert {"currency": KEPT} == facts
