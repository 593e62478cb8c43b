"""A batch is what one file holds: what has no room goes into the next one, once, wherever a worker dies."""

from dataclasses import replace
from typing import Any

import pytest

from connector.pipeline import run_chain
from connector.pipeline.batch_sizes import BATCH_LIMITS
from connector.pipeline.retry import retry_run
from connector.store import batches
from connector.store import tables as t
from connector.store.batches import BatchSize
from tests.integration.pipeline.carriage import POSTINGS, Carriage, add_customer, crashing
from tests.integration.pipeline.test_crashes import AFTER, BEFORE, kill_at_call, kill_at_commit
from tests.integration.pipeline.test_interleavings import at_once


def with_room_for(carriage: Carriage, **limits: int) -> None:
    """Carried by workers whose batches hold less than DATEV takes."""
    small = {fmt: replace(limit, **limits) for fmt, limit in BATCH_LIMITS.items()}
    carriage.services = replace(carriage.services, batch_limits=small)


@pytest.fixture
def collecting(carriage: Carriage, monkeypatch: pytest.MonkeyPatch) -> Carriage:
    """A cadence that lets deals wait for one another: only a full batch is closed by itself."""
    monkeypatch.setattr("connector.pipeline.steps.join_batch.close_at_once", lambda *_args, **_kwargs: None)
    return carriage


def batched(carriage: Carriage, *deals: int) -> list[int]:
    """Each deal carried into a batch, one after the other; the runs' batches, counted from 1."""
    runs = [carriage.win(deal) for deal in deals]
    for run in runs:
        carriage.carry_to("batched", run.id)
    return _places(carriage)


def _places(carriage: Carriage) -> list[int]:
    """In which batch each run is, counted from 1."""
    known = [row.id for row in carriage.rows(t.batch, "id")]
    return [known.index(row.batch_id) + 1 for row in carriage.rows(t.run, "batch_id")]


def close_the_last(carriage: Carriage) -> None:
    """What a cadence does when its time has come."""
    with carriage.services.database.transaction() as tx:
        for row in carriage.rows(t.batch, "id", "state"):
            if row.state == "open":
                batches.close(tx, row.id, now=carriage.clock.now())


def numbers_in_files(carriage: Carriage) -> list[list[str]]:
    """The document numbers of each posting batch that DATEV took."""
    files = [
        file
        for file in carriage.sandbox.arrivals()["extf_files"]
        if file["data_category_id"] == POSTINGS and file["result"] != "failed"
    ]
    return sorted([row["Belegfeld 1"] for row in file["rows"]] for file in files)


def test_deals_share_a_batch_until_its_file_is_full(collecting: Carriage) -> None:
    with_room_for(collecting, rows=2)

    assert [1, 1, 2, 2, 3] == batched(collecting, 11, 12, 13, 14, 15)
    assert ["closed", "closed", "open"] == collecting.states()

    close_the_last(collecting)
    collecting.finish()

    assert [["PD-11", "PD-12"], ["PD-13", "PD-14"], ["PD-15"]] == numbers_in_files(collecting)
    assert ["posted"] * 3 == collecting.states()
    assert {"done"} == {row.state for row in collecting.rows(t.run, "state")}
    assert len(collecting.rows(t.submission, "id")) == len(
        {row.reference_id for row in collecting.rows(t.submission, "reference_id")}
    )


def test_a_document_is_never_divided(collecting: Carriage) -> None:
    """Its two rows are more than the one place that is left."""
    with_room_for(collecting, rows=2)
    lines = [
        {"name": name, "item_price": 100.0, "quantity": 1, "tax": tax, "tax_method": "exclusive"}
        for name, tax in (("Workshop", 19), ("Buch", 7))
    ]
    collecting.carry_to("batched", collecting.win(11).id)
    collecting.carry_to("batched", collecting.win(12, products=lines).id)

    assert [1, 2] == _places(collecting)
    assert [(1, 1), (1, 2)] == [
        (row.documents, row.rows) for row in collecting.rows(t.batch, "documents", "rows")
    ]


