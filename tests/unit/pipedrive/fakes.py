"""A partner that answers from a list, without a socket."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from connector.http import Answer, HttpClient
from connector.pipedrive.client import PipedriveClient

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


@dataclass
class Call:
    """One request as the client made it."""

    method: str
    url: str
    headers: Mapping[str, str]
    params: Mapping[str, Any]
    json: Any
    data: Any
    auth: tuple[str, str] | None
    safe: bool

    @property
    def path(self) -> str:
        """The path of the address."""
        return urlsplit(self.url).path


@dataclass
class Reply:
    """One answer of the partner."""

    status: int = 200
    body: Any = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


class FakeHttp(HttpClient):
    """Records the requests and gives the replies in order; an exception among them is raised."""

    def __init__(self, *replies: Reply | Exception) -> None:
        self.replies = list(replies)
        self.calls: list[Call] = []

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
        self.calls.append(Call(method, url, dict(headers or {}), dict(params or {}), json, data, auth, safe))
        reply = self.replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return Answer(reply.status, dict(reply.headers), as_bytes(reply.body), url, safe)


class StoppedClock:
    """Stands still until it is moved."""

    def __init__(self, now: datetime = NOW) -> None:
        self.moment = now

    def now(self) -> datetime:
        return self.moment


def as_bytes(body: Any) -> bytes:
    """JSON of anything but bytes."""
    return body if isinstance(body, bytes) else json.dumps(body).encode()


def data(content: Any, additional: Any = None) -> Reply:
    """A good answer in Pipedrive's envelope."""
    return Reply(200, {"success": True, "data": content, "additional_data": additional})


def client_with(
    *replies: Reply | Exception, clock: StoppedClock | None = None
) -> tuple[PipedriveClient, FakeHttp]:
    """A client whose partner gives these replies."""
    http = FakeHttp(*replies)
    client = PipedriveClient(
        http,
        base_url="https://muster.pipedrive.com",
        authorization=lambda: {"x-api-token": "token"},
        clock=clock or StoppedClock(),
    )
    return client, http
