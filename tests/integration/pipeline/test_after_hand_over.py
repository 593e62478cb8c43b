"""From the hand-over on nothing changes by itself: the deal is read again and compared with its booking."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from connector.cli.run_views import run_facts, show_lines, story
from connector.errors import PermanentError
from connector.pipeline.after_hand_over import CURE
from connector.pipeline.cancelling import cancel_run
from connector.pipeline.retry import retry_run
from connector.pipeline.summary import summarize
from connector.store import runs
from connector.store import tables as t
from connector.store.runs import RunRow
from tests.integration.pipeline.carriage import STATUS_FIELD, Carriage, config_for

INVOICE = ("invoice", 0, "done")
SECOND = timedelta(seconds=1)


def kinds(carriage: Carriage, deal: int = 7) -> list[tuple[str, int, str]]:
    rows = carriage.rows(t.run, "deal_id", "kind", "revision", "state")
    return [(row.kind, row.revision, row.state) for row in rows if row.deal_id == deal]


def line(price: float) -> dict[str, Any]:
    """The one line of the deal; its id makes that seeding it again changes it."""
    terms = {"quantity": 1, "tax": 19, "tax_method": "exclusive"}
    return {"id": 70, "name": "Workshop", "item_price": price, **terms}


def now_is(carriage: Carriage, won: str, price: float = 1000.0, **deal: Any) -> None:
    """How the deal, won, is now."""
    carriage.sandbox.deal(7, status="won", won_time=won, **{"products": [line(price)], **deal})


def booked(carriage: Carriage) -> str:
    """Carry deal 7 to its end; when it was won."""
    run = carriage.win(7, products=[line(1000.0)])
    carriage.finish()
    with carriage.services.database.transaction() as tx:
        won: str = runs.document_of(tx, run.id, "bundle")["deal"]["won_time"]
    return won


def changed(carriage: Carriage, won: str, **deal: Any) -> None:
    """Change the deal in Pipedrive, as it stays won, and tell of it as any edit is told."""
    now_is(carriage, won, **deal)
    told(carriage)


def told(carriage: Carriage, **event: Any) -> list[int]:
    """A delivery that says no more than that the deal was changed."""
    return carriage.receive(carriage.event(7, **{"became_won": False, "status_before": "", **event}))


def correction(carriage: Carriage) -> RunRow:
    return carriage.run_of(7, "correction")


def settle(carriage: Carriage) -> None:
    cancel_run(carriage.services, correction(carriage).id, actor="anna", reason="Mended in DATEV.")


def test_a_changed_price_asks_once_with_both_versions_side_by_side(carriage: Carriage) -> None:
    won = booked(carriage)
    changed(carriage, won, price=1200.0)
    carriage.finish()

    assert [INVOICE, ("correction", 1, "needs_attention")] == kinds(carriage)
    asked = correction(carriage)
    assert ("changed_after_hand_over", "Deal 7") == (asked.reason_code, asked.title)
    assert asked.reason_message.split("; ") == [
        "The deal changed after it had been handed over to DATEV with run 1.",
        (
            "Line 1: booked Workshop, 1 x 1000, net 1000, tax 19 % (domestic_19), "
            "now Workshop, 1 x 1200, net 1200, tax 19 % (domestic_19)."
        ),
        "Tax 19 % (domestic_19): booked 190 on 1000, now 228 on 1200.",
        "Net: booked 1000, now 1200.",
        "Tax: booked 190, now 228.",
        "Gross: booked 1190, now 1428.",
    ]
    assert "ml-connector run cancel RUN" in asked.reason_cure
    versions = carriage.story(asked.id)[-1].details["versions"]
    assert ("1190", "1428") == (versions["before"]["Gross"], versions["now"]["Gross"])
    assert 1 == carriage.bookings()


def test_run_show_sets_both_versions_side_by_side(carriage: Carriage) -> None:
    won = booked(carriage)
    changed(carriage, won, price=1200.0)
    carriage.finish()
    asked = correction(carriage)
    with carriage.services.database.transaction() as tx:
        facts = run_facts(summarize(tx, asked), "acme")

    lines = show_lines({**facts, "journal": story(carriage.story(asked.id), asked.id)})

    start = lines.index("Reason: The deal changed after it had been handed over to DATEV with run 1.")
    assert [
        "        Net: booked 1000, now 1200.",
        "        Tax: booked 190, now 228.",
        "        Gross: booked 1190, now 1428.",
        f"  → {CURE.replace('RUN', str(asked.id))}",
    ] == lines[start + 3 : start + 7]


def test_a_note_another_title_or_stage_asks_nobody(carriage: Carriage) -> None:
    won = booked(carriage)

    assert [] == told(carriage)
    carriage.finish()
    changed(carriage, won, title="Umbenannt", stage_id=3)
    carriage.finish()

    assert [INVOICE, ("correction", 1, "cancelled")] == kinds(carriage)
    settled = correction(carriage)
    assert ("unchanged_after_hand_over", None) == (settled.reason_code, settled.due_at)
    assert "Read again after the hand-over with run 1: what the invoice shows is unchanged." == (
        settled.reason_message
    )


def test_the_echo_of_our_own_words_is_read_once_and_leads_no_further(carriage: Carriage) -> None:
    booked(carriage)
    for _echo in ("note", "field"):
        assert [] == told(carriage, change_source="api")
    before = carriage.sandbox.calls("/api/v2/deals/7")
    carriage.finish()

    assert [INVOICE, ("correction", 1, "cancelled")] == kinds(carriage)
    assert ["told_after_hand_over", "moved"] == [row.event for row in carriage.story(correction(carriage).id)]
    assert 1 == len(carriage.rows(t.document, "id"))
    assert 0 == carriage.sandbox.calls("/deals/7", "PATCH") - 1
    assert before < carriage.sandbox.calls("/api/v2/deals/7")
    assert 0 == carriage.sweep()


def status_key(carriage: Carriage) -> str:
    with carriage.services.database.transaction() as tx:
        bundle = runs.document_of(tx, carriage.run_of(7).id, "bundle")
    return next(
        str(field["field_code"]) for field in bundle["deal_fields"] if field["field_name"] == STATUS_FIELD
    )


def test_an_event_that_names_only_our_own_field_or_the_stage_needs_no_reading(carriage: Carriage) -> None:
    booked(carriage)

    told(carriage, changed=(status_key(carriage), "update_time"), change_source="api")
    told(carriage, changed=("stage_change_time", "stage_id", "update_time"))

    assert [INVOICE] == kinds(carriage)


@pytest.mark.parametrize("named", [("update_time",), ("stage_id", "value"), ("a" * 40, "update_time"), ()])
def test_an_event_that_names_anything_else_or_nothing_is_read(
    carriage: Carriage, named: tuple[str, ...]
) -> None:
    booked(carriage)

    told(carriage, changed=named)

    assert [INVOICE, ("correction", 1, "received")] == kinds(carriage)


def test_edits_within_the_quiet_are_one_reading(carriage: Carriage) -> None:
    won = booked(carriage)
    for price in (1100.0, 1200.0, 1300.0):
        changed(carriage, won, price=price)
        carriage.let_pass(SECOND)

    carriage.finish()

    assert [INVOICE, ("correction", 1, "needs_attention")] == kinds(carriage)
    assert "Gross: booked 1190, now 1547." in correction(carriage).reason_message
    assert ["told_after_hand_over", "moved"] == [row.event for row in carriage.story(correction(carriage).id)]


def test_a_later_change_is_told_by_the_question_that_is_open(carriage: Carriage) -> None:
    won = booked(carriage)
    for price in (1200.0, 1300.0):
        changed(carriage, won, price=price)
        carriage.finish()

    assert [INVOICE, ("correction", 1, "needs_attention")] == kinds(carriage)
    assert "Gross: booked 1190, now 1547." in correction(carriage).reason_message


def test_a_deal_put_back_ends_its_question_by_itself(carriage: Carriage) -> None:
    won = booked(carriage)
    for price in (1200.0, 1000.0):
        changed(carriage, won, price=price)
        carriage.finish()

    assert [INVOICE, ("correction", 1, "cancelled")] == kinds(carriage)
    assert "unchanged_after_hand_over" == correction(carriage).reason_code


def test_what_a_human_has_settled_is_not_asked_again_but_the_next_change_is(carriage: Carriage) -> None:
    won = booked(carriage)
    changed(carriage, won, price=1200.0)
    carriage.finish()
    settle(carriage)
    told(carriage)
    carriage.finish()
    assert [INVOICE, ("correction", 1, "cancelled"), ("correction", 2, "cancelled")] == kinds(carriage)

    changed(carriage, won, price=1000.0)
    carriage.finish()

    assert ("correction", 2, "needs_attention") == kinds(carriage)[-1]
    assert "Gross: settled with run 2 1428, now 1190." in correction(carriage).reason_message


def test_won_again_with_equal_content_is_a_row_in_the_journal(carriage: Carriage) -> None:
    won = booked(carriage)
    carriage.receive(carriage.reopened(7))
    later = datetime.fromisoformat(won) + SECOND * 5
    now_is(carriage, later.isoformat())
    carriage.receive(carriage.event(7, won_time=later))

    carriage.finish()

    assert [INVOICE, ("correction", 1, "cancelled")] == kinds(carriage)
    assert [
        ("told_after_hand_over", "The deal was reopened after the hand-over with run 1."),
        ("moved", "Read again after the hand-over with run 1: what the invoice shows is unchanged."),
    ] == [(row.event, row.message) for row in carriage.story(correction(carriage).id)]
    assert 1 == carriage.bookings()


def test_a_deal_that_stays_reopened_asks_and_won_again_as_booked_ends_the_question(
    carriage: Carriage,
) -> None:
    won = booked(carriage)
    carriage.sandbox.act(7, "reopen")
    carriage.receive(carriage.reopened(7))
    carriage.finish()
    assert [INVOICE, ("correction", 1, "needs_attention")] == kinds(carriage)
    assert "Deal: booked as invoice PD-7 over 1190 EUR, now open, not won." in (
        correction(carriage).reason_message
    )

    now_is(carriage, won)
    carriage.receive(carriage.event(7, won_time=datetime.fromisoformat(won) + SECOND * 5))
    carriage.finish()

    assert [INVOICE, ("correction", 1, "cancelled")] == kinds(carriage)


def test_won_again_with_other_content_asks(carriage: Carriage) -> None:
    won = booked(carriage)
    later = datetime.fromisoformat(won) + SECOND * 5
    now_is(carriage, later.isoformat(), price=1200.0)
    carriage.receive(carriage.event(7, won_time=later))

    carriage.finish()

    assert [INVOICE, ("correction", 1, "needs_attention")] == kinds(carriage)
    assert "Gross: booked 1190, now 1428." in correction(carriage).reason_message
    assert 1 == carriage.bookings()


def test_a_change_while_the_deal_is_being_read_is_read_as_well(carriage: Carriage) -> None:
    """The worker that read the old price loses its claim, so that its "unchanged" is never written."""
    won = booked(carriage)
    told(carriage)
    carriage.until_due()
    read_price: list[bool] = []
    original = carriage.services.database.transaction

    def while_reading() -> Any:
        if not read_price and carriage.sandbox.calls("/deals/7/files") > 1:
            read_price.append(True)
            now_is(carriage, won, price=1200.0)
            told(carriage)
        return original()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(carriage.services.database), "transaction", lambda _self: while_reading())
        carriage.sweep()
    carriage.finish()

    assert [True] == read_price
    assert [INVOICE, ("correction", 1, "needs_attention")] == kinds(carriage)


def test_a_new_configuration_is_no_change_of_the_deal(carriage: Carriage) -> None:
    booked(carriage)
    carriage.apply(config_for(terms=config_for().terms.__class__(chart="skr04", payment_days=30)))

    told(carriage)
    carriage.finish()

    assert [INVOICE, ("correction", 1, "cancelled")] == kinds(carriage)


def test_a_deal_that_is_no_invoice_any_more_says_why(carriage: Carriage) -> None:
    won = booked(carriage)
    changed(carriage, won, org_id=None)
    carriage.finish()

    assert correction(carriage).reason_message.endswith(
        "Deal: booked as invoice PD-7 over 1190 EUR, now cannot be invoiced as it stands: "
        "The deal has neither an organization nor a person."
    )


def test_a_question_can_be_asked_again_by_hand_but_not_that_of_a_merge(carriage: Carriage) -> None:
    won = booked(carriage)
    changed(carriage, won, price=1200.0)
    carriage.finish()
    now_is(carriage, won)
    retry_run(carriage.services, correction(carriage).id, actor="anna")
    carriage.finish()
    assert "unchanged_after_hand_over" == correction(carriage).reason_code

    told(carriage, merged_to=8)
    asked = correction(carriage)
    assert ("needs_attention", "merged_after_hand_over") == (asked.state, asked.reason_code)
    with pytest.raises(PermanentError, match="nothing to retry") as refused:
        retry_run(carriage.services, asked.id, actor="anna")
    assert f"ml-connector run cancel {asked.id} --reason TEXT" in refused.value.cure
    cancel_run(carriage.services, asked.id, actor="anna", reason="Corrected in DATEV.")
    assert "cancelled" == carriage.run(asked.id).state


def test_a_change_beside_the_question_of_a_merge_has_its_own(carriage: Carriage) -> None:
    won = booked(carriage)
    told(carriage, merged_to=8)
    for price in (1200.0, 1300.0):
        changed(carriage, won, price=price)
        carriage.finish()

    assert [
        INVOICE,
        ("correction", 1, "needs_attention"),
        ("correction", 2, "needs_attention"),
    ] == kinds(carriage)
