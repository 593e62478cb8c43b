"""Checks the ID token of a login: that DATEV signed it, for this app, for this very login, and just now.

Issuer and keys come from DATEV's discovery document, read over TLS from the login's base URL and
kept per process for an hour. Nothing but RS256 is accepted, so a token cannot choose how it is checked.
"""

import hmac
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import jwt
from jwt.exceptions import PyJWTError
from marshmallow import fields, validate

from connector.datev.answers import WireSchema, load_one, malformed
from connector.datev.operations import DISCOVERY, SIGNING_KEYS, Operation
from connector.datev.verdicts import error_from
from connector.errors import PartnerRefusedError
from connector.http import Answer, HttpClient
from connector.settings import DatevSettings

KEEP_KEYS = timedelta(hours=1)
"""DATEV changes its keys rarely; a key we do not know makes us read them anew at once."""

REREAD_AT_MOST_EVERY = timedelta(minutes=1)
"""So that forged tokens with made-up key ids cannot make us call DATEV without end."""

LEEWAY = timedelta(seconds=60)
"""By how much DATEV's clock and ours may differ."""

_ALGORITHM = "RS256"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who logged in, as the ID token says."""

    subject: str
    """DATEV's pseudonym of the person for this app."""


@dataclass(frozen=True, slots=True)
class _Published:
    """What DATEV publishes about its signatures."""

    issuer: str
    keys: Mapping[str, jwt.PyJWK]
    read_at: datetime


_published: dict[str, _Published] = {}
_lock = threading.Lock()


class _DiscoverySchema(WireSchema):
    issuer = fields.String(required=True, validate=validate.Length(min=1))
    jwks_uri = fields.Url(required=True, schemes={"http", "https"}, require_tld=False)


class _KeySetSchema(WireSchema):
    keys = fields.List(fields.Dict(), required=True)


def check_id_token(
    http: HttpClient, settings: DatevSettings, id_token: str, nonce: str, now: datetime
) -> Identity:
    """Accept the ID token, or refuse the login.

    :param nonce: the one sent with the authorization request.
    :raises PartnerRefusedError: any check fails: the login must not be used.
    :raises TransientError: DATEV's keys cannot be read now.
    """
    try:
        header = jwt.get_unverified_header(id_token)
        if header.get("alg") != _ALGORITHM:
            raise _refused("it is not signed with RS256")
        published, key = _key_for(http, settings, str(header.get("kid", "")), now)
        claims = jwt.decode(
            id_token,
            key,
            algorithms=[_ALGORITHM],
            audience=settings.client_id,
            issuer=published.issuer,
            # Times are checked below against the moment passed in.
            options={
                "require": ["iss", "sub", "aud", "exp", "nonce"],
                "verify_exp": False,
                "verify_nbf": False,
                "verify_iat": False,
            },
        )
    except (PyJWTError, ValueError, TypeError, RecursionError) as e:
        raise _refused(f"its check failed ({type(e).__name__})") from e
    _check_times(claims, now)
    if claims.get("azp", settings.client_id) != settings.client_id:
        raise _refused("it was issued to another app")
    if not hmac.compare_digest(str(claims["nonce"]).encode("utf-8", "replace"), nonce.encode()):
        raise _refused("it belongs to another login")
    return Identity(claims["sub"])


def forget_keys() -> None:
    """Drop what is kept: for tests, and after a change of the base URL within one process."""
    with _lock:
        _published.clear()


def _check_times(claims: Mapping[str, Any], now: datetime) -> None:
    moment, leeway = now.timestamp(), LEEWAY.total_seconds()
    expires, not_before = claims["exp"], claims.get("nbf", 0)
    if not _is_number(expires) or not _is_number(not_before):
        raise _refused("its times cannot be read")
    if expires <= moment - leeway:
        raise _refused("it has expired")
    if not_before > moment + leeway:
        raise _refused("it is not valid yet")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _key_for(
    http: HttpClient, settings: DatevSettings, key_id: str, now: datetime
) -> tuple[_Published, jwt.PyJWK]:
    address = settings.login_base_url
    with _lock:
        known = _published.get(address)
    age = now - known.read_at if known else None
    stale = age is None or age > KEEP_KEYS
    if known is None or stale or (key_id not in known.keys and age and age > REREAD_AT_MOST_EVERY):
        known = _read(http, address, now)
        with _lock:
            _published[address] = known
    if key_id not in known.keys:
        raise _refused("it names a key that DATEV does not publish")
    return known, known.keys[key_id]


def _read(http: HttpClient, address: str, now: datetime) -> _Published:
    answer = _get(http, DISCOVERY, address + DISCOVERY.path)
    discovery = load_one(DISCOVERY, answer, _DiscoverySchema)
    answer = _get(http, SIGNING_KEYS, discovery["jwks_uri"])
    keys = {}
    for item in load_one(SIGNING_KEYS, answer, _KeySetSchema)["keys"]:
        if item.get("kty") != "RSA" or item.get("use", "sig") != "sig":
            continue
        try:
            keys[str(item.get("kid", ""))] = jwt.PyJWK.from_dict(item, algorithm=_ALGORITHM)
        except (PyJWTError, ValueError, TypeError):
            # One key that cannot be read must not lock out the others.
            continue
    if not keys:
        raise malformed(SIGNING_KEYS, answer, "there is no RSA key for signatures in it")
    return _Published(discovery["issuer"], keys, now)


def _get(http: HttpClient, operation: Operation, url: str) -> Answer:
    answer = http.send("GET", url, headers={"Accept": "application/json"}, safe=True)
    if answer.status not in operation.success:
        raise error_from(operation, answer)
    return answer


def _refused(why: str) -> PartnerRefusedError:
    return PartnerRefusedError(
        f"The identity that came back with DATEV's login cannot be trusted: {why}.",
        code="id_token_refused",
        cure="Start the login again; if it stays, check DATEV_ENVIRONMENT, DATEV_CLIENT_ID "
        "and this machine's clock.",
    )
