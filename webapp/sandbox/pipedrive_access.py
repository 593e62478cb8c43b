"""Who may call Pipedrive's API, how often, and how it says no.

Source: the ``x-token-cost`` and ``security`` of the operations in Pipedrive's OpenAPI files, its pages on
rate limiting and on HTTP status codes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any, NoReturn

from flask import Response, g, json, request
from werkzeug.exceptions import HTTPException

from webapp.sandbox.faults import BLOCKED_PAGE
from webapp.sandbox.state import Sandbox, current, digest, new_guid
from webapp.sandbox.store import Record

PLAN_MULTIPLIER = {"lite": 1, "growth": 2, "premium": 5, "ultimate": 7}
BURST_API = {"lite": 20, "growth": 40, "premium": 100, "ultimate": 120}
BURST_OAUTH = {"lite": 80, "growth": 160, "premium": 400, "ultimate": 480}
DAILY_BASE = 30_000
"""Tokens a day per seat, times the plan's multiplier; shared by all callers of a company."""

View = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Caller:
    """Whom a token speaks for."""

    account: Record
    user_id: int
    kind: str
    """``api`` or ``oauth``."""
    scopes: frozenset[str]
    key: str

    @property
    def domain(self) -> str:
        """The company domain: the scope of everything the company owns in the store."""
        domain: str = self.account["company_domain"]
        return domain


def caller() -> Caller:
    """The caller of the current request (inside a guarded view)."""
    found: Caller = g.caller
    return found


def answer(body: Any, status: int = 200) -> Response:
    """JSON as Pipedrive prints it (floats stay floats, keys in our order)."""
    return Response(json.dumps(body, sort_keys=False), status, mimetype="application/json")


def fail(status: int, error: str, *, info: str = "", code: str | None = None) -> NoReturn:
    """End the request with Pipedrive's general error body."""
    body: Record = {"success": False, "error": error, "error_info": info}
    if code is not None:
        body["code"] = code
    body.update({"data": None, "additional_data": None})
    refuse(answer(body, status))


def fail_validation(problem: str) -> NoReturn:
    """End the request with the error body of API v2's schema check."""
    body = {
        "success": False,
        "error": f"Validation failed: {problem}",
        "code": "ERR_SCHEMA_VALIDATION_FAILED",
    }
    refuse(answer({**body, "data": None, "additional_data": None}, 400))


def refuse(response: Response) -> NoReturn:
    """End the request with this answer."""
    raise HTTPException(response=response)


def guarded(cost: int, *scopes: str) -> Callable[[View], View]:
    """A view that wants a token, costs ``cost`` of the daily budget and, by OAuth, one of ``scopes``."""

    def wrap(view: View) -> View:
        @wraps(view)
        def inner(**arguments: Any) -> Any:
            sandbox = current()
            g.caller = found = _identify(sandbox)
            g.limit_headers = _count_call(sandbox, found, cost)
            if found.kind == "oauth" and scopes and not found.scopes.intersection(scopes):
                body = {"success": False, "error": "Scope and URL mismatch", "errorCode": 403}
                refuse(answer({**body, "error_info": "Please check your app's scopes."}, 403))
            return view(**arguments)

        return inner

    return wrap


def add_headers(response: Response) -> Response:
    """Blueprint hook: the limit headers belong to every answer, the refusals too."""
    for name, value in g.get("limit_headers", {}).items():
        response.headers[name] = value
    response.headers["x-correlation-id"] = new_guid()
    return response


def _unauthorized() -> NoReturn:
    body = {"success": False, "error": "unauthorized access", "errorCode": 401}
    info = "Please check developers.pipedrive.com for more information about Pipedrive API."
    refuse(answer({**body, "error_info": info}, 401))


def _identify(sandbox: Sandbox) -> Caller:
    bearer = request.headers.get("Authorization", "")
    token = request.headers.get("x-api-token") or bearer.removeprefix("Bearer ")
    if not token:
        _unauthorized()
    key = digest(token)
    record = sandbox.store.get("pd_token", key)
    wanted = "api" if "x-api-token" in request.headers else "oauth"
    if record is None or record["kind"] != wanted:
        _unauthorized()
    expires_at = record.get("expires_at")
    if expires_at and datetime.fromisoformat(expires_at) <= sandbox.clock.now():
        _unauthorized()
    account = sandbox.store.get("pd_account", record["domain"])
    if account is None:
        _unauthorized()
    return Caller(account, record["user_id"], record["kind"], frozenset(record.get("scopes", ())), key)


def _count_call(sandbox: Sandbox, found: Caller, cost: int) -> dict[str, str]:
    """Charge one call to the burst window and the daily budget; refuse with 429 or the block page."""
    limit: int = found.account["burst"][found.kind]
    budget: int = found.account["daily_budget"]
    verdict = sandbox.burst.count(found.key, limit, may_be_blocked=found.kind == "api")
    if verdict.blocked:
        refuse(Response(BLOCKED_PAGE, 403, mimetype="text/html"))
    day = sandbox.clock.now().date().isoformat()
    counter = f"pd_daily/{found.domain}/{day}"
    used = sandbox.store.count(counter, cost if verdict.allowed else 0)
    headers = {
        "x-ratelimit-limit": str(limit),
        "x-ratelimit-remaining": str(verdict.remaining),
        "x-ratelimit-reset": str(verdict.reset_seconds),
        "x-daily-ratelimit-token-limit": str(budget),
        "x-daily-ratelimit-token-remaining": str(max(0, budget - used)),
    }
    if verdict.allowed and used <= budget:
        return headers
    if verdict.allowed:
        sandbox.store.count(counter, -cost)  # a refused call is not charged
    g.limit_headers = headers
    fail(429, "request over limit", info="You have exceeded your API token rate limit.")
