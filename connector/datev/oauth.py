"""The login at DATEV: authorization code with PKCE, single-use refresh tokens, revoking.

Connecting a tenant is two logins: a short one (11 h) that lists the clients, then a lasting one (2
years) bound to the one client that was chosen; only the second is kept. A refresh token works once:
whoever refreshes must hold the claim on the login and store the new tokens before using them.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from marshmallow import fields, validate

from connector.consent import Pkce, consent_url, new_pkce
from connector.datev.answers import WireInteger, WireSchema, WireText, load_one
from connector.datev.identity import Identity, check_id_token
from connector.datev.operations import EXCHANGE_CODE, REFRESH, REVOKE, USERINFO, Operation, Repeat
from connector.datev.verdicts import error_from
from connector.errors import AmbiguousError
from connector.http import Answer, HttpClient
from connector.settings import DatevSettings
from connector.tenants.config import DatevFormat

__all__ = [
    "PRODUCT_SCOPES",
    "REVOCATION_PAGE",
    "DatevTokens",
    "Identity",
    "Pkce",
    "UserInfo",
    "authorization_url",
    "check_id_token",
    "exchange_code",
    "long_scopes",
    "new_nonce",
    "new_pkce",
    "new_state",
    "refresh",
    "revoke",
    "session_scopes",
    "userinfo",
]

ACCESS_LIFETIME = timedelta(seconds=900)
"""Where DATEV does not say ``expires_in``: the lifetime it documents."""

REVOCATION_PAGE = "https://apps.datev.de/tokrevui"
"""Where the person who connected can see and revoke the login at DATEV."""

_LONGEST_LIFETIME = 10 * 366 * 24 * 3600
"""Seconds; a longer lifetime than ten years is a malformed answer and would overflow dates."""

PRODUCT_SCOPES: Mapping[DatevFormat, tuple[str, ...]] = {
    DatevFormat.EXTF: (
        "datev:accounting:extf-files-import",
        "datev:accounting:clients",
        "accounting:documents",
        "accounting:clients:read",
    ),
    DatevFormat.DXSO: (
        "accounting:dxso-jobs",
        "datev:accounting:clients",
        "accounting:clients:read",
    ),
}
"""No more than the format needs: ``security`` of the operations in DATEV's API descriptions."""


