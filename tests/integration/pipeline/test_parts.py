"""Deals invoiced in parts: planned in one transaction, each part read anew and booked on its date."""

import base64
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest

from connector.cli.run_views import list_facts, run_facts, show_lines, story
from connector.clock import BERLIN
from connector.errors import PermanentError
from connector.pipedrive.webhook import DealAction
from connector.pipeline.cancelling import cancel_run
from connector.pipeline.deal_parts import IN_PARTS
from connector.pipeline.retry import retry_run
from connector.pipeline.summary import summarize
from connector.store import documents, runs
from connector.store import tables as t
from connector.store.runs import RunRow
from connector.tenants.config import NumberConfig, NumberSource
from tests.integration.pipeline.carriage import Carriage, CrashError, config_for, crashing

NUMBERS = NumberConfig(pattern="PD-{deal_id}-{part}")


@pytest.fixture
def parts(carriage: Carriage) -> Carriage:
    """A tenant whose numbers name the part, on 1 December 2026, eight in the morning."""
    carriage.apply(config_for(numbers=NUMBERS))
    morning = datetime.combine(date(2026, 12, 1), time(8), BERLIN).astimezone(UTC)
    carriage.let_pass(morning - carriage.clock.now())
    return carriage


def rates(*rows: tuple[int, float, str]) -> list[dict[str, Any]]:
    return [
        {"id": number, "amount": amount, "billing_date": day, "description": f"Abschnitt {number}"}
        for number, amount, day in rows
    ]


THREE = rates((1, 500.0, "2026-12-01"), (2, 250.0, "2026-12-15"), (3, 250.0, "2027-02-01"))


def of_deal(carriage: Carriage, deal: int = 7) -> list[RunRow]:
    with carriage.services.database.transaction() as tx:
        return sorted(runs.search(tx, deal_id=deal), key=lambda run: run.id)


def shown(carriage: Carriage, deal: int = 7) -> list[tuple[str, str, str]]:
    """Key, date and state of every run that invoices the deal, its own first."""
    return [
        (run.part_key, str(run.part_date or ""), run.state)
        for run in of_deal(carriage, deal)
        if run.kind == "invoice"
    ]


def booked(carriage: Carriage) -> list[tuple[str, str, Decimal]]:
    """Number, date and gross of everything that was booked."""
    found = []
    with carriage.services.database.transaction() as tx:
        for run in of_deal(carriage):
            document = documents.of_run(tx, run.id)
            if document and run.state == "done":
                amount = sum(
                    (row.signed_amount for row in documents.postings_of(tx, document.id)), Decimal(0)
                )
                found.append((document.document_number, str(document.document_date), amount))
    return found


def today_is(carriage: Carriage, day: date) -> None:
    """Carry everything on until noon of a day."""
    noon = datetime.combine(day, time(12), BERLIN).astimezone(UTC)
    while True:
        carriage.carry()
        due = [row.due_at for row in carriage.working() if row.due_at is not None and row.due_at <= noon]
        if not due:
            break
        carriage.let_pass(max(min(due) - carriage.clock.now(), timedelta(0)))
    carriage.let_pass(noon - carriage.clock.now())


def test_instalments_are_booked_on_their_dates_and_add_up_to_the_deal(parts: Carriage) -> None:
    parts.win(7, installments=THREE)

    today_is(parts, date(2026, 12, 1))
    assert [
        ("", "", "ignored"),
        ("installment:1", "2026-12-01", "done"),
        ("installment:2", "2026-12-15", "received"),
        ("installment:3", "2027-02-01", "received"),
    ] == shown(parts)
    own, _first, second, _third = of_deal(parts)
    assert (IN_PARTS, "its billing date, 2026-12-15") == (own.ignore_rule, second.waiting_for)

    parts.finish()
    assert [
        ("PD-7-1", "2026-12-01", Decimal("595.00")),
        ("PD-7-2", "2026-12-15", Decimal("297.50")),
        ("PD-7-3", "2027-02-01", Decimal("297.50")),
    ] == booked(parts)
    assert 3 == parts.bookings()


