"""The short ways: one statement for a first win, one trip to Redis for a chain, and an honest Flower."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import sqlalchemy as sa

from connector.errors import DatabaseUnavailableError
from connector.pipedrive.webhook import DealAction, DealEvent
from connector.pipeline import intake
from connector.pipeline.ignore import BEFORE_GO_LIVE
from connector.pipeline.services import Services
from connector.store import tables, tenants
from connector.store.intake import first_win
from connector.store.tenants import TenantRow
from connector.tenants.config import IgnoreBy, IgnoreRule
from tests.integration.polling import DEADLINE_S, wait_until
from tests.integration.webapp.world import (
    MovableClock,
    add_tenant,
    services_for,
    settings_for,
    tenant_config,
)

WON_AT = datetime(2026, 3, 1, 10, tzinfo=UTC)

AT_ONCE = 8
"""Deliveries at once: as many as the threads of the web process."""


def won(event_id: str, deal_id: int = 7, **changes: Any) -> DealEvent:
    """A deal that has just been won."""
    event = DealEvent(
        event_id=event_id,
        version="2.0",
        deal_id=deal_id,
        action=DealAction.CHANGED,
        status_now="won",
        status_before="open",
        became_won=True,
        won_time=WON_AT,
        first_won_time=None,
        merged_to=None,
        merged_from=None,
        change_source="app",
        actor_user_id=5,
        company_id=1,
        webhook_id="3",
        attempt=1,
        pipeline_id=1,
        currency="EUR",
    )
    return replace(event, **changes)


@pytest.fixture
def services(database_url: str, clock: MovableClock, tmp_path: Path) -> Iterator[Services]:
    """Services of a receiver; it needs no partner."""
    made = services_for(settings_for(database_url, "http://127.0.0.1:9", tmp_path), clock, pool_size=AT_ONCE)
    yield made
    made.database.close()


@pytest.fixture
def tenant(services: Services) -> TenantRow:
    """The tenant ``acme``."""
    return add_tenant(services, tenant_config())


def rows(services: Services, table: sa.Table, *columns: str) -> list[tuple[Any, ...]]:
    """Some columns of a whole table, in the order of its ids."""
    with services.database.transaction() as tx:
        chosen = sa.select(*(table.c[name] for name in columns)).order_by(table.c.id)
        return [tuple(row) for row in tx.execute(chosen)]


def receive(services: Services, tenant: TenantRow, event: DealEvent) -> list[int]:
    """One delivery of the webhook."""
    return intake.receive(services, tenant, event, "webhook")


def test_a_first_win_is_stored_with_its_run_and_its_journal_row(
    services: Services, tenant: TenantRow
) -> None:
    run_ids = receive(services, tenant, won("e-1"))
    [(run_id, state, kind, revision, part, due_at, created_at)] = rows(
        services, tables.run, "id", "state", "kind", "revision", "part", "due_at", "created_at"
    )
    assert [run_id] == run_ids
    assert ("received", "invoice", 0, 0) == (state, kind, revision, part)
    assert due_at == created_at
    assert [("webhook", "e-1", 7, run_id, created_at)] == rows(
        services, tables.inbox, "source", "event_id", "deal_id", "run_id", "received_at"
    )
    assert [(run_id, "received", "", "received", "intake", "The deal was won.", {"event_id": "e-1"})] == rows(
        services, tables.journal, "run_id", "event", "from_state", "to_state", "actor", "message", "details"
    )


def test_the_inbox_keeps_words_and_times_and_nobody(services: Services, tenant: TenantRow) -> None:
    receive(services, tenant, won("e-1"))
    [(facts,)] = rows(services, tables.inbox, "facts")
    assert ("2026-03-01T10:00:00+00:00", "changed", "EUR") == (
        facts["won_time"],
        facts["action"],
        facts["currency"],
    )
    assert "actor_user_id" not in facts


def test_the_same_delivery_again_leaves_everything_as_it_is(services: Services, tenant: TenantRow) -> None:
    receive(services, tenant, won("e-1"))
    assert [] == receive(services, tenant, won("e-1"))
    assert 1 == len(rows(services, tables.inbox, "id"))
    assert 1 == len(rows(services, tables.journal, "id"))


def test_the_same_event_by_another_way_in_is_another_delivery(services: Services, tenant: TenantRow) -> None:
    [run_id] = receive(services, tenant, won("e-1"))
    intake.receive(services, tenant, won("e-1"), "backfill")
    assert [("webhook", run_id), ("backfill", run_id)] == rows(services, tables.inbox, "source", "run_id")


def test_a_win_of_a_deal_that_has_a_run_is_for_that_run(services: Services, tenant: TenantRow) -> None:
    [run_id] = receive(services, tenant, won("e-1"))
    assert [run_id] == receive(services, tenant, won("e-2"))
    assert [("e-1", run_id), ("e-2", run_id)] == rows(services, tables.inbox, "event_id", "run_id")
    assert ["received", "read_again"] == [event for (event,) in rows(services, tables.journal, "event")]


def test_the_same_deal_number_of_another_tenant_is_another_deal(
    services: Services, tenant: TenantRow
) -> None:
    other = add_tenant(services, tenant_config("other"))
    assert 2 == len({*receive(services, tenant, won("e-1")), *receive(services, other, won("e-1"))})


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"won_time": datetime(2025, 12, 31, tzinfo=UTC)}, BEFORE_GO_LIVE),
        ({"pipeline_id": 9}, "not the test pipeline"),
    ],
)
def test_what_a_rule_leaves_alone_is_stored_as_ignored_and_wakes_nobody(
    services: Services, changes: dict[str, Any], rule: str
) -> None:
    ignored = IgnoreRule(name="not the test pipeline", by=IgnoreBy.PIPELINE, values=("9",))
    tenant = add_tenant(services, tenant_config(ignore=(ignored,)))
    assert [] == receive(services, tenant, won("e-1", **changes))
    [(run_id, *run)] = rows(services, tables.run, "id", "state", "ignore_rule", "due_at")
    assert ["ignored", rule, None] == run
    assert [(run_id,)] == rows(services, tables.inbox, "run_id")
    assert [("received", "ignored", f"Left alone by the rule: {rule}.")] == rows(
        services, tables.journal, "event", "to_state", "message"
    )


def at_once(work: Callable[[int], list[int]]) -> list[list[int]]:
    """The same in many threads, let go together."""
    barrier = threading.Barrier(AT_ONCE)

    def one(number: int) -> list[int]:
        barrier.wait(DEADLINE_S)
        return work(number)

    with ThreadPoolExecutor(AT_ONCE) as threads:
        return list(threads.map(one, range(AT_ONCE)))


def test_one_delivery_many_times_at_once_makes_one_run_and_wakes_it_once(
    services: Services, tenant: TenantRow
) -> None:
    for deal_id in range(1, 11):
        event = won(f"e-{deal_id}", deal_id)
        answers = at_once(lambda _number, event=event: receive(services, tenant, event))  # type: ignore[misc]
        assert 1 == sum(len(answer) for answer in answers)
    assert 10 == len(rows(services, tables.run, "id"))
    assert [(deal_id, deal_id) for deal_id in range(1, 11)] == sorted(
        (deal_id, int(event_id.removeprefix("e-")))
        for deal_id, event_id in rows(services, tables.inbox, "deal_id", "event_id")
    )


def test_many_hooks_telling_of_one_win_at_once_make_one_run_and_are_all_kept(
    services: Services, tenant: TenantRow
) -> None:
    for deal_id in range(1, 11):
        at_once(
            lambda number, deal_id=deal_id: receive(services, tenant, won(f"{deal_id}-{number}", deal_id))  # type: ignore[misc]
        )
    runs = dict(rows(services, tables.run, "deal_id", "id"))
    assert set(range(1, 11)) == set(runs)
    assert 10 == len(rows(services, tables.run, "id"))
    kept = rows(services, tables.inbox, "deal_id", "run_id")
    assert 10 * AT_ONCE == len(kept)
    assert all(runs[deal_id] == run_id for deal_id, run_id in kept)


def test_an_event_id_stored_at_the_same_moment_undoes_the_run_as_well(
    services: Services, tenant: TenantRow
) -> None:
    with ThreadPoolExecutor(1) as threads:
        with services.database.transaction() as tx:
            stored = {"tenant_id": tenant.id, "source": "webhook", "event_id": "e-1", "deal_id": 7}
            tx.execute(tables.inbox.insert().values(**stored, received_at=WON_AT, facts={}))
            late = threads.submit(receive, services, tenant, won("e-1", deal_id=8))
            wait_until(lambda: 1 == waiting_for_locks(services))
        assert [] == late.result(DEADLINE_S)
    assert [] == rows(services, tables.run, "id")
    assert [] == rows(services, tables.journal, "id")
    assert [(7,)] == rows(services, tables.inbox, "deal_id")


def waiting_for_locks(services: Services) -> int:
    """How many statements wait for another transaction's end."""
    with services.database.transaction() as tx:
        return tx.execute(
            sa.text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        ).scalar_one()


