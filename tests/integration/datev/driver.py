"""What a test does to the sandbox, and the login flow as a browser goes through it."""

import html
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from connector.datev import oauth
from connector.datev.api import DatevApi
from connector.http import HttpClient
from connector.settings import DatevSettings
from connector.tenants.config import DatevFormat

REDIRECT = "https://connector.example/oauth/datev/callback"
CLIENT = "455148-2"
OTHER_CLIENT = "455148-3"
APP_ID, SECRET_APP_ID, APP_SECRET = "app-public", "app-confidential", "app-secret"


@dataclass(frozen=True)
class Sandbox:
    """The running sandbox and what a test does to it."""

    root: str

    def control(self, path: str, body: Any = None, method: str = "POST") -> Any:
        """One call of the control API."""
        answer = requests.request(method, f"{self.root}/control/{path}", json=body, timeout=10)
        answer.raise_for_status()
        return answer.json()

    def arrivals(self) -> dict[str, Any]:
        """What reached DATEV."""
        found: dict[str, Any] = self.control("arrivals", method="GET")
        return found

    def fault(self, operation: str, kind: str, **options: Any) -> None:
        """Spoil the next call of an operation."""
        self.control("faults", {"kind": kind, "partner": "datev", "operation": operation, **options})

    def let_pass(self, time: timedelta) -> None:
        """Move the sandbox's clock forward."""
        self.control("clock", {"offset_seconds": time.total_seconds()})


def settings_for(sandbox: Sandbox, *, client_auth: str = "none", client_id: str = "") -> DatevSettings:
    """Settings that point at the sandbox."""
    datev = f"{sandbox.root}/datev"
    return DatevSettings(
        environment="sandbox",
        login_base_url=f"{datev}/openid",
        token_base_url=f"{datev}/api",
        clients_base_url=f"{datev}/accounting-clients/platform/v2",
        documents_base_url=f"{datev}/accounting-documents/platform/v2",
        extf_base_url=f"{datev}/accounting-extf-files/platform/v3",
        dxso_base_url=f"{datev}/accounting-dxso-jobs/platform/v2",
        client_id=client_id or (APP_ID if client_auth == "none" else SECRET_APP_ID),
        client_secret=APP_SECRET,
        client_auth=client_auth,
        xsd_dir=None,
    )


@dataclass(frozen=True)
class Callback:
    """What came back to our redirect address."""

    parameters: dict[str, str]
    pkce: oauth.Pkce
    nonce: str


def consent(
    settings: DatevSettings,
    scopes: tuple[str, ...],
    *,
    user: str = "sandbox-anna",
    decision: str = "approve",
    **changes: str,
) -> Callback:
    """Go to the login page and decide there, as a browser would."""
    pkce, state, nonce = oauth.new_pkce(), oauth.new_state(), oauth.new_nonce()
    url = oauth.authorization_url(
        settings,
        redirect_uri=changes.get("redirect_uri", REDIRECT),
        state=changes.get("state", state),
        nonce=nonce,
        code_challenge=pkce.challenge,
        scopes=scopes,
    )
    page = requests.get(url, timeout=10, allow_redirects=False)
    if page.status_code == 200:
        inputs = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text)
        fields = {name: html.unescape(value) for name, value in inputs}
        form = {**fields, "user": user, "decision": decision}
        page = requests.post(url.partition("?")[0], data=form, timeout=10, allow_redirects=False)
    assert page.status_code == 302, page.text
    back = {name: values[0] for name, values in parse_qs(urlsplit(page.headers["Location"]).query).items()}
    if "state" not in changes:
        assert state == back["state"]
    return Callback(back, pkce, nonce)


def exchange(
    http: HttpClient, settings: DatevSettings, callback: Callback, **changes: str
) -> oauth.DatevTokens:
    """Turn a callback into tokens."""
    given = {
        "code": callback.parameters["code"],
        "verifier": callback.pkce.verifier,
        "redirect_uri": REDIRECT,
        **changes,
    }
    return oauth.exchange_code(http, settings, now=datetime.now(UTC), **given)


def log_in(
    http: HttpClient, settings: DatevSettings, scopes: tuple[str, ...], user: str = "sandbox-anna"
) -> oauth.DatevTokens:
    """The whole login."""
    return exchange(http, settings, consent(settings, scopes, user=user))


def lasting_login(
    http: HttpClient, settings: DatevSettings, datev_format: DatevFormat = DatevFormat.EXTF
) -> oauth.DatevTokens:
    """The login that a tenant keeps."""
    return log_in(http, settings, oauth.long_scopes(datev_format, CLIENT))


def api_for(
    http: HttpClient,
    settings: DatevSettings,
    base_url: str,
    token: str,
    renew: Callable[[str], str] | None = None,
) -> DatevApi:
    """An interface with this access token."""
    return DatevApi(
        http,
        base_url=base_url,
        client_id=settings.client_id,
        access_token=lambda: token,
        renew_access_token=renew,
        upload_deadline=timedelta(seconds=10),
    )
