"""How the lists are read: page by page and turn by turn, by one worker, whatever fails or dies on the way."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from connector.pipedrive import client as pipedrive_client
from connector.pipeline import intake, reconciliation
from connector.pipeline.reconciliation import due_watches, reconcile
from connector.pipeline.services import Services
from connector.store import tables as t
from connector.store import tenants
from connector.store.watches import Watch
from tests.integration.pipeline.carriage import API_TOKEN, Carriage, CrashError, crashing
from tests.integration.pipeline.listing import runs_of, sweep_lists, watch_of, win_untold


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
