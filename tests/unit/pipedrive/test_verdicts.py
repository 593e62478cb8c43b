import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.errors import (
    AmbiguousError,
    ConnectorError,
    NotFoundError,
    PartnerRefusedError,
    PermissionMissingError,
    RateLimitedError,
    ReconnectNeededError,
    TransientError,
)
from connector.http import Answer
from connector.pipedrive.verdicts import BLOCK_WAIT, error_of

NOW = datetime(2026, 3, 4, 21, 30, tzinfo=UTC)


def verdict(status: int, body: Any = None, headers: dict[str, str] | None = None, *, safe: bool = True):
    raw = body if isinstance(body, bytes) else json.dumps(body or {"success": False}).encode()
    answer = Answer(status, headers or {}, raw, "https://muster.pipedrive.com/api/v2/deals/1", safe)
    return error_of(answer, "GET /v2/deals/{id}", NOW)


@pytest.mark.parametrize(
    ("status", "body", "safe", "family", "code"),
    [
        (401, {"error": "unauthorized access"}, True, ReconnectNeededError, "reconnect_needed"),
        (402, {"error": "payment required"}, True, PermissionMissingError, "plan_missing"),
        (403, {"error": "Scope and URL mismatch"}, True, PermissionMissingError, "scope_missing"),
        (403, {"error": "Forbidden"}, True, PermissionMissingError, "permission_missing"),
        (403, b"<!DOCTYPE html><title>cf</title>", True, RateLimitedError, "blocked_after_rate_limit"),
        (404, {"error": "Deal not found"}, True, NotFoundError, "not_found"),
        (410, {"error": "Gone"}, True, NotFoundError, "not_found"),
        (400, {"error": "Validation failed"}, True, PartnerRefusedError, "partner_refused"),
        (409, {}, True, PartnerRefusedError, "partner_refused"),
        (422, {}, False, PartnerRefusedError, "partner_refused"),
        (302, b"", True, PartnerRefusedError, "partner_refused"),
        (429, {"error": "request over limit"}, True, RateLimitedError, "rate_limited"),
        (500, {}, True, TransientError, "partner_unavailable"),
        (503, b"<html>", True, TransientError, "partner_unavailable"),
        (503, {}, False, AmbiguousError, "outcome_unknown"),
        (408, {}, False, AmbiguousError, "outcome_unknown"),
        (200, {"success": False, "error": "no"}, True, PartnerRefusedError, "partner_refused"),
    ],
)
def test_each_answer_has_its_family(status, body, safe, family, code):
    error = verdict(status, body, safe=safe)
    assert (family, code) == (type(error), error.code)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 2),
        ({"Retry-After": "3"}, 3),
        ({"X-RateLimit-Reset": "7"}, 7),
        ({"retry-after": "1", "x-ratelimit-reset": "9"}, 2),
        ({"retry-after": "99999"}, 60),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT", "x-ratelimit-reset": "4"}, 4),
        ({"retry-after": "-5"}, 2),
        ({"retry-after": "nan"}, 2),
        ({"x-daily-ratelimit-token-remaining": "5", "retry-after": "3"}, 3),
    ],
)
def test_a_burst_is_waited_for_as_the_headers_say(headers, seconds):
    error = verdict(429, {"error": "request over limit"}, headers)
    assert isinstance(error, RateLimitedError)
    assert timedelta(seconds=seconds) == error.retry_after


@pytest.mark.parametrize(("stated", "seconds"), [("90", 90), ("86400", 3600)])
def test_an_outage_that_names_its_end_is_waited_for(stated, seconds):
    error = verdict(503, {}, {"retry-after": stated})
    assert isinstance(error, TransientError)
    assert timedelta(seconds=seconds) == error.retry_after
    assert verdict(503).retry_after is None


def test_a_spent_day_waits_until_the_next_one():
    error = verdict(429, {}, {"X-Daily-RateLimit-Token-Remaining": "0", "retry-after": "2"})
    assert isinstance(error, RateLimitedError)
    assert ("daily_budget_spent", timedelta(hours=2, minutes=35)) == (error.code, error.retry_after)


def test_the_block_page_is_left_alone_for_minutes():
    error = verdict(403, b"\n <html>")
    assert isinstance(error, RateLimitedError)
    assert BLOCK_WAIT == error.retry_after


def test_pipedrive_s_words_and_correlation_id_are_kept():
    body = {
        "error": "Wrong: value",
        "error_info": "See docs",
        "code": "ERR_SCHEMA_VALIDATION_FAILED",
    }
    error = verdict(400, body, {"X-Correlation-Id": "abc-1"})
    assert error.answer is not None
    kept = error.answer
    assert ("Pipedrive", 400) == (kept.partner, kept.status)
    assert "ERR_SCHEMA_VALIDATION_FAILED" == kept.partner_code
    assert "Wrong: value See docs" == kept.text
    assert "abc-1" == kept.request_id
    assert "[abc-1] Pipedrive refused GET /v2/deals/{id} (400): Wrong: value See docs." == str(error)


def test_the_webhooks_own_form_of_errors_is_read_too():
    error = verdict(400, {"status": "error", "errors": {"subscription_url": ["is unreachable", "is long"]}})
    assert error.answer is not None
    assert "subscription_url: is unreachable, is long" == error.answer.text


@settings(deadline=None)
@given(st.integers(100, 700), st.binary(max_size=60), st.booleans())
def test_every_answer_has_a_family(status, body, safe):
    assert isinstance(verdict(status, body, safe=safe), ConnectorError)
