"""What no webhook told is found in Pipedrive's lists; what one told is left in peace."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from connector.pipedrive import client as pipedrive_client
from connector.pipedrive.webhook import DealAction
from connector.pipeline import backfill, intake, reconciliation
from connector.pipeline.cancelling import cancel_run
from connector.pipeline.reconciliation import due_watches, reconcile
from connector.pipeline.services import Services
from connector.store import tables as t
from connector.store import tenants, watches
from connector.store.watches import Watch, WatchRow
from tests.integration.pipeline.carriage import API_TOKEN, Carriage, CrashError, crashing


def sweep_lists(carriage: Carriage, *, after: timedelta | None = None) -> None:
    """Let the next interval come, and read both lists to their ends."""
    timers = carriage.services.timers
    carriage.let_pass(timers.reconciliation if after is None else after)
    for _turn in range(20):
        lists = [(key, watch) for key, watch in due_watches(carriage.services) if watch != Watch.HOOKS]
        if not lists:
            return
        for tenant_id, watch in lists:
            reconcile(carriage.services, tenant_id, Watch(watch))
    raise AssertionError("the lists do not come to an end")


def watch_of(carriage: Carriage, watch: Watch = Watch.DEALS) -> WatchRow:
    with carriage.services.database.transaction() as tx:
        return watches.of_tenant(tx, carriage.tenant.id)[watch.value]


def runs_of(carriage: Carriage) -> list[tuple[int, str, str]]:
    return [(row.deal_id, row.kind, row.state) for row in carriage.rows(t.run, "deal_id", "kind", "state")]


def sources(carriage: Carriage) -> list[tuple[str, int]]:
    return [(row.source, row.deal_id) for row in carriage.rows(t.inbox, "source", "deal_id")]


def win_untold(carriage: Carriage, deal_id: int, **more: Any) -> None:
    """A deal is won, and nobody tells us."""
    carriage.sandbox.deal(deal_id, **more)
    carriage.sandbox.act(deal_id, "win")


def test_a_win_that_no_webhook_told_is_found_and_booked_once(carriage: Carriage) -> None:
    win_untold(carriage, 7)

    sweep_lists(carriage)
    sweep_lists(carriage)
    carriage.finish()

    assert [(7, "invoice", "done")] == runs_of(carriage)
    assert 1 == carriage.bookings()
    assert [("sweep", 7)] == sources(carriage)[:1]
    story = carriage.story(carriage.run_of(7).id)
    assert "The deal was won. The reconciliation found it; no webhook had told of it." == story[0].message


def test_what_a_webhook_told_is_left_in_peace(carriage: Carriage) -> None:
    carriage.sandbox.deal(7)
    won = carriage.sandbox.act(7, "win")
    when = datetime.fromisoformat(won["won_time"])
    carriage.receive(carriage.event(7, won_time=when, as_of=when))

    sweep_lists(carriage)
    sweep_lists(carriage)

    assert [("webhook", 7)] == sources(carriage)
    assert 0 == watch_of(carriage).found


def test_a_late_webhook_after_the_reconciliation_books_nothing_more(carriage: Carriage) -> None:
    win_untold(carriage, 7)
    sweep_lists(carriage)
    carriage.finish()
    bundle = carriage.rows(t.run, "bundle")[0].bundle
    won = datetime.fromisoformat(bundle["deal"]["won_time"])

    carriage.receive(carriage.event(7, won_time=won, as_of=won))
    carriage.finish()

    assert [(7, "invoice", "done")] == runs_of(carriage)
    assert 1 == carriage.bookings()


def test_a_deal_won_before_go_live_is_ignored_by_name(carriage: Carriage) -> None:
    carriage.sandbox.deal(7)
    carriage.sandbox.act(7, "win", won_time="2025-12-30T10:00:00Z")

    sweep_lists(carriage)
    carriage.finish()

    assert [(7, "invoice", "ignored")] == runs_of(carriage)
    assert "won before go-live" == carriage.run_of(7).ignore_rule
    assert 0 == carriage.bookings()


def test_what_is_so_young_that_its_webhook_may_be_on_its_way_is_read_later(carriage: Carriage) -> None:
    sweep_lists(carriage)
    carriage.let_pass(carriage.services.timers.reconciliation)
    win_untold(carriage, 7)

    sweep_lists(carriage, after=timedelta(0))
    assert [] == runs_of(carriage)

    sweep_lists(carriage)
    assert [(7, "invoice", "received")] == runs_of(carriage)


def reopen(carriage: Carriage) -> None:
    carriage.sandbox.act(7, "reopen")


def lose(carriage: Carriage) -> None:
    carriage.sandbox.act(7, "lose")


def delete(carriage: Carriage) -> None:
    carriage.sandbox.act(7, "delete")


def retitle(carriage: Carriage) -> None:
    carriage.sandbox.act(7, "update", title="Another title")


def sell_more(carriage: Carriage) -> None:
    carriage.sandbox.deal(7, price=2000.0)
    carriage.sandbox.act(7, "win")


def win_again(carriage: Carriage) -> None:
    reopen(carriage)
    carriage.let_pass(timedelta(minutes=1))
    carriage.sandbox.act(7, "win")


_EVERY = ("resolved", "rendered", "documented")
BEFORE_THE_HAND_OVER = [
    *((state, reopen, "cancelled") for state in _EVERY),
    *((state, lose, "cancelled") for state in _EVERY),
    *((state, delete, "cancelled") for state in _EVERY),
    *((state, retitle, "done") for state in ("resolved", "rendered")),
    # Its PDF, which DATEV has, shows the old title.
    ("documented", retitle, "needs_attention"),
    *((state, win_again, "done") for state in _EVERY),
]
"""How far the run is, what happens to the deal while no webhook tells → the run in the end."""

AFTER_THE_HAND_OVER = [
    (reopen, [(7, "invoice", "done"), (7, "correction", "needs_attention")]),
    (lose, [(7, "invoice", "done"), (7, "correction", "needs_attention")]),
    (delete, [(7, "invoice", "done"), (7, "correction", "needs_attention")]),
    (sell_more, [(7, "invoice", "done"), (7, "correction", "needs_attention")]),
    (retitle, [(7, "invoice", "done"), (7, "correction", "cancelled")]),
    (win_again, [(7, "invoice", "done"), (7, "correction", "cancelled")]),
]


@pytest.mark.parametrize(("state", "happens", "ended"), BEFORE_THE_HAND_OVER)
def test_an_untold_change_before_the_hand_over_is_followed(
    carriage: Carriage, state: str, happens: Callable[[Carriage], None], ended: str
) -> None:
    run = carriage.win(7)
    carriage.carry_to(state, run.id)
    carriage.let_pass(timedelta(minutes=1))
    happens(carriage)

    sweep_lists(carriage)
    carriage.finish()

    assert [(7, "invoice", ended)] == runs_of(carriage)
    assert (ended == "done") == carriage.bookings()


@pytest.mark.parametrize(("happens", "ended"), AFTER_THE_HAND_OVER)
def test_an_untold_change_after_the_hand_over_asks_or_ends_by_itself(
    carriage: Carriage, happens: Callable[[Carriage], None], ended: list[tuple[int, str, str]]
) -> None:
    carriage.win(7)
    carriage.finish()
    carriage.let_pass(timedelta(minutes=1))
    happens(carriage)

    sweep_lists(carriage)
    carriage.finish()
    sweep_lists(carriage)
    carriage.finish()

    assert ended == runs_of(carriage)
    assert 1 == carriage.bookings()


def test_a_deal_that_waits_for_a_person_is_cancelled_when_it_was_lost_meanwhile(carriage: Carriage) -> None:
    run = carriage.win(7, products=[])
    carriage.finish()
    assert "needs_attention" == carriage.run(run.id).state
    carriage.let_pass(timedelta(minutes=1))
    lose(carriage)

    sweep_lists(carriage)
    carriage.finish()

    assert "cancelled" == carriage.run(run.id).state


def test_a_deal_deleted_and_put_back_is_booked(carriage: Carriage) -> None:
    run = carriage.win(7)
    carriage.carry_to("rendered", run.id)
    delete(carriage)
    carriage.receive(
        carriage.event(7, action=DealAction.DELETED, status_now="", status_before="", became_won=False)
    )
    carriage.finish()
    assert "cancelled" == carriage.run(run.id).state
    carriage.let_pass(timedelta(minutes=1))
    restore(carriage)

    sweep_lists(carriage)
    carriage.finish()

    assert [(7, "invoice", "done")] == runs_of(carriage)


def restore(carriage: Carriage) -> None:
    """Somebody fetches the deal out of Pipedrive's bin; its win stays as it was."""
    answer = requests.patch(
        f"{carriage.sandbox.url}/pipedrive/api/v2/deals/7",
        json={"is_deleted": False},
        headers={"x-api-token": API_TOKEN},
        timeout=10,
    )
    assert answer.ok, answer.text


