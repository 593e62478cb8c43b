"""The shared way to DATEV's interfaces: headers, one renewal of a refused token, verdicts on answers."""

import random
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any

from connector.call_budget import CallBudget, Learned, NotYet, Slot
from connector.datev.answers import WireSchema, load_many, total_items
from connector.datev.operations import Operation, Repeat
from connector.datev.verdict_defaults import BLOCKED
from connector.datev.verdicts import error_from
from connector.errors import (
    AccessTokenRefusedError,
    AmbiguousError,
    ConnectorError,
    RateLimitedError,
    ReconnectNeededError,
    TransientError,
)
from connector.http import Answer, HttpClient

PAGE_SIZE = 100
"""DATEV returns at most 100 entries, whatever is asked for."""

MOST_PAGES = 1000
"""100,000 clients or jobs; a list that goes on longer is a fault, not a list."""


_NOT_YET = {
    "asked": "DATEV has asked us to wait; nothing is sent until then.",
    "full": "The calls that we allow ourselves to DATEV in two seconds are used up by other runs.",
}
"""Why nothing is sent now."""


class DatevApi:
    """One of DATEV's interfaces for one login.

    :param base_url: the address up to the operation's path, such as ``…/platform/v3``.
    :param client_id: the app's id at DATEV (not the client who is booked for).
    :param access_token: gives a token that should be valid.
    :param renew_access_token: gives a new token in place of the one passed in, which DATEV refused before
        its time; None: the caller handles ``AccessTokenRefusedError``.
    :param upload_deadline: total time of a call that carries a file; None: that of every call.
    :param budget: counts for all processes the calls of this login, and remembers how long DATEV wants none
        (:mod:`connector.datev.pace`); None: each call finds out by itself.
    """

    def __init__(
        self,
        http: HttpClient,
        *,
        base_url: str,
        client_id: str,
        access_token: Callable[[], str],
        renew_access_token: Callable[[str], str] | None = None,
        upload_deadline: timedelta | None = None,
        budget: CallBudget | None = None,
    ) -> None:
        self._http = http
        self._base_url = base_url.rstrip("/")
        self._client_id = client_id
        self._access_token = access_token
        self._renew_access_token = renew_access_token
        self._upload_deadline = upload_deadline
        self._budget = budget

    def call(
        self,
        operation: Operation,
        *,
        ids: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        data: Any = None,
        files: Any = None,
    ) -> Answer:
        """Make one call; what comes back is one of the operation's successes.

        A 401 is given before DATEV looks at the content, so one repeat with a renewed token is safe
        for every call.

        :param ids: for the path, such as ``client_id``.
        :raises ReconnectNeededError: DATEV refuses a freshly renewed token as well.
        :raises ConnectorError: of the family that the tables of verdicts name.
        """
        url = self._base_url + operation.address(**(ids or {}))
        content = {"headers": headers, "params": params, "json": json, "data": data, "files": files}
        token = self._access_token()
        try:
            return self._judged(operation, url, token, **content)
        except AccessTokenRefusedError as e:
            if self._renew_access_token is None:
                raise
            refused = e
        token = self._renew_access_token(token)
        try:
            return self._judged(operation, url, token, **content)
        except AccessTokenRefusedError as e:
            raise ReconnectNeededError(
                f"DATEV refuses a freshly renewed access token while {operation.title}.",
                partner="datev",
                cure="Connect the tenant to DATEV again; "
                "if it stays, check DATEV_CLIENT_ID and DATEV_ENVIRONMENT.",
                answer=e.answer or refused.answer,
            ) from e

    def pages(
        self, operation: Operation, schema: type[WireSchema], *, ids: Mapping[str, str] | None = None
    ) -> Iterator[tuple[list[dict[str, Any]], int | None]]:
        """Every page of a list with the total that came with it (None: DATEV named none).

        :raises TransientError: the list does not end.
        """
        read = 0
        for _page in range(MOST_PAGES):
            answer = self.call(operation, ids=ids, params={"skip": read, "top": PAGE_SIZE})
            items = load_many(operation, answer, schema)
            total = total_items(answer)
            yield items, total
            read += len(items)
            if not items or (read >= total if total is not None else len(items) < PAGE_SIZE):
                return
        raise TransientError(
            f"While {operation.title}, DATEV's list does not end after {MOST_PAGES} pages.",
            code="malformed_answer",
            cure="Report this to DATEV's support.",
        )

    def _judged(
        self, operation: Operation, url: str, token: str, *, headers: Mapping[str, str] | None, **content: Any
    ) -> Answer:
        slot = self._may_call()
        learned = Learned()
        try:
            answer = self._http.send(
                operation.method,
                url,
                headers={
                    "Accept": "application/json",
                    "Authorization": f"Bearer {token}",
                    "X-DATEV-Client-Id": self._client_id,
                    **(headers or {}),
                },
                safe=operation.repeat is Repeat.AT_ONCE,
                deadline=self._upload_deadline if operation.upload else None,
                **content,
            )
        except AmbiguousError as e:
            if operation.repeat is Repeat.NEVER:
                raise
            raise TransientError(e.message, cure="Nothing to do: it is tried again.") from e
        else:
            if answer.status in operation.success:
                return answer
            error = error_from(operation, answer)
            learned = _learned(error)
            raise error
        finally:
            if self._budget and slot:
                self._budget.settle(slot, learned)

    def _may_call(self) -> Slot | None:
        """Ask before a call.

        :raises RateLimitedError: DATEV has asked some process of ours to wait; nothing is sent.
        """
        said = self._budget.take(1) if self._budget else None
        if isinstance(said, NotYet):
            raise RateLimitedError(
                _NOT_YET["asked" if said.reason else "full"],
                retry_after=said.wait * random.uniform(1, 1.25),  # noqa: S311 - jitter, no secret
                code=said.reason or None,
                cure="Nothing to do: it goes on by itself.",
            )
        return said


def _learned(error: ConnectorError) -> Learned:
    """What a refusal means for the other calls of the login."""
    if isinstance(error, RateLimitedError) or error.code == BLOCKED.code:
        wait = error.retry_after if isinstance(error, TransientError) else None
        return Learned(closed_for=wait, reason=error.code, refused=True)
    return Learned()