def change(carriage: Carriage, deal: int = 7, **more: Any) -> list[int]:
    """Change the deal in Pipedrive, as it stays won, and tell of it as a change of lines is told."""
    with carriage.services.database.transaction() as tx:
        own = runs.latest_of_deal(tx, carriage.tenant.id, deal, part=0)
        assert own is not None
        won = runs.document_of(tx, own.id, "bundle")["deal"]["won_time"]
    carriage.sandbox.deal(deal, status="won", won_time=won, **more)
    return carriage.receive(
        carriage.event(deal, became_won=False, status_before="", changed=("update_time",))
    )


LINE = {"id": 70, "name": "Workshop", "quantity": 1, "tax": 19, "tax_method": "exclusive"}


def one_line(price: float, **more: Any) -> list[dict[str, Any]]:
    """The deal's one line; its id makes that seeding the deal again changes it."""
    return [{**LINE, "item_price": price, **more}]


def planned(carriage: Carriage, **deal: Any) -> RunRow:
    """The deal in three instalments, the first of them booked; its own run."""
    carriage.win(7, **{"products": one_line(1000.0), "installments": THREE, **deal})
    today_is(carriage, date(2026, 12, 1))
    return of_deal(carriage)[0]


def test_an_instalment_that_is_moved_waits_for_its_new_date(parts: Carriage) -> None:
    own = planned(parts)
    moved = rates((1, 500.0, "2026-12-01"), (2, 250.0, "2027-01-10"), (3, 250.0, "2027-02-01"))

    assert [own.id] == change(parts, products=one_line(1000.0), installments=moved)
    parts.finish()

    assert [("PD-7-1", "2026-12-01"), ("PD-7-2", "2027-01-10"), ("PD-7-3", "2027-02-01")] == [
        row[:2] for row in booked(parts)
    ]


def test_an_instalment_moved_without_an_event_is_noticed_on_its_old_date(parts: Carriage) -> None:
    planned(parts)
    moved = rates((1, 500.0, "2026-12-01"), (2, 250.0, "2027-01-10"), (3, 250.0, "2027-02-01"))
    change_silently(parts, installments=moved)

    today_is(parts, date(2026, 12, 20))
    assert ("installment:2", "2027-01-10", "received") == shown(parts)[2]
    parts.finish()
    assert ("PD-7-2", "2027-01-10", Decimal("297.50")) == booked(parts)[1]


def change_silently(carriage: Carriage, **deal: Any) -> None:
    """Change the deal without any event reaching us."""
    with carriage.services.database.transaction() as tx:
        own = runs.latest_of_deal(tx, carriage.tenant.id, 7, part=0)
        assert own is not None
        won = runs.document_of(tx, own.id, "bundle")["deal"]["won_time"]
    carriage.sandbox.deal(7, status="won", won_time=won, **{"products": one_line(1000.0), **deal})


def test_an_instalment_moved_into_the_past_is_dated_on_the_day_it_was_noticed(parts: Carriage) -> None:
    planned(parts)
    today_is(parts, date(2026, 12, 10))
    moved = rates((1, 500.0, "2026-12-01"), (2, 250.0, "2026-12-05"), (3, 250.0, "2027-02-01"))
    change(parts, products=one_line(1000.0), installments=moved)
    parts.finish()
    assert ("PD-7-2", "2026-12-10", Decimal("297.50")) == booked(parts)[1]


def test_instalments_exchanged_before_any_is_booked_are_planned_anew(parts: Carriage) -> None:
    later = rates((1, 600.0, "2026-12-10"), (2, 400.0, "2026-12-20"))
    parts.win(7, products=one_line(1000.0), installments=later)
    today_is(parts, date(2026, 12, 2))
    other = rates((2, 400.0, "2026-12-20"), (5, 300.0, "2026-12-15"), (6, 300.0, "2026-12-25"))
    change(parts, products=one_line(1000.0), installments=other)

    parts.finish()

    assert [
        ("", "", "ignored"),
        ("installment:1", "2026-12-10", "cancelled"),
        ("installment:2", "2026-12-20", "done"),
        ("installment:5", "2026-12-15", "done"),
        ("installment:6", "2026-12-25", "done"),
    ] == shown(parts)
    assert Decimal("1190.00") == sum(row[2] for row in booked(parts))


