"""What an answer of Pipedrive means: one table from status, headers and body to the error families.

Sources: Pipedrive's pages "HTTP status codes", "Rate limiting" and "OAuth and API proxy status codes"; what
was only seen in other people's clients is marked at its constant.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from connector.errors import (
    AmbiguousError,
    ConnectorError,
    NotFoundError,
    PartnerAnswer,
    PartnerRefusedError,
    PermissionMissingError,
    RateLimitedError,
    ReconnectNeededError,
    TransientError,
)
from connector.http import Answer
from connector.storable import storable

PARTNER = "Pipedrive"

BURST_FLOOR = timedelta(seconds=2)
"""The burst window rolls over two seconds: asking earlier only earns the next 429."""
BURST_CAP = timedelta(seconds=60)
"""A burst limit never lasts longer; a larger figure in a header is a fault on the way."""
BLOCK_WAIT = timedelta(minutes=5)
"""Cloudflare's page after ignored 429s names no time; five minutes keeps us from feeding the block."""
DAILY_MARGIN = timedelta(minutes=5)
"""The budget returns at midnight "server time"; asking on the stroke may be a moment too early."""

DAILY_REMAINING = "x-daily-ratelimit-token-remaining"
"""Undocumented but seen: 0 tells a spent daily budget from a burst."""
BURST_REMAINING = "x-ratelimit-remaining"
BURST_RESET = "x-ratelimit-reset"
"""Relative seconds until the window has room again."""

SCOPE_MISMATCH = "scope and url mismatch"
"""Pipedrive's words when the app was not granted the scope of an operation."""

MAX_KEPT_TEXT = 500
"""Of the partner's words; enough to understand, too little to fill the journal with a page."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that is no success, with everything the table asks for."""

    answer: Answer
    operation: str
    body: Mapping[str, Any]
    now: datetime

    @property
    def is_page(self) -> bool:
        """Whether a web page came instead of the API's JSON."""
        return self.answer.body.lstrip()[:1] == b"<"

    @property
    def words(self) -> str:
        """Pipedrive's own words, in whichever of its forms they came."""
        parts = [self.body.get("error"), self.body.get("error_description"), self.body.get("message")]
        parts.append(self.body.get("error_info"))
        errors = self.body.get("errors")
        if isinstance(errors, Mapping):
            parts.extend(f"{name}: {_joined(text)}" for name, text in errors.items())
        texts = [part for part in parts if isinstance(part, str) and part]
        return storable(" ".join(dict.fromkeys(texts)))[:MAX_KEPT_TEXT]

    @property
    def kept(self) -> PartnerAnswer:
        """The answer as it is kept for people."""
        code = self.body.get("code") or self.body.get("errorCode") or ""
        return PartnerAnswer(
            partner=PARTNER,
            operation=self.operation,
            status=self.answer.status,
            partner_code=storable(str(code))[:MAX_KEPT_TEXT],
            text=self.words,
            request_id=storable(header(self.answer, "x-correlation-id")),
        )

    @property
    def said(self) -> str:
        """Pipedrive's words as the end of a sentence."""
        return f": {self.words.rstrip('.')}." if self.words else "."


def _joined(text: Any) -> str:
    return ", ".join(str(item) for item in text) if isinstance(text, list) else str(text)


def header(answer: Answer, name: str) -> str:
    """A header's value, whatever its case; empty if absent."""
    wanted = name.lower()
    return next((value for key, value in answer.headers.items() if key.lower() == wanted), "")


def _seconds(answer: Answer, name: str) -> float | None:
    try:
        value = float(header(answer, name))
    except ValueError:
        return None
    return value if 0 <= value < float("inf") else None


def burst_wait(answer: Answer) -> timedelta:
    """How long to wait for the burst window, as one of two headers says, within floor and cap."""
    stated = _seconds(answer, "retry-after")
    if stated is None:
        stated = _seconds(answer, BURST_RESET)
    wait = timedelta(seconds=min(stated or 0.0, BURST_CAP.total_seconds()))
    return max(BURST_FLOOR, wait)


def _stated_wait(answer: Answer) -> timedelta | None:
    """``Retry-After`` of an outage, which may be longer than a burst; an hour at most, then we ask anyway."""
    stated = _seconds(answer, "retry-after")
    return timedelta(seconds=min(stated, 3600.0)) if stated is not None else None


def until_next_day(now: datetime) -> timedelta:
    """From now to shortly after the daily budget returns.

    At midnight UTC: the one zone that Pipedrive names for counting days (``x-daily-requests-left``).
    """
    tomorrow = datetime.combine(now.astimezone(UTC).date() + timedelta(days=1), time(0), UTC)
    return tomorrow - now + DAILY_MARGIN


def is_burst_spent(answer: Answer) -> bool:
    """Whether this answer, even a good one, used up the last call of the window."""
    return _seconds(answer, BURST_REMAINING) == 0


def _login_ended(refusal: Refusal) -> ConnectorError:
    return ReconnectNeededError(
        f"Pipedrive does not accept the login any more{refusal.said}",
        partner="pipedrive",
        cure="Connect again: ml-connector connect pipedrive TENANT. With an API token: put a valid one where "
        "the tenant's file says, then ml-connector tenant apply FILE and ml-connector ping TENANT",
        answer=refusal.kept,
    )


