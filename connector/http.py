"""One way out to the partners: total deadlines, size limits, strict TLS, no redirects with a token.

A socket timeout alone is beaten by a server that drips one byte a second; here a watchdog
shuts the connection when the call's deadline has passed, whatever the server does. What a
failure means depends on whether the call is *safe* (may be repeated: GET, PUT by our key):
a safe call raises ``TransientError`` and was already repeated here where time allowed, an
unsafe one raises ``AmbiguousError`` once its first byte may have left.
"""

import ipaddress
import json as jsonlib
import math
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urljoin, urlsplit

import backoff
import requests
from urllib3.exceptions import HTTPError as Urllib3Error

from connector.errors import (
    AmbiguousError,
    ConfigurationError,
    ConnectorError,
    DataError,
    PartnerRefusedError,
    Problem,
    TransientError,
)
from connector.http_record import Recorder, record_of
from connector.http_watchdog import DeadlineAdapter, watched
from connector.log import get_logger

log = get_logger(__name__)

MAX_FILE_BYTES = 25 * 1024 * 1024
"""DATEV takes documents up to 20 MB; no file that a partner sends us may be much larger."""

MAX_ANSWER_BYTES = 5 * 1024 * 1024
"""Of every answer that is no file. The largest that we ask for, a page of deals with hundreds of custom
fields, stays below 4 MB; as Python's objects JSON takes up to fifty times its size, and all workers share
one memory."""

SAFE_TRIES = 2
"""A safe call is repeated once at once; longer patience is the pipeline's business."""

MAX_DOWNLOAD_HOPS = 3
"""A download may be redirected to the partner's storage; a chain of redirects is a fault."""

_CHUNK = 64 * 1024


MAGNITUDES = range(-400, 400)
"""Powers of ten that a number of an answer may have: all that a double holds and more. Beyond it, writing the
number out or making it an int would fill the memory (``1e999999999`` is eleven characters)."""

_LONGEST_WHOLE_NUMBER = 400
"""Digits, for the same reason; Python itself refuses only from 4,300 on."""


class _AnswerTooLargeError(OSError):
    """Nobody reads on."""

    def __init__(self, largest: int) -> None:
        super().__init__()
        self.largest = largest


