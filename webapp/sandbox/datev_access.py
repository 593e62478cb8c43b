"""Who may call DATEV's APIs, and the two forms in which they say no.

``problem`` bodies belong to accounting:clients and accounting:extf-files, ``DCO`` bodies to
accounting:documents and accounting:dxso-jobs. Both header schemes (token and app id) are required by every
description; a missing one is 401.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any, NoReturn

from flask import Response, g, json, request
from werkzeug.exceptions import HTTPException

from webapp.sandbox.state import Sandbox, current, digest, new_guid
from webapp.sandbox.store import Record

CLIENT_ID = re.compile(r"(\d{4,7})-(\d{1,5})")
"""Consultant number and client number: the technical id of a client."""

MAX_TOP = 100
HELP = "http://www.datev.de/hilfe/"
DCO_HELP = "https://apps.datev.de/knowledge/help/search?q="

PROBLEM_TITLES = {
    1008828: "Invalid query parameters",
    1008829: "Missing required scope",
    1008831: "Invalid message-body",
    1008832: "Invalid header fields",
    1008833: "Invalid file",
    1008834: "Invalid EXTF-header",
    1008835: "Invalid request URI path",
    1008837: "Try again",
    1008838: "Missing permission",
}

View = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Login:
    """What an access token stands for."""

    session: Record
    user: Record
    scopes: frozenset[str]

    @property
    def bound_client(self) -> str | None:
        """The one client of a long-term session; None for a short one."""
        bound: str | None = self.session["bound_client"]
        return bound


def login() -> Login:
    """The login behind the current request (inside a guarded view)."""
    found: Login = g.datev_login
    return found


def answer(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """JSON in DATEV's media type."""
    reply = Response(json.dumps(body), status, content_type="application/json;charset=utf-8")
    reply.headers.update(headers or {})
    return reply


def add_headers(response: Response) -> Response:
    """Blueprint hook: the two ids that a support case at DATEV asks for."""
    response.headers["X-Global-Transaction-ID"] = g.setdefault(
        "datev_transaction", new_guid().replace("-", "")
    )
    response.headers["V-Cap-Request-ID"] = new_guid()
    return response


def refuse(response: Response) -> NoReturn:
    """End the request with this answer."""
    raise HTTPException(response=response)


def problem(
    status: int, code: int | None, detail: str = "", elements: list[Record] | None = None, title: str = ""
) -> NoReturn:
    """End the request with a problem document (clients, extf-files)."""
    body: Record = {"type": f"{HELP}{code}"} if code else {}
    body["title"] = title or PROBLEM_TITLES.get(code or 0, "Error")
    if detail:
        body["detail"] = detail
    if elements:
        body["affected_elements"] = elements
    refuse(answer({**body, "request_id": new_guid(), "status": status}, status))


def dco(status: int, code: str | None = None, name: str = "") -> NoReturn:
    """End the request with a DCO error (documents, dxso-jobs); without a code only the request id is told."""
    body: Record = {"request_id": new_guid()}
    if code:
        body.update(error=f"#{code}", error_description=f"restapi.{name}", error_uri=DCO_HELP + code)
    refuse(answer(body, status))


def _unauthorized(detail: str) -> NoReturn:
    body = {"title": "Unauthorized", "detail": detail, "request_id": new_guid(), "status": 401}
    refuse(answer(body, 401, {"WWW-Authenticate": 'Bearer error="invalid_token"'}))


def _missing_scope(style: str, scope: str) -> NoReturn:
    if style == "problem":
        problem(403, 1008829, f"Missing scope(s) are: {scope}")
    dco(403, "DCO01005", "ScopeFault")


def find_login(sandbox: Sandbox) -> Login | None:
    """The living login of the request's bearer token, or None."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    access = sandbox.store.get("dv_access", digest(token)) if scheme == "Bearer" and token else None
    if access is None or datetime.fromisoformat(access["expires_at"]) <= sandbox.clock.now():
        return None
    session = sandbox.store.get("dv_session", access["session"])
    if session is None or session["ended"]:
        return None
    user = sandbox.store.get("dv_user", session["sub"])
    return None if user is None else Login(session, user, frozenset(session["scopes"]))


def guarded(style: str, scope: str) -> Callable[[View], View]:
    """A view that wants a token with this scope and the app's id in ``X-DATEV-Client-Id``."""

    def wrap(view: View) -> View:
        @wraps(view)
        def inner(**arguments: Any) -> Any:
            sandbox = current()
            found = find_login(sandbox)
            if found is None:
                _unauthorized("The access token is missing, unknown or expired.")
            if request.headers.get("X-DATEV-Client-Id") != found.session["client_id"]:
                _unauthorized("X-DATEV-Client-Id is missing or not the app of this token.")
            if scope not in found.scopes:
                _missing_scope(style, scope)
            g.datev_login = found
            return view(**arguments)

        return inner

    return wrap


def visible_clients() -> list[Record]:
    """The clients that the user behind the token may see."""
    allowed = login().user["clients"]
    return [row for row in current().store.all("dv_client") if allowed is None or row["id"] in allowed]


def load_client(style: str, client_id: str) -> Record:
    """The client of a path.

    Raises:
        HTTPException: 400 for a malformed id (problem style), 403 outside a long-term session's client, 404
        unknown.
    """
    if style == "problem" and CLIENT_ID.fullmatch(client_id) is None:
        elements = [{"name": "client-id", "reason": "Path segment client-id is invalid"}]
        problem(400, 1008835, "Request-URI contains one or more invalid path segments", elements)
    bound = login().bound_client
    if bound is not None and bound != client_id:
        if style == "problem":
            problem(403, 1008829, f"Missing scope(s) are: datev:iam:client:{client_id}")
        dco(403)
    found = next((row for row in visible_clients() if row["id"] == client_id), None)
    if found is None:
        if style == "problem":
            problem(404, None, title="Not Found")
        dco(404)
    return found


def refuse_long_term_list(style: str) -> None:
    """A long-term token is bound to one client: operations without a client id fail with it."""
    bound = login().bound_client
    if bound is None:
        return
    if style == "problem":
        detail = f"The token is limited to client {bound}; lists of clients are not allowed."
        problem(403, None, detail, title="Forbidden")
    dco(403)


def page(rows: list[Record], *, least_top: int = 1) -> tuple[list[Record], dict[str, str]]:
    """One ``skip``/``top`` page with its ``Total-Items`` and ``Link`` headers (``top`` above 100 counts as
    100).
    """
    elements = []
    numbers = {"skip": 0, "top": MAX_TOP}
    for name, least in (("skip", 0), ("top", least_top)):
        text = request.args.get(name)
        if text is None:
            continue
        if not text.isdigit() or int(text) < least:
            elements.append({"name": name, "reason": "Must be a positive integer"})
        else:
            numbers[name] = int(text)
    if elements:
        problem(400, 1008828, "Paging parameters are invalid", elements)
    skip, top = numbers["skip"], min(numbers["top"], MAX_TOP)
    links = []
    if skip:
        links.append(f'<?skip={max(0, skip - top)}&top={top}>;rel="prev"')
    if skip + top < len(rows):
        links.append(f'<?skip={skip + top}&top={top}>;rel="next"')
    headers = {"Total-Items": str(len(rows))}
    if links:
        headers["Link"] = ", ".join(links)
    return rows[skip : skip + top], headers


def check_accept() -> None:
    """406 where the caller does not take JSON (clients, extf-files)."""
    if request.accept_mimetypes and not request.accept_mimetypes["application/json"]:
        problem(406, None, title="Not Acceptable")
