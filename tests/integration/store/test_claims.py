"""Claims in the database: due, free, of a tenant that is not parked, and whoever comes late is refused."""

from datetime import UTC, datetime, timedelta

import pytest

from connector.errors import ClaimLostError
from connector.store import Database, Transaction, batches, claims, tenants
from connector.store import tables as t
from connector.store.claims import EARLY_GRACE, Claim, DueRow, Subject
from tests.integration.store.samples import Rows

NOW = datetime(2026, 11, 3, 12, tzinfo=UTC)
LEASE = timedelta(minutes=3)
SECOND = timedelta(seconds=1)


def due(database: Database, rows: Rows, at: datetime = NOW) -> None:
    with database.transaction() as tx:
        tx.execute(t.run.update().where(t.run.c.id == rows.run).values(due_at=at))


def take(database: Database, rows: Rows, *, at: datetime = NOW, state: str = "received") -> Claim | None:
    with database.transaction() as tx:
        return claims.take(tx, Subject.RUN, rows.run, state=state, now=at, lease=LEASE)


def taken(database: Database, rows: Rows, *, at: datetime = NOW) -> Claim:
    claim = take(database, rows, at=at)
    assert claim is not None
    return claim


def sweep(tx: Transaction, *, now: datetime = NOW, wake_again: timedelta = LEASE) -> list[DueRow]:
    return claims.due(
        tx, Subject.RUN, states=("received",), now=now, wake_again=wake_again, per_tenant=9, limit=9
    )


def test_a_due_row_is_taken_once_until_its_lease_ends(database: Database, rows: Rows) -> None:
    due(database, rows)

    assert (1, 0) == (taken(database, rows).epoch, 0)
    assert take(database, rows) is None
    assert take(database, rows, at=NOW + LEASE - SECOND) is None

    assert 2 == taken(database, rows, at=NOW + LEASE).epoch


def test_a_lease_that_ran_out_counts_as_a_failure(database: Database, rows: Rows) -> None:
    due(database, rows)

    assert [0, 1, 2] == [taken(database, rows, at=NOW + LEASE * turn).attempts for turn in range(3)]


def test_a_row_that_was_put_down_counts_no_failure(database: Database, rows: Rows) -> None:
    due(database, rows)
    for _turn in range(3):
        with database.transaction() as tx:
            claims.release(tx, taken(database, rows))

    assert 0 == taken(database, rows).attempts


@pytest.mark.parametrize(
    ("at", "state"),
    [(NOW - EARLY_GRACE - SECOND, "received"), (NOW, "resolved")],
    ids=["early", "other state"],
)
def test_what_is_not_due_or_elsewhere_is_not_taken(
    database: Database, rows: Rows, at: datetime, state: str
) -> None:
    due(database, rows)

    assert take(database, rows, at=at, state=state) is None


def test_a_call_that_comes_a_moment_early_counts(database: Database, rows: Rows) -> None:
    due(database, rows)

    assert take(database, rows, at=NOW - EARLY_GRACE) is not None


def test_nothing_of_a_parked_tenant_is_taken(database: Database, rows: Rows) -> None:
    due(database, rows)
    with database.transaction() as tx:
        tenants.park(tx, rows.tenant, code="x", message="m", cure="c", now=NOW)

    assert take(database, rows) is None
    with database.transaction() as tx:
        assert [] == sweep(tx, wake_again=LEASE)
        assert [] == claims.waiting(
            tx, Subject.RUN, tenant_id=rows.tenant, states=("received",), now=NOW, limit=9
        )


def test_every_write_of_a_late_worker_is_refused(database: Database, rows: Rows) -> None:
    due(database, rows)
    late = taken(database, rows)
    taken(database, rows, at=NOW + LEASE)

    for write in (
        lambda tx: claims.move(tx, late, "resolved", now=NOW, actor="a", due_at=None),
        lambda tx: claims.write(tx, late, now=NOW),
        lambda tx: claims.release(tx, late),
        lambda tx: claims.wait(tx, late, now=NOW, due_at=NOW, waiting_for="x", actor="a", attempts=0),
        lambda tx: claims.park(tx, late, now=NOW, actor="a", code="c", message="m", cure="c"),
    ):
        with pytest.raises(ClaimLostError), database.transaction() as tx:
            write(tx)


def test_a_woken_row_is_left_to_the_queue_for_a_while(database: Database, rows: Rows) -> None:
    due(database, rows)

    def wake(at: datetime) -> list[DueRow]:
        with database.transaction() as tx:
            return sweep(tx, now=at, wake_again=timedelta(minutes=2))

    expected = [DueRow(rows.run, "received", rows.tenant)]
    assert expected == wake(NOW)
    assert [] == wake(NOW + timedelta(minutes=2) - SECOND)
    assert expected == wake(NOW + timedelta(minutes=2))


def test_a_row_that_no_message_was_sent_for_is_found_by_the_next_sweep(
    database: Database, rows: Rows
) -> None:
    due(database, rows)
    with database.transaction() as tx:
        [found] = sweep(tx)
        claims.not_woken(tx, Subject.RUN, [found.id])
        assert [found] == sweep(tx)


def test_an_open_batch_is_found_again_and_a_closed_one_is_not(database: Database, rows: Rows) -> None:
    wanted = {
        "tenant_id": rows.tenant,
        "fiscal_year": NOW.date().replace(month=1, day=1),
        "month": NOW.date().replace(day=1),
        "fmt": "extf",
        "now": NOW,
    }
    with database.transaction() as tx:
        assert rows.batch == batches.open_for(tx, **wanted)
        assert batches.close(tx, rows.batch, now=NOW)
        assert not batches.close(tx, rows.batch, now=NOW)
        assert rows.batch != batches.open_for(tx, **wanted)