def test_an_archived_deal_is_found_in_its_own_list(carriage: Carriage) -> None:
    win_untold(carriage, 7)
    carriage.sandbox.act(7, "update", is_archived=True)

    sweep_lists(carriage)

    assert [(7, "invoice", "received")] == runs_of(carriage)
    assert (0, 1) == (watch_of(carriage).found, watch_of(carriage, Watch.ARCHIVED).found)


def test_a_deal_that_a_person_cancelled_is_not_asked_about_again_until_it_is_won_anew(
    carriage: Carriage,
) -> None:
    run = carriage.win(7, products=[])
    carriage.finish()
    cancel_run(carriage.services, run.id, actor="anna", reason="Booked by hand.")
    carriage.let_pass(timedelta(minutes=1))
    retitle(carriage)

    sweep_lists(carriage)
    carriage.finish()
    assert "cancelled" == carriage.run(run.id).state

    win_again(carriage)
    sweep_lists(carriage)
    assert "won_after_cancelling" == carriage.run(run.id).reason_code


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three deals on a page, two pages in a turn."""
    monkeypatch.setattr(pipedrive_client, "DEALS_PAGE_SIZE", 3)
    monkeypatch.setattr(reconciliation, "MOST_PAGES", 2)


@pytest.mark.usefixtures("small_pages")
def test_deals_of_one_moment_on_many_pages_are_all_found_turn_by_turn(carriage: Carriage) -> None:
    """As after an import, or somebody's change of many deals at once: no time tells them apart."""
    for deal in range(1, 21):
        carriage.sandbox.deal(deal)
    for deal in range(1, 21):
        carriage.sandbox.act(deal, "win")

    sweep_lists(carriage)

    assert list(range(1, 21)) == sorted(deal for deal, _kind, _state in runs_of(carriage))
    assert 20 == watch_of(carriage).found


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize("point", ["before", "after"])
def test_a_worker_killed_on_the_way_loses_nothing_and_doubles_nothing(
    carriage: Carriage, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    for deal in range(1, 9):
        win_untold(carriage, deal)
    real, count = intake.receive, iter(range(100))

    def dying(*args: Any) -> list[int]:
        if next(count) != 4:
            return real(*args)
        if point == "after":
            real(*args)
        raise CrashError

    with monkeypatch.context() as patch, crashing():
        patch.setattr(reconciliation.intake, "receive", dying)
        sweep_lists(carriage)
    watermark = watch_of(carriage).watermark
    sweep_lists(carriage, after=carriage.services.timers.lease)

    assert watermark is not None
    assert list(range(1, 9)) == sorted(deal for deal, _kind, _state in runs_of(carriage))
    assert 8 == len(carriage.rows(t.inbox, "event_id"))


@pytest.mark.usefixtures("small_pages")
def test_the_watermark_moves_with_what_is_stored_and_not_before(
    carriage: Carriage, monkeypatch: pytest.MonkeyPatch
) -> None:
    for deal in range(1, 6):
        win_untold(carriage, deal)
        carriage.let_pass(timedelta(minutes=5))
    changed = [datetime.fromisoformat(time) for time in update_times(carriage)]
    count = iter(range(100))
    real = intake.receive

    def dying(*args: Any) -> list[int]:
        if next(count) == 4:
            raise CrashError
        return real(*args)

    with monkeypatch.context() as patch, crashing():
        patch.setattr(reconciliation.intake, "receive", dying)
        sweep_lists(carriage)

    assert changed[2] == watch_of(carriage).watermark


def update_times(carriage: Carriage) -> list[str]:
    answer = requests.get(
        f"{carriage.sandbox.url}/pipedrive/api/v2/deals",
        headers={"x-api-token": API_TOKEN},
        timeout=10,
    )
    return [deal["update_time"] for deal in answer.json()["data"]]


def test_two_workers_do_not_read_one_list(carriage: Carriage, monkeypatch: pytest.MonkeyPatch) -> None:
    win_untold(carriage, 7)
    carriage.let_pass(carriage.services.timers.reconciliation)
    tenant_id = carriage.tenant.id
    due_watches(carriage.services)
    real = intake.receive

    def beside(*args: Any) -> list[int]:
        before = carriage.sandbox.calls("/v2/deals")
        reconcile(carriage.services, tenant_id, Watch.DEALS)
        assert before == carriage.sandbox.calls("/v2/deals")
        return real(*args)

    monkeypatch.setattr(reconciliation.intake, "receive", beside)
    reconcile(carriage.services, tenant_id, Watch.DEALS)

    assert 1 == len(carriage.rows(t.inbox, "event_id"))


def test_a_worker_that_slept_through_its_lease_moves_no_watermark(
    carriage: Carriage, monkeypatch: pytest.MonkeyPatch
) -> None:
    win_untold(carriage, 7)
    carriage.let_pass(carriage.services.timers.reconciliation)
    due_watches(carriage.services)
    real, seen = intake.receive, []

    def slow(*args: Any) -> list[int]:
        seen.append(args)
        if len(seen) == 1:
            carriage.past_the_lease()
            reconcile(carriage.services, carriage.tenant.id, Watch.DEALS)
            carriage.let_pass(timedelta(minutes=1))
        return real(*args)

    monkeypatch.setattr(reconciliation.intake, "receive", slow)
    reconcile(carriage.services, carriage.tenant.id, Watch.DEALS)

    assert (1, 1) == (len(carriage.rows(t.run, "state")), len(carriage.rows(t.inbox, "event_id")))
    assert (2, 1) == (watch_of(carriage).epoch, watch_of(carriage).found)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"kind": "status", "status": 500}, "partner_unavailable"),
        ({"kind": "status", "status": 403}, "permission_missing"),
    ],
)
def test_a_failed_reading_says_so_and_is_caught_up_with(
    carriage: Carriage, fault: dict[str, Any], code: str
) -> None:
    win_untold(carriage, 7)
    carriage.sandbox.fault("/pipedrive/api/v2/deals*", times=10, **fault)

    sweep_lists(carriage)

    assert (code, None) == (watch_of(carriage).problem_code, watch_of(carriage).finished_at)
    assert not carriage.tenant.parked
    carriage.sandbox.clear_faults()
    sweep_lists(carriage)
    assert ("", [(7, "invoice", "received")]) == (watch_of(carriage).problem_code, runs_of(carriage))


