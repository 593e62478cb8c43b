"""Is the process alive, may it get traffic, and how does the work stand."""

import hmac
import ipaddress

import redis
from flask import Blueprint, Response, abort, jsonify, request

from connector.errors import DatabaseUnavailableError
from connector.pipeline.services import Services
from connector.store import measures
from webapp.metrics import CONTENT_TYPE, exposition

REDIS_TIMEOUT_S = 1.0
"""Redis is only reported; a dead one must not make the answer late for the load balancer."""


def health(services: Services, *, newest_schema: str, metrics_token: str) -> Blueprint:
    """The blueprint.

    :param newest_schema: the migration this program was written for.
    :param metrics_token: bearer token for ``/metrics``; empty: it answers this machine only.
    """
    blueprint = Blueprint("health", __name__)

    @blueprint.get("/healthz")
    def alive() -> Response:
        return jsonify(status="alive")

    @blueprint.get("/readyz")
    def ready() -> Response:
        database = _database(services, newest_schema)
        response = jsonify(
            status="ready" if database == "ok" else "not ready",
            database=database,
            redis=_redis(services.settings.redis_url),
        )
        response.status_code = 200 if database == "ok" else 503
        return response

    @blueprint.get("/metrics")
    def metrics() -> Response:
        if not _may_read_metrics(metrics_token):
            abort(403)
        now = services.clock.now()
        with services.database.transaction() as tx:
            read = measures.read(tx, now=now)
        return Response(exposition(read, now), content_type=CONTENT_TYPE)

    return blueprint


def _database(services: Services, newest_schema: str) -> str:
    try:
        with services.database.transaction() as tx:
            version = measures.schema_version(tx)
            # On a full disk reading goes on for long, but no delivery can be stored.
            measures.try_writing(tx)
    except DatabaseUnavailableError:
        return "unavailable"
    if version != newest_schema:
        return f"schema {version or 'missing'}, needed {newest_schema}; run: ml-connector migrate"
    return "ok"


def _redis(redis_url: str) -> str:
    """Reported, not required: without it the sweep still finds everything, only later."""
    if not redis_url:
        return "not configured"
    try:
        with redis.Redis.from_url(
            redis_url, socket_connect_timeout=REDIS_TIMEOUT_S, socket_timeout=REDIS_TIMEOUT_S
        ) as client:
            client.ping()
    except (redis.RedisError, ValueError, OSError):
        return "unavailable"
    return "ok"


def _may_read_metrics(token: str) -> bool:
    """Tenant names and amounts of work are nobody else's business.

    Behind a reverse proxy every caller seems to come from this machine; therefore a forwarded request
    counts as coming from elsewhere.
    """
    if token:
        given = request.headers.get("Authorization", "")
        return hmac.compare_digest(given.encode(), f"Bearer {token}".encode())
    forwarded = any(name in request.headers for name in ("Forwarded", "X-Forwarded-For", "X-Real-Ip", "Via"))
    return not forwarded and _is_loopback(request.remote_addr or "")


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
