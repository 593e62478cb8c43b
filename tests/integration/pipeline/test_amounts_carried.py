"""Rates, credit notes and cleaned numbers on the whole way: from the won deal to DATEV's sandbox."""

from datetime import timedelta

from connector.accounting.exchange_rates import ExchangeTerms, RateSource
from connector.accounting.terms import BookingTerms
from connector.clock import berlin_date
from connector.pipeline.exchange_rates import import_ecb_rates
from connector.pipeline.retry import retry_run
from connector.store import documents
from connector.store import tables as t
from connector.tenants.config import FieldMap, NumberConfig, NumberSource, SaleConfig, UnsafeCharacters
from tests.integration.pipeline.carriage import STATUS_FIELD, Carriage, config_for

NUMBER, CORRECTS = "Rechnungsnummer", "Korrigiert"
ECB = ExchangeTerms(RateSource.ECB)


def add_fields(carriage: Carriage) -> None:
    names = (STATUS_FIELD, NUMBER, CORRECTS)
    carriage.sandbox.seed(deal_fields=[{"field_name": name, "field_type": "varchar"} for name in names])


def postings_of(carriage: Carriage, run_id: int) -> list[tuple[str, str, str, str]]:
    with carriage.services.database.transaction() as tx:
        document = documents.of_run(tx, run_id)
        assert document is not None
        return [
            (row.side.value, str(row.amount), str(row.exchange_rate), str(row.base_amount))
            for row in documents.postings_of(tx, document.id)
        ]


def bring_in_rates(carriage: Carriage, rate: str, days_ago: int = 0) -> None:
    day = berlin_date(carriage.clock.now()) - timedelta(days=days_ago)
    import_ecb_rates(carriage.services, f"Date,USD,\n{day},{rate},\n".encode(), dry_run=False)


def test_a_deal_in_dollars_waits_for_its_rate_and_keeps_the_booked_one(carriage: Carriage) -> None:
    carriage.apply(config_for(exchange=ECB))
    run = carriage.win(7, currency="USD")
    carriage.finish()
    waiting = carriage.run(run.id)
    assert ("needs_attention", "exchange_rate_missing") == (waiting.state, waiting.reason_code)

    bring_in_rates(carriage, "1.2500", days_ago=1)
    retry_run(carriage.services, run.id, actor="test")
    carriage.finish()

    assert "done" == carriage.run(run.id).state
    assert [("S", "1190.00", "1.250000", "952.00")] == postings_of(carriage, run.id)

    # The day's own rate is imported later; then somebody touches the deal.
    bring_in_rates(carriage, "1.3000")
    carriage.receive(carriage.event(7, became_won=False, status_before="won"))
    carriage.finish()

    correction = carriage.run_of(7, kind="correction")
    assert ("cancelled", "unchanged_after_hand_over") == (correction.state, correction.reason_code)


def test_a_document_keeps_its_rate_when_a_newer_one_comes_in_before_the_hand_over(carriage: Carriage) -> None:
    carriage.apply(config_for(exchange=ECB))
    bring_in_rates(carriage, "1.2500", days_ago=1)
    run = carriage.win(7, currency="USD")
    carriage.carry_to("documented", run.id)

    carriage.let_pass(timedelta(minutes=5))
    bring_in_rates(carriage, "1.3000")
    carriage.receive(carriage.event(7, became_won=False, status_before="won"))
    assert "received" == carriage.run(run.id).state
    carriage.carry_to("documented", run.id)

    assert [("S", "1190.00", "1.250000", "952.00")] == postings_of(carriage, run.id)


def test_an_old_rate_parks_with_the_file_to_import(carriage: Carriage) -> None:
    carriage.apply(config_for(exchange=ECB))
    bring_in_rates(carriage, "1.2500", days_ago=9)

    run = carriage.win(7, currency="USD")
    carriage.finish()

    parked = carriage.run(run.id)
    assert "exchange_rate_too_old" == parked.reason_code
    assert "ml-connector rates import" in (parked.reason_cure or "")


def test_a_credit_note_is_carried_as_a_document_of_its_own(carriage: Carriage) -> None:
    terms = BookingTerms(chart="skr03", home_vat_id="DE136695976", negative_total_means="credit_note")
    carriage.apply(config_for(terms=terms, sale=SaleConfig(fields=FieldMap(corrects_document=CORRECTS))))
    add_fields(carriage)

    without = carriage.win(7, price=-1000.0)
    carriage.finish()
    run = carriage.win(8, price=-1000.0, custom_fields={CORRECTS: "PD-3"})
    carriage.finish()

    assert "corrected_document_missing" == carriage.run(without.id).reason_code
    assert "done" == carriage.run(run.id).state
    assert [("H", "1190.00", "None", "None")] == postings_of(carriage, run.id)
    assert 1 == carriage.bookings()


def test_two_numbers_that_become_one_by_cleaning_are_caught(carriage: Carriage) -> None:
    numbers = NumberConfig(source=NumberSource.FIELD, field=NUMBER, unsafe_characters=UnsafeCharacters.CLEAN)
    carriage.apply(config_for(numbers=numbers))
    add_fields(carriage)

    first = carriage.win(7, custom_fields={NUMBER: "RE 2026.17"})
    second = carriage.win(8, custom_fields={NUMBER: "RE/2026"})
    third = carriage.win(9, custom_fields={NUMBER: "RE-2026 17"})
    carriage.finish()

    assert ["RE-2026-17", "RE/2026"] == [
        row.document_number for row in carriage.rows(t.document, "document_number")
    ]
    assert ["done", "done"] == [carriage.run(run.id).state for run in (first, second)]
    parked = carriage.run(third.id)
    assert ("needs_attention", "document_number_taken") == (parked.state, parked.reason_code)
    assert f"The document number RE-2026-17 is carried by run {first.id} already." == parked.reason_message
    assert "Give the deal another document number, then retry the run." == parked.reason_cure
