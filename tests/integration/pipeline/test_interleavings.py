"""Several workers at once: each number, account and claim goes to one of them."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest

from connector.pipeline import batch_chain, run_chain
from connector.store import debtors, documents
from connector.store import tables as t
from connector.tenants.config import NumberConfig, NumberSource
from tests.integration.pipeline.carriage import Carriage, add_customer, config_for


def at_once(*jobs: Callable[[], Any]) -> list[Any]:
    """Run the jobs in threads that start together; their results."""
    barrier = Barrier(len(jobs))

    def start(job: Callable[[], Any]) -> Any:
        barrier.wait(10)
        return job()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return [future.result(30) for future in [pool.submit(start, job) for job in jobs]]


def test_of_several_workers_one_gets_the_run(carriage: Carriage) -> None:
    run = carriage.win(7)

    outcomes = at_once(*[lambda: run_chain.advance(carriage.services, run.id, "resolve")] * 4)

    moves = [row for row in carriage.story(run.id) if row.to_state == "resolved"]
    assert 1 == len(moves)
    assert "resolved" == carriage.run(run.id).state
    assert any(outcome.go_on for outcome in outcomes)


def test_of_several_workers_one_hands_the_batch_over(carriage: Carriage) -> None:
    run = carriage.win(7)
    carriage.carry_to("batched", run.id)
    batch = carriage.run(run.id).batch_id
    assert batch is not None

    at_once(*[lambda: batch_chain.advance(carriage.services, batch, "submit_debtors")] * 4)

    assert 1 == carriage.debtor_files()


def test_two_deals_of_a_new_buyer_give_it_one_account(carriage: Carriage) -> None:
    found = [carriage.win(deal) for deal in (7, 8, 9)]
    for run in found:
        carriage.carry_to("resolved", run.id)

    at_once(*[lambda run=run: run_chain.advance(carriage.services, run.id, "build_debtor") for run in found])

    assert [10000] == [row.account for row in carriage.rows(t.debtor, "account")]


def test_new_buyers_at_once_get_different_accounts_without_a_gap(carriage: Carriage) -> None:
    found = []
    for number in range(2, 6):
        add_customer(carriage.sandbox, number, f"Kunde {number} GmbH")
        found.append(carriage.win(number, org_id=number))
    for run in found:
        carriage.carry_to("resolved", run.id)

    at_once(*[lambda run=run: run_chain.advance(carriage.services, run.id, "build_debtor") for run in found])

    assert [10000, 10001, 10002, 10003] == sorted(row.account for row in carriage.rows(t.debtor, "account"))


def test_a_new_debtor_of_two_batches_travels_with_the_first_and_the_second_waits_for_it(
    carriage: Carriage,
) -> None:
    carriage.sandbox.control("datev/settings", job_delay_seconds=12)
    first, second = carriage.win(7), carriage.win(8)
    carriage.carry()

    [_, waiting] = carriage.rows(t.batch, "state", "waiting_for")
    assert ("closed", "The debtor is on its way to DATEV with batch 1.") == (
        waiting.state,
        waiting.waiting_for,
    )
    carriage.finish()

    assert {"done"} == {carriage.run(first.id).state, carriage.run(second.id).state}
    assert 1 == carriage.debtor_files()
    assert 2 == carriage.bookings()


def test_a_batch_does_not_wait_for_one_that_waits_for_a_human(carriage: Carriage) -> None:
    carriage.sandbox.fault("extf-files/import", "reset", when="after")
    carriage.win(7)
    carriage.carry()
    carriage.sandbox.fault("extf-files/jobs", status=404, body={}, times=2)
    carriage.until_due()
    carriage.carry()
    assert ["needs_attention"] == carriage.states()
    carriage.sandbox.clear_faults()

    second = carriage.win(8)
    carriage.finish()

    assert "done" == carriage.run(second.id).state


def test_numbers_drawn_at_once_have_no_gap_and_none_comes_twice(carriage: Carriage) -> None:
    tenant_id = carriage.tenant.id

    def draw(*, fail: bool) -> int | None:
        with carriage.services.database.transaction() as tx:
            drawn = documents.draw_number(tx, tenant_id, "invoice")
            if not fail:
                return drawn
            tx.rollback()
            return None

    drawn = at_once(*[lambda fail=fail: draw(fail=fail) for fail in (False, True, False, True, False, False)])

    assert [1, 2, 3, 4] == sorted(number for number in drawn if number is not None)


def test_a_deal_that_cannot_be_rendered_gives_its_number_back(carriage: Carriage) -> None:
    numbers = NumberConfig(NumberSource.SEQUENCE, pattern="A{next:03d}")
    carriage.apply(config_for(numbers=numbers))
    bad, good = carriage.win(7), carriage.win(8)
    carriage.carry_to("debtor_ready", bad.id)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("connector.pipeline.steps.render.check_rendering", _fail)
        run_chain.advance(carriage.services, bad.id, "render")
    assert "needs_attention" == carriage.run(bad.id).state

    carriage.carry_to("rendered", good.id)

    assert ["A001"] == [row.document_number for row in carriage.rows(t.document, "document_number")]


def _fail(*_args: Any, **_kwargs: Any) -> None:
    raise RuntimeError("a bug")


def test_a_drawn_number_stays_with_its_document_when_the_deal_is_read_again(carriage: Carriage) -> None:
    carriage.apply(config_for(numbers=NumberConfig(NumberSource.SEQUENCE, pattern="A{next:03d}")))
    run = carriage.win(7)
    carriage.carry_to("rendered", run.id)
    carriage.receive(carriage.event(7, became_won=False, status_before=""))

    carriage.finish()

    assert ["A001"] == [row.document_number for row in carriage.rows(t.document, "document_number")]
    assert [2] == [row.next for row in _sequence(carriage)], (
        "the second rendering must not have drawn another number"
    )


def _sequence(carriage: Carriage) -> list[Any]:
    with carriage.services.database.transaction() as tx:
        return list(tx.execute(t.number_sequence.select()))


def test_a_buyers_new_account_counts_as_unknown_to_datev(carriage: Carriage) -> None:
    run = carriage.win(7)
    carriage.finish()
    with carriage.services.database.transaction() as tx:
        [known] = debtors.of_batch(tx, carriage.run(run.id).batch_id or 0)
        debtors.keep(
            tx,
            tenant_id=carriage.tenant.id,
            party=known.party,
            record=replace(known.record, account=20000),
            record_hash="another",
            collective=False,
            now=carriage.clock.now() + timedelta(seconds=1),
        )

    [row] = carriage.rows(t.debtor, "account", "transferred_hash")
    assert (20000, None) == (row.account, row.transferred_hash)


def test_a_number_that_two_deals_carry_parks_the_second_with_the_first_ones_run(carriage: Carriage) -> None:
    carriage.apply(config_for(numbers=NumberConfig(pattern="FIX-{part}")))
    found = [carriage.win(deal) for deal in (7, 8)]
    for run in found:
        carriage.carry_to("debtor_ready", run.id)

    at_once(*[lambda run=run: run_chain.advance(carriage.services, run.id, "render") for run in found])

    states = {carriage.run(run.id).state: carriage.run(run.id) for run in found}
    assert {"rendered", "needs_attention"} == set(states)
    assert "document_number_taken" == states["needs_attention"].reason_code
