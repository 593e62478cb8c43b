"""The log of calls: every call of a carriage is in it, nobody's data is, and it never costs a step."""

from datetime import timedelta
from typing import Any

import pytest

from connector.errors import DatabaseUnavailableError
from connector.http_record import CallRecord
from connector.log import bound_contextvars
from connector.pipeline import http_log as keeping
from connector.pipeline.http_log import CallLog
from connector.pipeline.services import Services
from connector.store import http_log
from tests.integration.evidence.conftest import Evidence


def call(**changes: Any) -> CallRecord:
    """A refused call."""
    values: dict[str, Any] = {
        "partner": "DATEV",
        "method": "POST",
        "url": "https://api.example/x",
        "status": 400,
        "failure": "",
        "request_ids": {"X-Global-Transaction-ID": "g-1"},
        "duration_ms": 12,
        "sent_bytes": 3,
        "received_bytes": 4,
        "error_body": b"Bearer abcdefgh12345678 of Erika",
    }
    return CallRecord(**{**values, **changes})


def kept(services: Services, **wanted: Any) -> list[http_log.LoggedCall]:
    with services.database.transaction() as tx:
        return http_log.search(tx, **wanted)


def test_a_call_is_kept_with_the_step_it_was_made_in(evidence: Evidence) -> None:
    with bound_contextvars(tenant="acme", step="submit", batch=4):
        evidence.services.call_log.keep(call())

    (found,) = kept(evidence.services)
    assert (evidence.tenant_id, None, 4, "submit") == (
        found.tenant_id,
        found.run_id,
        found.batch_id,
        found.step,
    )
    assert (400, {"X-Global-Transaction-ID": "g-1"}, 12) == (
        found.status,
        found.request_ids,
        found.duration_ms,
    )


def test_the_body_of_a_refusal_is_redacted_and_unreadable_without_the_keys(evidence: Evidence) -> None:
    evidence.services.call_log.keep(call())

    ((stored,),) = evidence.rows("SELECT error_body FROM http_log")
    assert b"Erika" not in bytes(stored)
    assert "Bearer *** of Erika" == evidence.services.vault.decrypt(bytes(stored))


def test_a_call_outside_every_step_is_its_tenants_all_the_same(evidence: Evidence) -> None:
    evidence.services.call_log.keep(call(), tenant="acme")
    evidence.services.call_log.keep(call(), tenant="nobody")

    assert [None, evidence.tenant_id] == [found.tenant_id for found in kept(evidence.services)]


def test_calls_are_found_by_what_is_asked(evidence: Evidence) -> None:
    other = evidence.another_tenant()
    log = evidence.services.call_log
    log.keep(call(status=200, error_body=b""), tenant="acme")
    log.keep(call(status=None, failure="deadline"), tenant="acme")
    with bound_contextvars(tenant="beta", run=7):
        log.keep(call(status=409))
    moment = evidence.clock.now()
    evidence.clock.offset += timedelta(hours=1)
    log.keep(call(status=201, error_body=b""), tenant="acme")

    def statuses(**wanted: Any) -> list[int | None]:
        return [found.status for found in kept(evidence.services, **wanted)]

    assert [201, 409, None, 200] == statuses()
    assert [409] == statuses(tenant_id=other)
    assert [409] == statuses(run_id=7)
    assert [409, None] == statuses(errors=True)
    assert [201] == statuses(since=moment)
    assert [201, 409] == statuses(limit=2)


def test_a_database_that_is_away_costs_no_call_and_loses_none(
    evidence: Evidence, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = evidence.services.call_log
    tries = 0

    def away(*_arguments: Any, **_values: Any) -> None:
        nonlocal tries
        tries += 1
        raise DatabaseUnavailableError("away")

    with monkeypatch.context() as patched:
        patched.setattr(http_log, "keep", away)
        for _call in range(3):
            log.keep(call())
    assert (1, 0) == (tries, log.lost), "after a failure nobody waits for the next one"
    monkeypatch.setattr(keeping, "PAUSE_S", 0)
    log._closed_until = 0

    log.keep(call())

    assert 4 == len(kept(evidence.services))


def test_what_is_lost_is_counted(evidence: Evidence, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_arguments: Any, **_values: Any) -> None:
        raise DatabaseUnavailableError("away")

    monkeypatch.setattr(http_log, "keep", away)
    monkeypatch.setattr(keeping, "MOST_WAITING", 2)
    log = evidence.services.call_log

    for _call in range(5):
        log.keep(call())

    assert 3 == log.lost


def test_the_end_of_a_steps_time_is_not_swallowed(
    evidence: Evidence, monkeypatch: pytest.MonkeyPatch
) -> None:
    class TimeIsUpError(Exception):
        """Raised from outside into whatever runs."""

    def interrupted(*_arguments: Any, **_values: Any) -> None:
        raise TimeIsUpError

    log = CallLog(
        evidence.services.database, evidence.services.vault, evidence.clock, interruptions=(TimeIsUpError,)
    )
    with monkeypatch.context() as patched:
        patched.setattr(http_log, "keep", interrupted)
        with pytest.raises(TimeIsUpError):
            log.keep(call())

    log.keep(call())

    assert (2, 0) == (len(kept(evidence.services)), log.lost)


def test_a_call_that_cannot_be_kept_at_all_does_not_stand_in_the_others_way(evidence: Evidence) -> None:
    log = CallLog(evidence.services.database, evidence.services.vault, evidence.clock)
    log.keep(call(duration_ms=10**12))
    log.keep(call())

    assert (1, 1) == (log.lost, len(kept(evidence.services)))
