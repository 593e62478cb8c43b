"""What waits is chosen tenant by tenant, and choosing costs the same with many finished runs."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from connector.pipeline.lanes import LANES, Lane
from connector.store import Database, Transaction, claims, tenants
from connector.store import tables as t
from connector.store.claims import DueRow, Subject
from tests.integration.store.samples import insert

NOW = datetime(2026, 11, 3, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def add_tenants(tx: Transaction, *keys: str) -> list[int]:
    return [
        int(tx.execute(insert(t.tenant, {}, key=key, name=key).returning(t.tenant.c.id)).scalar_one())
        for key in keys
    ]


def add_runs(tx: Transaction, tenant_id: int, due: Sequence[datetime], *, state: str = "received") -> None:
    tx.execute(
        sa.insert(t.run),
        [
            {
                "tenant_id": tenant_id,
                "deal_id": deal,
                "kind": "invoice",
                "state": state,
                "due_at": at,
                "created_at": NOW,
                "updated_at": NOW,
            }
            for deal, at in enumerate(due, start=1)
        ],
    )


def choose(tx: Transaction, *, per_tenant: int = 8, limit: int = 500) -> list[DueRow]:
    return claims.due(
        tx,
        Subject.RUN,
        states=("received", "resolved"),
        now=NOW,
        wake_again=2 * MINUTE,
        per_tenant=per_tenant,
        limit=limit,
    )


def test_the_longest_due_rows_come_first_and_no_more_than_may(database: Database) -> None:
    with database.transaction() as tx:
        [tenant] = add_tenants(tx, "acme")
        add_runs(tx, tenant, [NOW - MINUTE * age for age in range(20, 30)])
        woken = choose(tx, per_tenant=3)
        deals = tx.execute(sa.select(t.run.c.deal_id).where(t.run.c.id.in_([row.id for row in woken])))
        assert {8, 9, 10} == set(deals.scalars())


def test_a_tenant_with_thousands_takes_its_share_and_no_other_tenants(database: Database) -> None:
    with database.transaction() as tx:
        busy, quiet = add_tenants(tx, "busy", "quiet")
        add_runs(tx, busy, [NOW - 60 * MINUTE] * 2000)
        add_runs(tx, quiet, [NOW])

        assert {busy: 8, quiet: 1} == Counter(row.tenant_id for row in choose(tx))


def test_where_the_sweep_is_full_every_tenants_first_row_comes_before_any_second(database: Database) -> None:
    with database.transaction() as tx:
        old, young, youngest = add_tenants(tx, "old", "young", "youngest")
        add_runs(tx, old, [NOW - 60 * MINUTE] * 50)
        add_runs(tx, young, [NOW - 2 * MINUTE] * 50)
        add_runs(tx, youngest, [NOW - MINUTE])

        assert {old: 2, young: 1, youngest: 1} == Counter(row.tenant_id for row in choose(tx, limit=4))
        second = choose(tx, limit=4)
        assert {old: 2, young: 2} == Counter(row.tenant_id for row in second), "the others are woken already"


def test_parked_tenants_leased_rows_and_other_states_are_left_alone(database: Database) -> None:
    with database.transaction() as tx:
        parked, works = add_tenants(tx, "parked", "works")
        tenants.park(tx, parked, code="x", message="m", cure="c", now=NOW)
        add_runs(tx, parked, [NOW])
        add_runs(tx, works, [NOW, NOW, NOW, NOW + MINUTE])
        tx.execute(t.run.update().where(t.run.c.deal_id == 1).values(lease_until=NOW + MINUTE))
        tx.execute(t.run.update().where(t.run.c.deal_id == 2).values(state="rendered"))

        expected = tx.execute(sa.select(t.run.c.id).where(t.run.c.tenant_id == works, t.run.c.deal_id == 3))
        assert [expected.scalar_one()] == [row.id for row in choose(tx)]


def test_waiting_rows_of_one_tenant_are_found_whether_woken_or_not(database: Database) -> None:
    with database.transaction() as tx:
        mine, other = add_tenants(tx, "mine", "other")
        add_runs(tx, mine, [NOW - MINUTE * age for age in (1, 3, 2)])
        add_runs(tx, other, [NOW])
        choose(tx)

        found = claims.waiting(tx, Subject.RUN, tenant_id=mine, states=("received",), now=NOW, limit=2)
        deals = {row.id: row.deal_id for row in tx.execute(sa.select(t.run.c.id, t.run.c.deal_id))}
        assert [2, 3] == [deals[row.id] for row in found]


@pytest.mark.parametrize("lane", LANES, ids=lambda lane: lane.name)
def test_choosing_reads_no_finished_row(database: Database, lane: Lane) -> None:
    """PostgreSQL's own account of the statements: only the indexes of what works are looked into."""
    with database.transaction() as tx:
        [tenant] = add_tenants(tx, "acme")
        table = t.run if lane.subject is Subject.RUN else t.batch
        _finished(tx, table, tenant, rows=20_000)
        tx.execute(sa.text(f"ANALYZE {table.name}"))
        before = _rows_read(tx, table)
        for _tick in range(5):
            assert [] == claims.due(
                tx,
                lane.subject,
                states=lane.states,
                now=NOW,
                wake_again=MINUTE,
                per_tenant=8,
                limit=500,
            )
            assert [] == claims.waiting(
                tx, lane.subject, tenant_id=tenant, states=lane.states, now=NOW, limit=8
            )
        assert _rows_read(tx, table) - before < 100, "the planner itself looks at the ends of an index"


def _finished(tx: Transaction, table: sa.Table, tenant: int, *, rows: int) -> None:
    if table is t.run:
        tx.execute(
            sa.text(
                "INSERT INTO run"
                " (tenant_id, deal_id, kind, state, ignore_rule, due_at, created_at, updated_at)"
                " SELECT :tenant, deal, 'invoice', 'ignored', 'r', :now, :now, :now"
                " FROM generate_series(1, :rows) AS deal"
            ),
            {"tenant": tenant, "now": NOW - MINUTE, "rows": rows},
        )
        return
    tx.execute(
        sa.text(
            "INSERT INTO batch (tenant_id, fiscal_year, month, format, state, due_at, created_at, updated_at)"
            " SELECT :tenant, '2026-01-01', '2026-11-01', 'extf', 'posted', :now, :now, :now"
            " FROM generate_series(1, :rows)"
        ),
        {"tenant": tenant, "now": NOW - MINUTE, "rows": rows},
    )


def _rows_read(tx: Transaction, table: sa.Table) -> int:
    """Rows of the table that this transaction has read, by whatever way."""
    return int(
        tx.execute(
            sa.text(
                "SELECT coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)"
                " FROM pg_stat_xact_user_tables WHERE relname = :name"
            ),
            {"name": table.name},
        ).scalar_one()
    )