class _AbsurdNumberError(Exception):
    """A number of an answer lies beyond :data:`MAGNITUDES`, or is none (``NaN``)."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer. ``body`` is bytes, ``headers`` compare without case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    url: str
    safe: bool

    def json(self) -> Any:
        """The body as JSON, numbers with a decimal point as Decimal: money must not pass through float.

        :raises TransientError: for a safe call whose answer is no JSON (a proxy's page, say).
        :raises DataError: for a safe call whose answer has a number beyond all reason (:data:`MAGNITUDES`).
        :raises AmbiguousError: either for an unsafe call.
        """
        try:
            return jsonlib.loads(
                self.body, parse_float=_number, parse_int=_whole_number, parse_constant=_number
            )
        except _AbsurdNumberError as e:
            raise self._absurd(e.text) from e
        except (ValueError, RecursionError) as e:
            family = TransientError if self.safe else AmbiguousError
            raise family(
                f"{urlsplit(self.url).hostname} answered {self.status} with something that is not JSON.",
                code="malformed_answer",
                cure="If this lasts, ask the partner's support; a proxy may be in between.",
            ) from e

    def _absurd(self, text: str) -> ConnectorError:
        """Asking again would bring the same number: a human's turn, or the look-up's after an unsafe call."""
        host, path = urlsplit(self.url).hostname, urlsplit(self.url).path
        name = _name_before(self.body, text)
        problem = Problem(
            "number_beyond_reason",
            f"{host} answered {path} with the number {text:.30}{f' as {name!r}' if name else ''}, "
            "which no amount, quantity or id can be.",
            field=name,
            cure="Correct the number where it was entered (in Pipedrive, say), then retry the run.",
        )
        if self.safe:
            return DataError([problem])
        return AmbiguousError(problem.message, code=problem.code, field=name, cure=problem.cure)


class StepBudget:
    """The time all calls of one step may take together."""

    def __init__(self, length: timedelta) -> None:
        self._ends = time.monotonic() + length.total_seconds()

    def remaining(self) -> float:
        """Seconds left, never negative."""
        return max(0.0, self._ends - time.monotonic())


class HttpClient:
    """Talks to one partner.

    :param partner: name for logs and messages.
    :param call_deadline: total time of one call.
    :param budget: time of the whole step; a call never gets more than what is left of it.
    :param recorder: gets a record of every call as it ended; None: nobody keeps one.
    """

    def __init__(
        self,
        partner: str,
        *,
        connect_timeout: timedelta,
        call_deadline: timedelta,
        session: requests.Session | None = None,
        budget: StepBudget | None = None,
        recorder: Recorder | None = None,
    ) -> None:
        self.partner = partner
        self._connect_timeout = connect_timeout.total_seconds()
        self._call_deadline = call_deadline
        self._session = session or new_session()
        self._budget = budget
        self._recorder = recorder

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        data: Any = None,
        files: Any = None,
        auth: tuple[str, str] | None = None,
        safe: bool = False,
        deadline: timedelta | None = None,
        largest: int | None = None,
    ) -> Answer:
        """Send one request and read the whole answer; the status is for the caller to judge.

        :param data: a mapping (sent as a form) or bytes.
        :param largest: bytes that the answer may have; None: :data:`MAX_ANSWER_BYTES`.
        :raises TransientError: the partner was not reached, or a safe call failed on the way.
        :raises AmbiguousError: an unsafe call failed after it may have been sent.
        :raises ConfigurationError: the address is not https (loopback excepted).
        """
        _refuse_plain_http(url)
        request = self._session.prepare_request(
            requests.Request(
                method,
                url,
                headers=dict(headers or {}),
                params=params,
                json=json,
                data=data,
                files=files,
                auth=auth,
            )
        )
        time_left = StepBudget(deadline or self._call_deadline)
        if not safe:
            return self._once(request, time_left, largest or MAX_ANSWER_BYTES, safe=False)
        repeated = backoff.on_exception(
            backoff.expo,
            TransientError,
            max_tries=SAFE_TRIES,
            giveup=lambda _error: self._seconds(time_left) <= 0,
            factor=0.1,
            jitter=backoff.full_jitter,
            logger=None,
        )(self._once)
        answer: Answer = repeated(request, time_left, largest or MAX_ANSWER_BYTES, safe=True)
        return answer

    def download(self, url: str, *, headers: Mapping[str, str] | None = None) -> Answer:
        """GET a file. A redirect is followed without our headers: storage must not see the token.

        :raises TransientError: not reached, or failed on the way.
        :raises PartnerRefusedError: redirected in circles, or from https to plain http.
        """
        answer = self.send("GET", url, headers=headers, safe=True, largest=MAX_FILE_BYTES)
        for _hop in range(MAX_DOWNLOAD_HOPS):
            if answer.status not in {301, 302, 303, 307, 308}:
                return answer
            target = urljoin(answer.url, answer.headers.get("Location", ""))
            self._refuse_downgrade(answer.url, target)
            answer = self.send("GET", target, safe=True, largest=MAX_FILE_BYTES)
        raise PartnerRefusedError(
            f"{self.partner} redirects the download more than {MAX_DOWNLOAD_HOPS} times.",
            cure="Ask the partner's support.",
        )

    def _refuse_downgrade(self, source: str, target: str) -> None:
        """Plain http is for our own sandbox; a partner must not send us to a port of this machine."""
        if urlsplit(source).scheme == "https" and urlsplit(target).scheme != "https":
            raise PartnerRefusedError(
                f"{self.partner} redirects the download to an address that is not https.",
                cure="Ask the partner's support.",
            )

    def _seconds(self, time_left: StepBudget) -> float:
        """What the call has left, and the step."""
        return min(time_left.remaining(), self._budget.remaining() if self._budget else math.inf)

    def _once(
        self, request: requests.PreparedRequest, time_left: StepBudget, largest: int, *, safe: bool
    ) -> Answer:
        length = self._seconds(time_left)
        if length <= 0:
            raise TransientError("The time of this step is used up.", code="step_budget_used_up")
        started = time.monotonic()
        with watched(length) as watch:
            try:
                response = self._session.send(
                    request,
                    stream=True,
                    allow_redirects=False,
                    timeout=(min(self._connect_timeout, length), length),
                )
                body = self._read(response, watch.expired, largest)
            except (requests.RequestException, Urllib3Error, OSError) as e:
                self._ended(request, started, failure="deadline" if watch.expired() else type(e).__name__)
                raise self._translate(e, sent=watch.sent, expired=watch.expired(), safe=safe) from e
        self._ended(request, started, response=response, body=body)
        return Answer(response.status_code, response.headers, body, request.url or "", safe)

    def _read(self, response: requests.Response, expired: Any, largest: int) -> bytes:
        with response:
            parts, size = [], 0
            for chunk in response.iter_content(_CHUNK):
                size += len(chunk)
                if size > largest:
                    raise _AnswerTooLargeError(largest)
                parts.append(chunk)
            if expired():
                raise requests.exceptions.ReadTimeout("deadline passed")
            return b"".join(parts)

    def _translate(self, error: Exception, *, sent: bool, expired: bool, safe: bool) -> ConnectorError:
        if not sent:
            return TransientError(
                f"{self.partner} cannot be reached.",
                code="partner_unreachable",
                cure="Nothing to do: it is tried again. If it lasts, check the network and the base URL.",
            )
        what = "did not answer in time" if expired else "broke the connection off"
        if isinstance(error, _AnswerTooLargeError):
            what = f"sent an answer of more than {error.largest // 1024**2} MB"
        if safe:
            return TransientError(
                f"{self.partner} {what}.",
                code="partner_unavailable",
                cure="Nothing to do: it is tried again.",
            )
        return AmbiguousError(
            f"{self.partner} {what}; whether it took the request is not known.",
            cure="Nothing to do: it is looked up at the partner before anything is repeated.",
        )

    def _ended(
        self,
        request: requests.PreparedRequest,
        started: float,
        *,
        response: requests.Response | None = None,
        body: bytes = b"",
        failure: str = "",
    ) -> None:
        """Tell the log of a call's end, and whoever keeps records of the partners' calls."""
        url, status = request.url or "", None if response is None else response.status_code
        method, duration_ms = request.method or "", round((time.monotonic() - started) * 1000)
        log.info(
            "partner_call",
            partner=self.partner,
            method=method,
            path=urlsplit(url).path,
            status=status,
            duration_ms=duration_ms,
        )
        if self._recorder is not None:
            self._recorder(
                record_of(self.partner, request, duration_ms, response=response, body=body, failure=failure)
            )


def _number(text: str) -> Decimal:
    try:
        found = Decimal(text)
    except ArithmeticError as e:
        # An exponent of more than 18 digits is beyond Decimal itself.
        raise _AbsurdNumberError(text) from e
    if not found.is_finite() or found.adjusted() not in MAGNITUDES:
        raise _AbsurdNumberError(text)
    return found


def _whole_number(text: str) -> int:
    if len(text) > _LONGEST_WHOLE_NUMBER:
        raise _AbsurdNumberError(text)
    return int(text)


def _name_before(body: bytes, number: str) -> str:
    """The name under which a number stands in an answer; empty if it stands in a list."""
    found = re.search(rb'"([\w.-]{1,60})"\s*:\s*' + re.escape(number.encode()), body)
    return found[1].decode() if found else ""


def new_session() -> requests.Session:
    """A session whose connections the watchdog can cut; no proxies or .netrc from the environment."""
    session = requests.Session()
    session.trust_env = False
    adapter = DeadlineAdapter(pool_maxsize=16)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    session.headers["User-Agent"] = "ml-connector"
    # The session serves all tenants of a process; a cookie would carry something from one to the next.
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return session


def _refuse_plain_http(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname or "")):
        return
    raise ConfigurationError(
        f"The address {parts.scheme}://{parts.hostname} is not https.",
        code="plain_http_refused",
        cure="Use an https address; plain http is allowed on this machine only.",
    )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