def _blocked(refusal: Refusal) -> ConnectorError:
    return RateLimitedError(
        "Pipedrive's protection blocks our calls after too many of them.",
        retry_after=BLOCK_WAIT,
        code="blocked_after_rate_limit",
        cure="Nothing to do: it is tried again later. If it lasts, ask Pipedrive's support to lift it.",
        answer=refusal.kept,
    )


def _account_unpaid(refusal: Refusal) -> ConnectorError:
    return PermissionMissingError(
        f"Pipedrive refuses {refusal.operation}: the plan does not include it or is not paid{refusal.said}",
        code="plan_missing",
        cure="Check the company's Pipedrive plan and its payment.",
        answer=refusal.kept,
    )


def _scope_missing(refusal: Refusal) -> ConnectorError:
    return PermissionMissingError(
        f"The Pipedrive app has no scope for {refusal.operation}{refusal.said}",
        code="scope_missing",
        cure="Give the app the scopes named in the README and connect Pipedrive again.",
        answer=refusal.kept,
    )


def _forbidden(refusal: Refusal) -> ConnectorError:
    return PermissionMissingError(
        f"Pipedrive does not allow {refusal.operation}{refusal.said}",
        cure="Connect Pipedrive as a user who may see and change these records (an administrator).",
        answer=refusal.kept,
    )


def _not_found(refusal: Refusal) -> ConnectorError:
    return NotFoundError(
        f"Pipedrive has nothing for {refusal.operation}{refusal.said}",
        cure="Check in Pipedrive whether the record was deleted, merged or hidden from the connected user.",
        answer=refusal.kept,
    )


def _day_spent(refusal: Refusal) -> ConnectorError:
    return RateLimitedError(
        "The company's Pipedrive budget for today is used up.",
        retry_after=until_next_day(refusal.now),
        code="daily_budget_spent",
        cure="Nothing to do: it goes on tomorrow. Other integrations of the company share this budget.",
        answer=refusal.kept,
    )


def _burst_spent(refusal: Refusal) -> ConnectorError:
    return RateLimitedError(
        "Pipedrive asks us to call more slowly.",
        retry_after=burst_wait(refusal.answer),
        cure="Nothing to do: it goes on by itself.",
        answer=refusal.kept,
    )


def _fault_at_partner(refusal: Refusal) -> ConnectorError:
    if refusal.answer.safe:
        return TransientError(
            f"Pipedrive answered {refusal.operation} with {refusal.answer.status}{refusal.said}",
            retry_after=_stated_wait(refusal.answer),
            cure="Nothing to do: it is tried again.",
            answer=refusal.kept,
        )
    return AmbiguousError(
        f"Pipedrive answered {refusal.operation} with {refusal.answer.status}; whether it acted is unknown.",
        cure="Nothing to do: it is looked up in Pipedrive before anything is repeated.",
        answer=refusal.kept,
    )


def _refused(refusal: Refusal) -> ConnectorError:
    return PartnerRefusedError(
        f"Pipedrive refused {refusal.operation} ({refusal.answer.status}){refusal.said}",
        cure="Mend what Pipedrive names, then retry.",
        answer=refusal.kept,
    )


def _always(_refusal: Refusal) -> bool:
    return True


def _names_scope(refusal: Refusal) -> bool:
    return SCOPE_MISMATCH in refusal.words.lower()


def _is_daily(refusal: Refusal) -> bool:
    return _seconds(refusal.answer, DAILY_REMAINING) == 0


VERDICTS: tuple[tuple[range, Callable[[Refusal], bool], Callable[[Refusal], ConnectorError]], ...] = (
    # statuses         | and only if                     | verdict
    (range(401, 402), _always, _login_ended),
    (range(402, 403), _always, _account_unpaid),
    (range(403, 404), lambda refusal: refusal.is_page, _blocked),
    (range(403, 404), _names_scope, _scope_missing),
    (range(403, 404), _always, _forbidden),
    (range(404, 405), _always, _not_found),
    (range(410, 411), _always, _not_found),
    (range(408, 409), _always, _fault_at_partner),
    (range(429, 430), _is_daily, _day_spent),
    (range(429, 430), _always, _burst_spent),
    (range(500, 600), _always, _fault_at_partner),
    (range(100, 600), _always, _refused),
)
"""The first row that fits decides."""


def error_of(answer: Answer, operation: str, now: datetime) -> ConnectorError:
    """The error that an answer outside 2xx (or one that says ``success: false``) stands for.

    :param operation: for people: method and path template, never ids of persons or secrets.
    """
    refusal = Refusal(answer, operation, _body(answer), now)
    if answer.status < 300:
        return _refused(refusal)
    for statuses, applies, verdict in VERDICTS:
        if answer.status in statuses and applies(refusal):
            return verdict(refusal)
    return _fault_at_partner(refusal)


def storage_refusal(answer: Answer, operation: str, now: datetime) -> TransientError:
    """What it means when the storage, to which a download was redirected, does not give the file."""
    return TransientError(
        f"The storage of Pipedrive's files answered {operation} with {answer.status}.",
        code="storage_refused",
        cure="Nothing to do: another address is asked for with the next try. If it lasts, see in Pipedrive "
        "whether the file opens; attach it anew if not.",
        answer=Refusal(answer, operation, _body(answer), now).kept,
    )


def words_of(answer: Answer) -> str:
    """Pipedrive's own words in an answer; empty if it has none."""
    return Refusal(answer, "", _body(answer), datetime.min.replace(tzinfo=UTC)).words


def _body(answer: Answer) -> Mapping[str, Any]:
    try:
        body = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, Mapping) else {}
