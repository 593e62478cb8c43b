"""One call to Pipedrive's API: address, login, envelope, verdict, pages and the burst limit."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from connector.clock import Clock, SystemClock
from connector.errors import AmbiguousError, PartnerRefusedError, TransientError
from connector.http import Answer, HttpClient
from connector.pipedrive import verdicts
from connector.pipedrive.addresses import operation_url
from connector.pipedrive.pace import Pace
from connector.pipedrive.shapes import id_of

Record = dict[str, Any]
"""One thing in Pipedrive's shape; numbers with a decimal point are Decimal."""

Renew = Callable[[Mapping[str, str]], None]

PAGE_SIZE = 500
"""The largest page of v2 and v1: a list costs the same whatever its length."""
MAX_PAGES = 200
"""40,000 deals, which are looked at one by one: a year of a large company. Beyond it the paging runs in
circles."""
MAX_KEPT_PAGES = 20
"""10,000 lines or fields, or 2,000 files of one deal, kept in memory at once; nobody works with a tenth."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the API descriptions."""

    method: str
    version: int
    path: str
    """Template as in the description: ``/deals/{id}``."""
    safe: bool = True
    """Whether repeating it changes nothing (everything but the POSTs)."""

    def __str__(self) -> str:
        return f"{self.method} /v{self.version}{self.path}"


class Transport:
    """Sends operations for one login.

    Calls go out at the pace that Pipedrive allows, see :mod:`connector.pipedrive.pace`: where none may be
    made now, ``RateLimitedError`` says when, and nothing is sent.

    :param renew: told the headers of a login that Pipedrive refused (401) before its time, so that the next
        ``authorization`` is another one: an access token may end earlier than promised. The call is then made
        once more, which is safe for every call, as a 401 is given before anything is done. None: the login
        cannot be renewed.
    """

    def __init__(
        self,
        http: HttpClient,
        *,
        base_url: str,
        authorization: Callable[[], Mapping[str, str]],
        clock: Clock | None = None,
        pace: Pace | None = None,
        renew: Renew | None = None,
    ) -> None:
        self._renew = renew
        self._http = http
        self._base_url = base_url
        self._authorization = authorization
        self._clock = clock or SystemClock()
        self._pace = pace or Pace(self._clock)

    def call(
        self,
        operation: Operation,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        record_id: int | None = None,
    ) -> Record:
        """Send and return the whole envelope.

        :raises ConnectorError: the family of the answer, see :mod:`connector.pipedrive.verdicts`.
        """
        url = self._url(operation, record_id)
        answer = self._logged_in(
            lambda login: self._http.send(
                operation.method, url, headers=login, params=params, json=json, safe=operation.safe
            )
        )
        return self._envelope(answer, operation)

    def download(self, operation: Operation, *, record_id: int | None = None) -> Answer:
        """GET a file; a redirect to the storage is followed without the token.

        :raises TransientError: also where the storage refuses: it knows no login, so that its no is about
            the address, which is given out anew with the next try.
        """
        url = self._url(operation, record_id)
        answer = self._logged_in(lambda login: self._http.download(url, headers=login))
        if answer.status == 200:
            return answer
        if answer.url != url:
            raise verdicts.storage_refusal(answer, str(operation), self._clock.now())
        raise verdicts.error_of(answer, str(operation), self._clock.now())

    def _logged_in(self, send: Callable[[dict[str, str]], Answer]) -> Answer:
        """Make a call with the login's headers; once more with a renewed login where the first is refused."""
        login: dict[str, str] = {}

        def once() -> Answer:
            login.update(self._authorization())
            return send(dict(login))

        answer = self._pace.send(once)
        if answer.status != 401 or self._renew is None:
            return answer
        self._renew(login)
        return self._pace.send(once)

    def one(
        self, operation: Operation, *, params: Mapping[str, Any] | None = None, record_id: int | None = None
    ) -> Record:
        """The single record of an answer; another one than was asked for is no answer."""
        record = self.record(self.call(operation, params=params, record_id=record_id), operation)
        if record_id is not None and id_of(record.get("id")) != int(record_id):
            raise _malformed(
                operation, f"it speaks of the record {_shown(record.get('id'))}, not {record_id}"
            )
        return record

    def record(self, envelope: Record, operation: Operation) -> Record:
        """The ``data`` of an envelope, checked to be one record."""
        data = envelope.get("data")
        if isinstance(data, dict):
            return data
        raise _malformed(operation, f"its data is {_shown(data)}, no record")

    def whole_list(self, operation: Operation, *, record_id: int | None = None) -> list[Record]:
        """Every record of a list that comes in one piece."""
        return _records(self.call(operation, record_id=record_id), operation)

    def pages_v2(
        self,
        operation: Operation,
        *,
        params: Mapping[str, Any] | None = None,
        record_id: int | None = None,
        most_pages: int = MAX_KEPT_PAGES,
    ) -> Iterator[Record]:
        """Every record of a v2 list. The end is a null or missing cursor; ``additional_data`` may be null."""
        asked = {"limit": PAGE_SIZE, **(params or {})}
        seen: set[str] = set()
        for _page in range(most_pages):
            records, cursor = self.page_v2(operation, params=asked, record_id=record_id)
            yield from records
            if not cursor:
                return
            if cursor in seen:
                break
            seen.add(cursor)
            asked["cursor"] = cursor
        raise _endless(operation)

    def page_v2(
        self, operation: Operation, *, params: Mapping[str, Any], record_id: int | None = None
    ) -> tuple[list[Record], str]:
        """One page of a v2 list, and the cursor of the next one; empty: it was the last."""
        envelope = self.call(operation, params=params, record_id=record_id)
        records = _records(envelope, operation)
        cursor = _part(envelope, "additional_data", operation).get("next_cursor")
        if cursor and not isinstance(cursor, str):
            raise _malformed(operation, f"its next_cursor is {_shown(cursor)}, no text")
        return records, cursor or ""

    def pages_v1(
        self,
        operation: Operation,
        *,
        params: Mapping[str, Any] | None = None,
        page_size: int = PAGE_SIZE,
        record_id: int | None = None,
    ) -> Iterator[Record]:
        """Every record of a v1 list."""
        asked = {"start": 0, "limit": page_size, **(params or {})}
        for _page in range(MAX_KEPT_PAGES):
            envelope = self.call(operation, params=asked, record_id=record_id)
            records = _records(envelope, operation)
            yield from records
            pagination = _part(_part(envelope, "additional_data", operation), "pagination", operation)
            if not pagination.get("more_items_in_collection"):
                return
            following = pagination.get("next_start", asked["start"] + len(records))
            if isinstance(following, bool) or not isinstance(following, int):
                raise _malformed(operation, f"its next_start is {_shown(following)}, no number")
            if following <= asked["start"]:
                break
            asked["start"] = following
        raise _endless(operation)

    def _url(self, operation: Operation, record_id: int | None) -> str:
        path = operation.path
        if record_id is not None:
            # int() keeps anything that could change the path out of it.
            path = path.replace("{id}", str(int(record_id)))
        return operation_url(self._base_url, operation.version, path)

    def _envelope(self, answer: Answer, operation: Operation) -> Record:
        if not 200 <= answer.status < 300:
            raise verdicts.error_of(answer, str(operation), self._clock.now())
        if answer.status == 204:
            return {}
        envelope = answer.json()
        if not isinstance(envelope, dict):
            raise _malformed(operation, f"it is {_shown(envelope)}, no object")
        if envelope.get("success") is False:
            raise verdicts.error_of(answer, str(operation), self._clock.now())
        return envelope


