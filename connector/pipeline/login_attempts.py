"""Sending a browser to a partner's login, and recognising it when it comes back.

What has to come back unchanged is stored as a hash (state, browser secret) or encrypted (nonce, proof key),
works once and for a quarter of an hour. The state ties the answer to the request, the browser secret (a
cookie) ties it to the browser: without it a stranger could finish his own login in somebody else's browser.
"""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from connector.datev import oauth as datev_oauth
from connector.errors import ConfigurationError, PermanentError, Problem
from connector.pipedrive import oauth as pipedrive_oauth
from connector.pipeline.services import Services
from connector.pipeline.tokens import DATEV, PIPEDRIVE, reconnect_command
from connector.store import journal, tenants, tickets
from connector.store.connections import LONG, SESSION
from connector.store.tenants import TenantRow
from connector.store.tickets import NewAttempt

ATTEMPT_LIFETIME = timedelta(minutes=15)
"""Time for a person to find the second factor. A person's time, so no time scale shortens it."""

CHOICE_LIFETIME = timedelta(minutes=30)
"""Time to choose a client; the session itself lives 11 h."""


@dataclass(frozen=True, slots=True)
class Redirect:
    """Where the browser goes next, and what it must bring back."""

    url: str = field(repr=False)
    state_hash: str
    """Names the cookie, so that two logins in one browser do not disturb each other."""
    browser_secret: str = field(repr=False)
    """The cookie's value."""
    lifetime: timedelta = ATTEMPT_LIFETIME


@dataclass(frozen=True, slots=True)
class Returned:
    """A login that came back to the browser it began in."""

    tenant: TenantRow
    purpose: str
    client_id: str
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)


LOGIN_FAILED = "login_failed"
"""The journal's word for a login that ended without being kept; whoever waits for it is told."""


def note_failed(services: Services, tenant: TenantRow, partner: str, problem: Problem) -> None:
    """Write down that a login has ended, and why: the command that made its link looks for this."""
    with services.database.transaction() as tx:
        journal.write(
            tx,
            tenant_id=tenant.id,
            at=services.clock.now(),
            event=LOGIN_FAILED,
            actor="login page",
            message=problem.message,
            details={"partner": partner, "problems": [problem.as_dict()]},
        )


def hashed(purpose: str, secret: str) -> str:
    """A secret as it is stored. The purpose goes in, so that one kind of secret cannot serve as another."""
    return hashlib.sha256(f"{purpose}:{secret}".encode()).hexdigest()


def state_hash(state: str) -> str:
    """The hash under which an authorisation request is stored."""
    return hashed("state", state)


def authorize(
    services: Services, tenant: TenantRow, partner: str, purpose: str, client_id: str = ""
) -> Redirect:
    """Store an authorisation request and say where to send the browser.

    :raises ConfigurationError: the app's client id is not set.
    """
    state, nonce, pkce = datev_oauth.new_state(), datev_oauth.new_nonce(), datev_oauth.new_pkce()
    browser_secret = secrets.token_urlsafe(32)
    if partner == PIPEDRIVE:
        settings = services.settings
        url = pipedrive_oauth.authorization_url(settings.pipedrive, settings.pipedrive_redirect_uri, state)
    else:
        url = _datev_url(services, tenant, purpose, client_id, state, nonce, pkce)
    now = services.clock.now()
    attempt = NewAttempt(
        state_hash=state_hash(state),
        tenant_id=tenant.id,
        partner=partner,
        purpose=purpose,
        browser_hash=hashed("browser", browser_secret),
        created_at=now,
        expires_at=now + ATTEMPT_LIFETIME,
        client_id=client_id,
        nonce=services.vault.encrypt(nonce),
        verifier=services.vault.encrypt(pkce.verifier),
    )
    with services.database.transaction() as tx:
        tickets.forget_ended(tx, before=now)
        tickets.add_attempt(tx, attempt)
    return Redirect(url, attempt.state_hash, browser_secret)