def test_a_vanished_instalment_is_cancelled_without_an_event_and_the_others_follow(parts: Carriage) -> None:
    later = rates((1, 600.0, "2026-12-10"), (2, 400.0, "2026-12-20"))
    parts.win(7, products=one_line(1000.0), installments=later)
    today_is(parts, date(2026, 12, 2))
    change_silently(parts, installments=rates((3, 1000.0, "2026-12-24")))

    parts.finish()

    assert [
        ("installment:1", "2026-12-10", "cancelled"),
        ("installment:2", "2026-12-20", "cancelled"),
        ("installment:3", "2026-12-24", "done"),
    ] == shown(parts)[1:]


def test_a_reopened_deal_cancels_what_is_not_handed_over_and_asks_about_the_rest(parts: Carriage) -> None:
    planned(parts)
    parts.sandbox.act(7, "reopen")
    parts.receive(parts.reopened(7))
    parts.finish()

    assert [
        ("", "", "cancelled"),
        ("installment:1", "2026-12-01", "done"),
        ("installment:2", "2026-12-15", "cancelled"),
        ("installment:3", "2027-02-01", "cancelled"),
    ] == shown(parts)
    asked = parts.run_of(7, "correction")
    assert ("needs_attention", "installment:1") == (asked.state, asked.part_key)


def test_won_again_goes_on_with_the_parts_that_are_left(parts: Carriage) -> None:
    planned(parts)
    parts.sandbox.act(7, "reopen")
    parts.receive(parts.reopened(7))
    today_is(parts, date(2026, 12, 5))
    won = parts.sandbox.act(7, "win")
    parts.receive(parts.event(7, won_time=datetime.fromisoformat(won["won_time"])))
    parts.finish()

    assert ["ignored", "done", "done", "done"] == [row[2] for row in shown(parts)]
    assert "cancelled" == parts.run_of(7, "correction").state
    assert 3 == parts.bookings()


def test_a_deal_that_grows_by_its_later_parts_goes_on(parts: Carriage) -> None:
    planned(parts)
    dearer = rates((1, 500.0, "2026-12-01"), (2, 350.0, "2026-12-15"), (3, 350.0, "2027-02-01"))
    change(parts, products=one_line(1200.0), installments=dearer)
    parts.finish()

    # What was booked with the first part is the same: 500.00 net of the one line.
    assert ["ignored", "done", "done", "done"] == [row[2] for row in shown(parts)]
    assert Decimal("1428.00") == sum(row[2] for row in booked(parts))


def test_a_booked_part_that_is_changed_is_asked_about_and_holds_the_others(parts: Carriage) -> None:
    planned(parts)
    other = rates((1, 400.0, "2026-12-01"), (2, 350.0, "2026-12-15"), (3, 250.0, "2027-02-01"))
    change(parts, products=one_line(1000.0), installments=other)
    parts.finish()

    held = of_deal(parts)[2]
    assert ("needs_attention", "part_booked_otherwise") == (held.state, held.reason_code)
    asked = parts.run_of(7, "correction")
    assert ("needs_attention", 1) == (asked.state, asked.part)
    assert "Gross: booked 595, now 476." in asked.reason_message

    cancel_run(parts.services, asked.id, actor="anna", reason="Mended in DATEV.")
    for run in of_deal(parts):
        if run.reason_code == "part_booked_otherwise":
            retry_run(parts.services, run.id, actor="anna")
    parts.finish()
    assert ["ignored", "done", "done", "done"] == [row[2] for row in shown(parts)]


def test_what_we_tell_on_the_deal_starts_nothing(parts: Carriage) -> None:
    planned(parts)
    echo = parts.event(7, became_won=False, status_before="", changed=("notes_count", "update_time"))
    assert [] == parts.receive(echo)


def test_events_about_waiting_parts_make_no_other_runs(parts: Carriage) -> None:
    own = planned(parts)
    before = shown(parts)
    for _time in range(3):
        assert [own.id] == change(parts, products=one_line(1000.0), installments=THREE)
        parts.carry()
    assert before == shown(parts)
    parts.finish()
    assert 3 == parts.bookings()


