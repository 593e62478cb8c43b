"""Logging in to Pipedrive: the consent address, tokens from a code, fresh tokens, the way out.

Source: Pipedrive's page "OAuth authorization". The scopes come from the app's registration, so none are sent.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from connector.consent import consent_url
from connector.errors import (
    AmbiguousError,
    ConfigurationError,
    ConnectorError,
    PartnerAnswer,
    ReconnectNeededError,
    TransientError,
)
from connector.http import Answer, HttpClient
from connector.pipedrive import verdicts
from connector.settings import PipedriveSettings
from connector.storable import storable

REFRESH_BEFORE = timedelta(minutes=5)
"""A token lives 60 minutes; refreshed this early it outlives the longest step."""


@dataclass(frozen=True, slots=True)
class PipedriveTokens:
    """One login. Store it whole at each refresh: ``api_domain`` changes when a company renames itself."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    """Lives 60 days from its last use; a refresh gives the same one back."""
    expires_at: datetime
    api_domain: str
    scope: str

    def needs_refresh(self, now: datetime) -> bool:
        """Whether the access token may end within a step."""
        return now >= self.expires_at - REFRESH_BEFORE


def authorization_url(settings: PipedriveSettings, redirect_uri: str, state: str) -> str:
    """The address of Pipedrive's consent page.

    :param redirect_uri: letter by letter as registered.
    :param state: random, kept in the session and compared on return.
    """
    _need_app(settings)
    return consent_url(
        f"{settings.oauth_base_url}/oauth/authorize",
        client_id=settings.client_id,
        redirect_uri=redirect_uri,
        state=state,
    )


def exchange_code(
    http: HttpClient, settings: PipedriveSettings, *, code: str, redirect_uri: str, now: datetime
) -> PipedriveTokens:
    """Tokens for the code of the consent page, which lives five minutes and works once.

    :raises ReconnectNeededError: the code is old, used or not for this redirect address.
    :raises ConfigurationError: the app's id or secret is wrong.
    """
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
    return _tokens(http, settings, form, now, operation="POST /oauth/token (code)", safe=False)


def refresh(
    http: HttpClient, settings: PipedriveSettings, *, refresh_token: str, now: datetime
) -> PipedriveTokens:
    """A new access token. Repeatable: Pipedrive gives the same refresh token back.

    :raises ReconnectNeededError: ``invalid_grant``: unused for 60 days, revoked, or the app was uninstalled.
    :raises ConfigurationError: the app's id or secret is wrong.
    """
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    return _tokens(http, settings, form, now, operation="POST /oauth/token (refresh)", safe=True)


def revoke(http: HttpClient, settings: PipedriveSettings, *, refresh_token: str, now: datetime) -> None:
    """End the login for good; revoking the refresh token also uninstalls the app.

    Repeatable: Pipedrive answers 200 for a token it does not know (any more).
    """
    form = {"token": refresh_token, "token_type_hint": "refresh_token"}
    answer = _post(http, settings, "/oauth/revoke", form, safe=True)
    if not 200 <= answer.status < 300:
        raise _refusal(answer, "POST /oauth/revoke", now)


def bearer(tokens: PipedriveTokens) -> Mapping[str, str]:
    """The header of an OAuth login."""
    return {"Authorization": f"Bearer {tokens.access_token}"}


def api_token(token: str) -> Mapping[str, str]:
    """The header of a personal API token."""
    return {"x-api-token": token}


def _tokens(
    http: HttpClient,
    settings: PipedriveSettings,
    form: Mapping[str, str],
    now: datetime,
    *,
    operation: str,
    safe: bool,
) -> PipedriveTokens:
    answer = _post(http, settings, "/oauth/token", form, safe=safe)
    if not 200 <= answer.status < 300:
        raise _refusal(answer, operation, now)
    body = answer.json()
    family = TransientError if safe else AmbiguousError
    if not isinstance(body, dict):
        raise family("Pipedrive's token answer is no object.", code="malformed_answer")
    try:
        return PipedriveTokens(
            access_token=_text(body, "access_token"),
            # A refresh gives the same token back; should it ever leave it out, the old one stays valid.
            refresh_token=_text(body, "refresh_token")
            if body.get("refresh_token")
            else form.get("refresh_token", ""),
            expires_at=now + timedelta(seconds=int(body.get("expires_in", 0))),
            api_domain=_text(body, "api_domain"),
            scope=_text(body, "scope") if body.get("scope") else "",
        )
    except (KeyError, TypeError, ValueError, OverflowError):
        # from None: the cause may quote the answer, and the answer is made of secrets.
        raise family("Pipedrive's token answer lacks a part.", code="malformed_answer") from None


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body[name]
    if not isinstance(value, str) or not value or value != storable(value):
        raise ValueError(name)
    return value


def _post(
    http: HttpClient, settings: PipedriveSettings, path: str, form: Mapping[str, str], *, safe: bool
) -> Answer:
    _need_app(settings)
    return http.send(
        "POST",
        f"{settings.oauth_base_url}{path}",
        headers={"Accept": "application/json"},
        data=dict(form),
        auth=(settings.client_id, settings.client_secret),
        safe=safe,
    )


def _refusal(answer: Answer, operation: str, now: datetime) -> ConnectorError:
    error = verdicts.error_of(answer, operation, now)
    words = verdicts.words_of(answer)
    kept: PartnerAnswer | None = error.answer
    if "invalid_grant" in words:
        return ReconnectNeededError(
            "Pipedrive does not accept this login any more (invalid_grant).",
            partner="pipedrive",
            cure="Connect Pipedrive again.",
            answer=kept,
        )
    if answer.status == 401 or "invalid_client" in words:
        return ConfigurationError(
            "Pipedrive does not know the app's client id or secret.",
            code="client_credentials_refused",
            field="PIPEDRIVE_CLIENT_ID, PIPEDRIVE_CLIENT_SECRET",
            cure="Copy both from the app's page in Pipedrive's developer hub.",
            answer=kept,
        )
    return error


def _need_app(settings: PipedriveSettings) -> None:
    missing = [
        name
        for name, value in (
            ("PIPEDRIVE_CLIENT_ID", settings.client_id),
            ("PIPEDRIVE_CLIENT_SECRET", settings.client_secret),
        )
        if not value
    ]
    if missing:
        raise ConfigurationError(
            f"{' and '.join(missing)} must be set to log in to Pipedrive by OAuth.",
            code="setting_missing",
            field=", ".join(missing),
            cure="Copy them from the app's page in Pipedrive's developer hub, or use an API token.",
        )
