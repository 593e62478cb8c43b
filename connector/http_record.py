"""What is kept of a call to a partner: enough for its support to find it, nothing secret, nobody's data.

DATEV asks an integration for a log of every call of at least 14 days, with the ids under which its support
finds a call and without the Authorization header.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

import requests

REQUEST_ID_HEADERS = (
    "X-Global-Transaction-ID",
    "V-Cap-Request-ID",
    "X-Correlation-Id",
    "X-Request-Id",
    "CF-RAY",
)
"""Of answers: DATEV's two, Pipedrive's own, and what gateways in front of both add."""

LONGEST_ERROR_BODY = 8 * 1024
"""Bytes kept of an answer that refuses something: DATEV's longest error has less than 2 KB, a proxy's page
more than anybody reads."""

FIRST_ERROR = 400
"""Status from which on an answer is a refusal, whose body is kept."""

_LONGEST_ID = 100
"""Of a request id; ours to keep, the partner's to choose."""

_PLAIN_VALUE = re.compile(
    r"(?:\d{1,19}|\d{4}-\d\d-\d\d(?:T[\d:.]+Z?)?|true|false|asc|desc|won|lost|open|deleted)\Z"
)
"""Values of a query that can say nothing about a person and nothing secret: numbers, moments, fixed words."""

_PLAIN_SEGMENT = re.compile(r"(?:[A-Za-z0-9_~:-]{1,100}|EXTF_[\w.-]{1,60}|\.well-known)\Z")
"""A part of a path as both partners build them: words, ids, GUIDs, names of our own files. Another file's
name may hold a customer's."""


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One call as it ended."""

    partner: str
    method: str
    url: str
    """Without login, without fragment, and with only those values of the query that are plain."""
    status: int | None
    """None: no whole answer came."""
    failure: str
    """Kind of the failure where no whole answer came; empty if one did."""
    request_ids: Mapping[str, str]
    duration_ms: int
    sent_bytes: int
    received_bytes: int
    error_body: bytes = field(default=b"", repr=False)
    """The beginning of an answer that refused; never of one that brought data."""


Recorder = Callable[[CallRecord], None]
"""Gets every call as it ended. Must raise nothing but what interrupts the step: a log must not fail it."""


def record_of(
    partner: str,
    request: requests.PreparedRequest,
    duration_ms: int,
    *,
    response: requests.Response | None = None,
    body: bytes = b"",
    failure: str = "",
) -> CallRecord:
    """The record of a call that has just ended.

    :param response: with its ``body``, already read; None: no whole answer came, but a ``failure``.
    """
    refused = response is not None and response.status_code >= FIRST_ERROR
    return CallRecord(
        partner=partner,
        method=request.method or "",
        url=redacted_url(request.url or ""),
        status=None if response is None else response.status_code,
        failure=failure,
        request_ids={} if response is None else request_ids(response.headers),
        duration_ms=duration_ms,
        sent_bytes=len(request.body or b""),
        received_bytes=len(body),
        error_body=body[:LONGEST_ERROR_BODY] if refused else b"",
    )


def redacted_url(url: str) -> str:
    """The address with everything blacked out that may be a secret or somebody's data.

    Names of parameters stay, and values that can only be numbers, moments or fixed words; a search term or a
    token is neither. A part of the path with other signs than addresses of the partners have may be a name.
    """
    parts = urlsplit(url)
    path = "/".join(
        part if not part or _PLAIN_SEGMENT.match(part) else "***" for part in parts.path.split("/")
    )
    query = "&".join(
        f"{name}={value if _PLAIN_VALUE.match(value) else '***'}"
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
    )
    host = parts.hostname or ""
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{host}{port}{path}{f'?{query}' if query else ''}"


def request_ids(headers: Mapping[str, str]) -> dict[str, str]:
    """The ids by which the partner's support finds a call, under the names of their headers."""
    return {name: str(headers[name])[:_LONGEST_ID] for name in REQUEST_ID_HEADERS if headers.get(name)}