@pytest.mark.parametrize(
    ("limit", "places"),
    [("documents", [1, 2, 3]), ("posting_bytes", [1, 2, 3]), ("debtor_bytes", [1, 1, 2])],
)
def test_whichever_limit_is_reached_first_counts(collecting: Carriage, limit: str, places: list[int]) -> None:
    """The third buyer is another: two deals of one buyer need the room of one debtor."""
    add_customer(collecting.sandbox, 2, "Rheinwerk Maschinen GmbH")
    collecting.carry_to("batched", collecting.win(90).id)
    first = getattr(BatchSize(**counted_in_first(collecting)), limit)
    close_the_last(collecting)
    with_room_for(collecting, **{limit: first})

    for deal, buyer in ((11, 1), (12, 1), (13, 2)):
        collecting.carry_to("batched", collecting.win(deal, org_id=buyer).id)

    assert places == [place - 1 for place in _places(collecting)[1:]]


def counted_in_first(carriage: Carriage) -> dict[str, int]:
    """What the first batch has been counted."""
    names = BatchSize.__slots__
    first = carriage.rows(t.batch, *names)[0]
    return {name: getattr(first, name) for name in names}


def test_what_was_counted_is_at_least_what_is_sent(collecting: Carriage) -> None:
    batched(collecting, 11, 12)
    counted = BatchSize(**counted_in_first(collecting))
    close_the_last(collecting)
    collecting.finish()

    sizes = {row.content: len(row.file) for row in collecting.rows(t.submission, "content", "file")}
    assert (2, 2) == (counted.documents, counted.rows)
    assert sizes["postings"] <= counted.posting_bytes + 8 * 1024
    assert sizes["debtors"] <= counted.debtor_bytes + 8 * 1024


def test_an_open_batch_of_another_format_is_closed_and_not_joined(collecting: Carriage) -> None:
    assert [1] == batched(collecting, 11)
    with collecting.services.database.transaction() as tx:
        tx.execute(t.batch.update().values(format="dxso"))

    assert [1, 2] == batched(collecting, 12)
    assert [("dxso", "closed"), ("extf", "open")] == [
        (row.format, row.state) for row in collecting.rows(t.batch, "format", "state")
    ]


def test_an_invoice_larger_than_a_file_waits_for_a_person(carriage: Carriage) -> None:
    with_room_for(carriage, rows=0)
    run = carriage.win(11)

    carriage.finish()

    parked = carriage.run(run.id)
    assert ("needs_attention", "document_too_large") == (parked.state, parked.reason_code)
    assert "PD-11" in parked.reason_message
    assert [] == carriage.states()


def test_of_several_workers_at_the_last_place_one_takes_it(collecting: Carriage) -> None:
    with_room_for(collecting, rows=2)
    runs = [collecting.win(deal) for deal in (11, 12, 13, 14, 15)]
    for run in runs:
        collecting.carry_to("documented", run.id)

    at_once(*[lambda run=run: run_chain.advance(collecting.services, run.id, "join_batch") for run in runs])

    assert [1, 2, 2] == sorted(_places(collecting).count(place) for place in (1, 2, 3))
    assert [1, 2, 2] == sorted(row.rows for row in collecting.rows(t.batch, "rows"))
    assert ["closed", "closed", "open"] == sorted(collecting.states())


