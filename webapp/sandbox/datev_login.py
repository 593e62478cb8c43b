"""DATEV's login: discovery document, signing keys, and the page on which a user allows an app (OpenID
Connect).

PKCE with S256 is mandatory, ``state`` and ``nonce`` need at least 20 characters, the redirect address must
match exactly.
"""

import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from flask import Blueprint, Response, json, redirect, render_template, request

from webapp.sandbox.state import Sandbox, current, digest, new_guid, new_secret
from webapp.sandbox.store import Record

blueprint = Blueprint("datev_login", __name__, url_prefix="/datev/openid")

CODE_LIFETIME = timedelta(minutes=5)
"""DATEV names no figure for its code; five minutes is a common one."""
SHORTEST_STATE = 20
CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
"""Base64url of a SHA-256 without padding (RFC 7636)."""
CLIENT_SCOPE = re.compile(r"datev:iam:client:(\d{4,7}-\d{1,5})")
GENERAL_SCOPES = frozenset({"openid", "profile", "email", "offline_access"})
KEY_ID = "sandbox-1"
FORM_FIELDS = (
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
)


def issuer() -> str:
    """The issuer named in the discovery document and in ID tokens."""
    return f"{request.url_root.rstrip('/')}/datev/openid"


def signing_key(sandbox: Sandbox) -> rsa.RSAPrivateKey:
    """The key of the ID tokens; made once and kept with the state."""
    with sandbox.store.transaction():
        kept = sandbox.store.get("dv_key", KEY_ID)
        if kept is None:
            pem = (
                rsa.generate_private_key(65537, 2048)
                .private_bytes(
                    serialization.Encoding.PEM,
                    serialization.PrivateFormat.PKCS8,
                    serialization.NoEncryption(),
                )
                .decode()
            )
            kept = {"pem": pem}
            sandbox.store.put("dv_key", KEY_ID, kept)
    loaded = serialization.load_pem_private_key(kept["pem"].encode(), None)
    if not isinstance(loaded, rsa.RSAPrivateKey):
        raise TypeError("the sandbox's state file holds a signing key that is not RSA")
    return loaded


def _json(body: Any) -> Response:
    return Response(json.dumps(body), mimetype="application/json")


@blueprint.get("/.well-known/openid-configuration")
def discovery() -> Response:
    """Where everything is."""
    api = f"{request.url_root.rstrip('/')}/datev/api"
    return _json(
        {
            "issuer": issuer(),
            "authorization_endpoint": f"{issuer()}/authorize",
            "token_endpoint": f"{api}/token",
            "revocation_endpoint": f"{api}/revoke",
            "userinfo_endpoint": f"{api}/userinfo",
            "jwks_uri": f"{issuer()}/jwks",
            "response_types_supported": ["code"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "none"],
        }
    )


@blueprint.get("/jwks")
def jwks() -> Response:
    """The public half of the signing key."""
    public = jwt.algorithms.RSAAlgorithm.to_jwk(signing_key(current()).public_key(), as_dict=True)
    return _json({"keys": [{**public, "kid": KEY_ID, "use": "sig", "alg": "RS256"}]})


def _back(uri: str, **parameters: str) -> Response:
    joint = "&" if "?" in uri else "?"
    found = redirect(f"{uri}{joint}{urlencode(parameters)}", 302)
    assert isinstance(found, Response)  # noqa: S101 - Flask's redirect is typed as werkzeug's parent class
    return found


def _error_page(reason: str) -> Response:
    return Response(render_template("sandbox/refused.html", partner="DATEV", reason=reason), 400)


def _problem_with(app: Record, given: Record) -> tuple[str, str] | None:
    """The OAuth error code and its words for a wrong request, or None."""
    scopes = given.get("scope", "").split()
    bound = [scope for scope in scopes if CLIENT_SCOPE.fullmatch(scope)]
    unknown = [s for s in scopes if s not in app["scopes"] and s not in GENERAL_SCOPES and s not in bound]
    short = [name for name in ("state", "nonce") if len(given.get(name, "")) < SHORTEST_STATE]
    has_pkce = CHALLENGE.fullmatch(given.get("code_challenge", "")) is not None
    pair = "offline_access and exactly one datev:iam:client:<consultant>-<client> go together"
    rules: tuple[tuple[bool, str, str], ...] = (
        (given.get("response_type") != "code", "unsupported_response_type", "response_type must be code"),
        (bool(short), "invalid_request", f"{' and '.join(short)} must have {SHORTEST_STATE} characters"),
        (
            not has_pkce or given.get("code_challenge_method") != "S256",
            "invalid_request",
            "PKCE with code_challenge_method S256 is required",
        ),
        ("openid" not in scopes, "invalid_scope", "scope must contain openid"),
        (bool(unknown), "invalid_scope", f"the app is not registered for: {' '.join(unknown)}"),
        (len(bound) > 1 or ("offline_access" in scopes) != bool(bound), "invalid_scope", pair),
    )
    return next(((error, words) for wrong, error, words in rules if wrong), None)


@blueprint.route("/authorize", methods=["GET", "POST"])
def authorize() -> Response:
    """GET shows the consent page, POST is its form; both check the request."""
    given: Record = {name: request.values[name] for name in FORM_FIELDS if name in request.values}
    app = current().store.get("dv_app", given.get("client_id", ""))
    if app is None:
        return _error_page("This client_id is not registered.")
    uri = given.get("redirect_uri", "")
    if uri not in app["redirect_uris"]:
        return _error_page("The redirect_uri is not exactly one of those registered for this app.")
    extra = {"state": given["state"]} if given.get("state") else {}
    wrong = _problem_with(app, given)
    if wrong is not None:
        return _back(uri, error=wrong[0], error_description=wrong[1], **extra)
    if request.method == "GET":
        choices = [(user["sub"], user["name"]) for user in current().store.all("dv_user")]
        scopes = given["scope"].split()
        page = render_template(
            "sandbox/consent.html",
            partner="DATEV",
            app=app["client_id"],
            scopes=scopes,
            choices=choices,
            hidden=given,
        )
        return Response(page)
    if request.form.get("decision") != "approve":
        return _back(uri, error="access_denied", error_description="the user denied the access", **extra)
    return _grant(current(), app, given, extra)


def _grant(sandbox: Sandbox, app: Record, given: Record, extra: dict[str, str]) -> Response:
    user = sandbox.store.get("dv_user", request.form.get("user", ""))
    if user is None:
        return _error_page("No such user.")
    uri, scopes = given["redirect_uri"], given["scope"].split()
    bound = next((match[1] for scope in scopes if (match := CLIENT_SCOPE.fullmatch(scope))), None)
    allowed = user["clients"]
    known = bound is None or sandbox.store.get("dv_client", bound) is not None
    if not known or (bound is not None and allowed is not None and bound not in allowed):
        detail = "the user has no access to this client"
        return _back(uri, error="access_denied", error_description=detail, **extra)
    now, code = sandbox.clock.now(), new_secret()
    session = {
        "id": new_guid(),
        "client_id": app["client_id"],
        "sub": user["sub"],
        "scopes": scopes,
        "bound_client": bound,
        "nonce": given["nonce"],
        "started_at": now.isoformat(),
        "ended": None,
    }
    grant = {
        "session": session,
        "redirect_uri": uri,
        "code_challenge": given["code_challenge"],
        "expires_at": (now + CODE_LIFETIME).isoformat(),
        "used": False,
    }
    sandbox.store.put("dv_code", digest(code), grant)
    return _back(uri, code=code, **extra)
