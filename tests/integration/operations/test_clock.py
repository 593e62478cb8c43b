"""The machine's clock jumps by hours, or Berlin changes its clocks: every deal is booked once."""

from datetime import UTC, date, datetime, timedelta

import pytest

from connector.pipeline.deal_parts import due_moment
from connector.store import tables as t
from tests.integration.pipeline.carriage import Carriage

JUMPS = [timedelta(hours=5), timedelta(hours=-5), timedelta(days=2)]
STATES = ["received", "rendered", "documented", "batched"]


@pytest.mark.parametrize("jump", JUMPS, ids=str)
@pytest.mark.parametrize("state", STATES)
def test_a_deal_on_its_way_is_booked_once_though_our_clock_jumps_and_is_set_right(
    carriage: Carriage, state: str, jump: timedelta
) -> None:
    run = carriage.carry_to(state, carriage.win(7).id)

    carriage.clock.offset += jump
    carriage.carry()
    assert carriage.bookings() <= 1
    carriage.clock.offset -= jump
    carriage.finish()

    assert ("done", 1) == (carriage.run(run.id).state, carriage.bookings())
    assert (1, 1) == (carriage.debtor_files(), len(carriage.sandbox.arrivals()["documents"]))


@pytest.mark.parametrize("jump", JUMPS, ids=str)
def test_a_file_whose_answer_was_lost_is_not_sent_again_though_our_clock_jumps(
    carriage: Carriage, jump: timedelta
) -> None:
    carriage.win(1)
    carriage.finish()
    run = carriage.win(7)
    carriage.sandbox.fault("extf-files/import", "reset", when="after")
    carriage.carry()
    assert ["posted", "submitting"] == carriage.states()

    carriage.clock.offset += jump
    carriage.finish()

    assert ("done", 2) == (carriage.run(run.id).state, carriage.bookings())


def test_while_the_clock_is_set_back_a_waiting_row_waits_and_a_new_deal_does_not(carriage: Carriage) -> None:
    carriage.win(1)
    carriage.finish()
    carriage.sandbox.fault("extf-files/import", "reset", when="after")
    waiting = carriage.win(7)
    carriage.carry()

    carriage.clock.offset -= timedelta(hours=5)
    fresh = carriage.win(8)
    carriage.carry()

    assert "batched" == carriage.run(waiting.id).state
    assert carriage.run(fresh.id).batch_id is not None
    carriage.finish()
    assert ["done", "done"] == [carriage.run(run.id).state for run in (waiting, fresh)]
    assert 3 == carriage.bookings()


CHANGES = [
    (datetime(2027, 3, 28, 0, 59, 50, tzinfo=UTC), date(2027, 3, 28)),
    (datetime(2027, 10, 31, 0, 59, 50, tzinfo=UTC), date(2027, 10, 31)),
    (datetime(2027, 10, 30, 21, 59, 50, tzinfo=UTC), date(2027, 10, 30)),
]
"""Ten seconds before Berlin's clocks change, or before the day of the change; and the day in Berlin."""


@pytest.mark.parametrize(("moment", "day"), CHANGES, ids=str)
def test_a_deal_carried_while_berlin_changes_its_clocks_is_booked_once_on_its_day(
    carriage: Carriage, moment: datetime, day: date
) -> None:
    carriage.let_pass(moment - carriage.clock.now())
    run = carriage.win(7)
    carriage.carry_to("rendered", run.id)

    carriage.let_pass(timedelta(hours=2))
    carriage.finish()

    assert ("done", 1) == (carriage.run(run.id).state, carriage.bookings())
    assert [(day,)] == [tuple(row) for row in carriage.rows(t.document, "document_date")]


@pytest.mark.parametrize(
    ("day", "moment"),
    [
        (date(2027, 3, 28), datetime(2027, 3, 27, 23, tzinfo=UTC)),
        (date(2027, 3, 29), datetime(2027, 3, 28, 22, tzinfo=UTC)),
        (date(2027, 10, 31), datetime(2027, 10, 30, 22, tzinfo=UTC)),
        (date(2027, 11, 1), datetime(2027, 10, 31, 23, tzinfo=UTC)),
    ],
)
def test_a_part_is_due_when_its_day_begins_in_berlin(day: date, moment: datetime) -> None:
    assert moment == due_moment(day)
