"""Health and metrics with real PostgreSQL."""

from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from connector.pipeline.services import Services
from connector.store import tables, tenants
from tests.integration.webapp.world import (
    MovableClock,
    add_tenant,
    services_for,
    settings_for,
    tenant_config,
)
from webapp.app import create_app


def _client(services: Services) -> FlaskClient:
    return create_app(services, wake=lambda *_ids: None).test_client()


@pytest.fixture
def down(clock: MovableClock, tmp_path: Path) -> FlaskClient:
    """A web process without its database."""
    settings = settings_for("postgresql://nobody@127.0.0.1:9/none", "http://127.0.0.1:9", tmp_path)
    return _client(services_for(settings, clock))


def test_the_process_is_alive_without_its_database(down: FlaskClient) -> None:
    answer = down.get("/healthz")
    assert (answer.status_code, answer.json) == (200, {"status": "alive"})


def test_it_is_not_ready_without_its_database(down: FlaskClient) -> None:
    answer = down.get("/readyz")
    assert answer.status_code == 503
    assert answer.json == {"status": "not ready", "database": "unavailable", "redis": "not configured"}


def test_metrics_without_a_database_are_503_and_no_trace(down: FlaskClient) -> None:
    answer = down.get("/metrics")
    assert answer.status_code == 503
    assert b"Traceback" not in answer.data


def test_it_is_ready_with_the_current_schema_though_redis_is_away(offline: Services) -> None:
    answer = _client(offline).get("/readyz")
    assert answer.status_code == 200
    assert (answer.json["status"], answer.json["database"]) == ("ready", "ok")


def test_it_is_not_ready_when_postgresql_cannot_write(
    offline: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    def disk_full(tx: sa.Connection) -> None:
        tx.execute(sa.text("DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '53100'; END $$"))

    monkeypatch.setattr("webapp.health.measures.try_writing", disk_full)
    answer = _client(offline).get("/readyz")
    assert answer.status_code == 503
    assert answer.json["database"] == "unavailable"


def test_it_is_not_ready_with_an_older_schema(offline: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webapp.app.measures.newest_schema", lambda: "0099_next")
    answer = _client(offline).get("/readyz")
    assert answer.status_code == 503
    assert "needed 0099_next; run: ml-connector migrate" in answer.json["database"]


def test_metrics_count_runs_and_tell_who_is_parked(offline: Services) -> None:
    tenant = add_tenant(offline, tenant_config())
    now = offline.clock.now()
    with offline.database.transaction() as tx:
        tx.execute(
            sa.insert(tables.run).values(
                tenant_id=tenant.id,
                deal_id=1,
                kind="invoice",
                state="received",
                due_at=now - timedelta(seconds=90),
                created_at=now,
                updated_at=now,
            )
        )
    text = _client(offline).get("/metrics").get_data(as_text=True)
    assert 'mlc_runs{state="received",tenant="acme"} 1.0' in text
    assert 'mlc_tenant_parked{tenant="acme"} 0.0' in text
    [age] = [line for line in text.splitlines() if line.startswith("mlc_oldest_due_run_age_seconds ")]
    assert 90 <= float(age.split()[1]) < 150
    with offline.database.transaction() as tx:
        tenants.park(tx, tenant.id, code="x", message="x", cure="x", now=now)
    text = _client(offline).get("/metrics").get_data(as_text=True)
    assert 'mlc_tenant_parked{tenant="acme"} 1.0' in text
    assert "mlc_oldest_due_run_age_seconds 0.0" in text, "a parked tenant's runs are not late"


def test_metrics_answer_this_machine_only_unless_a_token_is_set(offline: Services) -> None:
    client = _client(offline)
    assert client.get("/metrics").status_code == 200
    assert client.get("/metrics", environ_overrides={"REMOTE_ADDR": "192.0.2.7"}).status_code == 403
    assert client.get("/metrics", headers={"X-Forwarded-For": "192.0.2.7"}).status_code == 403