def test_planning_that_breaks_off_leaves_no_half_of_a_plan(parts: Carriage, monkeypatch: Any) -> None:
    parts.win(7, products=one_line(1000.0), installments=THREE)
    whole, made = runs.create, []

    def dying(*args: Any, **values: Any) -> int | None:
        made.append(values["part"])
        if len(made) == 3:
            raise CrashError
        return whole(*args, **values)

    monkeypatch.setattr(runs, "create", dying)
    with crashing():
        parts.carry()
    assert [1, 2, 3] == made
    assert [("", "", "received")] == shown(parts)

    monkeypatch.setattr(runs, "create", whole)
    parts.past_the_lease()
    parts.finish()
    assert ["ignored", "done", "done", "done"] == [row[2] for row in shown(parts)]
    assert 3 == parts.bookings()


def test_a_number_that_all_parts_would_share_is_asked_about_before_anything_is_planned(
    parts: Carriage,
) -> None:
    parts.apply(config_for(numbers=NumberConfig(pattern="PD-{deal_id}")))
    run = parts.win(7, products=one_line(1000.0), installments=THREE)
    parts.finish()

    asked = parts.run(run.id)
    assert ("needs_attention", "document_number_same_for_all_parts") == (asked.state, asked.reason_code)
    assert 1 == len(of_deal(parts))

    parts.apply(config_for(numbers=NumberConfig(NumberSource.SEQUENCE, pattern="RE{year}-{next}")))
    retry_run(parts.services, run.id, actor="anna")
    parts.finish()
    assert ["RE2026-1", "RE2026-2", "RE2027-3"] == [row[0] for row in booked(parts)]


def test_a_deal_cancelled_by_hand_ends_its_waiting_parts(parts: Carriage) -> None:
    own = planned(parts)
    change(parts, products=one_line(1000.0), installments=rates((1, 500.0, "2026-12-01")))
    today_is(parts, date(2026, 12, 2))
    assert "installments_differ" == parts.run(own.id).reason_code
    waiting = tuple(run.id for run in of_deal(parts) if run.part in {2, 3})
    done = cancel_run(parts.services, own.id, actor="anna", reason="Booked by hand.")
    assert [
        ("installment:1", "done"),
        ("installment:2", "cancelled"),
        ("installment:3", "cancelled"),
    ] == [(key, state) for key, _day, state in shown(parts)[1:]]
    assert (False, waiting) == (done.handed_over, done.parts)
    told = f"Booked by hand. (with the deal's parts: runs {waiting[0]}, {waiting[1]})"
    assert told == parts.story(own.id)[-1].message
    second = parts.run(waiting[0])
    assert ("cancelled_with_deal", f"Cancelled with run {own.id} of the deal: Booked by hand.") == (
        second.reason_code,
        second.reason_message,
    )


def test_won_again_parts_that_fell_with_their_deal_come_back_but_not_one_cancelled_by_itself(
    parts: Carriage,
) -> None:
    own = planned(parts)
    second, third = of_deal(parts)[2:]
    ask(parts, third)
    alone = cancel_run(parts.services, third.id, actor="anna", reason="The customer has paid in cash.")
    change(parts, products=one_line(1000.0), installments=rates((1, 500.0, "2026-12-01")))
    today_is(parts, date(2026, 12, 2))
    fallen = cancel_run(parts.services, own.id, actor="anna", reason="Booked by hand.")
    assert ((), (second.id,)) == (alone.parts, fallen.parts)

    parts.sandbox.act(7, "reopen")
    parts.let_pass(timedelta(hours=1))
    parts.sandbox.deal(7, products=one_line(1000.0), installments=THREE)
    won = parts.sandbox.act(7, "win")
    parts.receive(parts.event(7, won_time=datetime.fromisoformat(won["won_time"])))
    assert "won_after_cancelling" == parts.run(own.id).reason_code
    retry_run(parts.services, own.id, actor="anna")
    today_is(parts, date(2026, 12, 3))

    assert [
        ("", "ignored"),
        ("installment:1", "done"),
        ("installment:2", "received"),
        ("installment:3", "cancelled"),
    ] == [(key, state) for key, _day, state in shown(parts)]
    assert ("", "cancelled_by_hand") == (
        parts.run(second.id).reason_code,
        parts.run(third.id).reason_code,
    )