def of_deal(records: list[Record], deal_id: int, operation: Operation) -> list[Record]:
    """The records of a deal's list; none may name another deal, whose lines are not to be booked here."""
    for record in records:
        if record.get("deal_id") is not None and id_of(record["deal_id"]) != deal_id:
            raise _malformed(
                operation, f"it speaks of the deal {_shown(record['deal_id'])}, not of the deal {deal_id}"
            )
    return records


def _records(envelope: Record, operation: Operation) -> list[Record]:
    data = envelope.get("data")
    if data is None and operation.version == 1:
        # v1 answers an empty list with null. In v2 null is a fault, and a deal whose lines are not known must
        # not be taken for one without lines.
        return []
    if not isinstance(data, list):
        raise _malformed(operation, f"its data is {_shown(data)}, no list")
    strange = [record for record in data if not isinstance(record, dict)]
    if strange:
        raise _malformed(operation, f"its list holds {_shown(strange[0])}, no record")
    return data


def _part(record: Mapping[str, Any], name: str, operation: Operation) -> Mapping[str, Any]:
    """An object within an answer. It may be missing or empty; another shape would hide the next page."""
    value = record.get(name)
    if isinstance(value, Mapping):
        return value
    if value is None or value == []:
        # An empty list in place of an object hides nothing.
        return {}
    raise _malformed(operation, f"its {name} is {_shown(value)}, no object")


def _shown(value: Any) -> str:
    """A wrong value for a message: short, and never what is inside an object."""
    if value is None:
        return "null"
    return f"a {type(value).__name__}" if isinstance(value, dict | list) else f"{value!r:.40}"


def _malformed(operation: Operation, what: str) -> TransientError | AmbiguousError:
    family = TransientError if operation.safe else AmbiguousError
    return family(
        f"Pipedrive's answer to {operation} has not the documented shape: {what}.",
        code="malformed_answer",
        field="data",
        cure="If this lasts, ask Pipedrive's support; a proxy may be in between.",
    )


def _endless(operation: Operation) -> PartnerRefusedError:
    return PartnerRefusedError(
        f"Pipedrive's list {operation} does not come to an end.",
        code="endless_paging",
        cure="Retry later; if it stays so, ask Pipedrive's support.",
    )
