"""The database is restored from a backup that is older than what DATEV has got: nothing goes there twice."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from connector import store
from connector.pipeline.backfill import bring_in, foresee, won_deals
from connector.pipeline.cancelling import cancel_run
from connector.pipeline.parking import resume_tenant
from connector.pipeline.restored import CODE, SKIPPED_BATCHES, Halted, halt_after_restore
from connector.pipeline.retry import retry_run
from connector.store import tables as t
from connector.store.runs import RunRow
from tests.integration.operations.backups import back_up, restore
from tests.integration.pipeline.carriage import Carriage
from tests.integration.pipeline.test_parts import THREE, change, shown, today_is


@pytest.fixture(params=["extf", "dxso"])
def road(request: pytest.FixtureRequest) -> Carriage:
    """The tenant by either way to DATEV."""
    name = "carriage" if request.param == "extf" else "dxso"
    found: Carriage = request.getfixturevalue(name)
    return found


def put_back(road: Carriage, dump: Path) -> None:
    """What the runbook does until somebody has logged in again; the log-in frees the tenant."""
    database_url = road.services.settings.database_url
    road.services.database.close()
    restore(database_url, dump)
    store.migrate(database_url)


def log_in_again(road: Carriage) -> None:
    """The refresh tokens of the backup are spent."""
    road.connect(road.tenant.config.datev.format)


def halt(road: Carriage) -> Halted:
    """The command ``ml-connector restored``."""
    return halt_after_restore(road.services, actor="test")


def received(road: Carriage) -> RunRow:
    """A deal that has just come in."""
    return road.win(7)


def rendered(road: Carriage) -> RunRow:
    """A deal whose document is ready."""
    return road.carry_to("rendered", road.win(7).id)


def documented(road: Carriage) -> RunRow:
    """A deal whose document DATEV may have."""
    return road.carry_to("documented", road.win(7).id)


def batched(road: Carriage) -> RunRow:
    """A deal in a batch that has not been handed over."""
    return road.carry_to("batched", road.win(7).id)


@pytest.mark.parametrize("at_backup", [received, rendered, documented, batched])
def test_a_deal_booked_since_the_backup_waits_for_a_person_and_is_not_booked_again(
    road: Carriage, tmp_path: Path, at_backup: Callable[[Carriage], RunRow]
) -> None:
    run = at_backup(road)
    dump = back_up(road.services.settings.database_url, tmp_path)
    road.finish()
    assert ("done", 1) == (road.run(run.id).state, road.bookings())
    put_back(road, dump)
    assert at_backup.__name__ == road.run(run.id).state, "the restored database does not know of the booking"

    halted = halt(road)
    log_in_again(road)
    road.finish()

    assert (1, (run.id,)) == (halted.tenants, halted.runs)
    assert ("needs_attention", CODE) == (road.run(run.id).state, road.run(run.id).reason_code)
    assert 1 == road.bookings()

    cancel_run(road.services, run.id, actor="test", reason="DATEV has it")
    road.finish()
    assert ("cancelled", 1) == (road.run(run.id).state, road.bookings())


@pytest.mark.parametrize("at_backup", [received, rendered, documented, batched])
def test_a_deal_that_datev_has_not_got_is_booked_once_a_person_says_so(
    road: Carriage, tmp_path: Path, at_backup: Callable[[Carriage], RunRow]
) -> None:
    run = at_backup(road)
    dump = back_up(road.services.settings.database_url, tmp_path)
    put_back(road, dump)
    halt(road)
    log_in_again(road)

    retry_run(road.services, run.id, actor="test")
    road.finish()

    assert ("done", 1) == (road.run(run.id).state, road.bookings())


def test_deals_won_since_the_backup_are_left_alone_by_the_new_go_live(road: Carriage, tmp_path: Path) -> None:
    dump = back_up(road.services.settings.database_url, tmp_path)
    road.win(7)
    road.finish()
    assert 1 == road.bookings()
    put_back(road, dump)
    halt(road)

    road.apply(replace(road.tenant.config, go_live_at=road.clock.now()))
    log_in_again(road)
    won = road.sandbox.act(7, "update", title="Seen by the reconciliation")
    road.receive(road.event(7, won_time=datetime.fromisoformat(won["won_time"])))
    road.finish()

    assert "ignored" == road.run_of(7).state
    assert 1 == road.bookings()


def test_what_datev_has_not_got_is_booked_by_the_runbooks_last_step(road: Carriage, tmp_path: Path) -> None:
    waiting = road.win(7)
    dump = back_up(road.services.settings.database_url, tmp_path)
    road.sandbox.deal(8)
    road.sandbox.act(8, "win")
    put_back(road, dump)
    halt(road)
    road.apply(replace(road.tenant.config, go_live_at=road.clock.now() + timedelta(seconds=1)))
    log_in_again(road)

    retry_run(road.services, waiting.id, actor="test")
    road.finish()
    assert ("ignored", 0) == (road.run(waiting.id).state, road.bookings())
    for _twice in range(2):
        since = road.clock.now() - timedelta(days=1)
        for page in won_deals(road.services, road.tenant, since):
            for prospect in foresee(road.services, road.tenant, page, before_go_live=True):
                bring_in(road.services, road.tenant, prospect, actor="test")
        road.finish()

    assert ["done", "done"] == [road.run_of(deal).state for deal in (7, 8)]
    assert 2 == road.bookings()


def test_parts_that_wait_for_their_date_go_on_and_one_that_was_due_asks(
    parts: Carriage, tmp_path: Path
) -> None:
    plan = parts.win(7, installments=THREE)
    parts.wake_run(plan.id, "received")
    dump = back_up(parts.services.settings.database_url, tmp_path)
    today_is(parts, date(2026, 12, 2))
    assert 1 == parts.bookings()
    put_back(parts, dump)

    halted = halt(parts)
    parts.apply(replace(parts.tenant.config, go_live_at=parts.clock.now() + timedelta(seconds=1)))
    log_in_again(parts)
    parts.finish()

    assert 1 == len(halted.runs)
    assert [
        ("", "", "ignored"),
        ("installment:1", "2026-12-01", "needs_attention"),
        ("installment:2", "2026-12-15", "done"),
        ("installment:3", "2027-02-01", "done"),
    ] == shown(parts)
    assert 3 == parts.bookings()


def test_a_part_that_was_due_and_that_datev_has_not_got_is_booked_by_a_retry(parts: Carriage) -> None:
    plan = parts.win(7, installments=THREE)
    parts.wake_run(plan.id, "received")
    [due] = halt(parts).runs
    parts.apply(replace(parts.tenant.config, go_live_at=parts.clock.now() + timedelta(seconds=1)))
    log_in_again(parts)

    retry_run(parts.services, due, actor="test")
    parts.finish()

    assert ["ignored", "done", "done", "done"] == [state for _key, _day, state in shown(parts)]
    assert 3 == parts.bookings()


def test_a_change_of_the_deal_does_not_bring_back_a_part_that_datev_has(parts: Carriage) -> None:
    plan = parts.win(7, installments=THREE)
    parts.wake_run(plan.id, "received")
    [due] = halt(parts).runs
    cancel_run(parts.services, due, actor="test", reason="in DATEV since the backup")
    log_in_again(parts)

    change(parts, title="Another title", installments=THREE)
    today_is(parts, date(2026, 12, 2))

    assert ("installment:1", "2026-12-01", "cancelled") == shown(parts)[1]
    assert 0 == parts.bookings()


def test_a_document_that_datev_has_and_we_know_nothing_of_stops_the_deal(
    carriage: Carriage, tmp_path: Path
) -> None:
    run = rendered(carriage)
    dump = back_up(carriage.services.settings.database_url, tmp_path)
    carriage.finish()
    put_back(carriage, dump)

    log_in_again(carriage)  # Somebody started the workers without the runbook.
    carriage.finish()

    assert "needs_attention" == carriage.run(run.id).state
    assert (1, 1) == (carriage.bookings(), len(carriage.sandbox.arrivals()["documents"]))


def test_the_tenant_is_parked_until_somebody_acts(road: Carriage) -> None:
    run = road.win(7)

    halt(road)
    road.finish()

    assert (True, CODE) == (road.tenant.parked, road.tenant.parked_code)
    assert 0 == road.bookings()
    assert resume_tenant(road.services, road.tenant, actor="test")
    road.finish()
    assert ("needs_attention", 0) == (road.run(run.id).state, road.bookings())


def test_no_batch_gets_a_number_that_was_given_since_the_backup(carriage: Carriage) -> None:
    halt(carriage)
    halt(carriage)
    carriage.connect()
    carriage.win(7)

    carriage.finish()

    [batch] = carriage.rows(t.batch, "id")
    assert 2 * SKIPPED_BATCHES < batch.id


def test_what_had_ended_stays_as_it_was(road: Carriage) -> None:
    run = road.win(7)
    road.finish()

    assert Halted(1, (), ()) == halt(road)

    assert "done" == road.run(run.id).state
    with road.services.database.transaction() as tx:
        events = tx.execute(sa.select(t.journal.c.event).where(t.journal.c.event == CODE)).scalars()
        assert [CODE] == list(events)