def test_a_limit_of_calls_is_waited_for_and_is_no_problem(carriage: Carriage) -> None:
    carriage.sandbox.fault("/pipedrive/api/v2/deals*", kind="status", status=429, times=10)

    sweep_lists(carriage)

    assert ("", None) == (watch_of(carriage).problem_code, watch_of(carriage).finished_at)
    assert watch_of(carriage).due_at > carriage.clock.now()


def test_a_refused_cursor_begins_the_list_anew(carriage: Carriage) -> None:
    win_untold(carriage, 7)
    due_watches(carriage.services)
    with carriage.services.database.transaction() as tx:
        tx.execute(t.tenant_watch.update().values(cursor="forgotten", since=datetime(2026, 1, 1, tzinfo=UTC)))

    sweep_lists(carriage)
    sweep_lists(carriage)

    assert [(7, "invoice", "received")] == runs_of(carriage)


def test_a_parked_tenant_is_skipped_and_caught_up_with_later(carriage: Carriage) -> None:
    win_untold(carriage, 7)
    now = carriage.clock.now()
    with carriage.services.database.transaction() as tx:
        tenants.park(tx, carriage.tenant.id, code="x", message="Parked.", cure="Resume.", now=now)

    sweep_lists(carriage)
    assert 0 == carriage.sandbox.calls("/v2/deals")

    with carriage.services.database.transaction() as tx:
        tenants.unpark(tx, carriage.tenant.id)
    sweep_lists(carriage)
    assert [(7, "invoice", "received")] == runs_of(carriage)


