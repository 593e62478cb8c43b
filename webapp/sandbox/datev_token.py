"""DATEV's token endpoint, revocation and userinfo.

Refresh tokens are single-use and rotate; using an old one ends the whole session. A short session ends 11
hours after the login however often it is refreshed; a long-term one (``offline_access`` with one client's
scope) ends after two years.
"""

import base64
import hashlib
import hmac
from datetime import datetime, timedelta

import jwt
from flask import Blueprint, Response, request

from webapp.sandbox.datev_access import add_headers, answer, find_login
from webapp.sandbox.datev_login import KEY_ID, issuer, signing_key
from webapp.sandbox.state import Sandbox, current, digest, new_guid, new_secret
from webapp.sandbox.store import Record

blueprint = Blueprint("datev_token", __name__, url_prefix="/datev/api")
blueprint.after_request(add_headers)


def _refused(status: int, error: str, description: str) -> Response:
    headers = {"WWW-Authenticate": "Basic"} if status == 401 else {}
    return answer({"error": error, "error_description": description}, status, headers)


def _authenticated_app(sandbox: Sandbox) -> Record | Response:
    """The calling app: a public one names itself in the body, a confidential one sends HTTP Basic."""
    basic = request.authorization
    has_basic = basic is not None and basic.type == "basic"
    client_id = (basic.username or "") if has_basic and basic else request.form.get("client_id", "")
    app = sandbox.store.get("dv_app", client_id)
    if app is None:
        return _refused(401, "invalid_client", "unknown client_id")
    if app["secret_digest"] is None:
        if has_basic or "client_secret" in request.form:
            return _refused(401, "invalid_client", "this app is public: send the client_id alone")
        return app
    secret = (basic.password or "") if has_basic and basic else ""
    if not hmac.compare_digest(app["secret_digest"], digest(secret)):
        return _refused(
            401, "invalid_client", "HTTP Basic with client id and secret is required for this app"
        )
    return app


@blueprint.post("/token")
def token() -> Response:
    """Exchange a code, or a refresh token for the next one."""
    sandbox = current()
    app = _authenticated_app(sandbox)
    if isinstance(app, Response):
        return app
    kind = request.form.get("grant_type")
    with sandbox.store.transaction():
        if kind == "authorization_code":
            return _exchange(sandbox, app)
        if kind == "refresh_token":
            return _refresh(sandbox, app)
    return _refused(400, "unsupported_grant_type", "grant_type must be authorization_code or refresh_token")


def _exchange(sandbox: Sandbox, app: Record) -> Response:
    key = digest(request.form.get("code", ""))
    grant = sandbox.store.get("dv_code", key)
    if grant is None or grant["session"]["client_id"] != app["client_id"]:
        return _refused(400, "invalid_grant", "the code is unknown")
    session = grant["session"]
    if grant["used"]:
        end_session(sandbox, session["id"], "its authorization code was used twice")
        return _refused(400, "invalid_grant", "the code was used before")
    grant["used"] = True  # whatever follows: a code is good for one try
    sandbox.store.put("dv_code", key, grant)
    if datetime.fromisoformat(grant["expires_at"]) <= sandbox.clock.now():
        return _refused(400, "invalid_grant", "the code has expired")
    if request.form.get("redirect_uri") != grant["redirect_uri"]:
        return _refused(400, "invalid_grant", "redirect_uri differs from the authorization request")
    hashed = hashlib.sha256(request.form.get("code_verifier", "").encode()).digest()
    if base64.urlsafe_b64encode(hashed).rstrip(b"=").decode() != grant["code_challenge"]:
        return _refused(400, "invalid_grant", "code_verifier does not match the code_challenge")
    sandbox.store.put("dv_session", session["id"], session)
    return _issue(sandbox, session, with_id_token=True)


