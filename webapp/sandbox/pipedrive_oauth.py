"""Pipedrive's OAuth 2.0: consent page, token endpoint (HTTP Basic app credentials), revocation.

Source: Pipedrive's pages on Marketplace OAuth authorization and on app uninstallation.
"""

import hmac
from datetime import datetime, timedelta
from urllib.parse import urlencode

from flask import Blueprint, Response, redirect, render_template, request

from webapp.sandbox.pipedrive_access import answer
from webapp.sandbox.state import Sandbox, current, digest, new_secret
from webapp.sandbox.store import Record

blueprint = Blueprint("pipedrive_oauth", __name__, url_prefix="/pipedrive/oauth-host/oauth")

CODE_LIFETIME = timedelta(minutes=5)
ACCESS_LIFETIME_S = 3599
"""The example of Pipedrive's description (its page says 3600)."""
REFRESH_LIFETIME = timedelta(days=60)
DEFAULT_SCOPES = "base deals:full contacts:read products:read activities:full admin"


def _redirect(uri: str, **parameters: str) -> Response:
    joint = "&" if "?" in uri else "?"
    found = redirect(f"{uri}{joint}{urlencode(parameters)}", 302)
    assert isinstance(found, Response)  # noqa: S101 - Flask's redirect is typed as werkzeug's parent class
    return found


def _checked_app() -> Record | str:
    """The app that asks for consent, or the words for the error page."""
    app = current().store.get("pd_oauth_app", request.values.get("client_id", ""))
    if app is None:
        return "This client_id is not registered."
    if request.values.get("redirect_uri") != app["redirect_uri"]:
        return "The redirect_uri is not the one registered for this app."
    return app


@blueprint.get("/authorize")
def show_consent() -> Response:
    """The page on which a user of a company allows an app."""
    app = _checked_app()
    if isinstance(app, str):
        return Response(render_template("sandbox/refused.html", partner="Pipedrive", reason=app), 400)
    choices = [
        (f"{account['company_domain']}/{user['id']}", f"{user['name']}, {account['name']}")
        for account in current().store.all("pd_account")
        for user in account["users"]
    ]
    page = render_template(
        "sandbox/consent.html",
        partner="Pipedrive",
        app=app["client_id"],
        scopes=app["scopes"].split(),
        choices=choices,
        hidden={
            name: request.args[name]
            for name in ("client_id", "redirect_uri", "state")
            if name in request.args
        },
    )
    return Response(page)


@blueprint.post("/authorize")
def give_consent() -> Response:
    """Approve or deny; both lead back to the app."""
    app = _checked_app()
    if isinstance(app, str):
        return Response(render_template("sandbox/refused.html", partner="Pipedrive", reason=app), 400)
    uri = app["redirect_uri"]
    extra = {"state": request.form["state"]} if "state" in request.form else {}
    if request.form.get("decision") != "approve":
        return _redirect(uri, error="user_denied", **extra)
    domain, _, user_id = request.form.get("user", "").partition("/")
    sandbox = current()
    account = sandbox.store.get("pd_account", domain)
    if account is None or user_id not in {str(user["id"]) for user in account["users"]}:
        return Response(
            render_template("sandbox/refused.html", partner="Pipedrive", reason="No such user."), 400
        )
    code = new_secret()
    expires = (sandbox.clock.now() + CODE_LIFETIME).isoformat()
    grant = {"client_id": app["client_id"], "domain": domain, "user_id": int(user_id), "expires_at": expires}
    sandbox.store.put("pd_code", digest(code), grant)
    return _redirect(uri, code=code, **extra)


def _refused(status: int, error: str, message: str) -> Response:
    return answer(
        {"success": False, "message": message, "error": error, "error_description": message}, status
    )


def _authenticated_app(sandbox: Sandbox) -> Record | None:
    basic = request.authorization
    if basic is None or basic.type != "basic":
        return None
    app = sandbox.store.get("pd_oauth_app", basic.username or "")
    if app is None or not hmac.compare_digest(app["secret_digest"], digest(basic.password or "")):
        return None
    return app


