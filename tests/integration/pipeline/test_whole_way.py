"""Won deals on their whole way, link by link: each ends visibly, and DATEV gets each exactly once."""

from connector.store import tables as t
from tests.integration.pipeline.carriage import Carriage


def test_a_won_deal_is_booked_by_extf_once_with_its_debtor_and_document(carriage: Carriage) -> None:
    run = carriage.win(7)

    carriage.finish()

    assert "done" == carriage.run(run.id).state
    assert ["posted"] == carriage.states()
    assert 1 == carriage.bookings()
    assert 1 == carriage.debtor_files()
    arrived = carriage.sandbox.arrivals()
    assert 1 == len(arrived["documents"])
    assert [] == [link for file in arrived["extf_files"] for link in file["dead_links"]]
    assert 1 == len(arrived["notes"])


def test_a_won_deal_is_booked_by_dxso_once_with_its_pdf(dxso: Carriage) -> None:
    run = dxso.win(7)

    dxso.finish()

    assert "done" == dxso.run(run.id).state
    assert 1 == dxso.bookings()
    assert 0 == dxso.debtor_files()
    [job] = dxso.sandbox.arrivals()["dxso_jobs"]
    assert {".pdf", ".xml"} == {file["name"][-4:] for file in job["files"]}


def test_the_journal_tells_every_state_of_the_way(carriage: Carriage) -> None:
    run = carriage.win(7)

    carriage.finish()

    moves = [(row.from_state, row.to_state) for row in carriage.story(run.id) if row.event == "moved"]
    assert [
        ("received", "resolved"),
        ("resolved", "debtor_ready"),
        ("debtor_ready", "rendered"),
        ("rendered", "documented"),
        ("open", "closed"),
        ("documented", "batched"),
        ("closed", "debtors_submitting"),
        ("debtors_submitting", "debtors_submitted"),
        ("debtors_submitted", "debtors_submitted"),
        ("debtors_submitted", "submitting"),
        ("submitting", "submitted"),
        ("batched", "posted"),
        ("submitted", "posted"),
        ("posted", "done"),
    ] == moves


def test_a_second_deal_of_a_known_buyer_sends_no_debtor(carriage: Carriage) -> None:
    carriage.win(7)
    carriage.finish()
    carriage.win(8)

    carriage.finish()

    assert 1 == carriage.debtor_files()
    assert 2 == carriage.bookings()
    assert 1 == len(carriage.rows(t.debtor, "account"))


def test_a_deal_that_is_open_again_when_it_is_read_is_cancelled_with_the_reason(carriage: Carriage) -> None:
    run = carriage.win(7)
    carriage.sandbox.act(7, "reopen")

    carriage.finish()

    assert ("cancelled", "The deal is open now, not won.") == (
        carriage.run(run.id).state,
        carriage.run(run.id).reason_message,
    )


def test_a_deleted_deal_is_cancelled_though_pipedrive_still_shows_it_as_won(carriage: Carriage) -> None:
    run = carriage.win(7)
    carriage.sandbox.act(7, "delete")

    carriage.finish()

    assert ("cancelled", "The deal was deleted.") == (
        carriage.run(run.id).state,
        carriage.run(run.id).reason_message,
    )
    assert 0 == carriage.bookings()


def test_the_pdf_made_for_a_deal_is_the_same_however_often_it_is_rendered(carriage: Carriage) -> None:
    run = carriage.win(7)
    carriage.carry_to("rendered", run.id)
    first = carriage.rows(t.document, "sha256", "document_number", "guid")
    carriage.receive(carriage.event(7, became_won=False, status_before=""))

    carriage.carry_to("rendered", run.id)

    assert first == carriage.rows(t.document, "sha256", "document_number", "guid")