def _refresh(sandbox: Sandbox, app: Record) -> Response:
    key = digest(request.form.get("refresh_token", ""))
    refresh = sandbox.store.get("dv_refresh", key)
    session = refresh and sandbox.store.get("dv_session", refresh["session"])
    if not refresh or not session or session["client_id"] != app["client_id"]:
        return _refused(400, "invalid_grant", "the refresh token is unknown")
    if session["ended"]:
        return _refused(400, "invalid_grant", f"the session has ended: {session['ended']}")
    if refresh["used"]:
        end_session(sandbox, session["id"], "a refresh token was used twice")
        return _refused(400, "invalid_grant", "the refresh token was used before; the session is ended")
    if session_end(sandbox, session) <= sandbox.clock.now():
        end_session(sandbox, session["id"], "its lifetime is over")
        return _refused(400, "invalid_grant", "the session has expired")
    sandbox.store.put("dv_refresh", key, {**refresh, "used": True})
    return _issue(sandbox, session, with_id_token=False)


def session_end(sandbox: Sandbox, session: Record) -> datetime:
    """When a session ends by age; refreshing does not move it."""
    settings = sandbox.datev_settings()
    name = "long_lifetime_s" if session["bound_client"] else "session_lifetime_s"
    return datetime.fromisoformat(session["started_at"]) + timedelta(seconds=settings[name])


def end_session(sandbox: Sandbox, session_id: str, why: str) -> None:
    """End a session: none of its tokens works any more."""
    session = sandbox.store.get("dv_session", session_id)
    if session is not None and not session["ended"]:
        sandbox.store.put("dv_session", session_id, {**session, "ended": why})


def _issue(sandbox: Sandbox, session: Record, *, with_id_token: bool) -> Response:
    now = sandbox.clock.now()
    left = int((session_end(sandbox, session) - now).total_seconds())
    lifetime = max(0, min(int(sandbox.datev_settings()["access_lifetime_s"]), left))
    access, refresh = new_secret(), new_secret()
    expires = (now + timedelta(seconds=lifetime)).isoformat()
    sandbox.store.put("dv_access", digest(access), {"session": session["id"], "expires_at": expires})
    sandbox.store.put("dv_refresh", digest(refresh), {"session": session["id"], "used": False})
    body: Record = {
        "access_token": access,
        "token_type": "Bearer",
        "expires_in": lifetime,
        "refresh_token": refresh,
        "refresh_token_expires_in": left,
        "scope": " ".join(session["scopes"]),
    }
    if with_id_token and "openid" in session["scopes"]:
        body["id_token"] = _id_token(sandbox, session, now)
    return answer(body, headers={"Cache-Control": "no-store"})


def _id_token(sandbox: Sandbox, session: Record, now: datetime) -> str:
    claims = {
        "iss": issuer(),
        "aud": session["client_id"],
        "sub": session["sub"],
        "nonce": session["nonce"],
        "iat": int(now.timestamp()),
        "exp": int((now + timedelta(minutes=15)).timestamp()),
    }
    return jwt.encode(claims, signing_key(sandbox), "RS256", headers={"kid": KEY_ID})


@blueprint.post("/revoke")
def revoke() -> Response:
    """Revoke a token; ``token_type_hint`` is required. A revoked refresh token ends its session."""
    sandbox = current()
    app = _authenticated_app(sandbox)
    if isinstance(app, Response):
        return app
    hint = request.form.get("token_type_hint")
    if hint not in ("access_token", "refresh_token"):
        return _refused(400, "invalid_request", "token_type_hint must be access_token or refresh_token")
    key = digest(request.form.get("token", ""))
    if hint == "access_token":
        sandbox.store.delete("dv_access", key)
    else:
        refresh = sandbox.store.get("dv_refresh", key)
        if refresh is not None:
            end_session(sandbox, refresh["session"], "it was revoked")
    return answer({})


@blueprint.get("/userinfo")
def userinfo() -> Response:
    """Who logged in; the name is shown as the issuer of the refresh token."""
    found = find_login(current())
    if found is None:
        return _refused(401, "invalid_token", "the access token is missing, unknown or expired")
    body = {"sub": found.user["sub"]}
    if "profile" in found.scopes:
        given, _, family = found.user["name"].rpartition(" ")
        body.update(name=found.user["name"], given_name=given, family_name=family)
    return answer({**body, "request_id": new_guid()})