@blueprint.post("/token")
@blueprint.post("/token/", endpoint="token_with_slash")
def token() -> Response:
    """Exchange a code, or refresh: the refresh token stays the same and its 60 days start again."""
    sandbox = current()
    app = _authenticated_app(sandbox)
    if app is None:
        return _refused(401, "invalid_client", "Client authentication failed.")
    kind = request.form.get("grant_type")
    if kind == "authorization_code":
        return _exchange(sandbox, app)
    if kind == "refresh_token":
        return _refresh(sandbox, app)
    return _refused(400, "unsupported_grant_type", "grant_type must be authorization_code or refresh_token.")


def _exchange(sandbox: Sandbox, app: Record) -> Response:
    grant = sandbox.store.take("pd_code", digest(request.form.get("code", "")))
    if (
        grant is None
        or grant["client_id"] != app["client_id"]
        or request.form.get("redirect_uri") != app["redirect_uri"]
        or datetime.fromisoformat(grant["expires_at"]) <= sandbox.clock.now()
    ):
        return _refused(
            400, "invalid_grant", "The code is unknown, used, expired or not for this redirect_uri."
        )
    refresh = new_secret()
    grant = {**grant, "scopes": app["scopes"].split()}
    return _issue(sandbox, app, grant, refresh)


def _refresh(sandbox: Sandbox, app: Record) -> Response:
    refresh = request.form.get("refresh_token", "")
    grant = sandbox.store.get("pd_refresh", digest(refresh))
    if (
        grant is None
        or grant["client_id"] != app["client_id"]
        or datetime.fromisoformat(grant["expires_at"]) <= sandbox.clock.now()
    ):
        return _refused(400, "invalid_grant", "The refresh token is unknown, revoked or expired.")
    return _issue(sandbox, app, grant, refresh)


def _issue(sandbox: Sandbox, app: Record, grant: Record, refresh: str) -> Response:
    access, now = new_secret(), sandbox.clock.now()
    with sandbox.store.transaction():
        sandbox.store.put(
            "pd_refresh", digest(refresh), {**grant, "expires_at": (now + REFRESH_LIFETIME).isoformat()}
        )
        token_record = {
            "domain": grant["domain"],
            "user_id": grant["user_id"],
            "kind": "oauth",
            "scopes": grant["scopes"],
            "client_id": app["client_id"],
            "refresh": digest(refresh),
            "expires_at": (now + timedelta(seconds=ACCESS_LIFETIME_S)).isoformat(),
        }
        sandbox.store.put("pd_token", digest(access), {**token_record, "key": digest(access)})
    return answer(
        {
            "access_token": access,
            "token_type": "Bearer",
            "refresh_token": refresh,
            "scope": ",".join(grant["scopes"]),
            "expires_in": ACCESS_LIFETIME_S,
            "api_domain": f"{request.url_root.rstrip('/')}/pipedrive",
        }
    )


@blueprint.post("/revoke")
def revoke() -> Response:
    """Revoke; a revoked refresh token takes its access tokens and the app's hooks along. 200 even for unknown
    tokens.
    """
    sandbox = current()
    app = _authenticated_app(sandbox)
    if app is None:
        return _refused(401, "invalid_client", "Client authentication failed.")
    key = digest(request.form.get("token", ""))
    with sandbox.store.transaction():
        sandbox.store.delete("pd_token", key)
        grant = sandbox.store.take("pd_refresh", key)
        if grant is not None:
            for record in sandbox.store.all("pd_token"):
                if record.get("refresh") == key:
                    sandbox.store.delete("pd_token", record["key"])
            for hook in sandbox.store.all("pd_hook", grant["domain"]):
                if hook["type"] == "application":
                    sandbox.store.delete("pd_hook", hook["id"], grant["domain"])
    return answer({"success": True})