def take_back(services: Services, partner: str, *, state: str, browser_secret: str) -> Returned:
    """Use up the authorisation request that this answer belongs to.

    :raises PermanentError: there is none: unknown, used, ended, or begun in another browser.
    """
    with services.database.transaction() as tx:
        attempt = tickets.use_attempt(
            tx,
            state_hash=state_hash(state),
            browser_hash=hashed("browser", browser_secret),
            partner=partner,
            now=services.clock.now(),
        )
        tenant = tenants.get(tx, attempt.tenant_id) if attempt else None
    if attempt is None or tenant is None or attempt.nonce is None or attempt.verifier is None:
        raise PermanentError(
            "This login was not begun in this browser, was finished already, or took longer than "
            f"{ATTEMPT_LIFETIME.seconds // 60} minutes.",
            code="login_unknown",
            cure="Begin again with a new link.",
        )
    return Returned(
        tenant,
        attempt.purpose,
        attempt.client_id,
        services.vault.decrypt(attempt.nonce),
        services.vault.decrypt(attempt.verifier),
    )


def refuse_if_denied(returned: Returned, partner: str, answer: Mapping[str, str]) -> None:
    """Stop where the partner sends the browser back with an error instead of a code.

    :raises PermanentError: always, if there is no code.
    """
    error = answer.get("error", "")
    if answer.get("code") and not error:
        return
    again = reconnect_command(partner, returned.tenant.key)
    if error in {"access_denied", "user_denied"}:
        raise PermanentError(
            "The access was not allowed; nothing was changed.", code="login_denied", cure=again
        )
    if error in {"invalid_scope", "unauthorized_client", "unsupported_response_type", "invalid_request"}:
        raise ConfigurationError(
            f"The partner does not accept the app's login request ({error}).",
            code="login_request_refused",
            cure="Compare client id, redirect address and ordered scopes with the app's page at the partner.",
        )
    raise PermanentError(
        "The partner ended the login without a result; nothing was changed.", code="login_failed", cure=again
    )


def _datev_url(
    services: Services,
    tenant: TenantRow,
    purpose: str,
    client_id: str,
    state: str,
    nonce: str,
    pkce: datev_oauth.Pkce,
) -> str:
    settings = services.settings
    if not settings.datev.client_id:
        raise ConfigurationError(
            "DATEV_CLIENT_ID must be set to log in to DATEV.",
            code="setting_missing",
            field="DATEV_CLIENT_ID",
            cure="Copy it from the app's page in DATEV's developer portal.",
        )
    datev_format = tenant.config.datev.format
    scopes = {
        SESSION: lambda: datev_oauth.session_scopes(datev_format),
        LONG: lambda: datev_oauth.long_scopes(datev_format, client_id),
    }[purpose]()
    return datev_oauth.authorization_url(
        settings.datev,
        redirect_uri=settings.datev_redirect_uri,
        state=state,
        nonce=nonce,
        code_challenge=pkce.challenge,
        scopes=scopes,
    )


def open_choice(services: Services, tenant: TenantRow) -> str:
    """Let the browser that has just logged in choose a client; the secret that it has to show."""
    secret = secrets.token_urlsafe(32)
    now: datetime = services.clock.now()
    with services.database.transaction() as tx:
        tickets.add_attempt(
            tx,
            NewAttempt(
                state_hash=hashed("choice", secret),
                tenant_id=tenant.id,
                partner=DATEV,
                purpose=SESSION,
                browser_hash=hashed("browser", secret),
                created_at=now,
                expires_at=now + CHOICE_LIFETIME,
            ),
        )
    return secret


def tenant_of_choice(services: Services, secret: str) -> TenantRow:
    """The tenant whose client is being chosen.

    :raises PermanentError: the choice was made already, or has ended.
    """
    with services.database.transaction() as tx:
        choice = tickets.find_choice(tx, state_hash=hashed("choice", secret), now=services.clock.now())
        if choice:
            return tenants.get(tx, choice.tenant_id)
    raise _no_choice()


def close_choice(services: Services, secret: str) -> None:
    """Use the choice up.

    :raises PermanentError: somebody else has just done so.
    """
    with services.database.transaction() as tx:
        closed = tickets.use_choice(tx, state_hash=hashed("choice", secret), now=services.clock.now())
    if not closed:
        raise _no_choice()


def _no_choice() -> PermanentError:
    return PermanentError(
        "There is no choice of a client open in this browser.",
        code="choice_unknown",
        cure="Begin again with a new link.",
    )
