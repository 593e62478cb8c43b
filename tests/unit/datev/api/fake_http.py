"""A stand-in for the HTTP client: answers as scripted, remembers what was sent, opens no socket."""

import json as jsonlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import requests
from requests.structures import CaseInsensitiveDict

from connector.datev.api import DatevApi
from connector.http import Answer

APP_ID = "app-4711"
BASE_URL = "https://datev.example/platform/v9"


@dataclass(frozen=True)
class Sent:
    """One call as the connector made it."""

    method: str
    url: str
    headers: dict[str, str]
    params: dict[str, Any]
    json: Any
    data: Any
    files: Any
    auth: tuple[str, str] | None
    safe: bool
    deadline: timedelta | None

    def on_the_wire(self) -> requests.PreparedRequest:
        """What ``requests`` would put on the wire."""
        request = requests.Request(
            self.method,
            self.url,
            headers=self.headers,
            params=self.params,
            json=self.json,
            data=self.data,
            files=self.files,
            auth=self.auth,
        )
        return requests.Session().prepare_request(request)


@dataclass(frozen=True)
class Script:
    """One scripted answer."""

    status: int
    body: Any = None
    headers: Mapping[str, str] | None = None


class FakeHttp:
    """Answers the scripts in order; an exception among them is raised, the last one stays."""

    def __init__(self, *scripts: Script | Exception) -> None:
        self._scripts = list(scripts)
        self.sent: list[Sent] = []

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
        """Like ``HttpClient.send``."""
        self.sent.append(
            Sent(
                method, url, dict(headers or {}), dict(params or {}), json, data, files, auth, safe, deadline
            )
        )
        script = self._scripts.pop(0) if len(self._scripts) > 1 else self._scripts[0]
        if isinstance(script, Exception):
            raise script
        body = script.body if isinstance(script.body, bytes) else jsonlib.dumps(script.body).encode()
        if script.body is None:
            body = b""
        return Answer(script.status, CaseInsensitiveDict(script.headers or {}), body, url, safe)


def api_with(http: FakeHttp, **options: Any) -> DatevApi:
    """An interface whose every call goes to the fake."""
    given: dict[str, Any] = {"access_token": lambda: "token-1", **options}
    return DatevApi(http, base_url=BASE_URL, client_id=APP_ID, **given)