def test_a_tenant_that_is_not_connected_is_caught_up_with_once_it_is(
    carriage: Carriage, services: Services
) -> None:
    win_untold(carriage, 7)
    with services.database.transaction() as tx:
        secret = tx.execute(t.tenant_secret.delete().returning(*t.tenant_secret.c)).one()

    sweep_lists(carriage)
    assert "api_token_missing" == watch_of(carriage).problem_code

    with services.database.transaction() as tx:
        tx.execute(t.tenant_secret.insert().values(**secret._mapping))
    sweep_lists(carriage)
    assert [(7, "invoice", "received")] == runs_of(carriage)


def test_the_first_reading_begins_at_go_live_and_a_later_one_a_little_before_the_watermark(
    carriage: Carriage,
) -> None:
    win_untold(carriage, 7)
    sweep_lists(carriage)
    first = watch_of(carriage)
    sweep_lists(carriage)
    second = watch_of(carriage)

    assert (carriage.tenant.go_live_at, first.watermark) == (first.since, second.watermark)
    assert first.watermark is not None
    assert first.watermark - reconciliation.OVERLAP == second.since


def test_an_upgraded_installation_asks_about_nothing_that_it_has_carried(carriage: Carriage) -> None:
    """What was stored before events named their state counts up to the moment of its arrival."""
    carriage.win(7)
    carriage.finish()
    echo = carriage.event(7, became_won=False, status_before="", changed=("update_time",))
    carriage.receive(replace(echo, changed=("stage_id",)))

    sweep_lists(carriage)

    assert [(7, "invoice", "done")] == runs_of(carriage)


def test_what_a_person_wants_booked_despite_go_live_is_carried_to_its_end(carriage: Carriage) -> None:
    carriage.sandbox.deal(7)
    carriage.sandbox.act(7, "win", won_time="2025-12-30T10:00:00Z")
    since = datetime(2025, 12, 1, tzinfo=UTC)
    for page in backfill.won_deals(carriage.services, carriage.tenant, since):
        for one in backfill.foresee(carriage.services, carriage.tenant, page, before_go_live=True):
            backfill.bring_in(carriage.services, carriage.tenant, one, actor="operator anna")
    carriage.finish()
    carriage.receive(carriage.event(7, became_won=False, status_before="", changed=("value",)))
    sweep_lists(carriage)
    carriage.finish()

    assert (7, "invoice", "done") == runs_of(carriage)[0]
    assert 1 == carriage.bookings()
    story = carriage.story(carriage.run_of(7).id)
    assert ("operator anna", "To be booked although the rule says: won before go-live.") == (
        story[0].actor,
        story[0].message,
    )