@dataclass(frozen=True, slots=True)
class DatevTokens:
    """What a login gives. The tokens are secrets: they go into the vault, never into a log."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    """Works once; the next one comes with its use."""
    access_expires_at: datetime
    refresh_expires_at: datetime | None
    """When the login itself ends; None where DATEV did not say."""
    scope: str
    id_token: str = field(repr=False)
    """Only with a new login; empty after a refresh where DATEV sends none."""


@dataclass(frozen=True, slots=True)
class UserInfo:
    """Who logged in; DATEV wants the name shown beside the connection."""

    subject: str
    """The same as in the ID token; compare before trusting the name."""
    name: str


class _TokenSchema(WireSchema):
    access_token = fields.String(required=True, validate=validate.Length(min=1))
    refresh_token = fields.String(required=True, validate=validate.Length(min=1))
    expires_in = WireInteger(
        load_default=int(ACCESS_LIFETIME.total_seconds()), validate=validate.Range(0, _LONGEST_LIFETIME)
    )
    refresh_token_expires_in = WireInteger(
        load_default=None, allow_none=True, validate=validate.Range(0, _LONGEST_LIFETIME)
    )
    scope = WireText()
    id_token = WireText()


class _UserInfoSchema(WireSchema):
    sub = fields.String(required=True, validate=validate.Length(min=1))
    name = WireText()
    given_name = WireText()
    family_name = WireText()
    preferred_username = WireText()


def new_state() -> str:
    """Ties the callback to the browser that began (DATEV wants at least 20 characters)."""
    return secrets.token_urlsafe(32)


def new_nonce() -> str:
    """Ties the ID token to this login (DATEV wants at least 20 characters)."""
    return secrets.token_urlsafe(32)


def session_scopes(datev_format: DatevFormat) -> tuple[str, ...]:
    """For the short login (11 h), which may list the clients."""
    return ("openid", "profile", *PRODUCT_SCOPES[datev_format])


def long_scopes(datev_format: DatevFormat, client_id: str) -> tuple[str, ...]:
    """For the lasting login (2 years), bound to one client (``<consultant>-<client>``)."""
    return (*session_scopes(datev_format), "offline_access", f"datev:iam:client:{client_id}")


def authorization_url(
    settings: DatevSettings,
    *,
    redirect_uri: str,
    state: str,
    nonce: str,
    code_challenge: str,
    scopes: tuple[str, ...],
) -> str:
    """Where the browser is sent to log in.

    :param redirect_uri: as registered with DATEV, letter by letter.
    """
    return consent_url(
        f"{settings.login_base_url}/authorize",
        client_id=settings.client_id,
        redirect_uri=redirect_uri,
        state=state,
        scopes=scopes,
        nonce=nonce,
        code_challenge=code_challenge,
        code_challenge_method="S256",
    )


def exchange_code(
    http: HttpClient, settings: DatevSettings, *, code: str, verifier: str, redirect_uri: str, now: datetime
) -> DatevTokens:
    """Turn the callback's code into tokens.

    :raises PartnerRefusedError: the code is used up, too old or not ours: start the login again.
    :raises ConfigurationError: DATEV does not accept the app's identification.
    :raises AmbiguousError: the answer was lost, and the code with it: start the login again.
    """
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri,
        "code_verifier": verifier,
    }
    cure = "Start the login again: the code works only once."
    return _tokens(EXCHANGE_CODE, _token_call(http, settings, EXCHANGE_CODE, form, cure), now)


def refresh(http: HttpClient, settings: DatevSettings, refresh_token: str, now: datetime) -> DatevTokens:
    """Turn the refresh token into new tokens; it works once, so only the holder of the claim may call this.

    :raises ReconnectNeededError: the login has ended (``invalid_grant``).
    :raises ConfigurationError: DATEV does not accept the app's identification.
    :raises AmbiguousError: the answer was lost; the old token may or may not still work.
    """
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    cure = "Nothing to do yet: the stored login is tried once more; if DATEV refuses it, connect again."
    return _tokens(REFRESH, _token_call(http, settings, REFRESH, form, cure), now)


def revoke(http: HttpClient, settings: DatevSettings, token: str, token_type_hint: str) -> None:
    """End a login at DATEV. Revoking twice is no error there.

    :param token_type_hint: ``refresh_token`` or ``access_token``; DATEV wants it.
    :raises TransientError: DATEV was not reached; the token still works there.
    """
    form = {"token": token, "token_type_hint": token_type_hint}
    _judged(REVOKE, _send_form(http, settings, REVOKE, form))


def userinfo(http: HttpClient, settings: DatevSettings, access_token: str) -> UserInfo:
    """Who logged in.

    :raises AccessTokenRefusedError: the access token has ended.
    """
    answer = http.send(
        USERINFO.method,
        settings.token_base_url + USERINFO.path,
        headers={
            "Accept": "application/json",
            "Authorization": f"Bearer {access_token}",
            "X-DATEV-Client-Id": settings.client_id,
        },
        safe=True,
    )
    item = load_one(USERINFO, _judged(USERINFO, answer), _UserInfoSchema)
    full_name = f"{item['given_name']} {item['family_name']}".strip()
    return UserInfo(item["sub"], item["name"] or full_name or item["preferred_username"])


def _token_call(
    http: HttpClient, settings: DatevSettings, operation: Operation, form: Mapping[str, str], cure: str
) -> Answer:
    try:
        return _judged(operation, _send_form(http, settings, operation, form))
    except AmbiguousError as e:
        raise AmbiguousError(e.message, code=e.code, cure=cure, answer=e.answer) from e


def _send_form(
    http: HttpClient, settings: DatevSettings, operation: Operation, form: Mapping[str, str]
) -> Answer:
    """A call that the app identifies itself in: by its id alone (public client), or by HTTP Basic."""
    confidential = settings.client_auth == "basic"
    return http.send(
        operation.method,
        settings.token_base_url + operation.path,
        headers={"Accept": "application/json"},
        data=dict(form) if confidential else {**form, "client_id": settings.client_id},
        auth=(settings.client_id, settings.client_secret) if confidential else None,
        safe=operation.repeat is Repeat.AT_ONCE,
    )


def _judged(operation: Operation, answer: Answer) -> Answer:
    if answer.status not in operation.success:
        raise error_from(operation, answer)
    return answer


def _tokens(operation: Operation, answer: Answer, now: datetime) -> DatevTokens:
    item: dict[str, Any] = load_one(operation, answer, _TokenSchema)
    lasting = item["refresh_token_expires_in"]
    return DatevTokens(
        access_token=item["access_token"],
        refresh_token=item["refresh_token"],
        access_expires_at=now + timedelta(seconds=item["expires_in"]),
        refresh_expires_at=None if lasting is None else now + timedelta(seconds=lasting),
        scope=item["scope"],
        id_token=item["id_token"],
    )