def ask(carriage: Carriage, run: RunRow) -> None:
    """Let a run wait for a person, as after a problem of the deal."""
    with carriage.services.database.transaction() as tx:
        assert runs.reset(
            tx,
            run.id,
            from_states=(run.state,),
            now=carriage.clock.now(),
            state="needs_attention",
            resume_state="received",
            due_at=None,
            reason_code="tax_rate_missing",
            reason_message="The tax rate is missing.",
            reason_cure="Enter it.",
        )


def test_a_waiting_part_is_not_cancelled_by_itself_and_the_way_is_named(parts: Carriage) -> None:
    planned(parts)
    with pytest.raises(PermanentError) as refused:
        cancel_run(parts.services, of_deal(parts)[2].id, actor="anna", reason="x")
    cure = "Remove the instalment or recurring line in Pipedrive, or reopen or lose the deal."
    assert ("not_cancellable", cure) == (refused.value.code, refused.value.cure)


def test_a_deal_whose_instalments_are_removed_after_one_was_booked_is_not_booked_whole(
    parts: Carriage,
) -> None:
    own = planned(parts)
    change(parts, products=one_line(1000.0), installments=[])
    parts.finish()
    assert ("needs_attention", "booked_in_parts") == (parts.run(own.id).state, parts.run(own.id).reason_code)
    assert 1 == parts.bookings()


def test_a_deal_whose_instalments_are_removed_in_time_is_booked_whole(parts: Carriage) -> None:
    parts.win(7, products=one_line(1000.0), installments=rates((1, 1000.0, "2026-12-10")))
    today_is(parts, date(2026, 12, 2))
    change(parts, products=one_line(1000.0), installments=[])
    parts.finish()
    assert [("", "", "done"), ("installment:1", "2026-12-10", "cancelled")] == shown(parts)


def test_a_merged_deal_in_parts_asks_about_what_is_booked_and_ends_the_rest(parts: Carriage) -> None:
    planned(parts)
    parts.sandbox.deal(8)
    parts.sandbox.act(8, "win")
    gone = parts.event(
        7, action=DealAction.DELETED, status_now="", status_before="", became_won=False, merged_to=8
    )
    assert [] == parts.receive(gone)
    parts.finish()
    asked = parts.run_of(7, "correction")
    assert ("needs_attention", "merged_after_hand_over", 1) == (asked.state, asked.reason_code, asked.part)
    assert ["done", "cancelled", "cancelled"] == [row[2] for row in shown(parts)[1:]]


def test_recurring_lines_go_on_without_end_one_period_ahead(parts: Carriage) -> None:
    monthly = {"billing_frequency": "monthly", "billing_start_date": "2026-11-30"}
    parts.win(7, products=one_line(100.0, **monthly))
    today_is(parts, date(2027, 3, 1))

    assert [
        ("recurring:2026-11-30", "2026-12-01", "done"),
        ("recurring:2026-12-30", "2026-12-30", "done"),
        ("recurring:2027-01-30", "2027-01-30", "done"),
        ("recurring:2027-02-28", "2027-02-28", "done"),
        ("recurring:2027-03-30", "2027-03-30", "received"),
    ] == shown(parts)[1:]
    assert [Decimal("119.00")] * 4 == [row[2] for row in booked(parts)]


def test_a_recurring_line_that_is_ended_is_invoiced_no_more(parts: Carriage) -> None:
    monthly = {"billing_frequency": "monthly", "billing_start_date": "2026-12-01"}
    parts.win(7, products=one_line(100.0, **monthly))
    today_is(parts, date(2027, 1, 5))
    change_silently(parts, products=one_line(100.0, **monthly, billing_frequency_cycles=2))
    parts.finish()
    assert [
        ("recurring:2026-12-01", "done"),
        ("recurring:2027-01-01", "done"),
        ("recurring:2027-02-01", "cancelled"),
    ] == [(key, state) for key, _day, state in shown(parts)[1:]]


def test_two_runs_for_one_instalment_are_refused_by_the_database(parts: Carriage) -> None:
    planned(parts)
    with parts.services.database.transaction() as tx:
        again = runs.create(
            tx,
            tenant_id=parts.tenant.id,
            deal_id=7,
            kind="invoice",
            now=parts.clock.now(),
            part=9,
            part_key="installment:2",
            part_date=date(2026, 12, 15),
        )
    assert again is None


