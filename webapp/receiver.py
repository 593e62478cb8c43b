"""``POST /webhooks/pipedrive/<tenant key>``: authenticate, store, wake, 2xx. Nothing else happens here.

Pipedrive counts anything but 2xx within 10 s as failed, tries again three times, and after ten failed
first tries stops sending for half an hour, losing what happens meanwhile. Therefore:

=====  =======================================================================================
202    stored; ``run`` chains were woken, or the sweep finds them
200    nothing to do: a delivery that we know already, or none about a won deal
400    no JSON, not the shape of a Pipedrive delivery, or a body that cannot be read to its end
401    the delivery does not prove that it comes from this tenant, or there is no such tenant
413    larger than 1 MiB
503    PostgreSQL is away, or a bug of ours. A bug answers 503 and not 500 because both mean
       "send it again" to Pipedrive, and 503 says so to proxies and people too; the bug itself
       stands in the log under the id in the answer.
=====  =======================================================================================
"""

import json
from collections.abc import Callable
from secrets import token_urlsafe
from typing import Any

from flask import Blueprint, Response, request
from werkzeug.datastructures import Headers
from werkzeug.exceptions import ClientDisconnected, HTTPException, RequestEntityTooLarge

from connector.errors import DatabaseUnavailableError, DataError, Problem
from connector.log import get_logger
from connector.pipedrive import webhook
from connector.pipedrive.merges import parse_merge
from connector.pipeline import intake
from connector.pipeline.merged_buyers import follow_merge
from connector.pipeline.services import Services
from connector.store.refused_deliveries import UNKNOWN_TENANT
from connector.tenants.config import HmacConfig, ReceiverConfig
from webapp.credentials import CredentialCache, Credentials, load_credentials
from webapp.error_pages import RETRY_AFTER_S, log_unexpected
from webapp.refusals import counted

log = get_logger(__name__)

MAX_BODY_BYTES = 1024 * 1024
"""A deal with hundreds of custom fields stays below 100 KB; more is no webhook."""

_JSON = json.JSONEncoder(separators=(",", ":"), sort_keys=True)

Wake = Callable[[int, int], object]


def receiver(services: Services, wake: Wake) -> Blueprint:
    """The blueprint.

    :param wake: tells a worker that a run of a tenant is due, by their ids; must neither raise nor take long.
    """
    blueprint = Blueprint("receiver", __name__)
    cache = CredentialCache(lambda key: load_credentials(services, key))
    refusals = counted(services)
    decoy = _Decoy()

    @blueprint.post("/webhooks/pipedrive/<tenant_key>")
    def receive(tenant_key: str) -> Response:
        body = _read_body()
        credentials = cache.get(tenant_key)
        if not _is_authentic(credentials, decoy, request.headers, body):
            refusals.note(credentials.tenant.key if credentials else UNKNOWN_TENANT)
            return _unauthorized()
        assert credentials is not None  # noqa: S101 - an unknown tenant is never authentic
        parsed = _parsed(body)
        event = webhook.parse_delivery(parsed)
        if event is not None:
            run_ids = intake.receive(services, credentials.tenant, event, "webhook")
            # No line for each of a burst: inbox and journal tell of every delivery that was stored.
            log.debug("delivery_taken", tenant=tenant_key, event_id=event.event_id, runs=run_ids)
        else:
            merge = parse_merge(parsed)
            run_ids = follow_merge(services, credentials.tenant, merge) if merge else []
        for run_id in run_ids:
            wake(run_id, credentials.tenant.id)
        return _answer(202 if run_ids else 200, stored=bool(run_ids))

    blueprint.register_error_handler(DataError, _malformed)
    blueprint.register_error_handler(DatabaseUnavailableError, _database_away)
    blueprint.register_error_handler(RequestEntityTooLarge, _too_large)
    blueprint.register_error_handler(Exception, _unexpected)
    return blueprint


