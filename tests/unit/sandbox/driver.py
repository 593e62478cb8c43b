"""Drives the sandbox in tests through its HTTP surface alone, as the demo does."""

import base64
import hashlib
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

API_TOKEN = "api-token-of-acme"
REDIRECT = "http://localhost:8000/datev/callback"
VERIFIER = "verifier-" * 6
SCOPES = (
    "openid profile datev:accounting:clients datev:accounting:extf-files-import "
    "accounting:clients:read accounting:documents accounting:dxso-jobs"
)
DOCUMENTS = "/datev/accounting-documents/platform/v2"
CLIENTS = "/datev/accounting-clients/platform/v2"
EXTF = "/datev/accounting-extf-files/platform/v3"
DXSO = "/datev/accounting-dxso-jobs/platform/v2"
GUID = "ac4d376f-d081-4cb3-98de-190fa93b500e"
ACCOUNT = "/control/pipedrive/accounts/acme"


class Driver:
    """One sandbox under test."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def control(self, path: str, **body: Any) -> Any:
        """POST to the control API and expect success."""
        answer = self.client.post(f"/control{path}", json=body)
        assert answer.status_code in (200, 201), answer.get_data(as_text=True)
        return answer.json

    def arrivals(self) -> Any:
        """What arrived."""
        return self.client.get("/control/arrivals").json

    # Pipedrive

    def make_account(self, **changes: Any) -> None:
        """The company ``acme``."""
        body = {"company_domain": "acme", "api_token": API_TOKEN, "name": "Acme GmbH", **changes}
        self.control("/pipedrive/accounts", **body)

    def seed(self, **lists: Any) -> Any:
        """Fill ``acme``."""
        return self.control("/pipedrive/accounts/acme/seed", **lists)

    def pipedrive(self, method: str, path: str, token: str = API_TOKEN, **options: Any) -> TestResponse:
        """Call Pipedrive's API with the API token."""
        headers = {"x-api-token": token, **options.pop("headers", {})}
        return self.client.open(f"/pipedrive{path}", method=method, headers=headers, **options)

    def subscribe(self, **changes: Any) -> TestResponse:
        """Create a webhook."""
        body = {
            "subscription_url": "http://127.0.0.1:9/hook",
            "event_action": "*",
            "event_object": "deal",
            "name": "connector",
            **changes,
        }
        return self.pipedrive("POST", "/api/v1/webhooks", json=body)

    # DATEV

    def make_datev(self, secret: str | None = None, **client: Any) -> None:
        """The app ``app`` and the client 455148-1."""
        self.control("/datev/apps", client_id="app", client_secret=secret, redirect_uris=[REDIRECT])
        self.control("/datev/clients", **{"consultant_number": 455148, "client_number": 1, **client})

    def authorize_query(self, **changes: str) -> dict[str, str]:
        """The parameters of a right authorization request."""
        challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=")
        return {
            "response_type": "code",
            "client_id": "app",
            "redirect_uri": REDIRECT,
            "scope": SCOPES,
            "state": "state-" * 4,
            "nonce": "nonce-" * 4,
            "code_challenge": challenge.decode(),
            "code_challenge_method": "S256",
            **changes,
        }

    def consent(
        self, user: str = "sandbox-anna", decision: str = "approve", **changes: str
    ) -> dict[str, str]:
        """Approve; the parameters with which the browser comes back."""
        form = {**self.authorize_query(**changes), "user": user, "decision": decision}
        answer = self.client.post("/datev/openid/authorize", data=form)
        assert answer.status_code == 302, answer.get_data(as_text=True)
        location = answer.headers["Location"]
        assert location.startswith(REDIRECT + "?")
        return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}

    def exchange(self, code: str, **changes: Any) -> TestResponse:
        """Exchange a code as the public app."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT}
        form.update({"code_verifier": VERIFIER, "client_id": "app", **changes})
        return self.client.post("/datev/api/token", data=form)

    def refresh(self, token: str, **changes: Any) -> TestResponse:
        """Refresh as the public app."""
        form = {"grant_type": "refresh_token", "refresh_token": token, "client_id": "app", **changes}
        return self.client.post("/datev/api/token", data=form)

    def login(self, **changes: str) -> Any:
        """A whole login; the token answer."""
        answer = self.exchange(self.consent(**changes)["code"])
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return answer.json

    def headers(self, tokens: Mapping[str, Any]) -> dict[str, str]:
        """What every DATEV API wants."""
        return {"Authorization": f"Bearer {tokens['access_token']}", "X-DATEV-Client-Id": "app"}


def extf(category: int = 21, rows: int = 1, **fields: str) -> bytes:
    """An EXTF file; ``fields`` replaces header fields by number, as ``f11="7"``."""
    header = [
        '"EXTF"',
        "700",
        str(category),
        '"Buchungsstapel"',
        "13",
        "20260105080000000",
        "",
        '"RE"',
        '""',
        '""',
    ]
    header += [
        "455148",
        "1",
        "20260101",
        "4",
        "20260101",
        "20260131",
        '"Test"',
        '"WD"',
        "1",
        "0",
        "0",
        '"EUR"',
    ]
    header += ["", '""', "", "", '"03"', "", "", '""', '""']
    for name, value in fields.items():
        header[int(re.sub(r"\D", "", name)) - 1] = value
    body = f'119,00;"S";10000;8400;"BEDI ""{GUID}"""\r\n' * rows
    text = ";".join(header) + "\r\nUmsatz;Soll/Haben-Kennzeichen;Konto;Gegenkonto;Beleglink\r\n" + body
    return text.encode("cp1252")