def test_a_part_cancelled_by_hand_stays_so_when_the_deal_changes(parts: Carriage) -> None:
    later = rates((1, 600.0, "2026-12-10"), (2, 400.0, "2026-12-20"))
    parts.win(7, products=one_line(1000.0), installments=later)
    today_is(parts, date(2026, 12, 11))
    change_silently(parts, products=one_line(1000.0, tax=3), installments=later)
    parts.finish()
    held = of_deal(parts)[2]
    assert ("installment:2", "needs_attention") == (held.part_key, held.state)
    cancel_run(parts.services, held.id, actor="anna", reason="Booked by hand.")
    change(parts, products=one_line(1000.0), installments=later)
    parts.finish()
    assert ["ignored", "done", "cancelled"] == [row[2] for row in shown(parts)]


def test_a_deal_in_parts_merged_before_any_is_booked_is_booked_as_the_surviving_one(
    parts: Carriage,
) -> None:
    parts.win(7, products=one_line(1000.0), installments=rates((1, 1000.0, "2026-12-10")))
    survivor = parts.win(8)
    today_is(parts, date(2026, 12, 2))
    gone = parts.event(
        7, action=DealAction.DELETED, status_now="", status_before="", became_won=False, merged_to=8
    )
    parts.receive(gone)
    parts.finish()
    assert [("", "cancelled"), ("installment:1", "cancelled")] == [
        (key, state) for key, _day, state in shown(parts)
    ]
    assert "done" == parts.run(survivor.id).state


def test_lists_and_pages_tell_the_part_and_its_date(parts: Carriage) -> None:
    own = planned(parts)
    second = of_deal(parts)[2]
    with parts.services.database.transaction() as tx:
        facts = run_facts(summarize(tx, second), "acme")
        listed = list_facts(summarize(tx, second), "acme")
        planner = run_facts(summarize(tx, own), "acme")

    assert "installment:2" == listed["part"]
    assert (2, "installment:2", "2026-12-15") == (facts["part"], facts["part_key"], facts["part_date"])
    page = show_lines({**facts, "journal": story(parts.story(second.id), second.id)})
    assert any("2 (installment:2), invoiced on 2026-12-15" in line for line in page)
    page = show_lines({**planner, "journal": story(parts.story(own.id), own.id)})
    assert "  → Its parts: ml-connector run list --deal 7" in page


def test_a_pdf_on_the_deal_is_that_of_the_part_it_names(parts: Carriage) -> None:
    content = base64.b64encode(b"%PDF-1.7 second startxref 0 %%EOF").decode()
    files = [{"file_name": "Rechnung PD-7-2.pdf", "content_base64": content}]
    planned(parts, files=files)
    today_is(parts, date(2026, 12, 16))
    origins = [row.origin for row in parts.rows(t.document, "origin")]
    assert ["made", "pipedrive"] == origins


def test_won_again_a_recurring_line_without_a_start_is_not_invoiced_twice(parts: Carriage) -> None:
    parts.win(7, products=one_line(100.0, billing_frequency="monthly", billing_frequency_cycles=2))
    today_is(parts, date(2026, 12, 2))
    parts.sandbox.act(7, "reopen")
    parts.receive(parts.reopened(7))
    today_is(parts, date(2026, 12, 5))
    won = parts.sandbox.act(7, "win")
    parts.receive(parts.event(7, won_time=datetime.fromisoformat(won["won_time"])))
    parts.finish()

    assert [
        ("recurring:2026-12-01", "2026-12-01", "done"),
        ("recurring:2027-01-01", "2027-01-01", "done"),
    ] == shown(parts)[1:]
    assert 2 == parts.bookings()


def test_a_part_on_its_way_is_read_again_when_the_deal_changes(parts: Carriage) -> None:
    own = parts.win(7, products=one_line(1000.0), installments=rates((1, 1000.0, "2026-12-01")))
    parts.wake_run(own.id, "received")
    part = parts.carry_to("rendered", of_deal(parts)[1].id)

    change(parts, products=one_line(1200.0), installments=rates((1, 1200.0, "2026-12-01")))
    parts.wake_run(own.id, "received")
    assert "received" == parts.run(part.id).state
    parts.finish()

    assert [("PD-7-1", "2026-12-01", Decimal("1428.00"))] == booked(parts)
    assert 1 == parts.bookings()