def test_what_a_constraint_refuses_is_a_bug_and_leaves_nothing(services: Services) -> None:
    with pytest.raises(psycopg2.errors.ForeignKeyViolation):
        first_win(
            services.database,
            tenant_id=99,
            source="webhook",
            event_id="e-1",
            deal_id=7,
            facts={},
            kind="invoice",
            state="received",
            due_at=WON_AT,
            ignore_rule="",
            actor="intake",
            message="",
            now=WON_AT,
        )
    assert [] == rows(services, tables.run, "id")


def test_connections_that_died_in_the_pool_cost_no_delivery(services: Services, tenant: TenantRow) -> None:
    at_once(lambda number: receive(services, tenant, won(f"e-{number}", number + 1)))
    end_all_connections(services)
    answers = at_once(lambda number: receive(services, tenant, won(f"f-{number}", number + 101)))
    assert [1] * AT_ONCE == [len(answer) for answer in answers]
    assert 2 * AT_ONCE == len(rows(services, tables.run, "id"))


def end_all_connections(services: Services) -> None:
    """What a restart of PostgreSQL does to a pool."""
    admin = psycopg2.connect(services.settings.database_url)
    try:
        with admin, admin.cursor() as cursor:
            cursor.execute(
                "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity"
                " WHERE application_name = 'ml-connector' AND pid <> pg_backend_pid()"
            )
            [(ended,)] = cursor.fetchall()
            assert ended >= 2
    finally:
        admin.close()


def test_a_database_that_is_away_is_said_to_be(
    clock: MovableClock, services: Services, tmp_path: Path
) -> None:
    tenant = add_tenant(services, tenant_config())
    away = services_for(
        settings_for("postgresql://nobody@127.0.0.1:9/none", "http://127.0.0.1:9", tmp_path), clock
    )
    with pytest.raises(DatabaseUnavailableError):
        receive(away, tenant, won("e-1"))


def test_a_statement_that_waits_too_long_is_the_databases_fault(
    services: Services, tenant: TenantRow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connector.store.engine.STATEMENT_TIMEOUT_MS", 200)
    hasty = services_for(services.settings, services.clock)  # type: ignore[arg-type]
    with services.database.transaction() as tx:
        tenants.get(tx, tenant.id)
        tx.execute(sa.text("LOCK TABLE run"))
        with pytest.raises(DatabaseUnavailableError):
            receive(hasty, tenant, won("e-1"))
    hasty.database.close()
    assert [] == rows(services, tables.inbox, "id")