@pytest.mark.parametrize("when", [BEFORE, AFTER])
@pytest.mark.parametrize("turn", [1, 2, 3])
def test_a_worker_that_dies_while_a_run_finds_no_room_loses_and_doubles_nothing(
    collecting: Carriage, turn: int, when: str
) -> None:
    with_room_for(collecting, rows=2)
    assert [1, 1] == batched(collecting, 11, 12)
    late = collecting.win(13)
    collecting.carry_to("documented", late.id)
    with pytest.MonkeyPatch.context() as patch, crashing():
        kill_at_commit(patch, turn, when)
        run_chain.advance(collecting.services, late.id, "join_batch")

    collecting.past_the_lease()
    collecting.finish()
    close_the_last(collecting)
    collecting.finish()

    assert [["PD-11", "PD-12"], ["PD-13"]] == numbers_in_files(collecting)
    assert [2, 1] == [row.rows for row in collecting.rows(t.batch, "rows")]


@pytest.mark.parametrize("when", [BEFORE, AFTER])
@pytest.mark.parametrize(
    ("operation", "turn"),
    [("import_file", 2), ("import_file", 3), ("get_extf_job", 2), ("get_extf_job", 3)],
)
def test_two_files_of_one_month_are_booked_once_each_whichever_call_the_worker_dies_at(
    collecting: Carriage, operation: str, turn: int, when: str
) -> None:
    """The first call is about the debtors, the second and third about the files of the postings."""
    collecting.apply(
        replace(
            collecting.tenant.config,
            datev=replace(collecting.tenant.config.datev, resend_when_not_found=True),
        )
    )
    with_room_for(collecting, rows=2)
    batched(collecting, 11, 12, 13)
    close_the_last(collecting)
    with pytest.MonkeyPatch.context() as patch, crashing():
        kill_at_call(patch, operation, when, turn)
        collecting.finish()

    collecting.past_the_lease()
    collecting.finish()

    assert [["PD-11", "PD-12"], ["PD-13"]] == numbers_in_files(collecting)
    assert 1 == collecting.debtor_files()
    assert {"done"} == {row.state for row in collecting.rows(t.run, "state")}


def test_a_file_that_fails_keeps_its_own_deals_back_and_no_others(collecting: Carriage) -> None:
    """The buyer is known by deal 10, so that the file refused first is one of postings."""
    with_room_for(collecting, rows=2)
    batched(collecting, 10)
    close_the_last(collecting)
    collecting.finish()
    batched(collecting, 11, 12, 13)
    close_the_last(collecting)
    full = collecting.run_of(11).batch_id
    assert full is not None
    collecting.sandbox.fault("extf-files/import", status=400)
    collecting.wake_batch(full, "closed")

    collecting.finish()

    assert [["PD-10"], ["PD-13"]] == numbers_in_files(collecting)
    states = {row.deal_id: row.state for row in collecting.rows(t.run, "deal_id", "state")}
    assert {10: "done", 11: "needs_attention", 12: "needs_attention", 13: "done"} == states

    retry_run(collecting.services, collecting.run_of(11).id, actor="test")
    collecting.finish()

    assert [["PD-10"], ["PD-11", "PD-12"], ["PD-13"]] == numbers_in_files(collecting)
    attempts: dict[int, int] = {}
    for row in collecting.rows(t.submission, "content", "batch_id"):
        if row.content == "postings":
            attempts[row.batch_id] = attempts.get(row.batch_id, 0) + 1
    assert [1, 2, 1] == [attempts[batch] for batch in sorted(attempts)]


def test_dxso_jobs_hold_what_can_be_sent_within_one_step(
    dxso: Carriage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connector.pipeline.steps.join_batch.close_at_once", lambda *_args, **_kwargs: None)
    with_room_for(dxso, documents=2)

    assert [1, 1, 2] == batched(dxso, 11, 12, 13)
    close_the_last(dxso)
    dxso.finish()

    assert [2, 1] == [_documents_in(job) for job in _finalised(dxso)]
    assert {"done"} == {row.state for row in dxso.rows(t.run, "state")}


def _finalised(carriage: Carriage) -> list[Any]:
    return [job for job in carriage.sandbox.arrivals()["dxso_jobs"] if job["finalised_at"]]


def _documents_in(job: Any) -> int:
    return sum(file["name"].endswith(".pdf") for file in job["files"])