class _Decoy:
    """What a delivery to an unknown tenant is compared with, so that the refusal takes the usual time."""

    def __init__(self) -> None:
        self.receiver = ReceiverConfig(basic_user="nobody", hmac=HmacConfig())
        self.secret = token_urlsafe(32)


def _is_authentic(credentials: Credentials | None, decoy: _Decoy, headers: Headers, body: bytes) -> bool:
    asked = credentials.tenant.config.receiver if credentials else decoy.receiver
    password = credentials.basic_password if credentials else decoy.secret
    proofs = ("Authorization", asked.hmac.header) if asked.hmac else ("Authorization",)
    passed = webhook.authenticate(
        headers={name: headers.get(name, "") for name in proofs},
        body=body,
        basic=(asked.basic_user, password or "") if asked.basic_user is not None else None,
        hmac_key=credentials.hmac_key if credentials else decoy.secret,
        hmac_config=asked.hmac,
    )
    return passed and credentials is not None


def _read_body() -> bytes:
    """The raw body, which the signature covers.

    A chunked body announces no length, and werkzeug cuts it off at its limit without a word; therefore one
    byte more is read than is allowed.

    :raises RequestEntityTooLarge: it is larger than allowed.
    :raises ClientDisconnected: it ends early, or its chunks are malformed.
    """
    request.max_content_length = MAX_BODY_BYTES + 1
    if (request.content_length or 0) > MAX_BODY_BYTES:
        raise RequestEntityTooLarge
    try:
        body = request.get_data(cache=False)
    except HTTPException:
        raise
    except Exception as e:
        # Each WSGI server has errors of its own for a broken body (a wrong chunk size, a missing end), and
        # nothing but the client's bytes has been touched so far.
        raise ClientDisconnected from e
    if len(body) > MAX_BODY_BYTES:
        raise RequestEntityTooLarge
    return body


def _parsed(body: bytes) -> Any:
    """The body as JSON values.

    :raises DataError: it is no JSON, or nested so deep that nothing legitimate can be in it.
    """
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as e:
        raise DataError(
            [
                Problem(
                    "not_json",
                    "The body is not JSON.",
                    "body",
                    "Send Pipedrive's webhooks to this address, and nothing else.",
                )
            ]
        ) from e


def _unauthorized() -> Response:
    response = _answer(401, error="unauthorized", message="The delivery does not prove where it comes from.")
    response.headers["WWW-Authenticate"] = 'Basic realm="ml-connector", charset="UTF-8"'
    return response


def _malformed(error: DataError) -> Response:
    return _answer(
        400,
        error=error.code,
        message=error.message,
        problems=[problem.as_dict() for problem in error.problems],
    )


def _too_large(_error: Exception) -> Response:
    response = _answer(413, error="too_large", message=f"The body is larger than {MAX_BODY_BYTES} bytes.")
    # What is left of the body is never read, so the connection cannot carry another request.
    response.headers["Connection"] = "close"
    return response


def _incomplete() -> Response:
    response = _answer(400, error="incomplete", message="The body ended early or is malformed.")
    # Where such a body ends is not known, so the connection cannot carry another request.
    response.headers["Connection"] = "close"
    return response


def _database_away(_error: Exception) -> Response:
    log.warning("delivery_not_stored", reason="database_unavailable")
    return _try_again(error="database_unavailable", message="Nothing was stored; please send it again.")


def _unexpected(error: Exception) -> Response:
    if isinstance(error, ClientDisconnected):
        return _incomplete()
    if isinstance(error, HTTPException):
        return _answer(error.code or 400, error=error.name, message=error.description or "")
    return _try_again(
        error="unexpected",
        message="Nothing was stored; please send it again.",
        error_id=log_unexpected(error),
    )


def _try_again(**content: str) -> Response:
    response = _answer(503, **content)
    response.headers["Retry-After"] = str(RETRY_AFTER_S)
    return response


def _answer(status: int, **content: Any) -> Response:
    return Response(f"{_JSON.encode(content)}\n", status, content_type="application/json")
