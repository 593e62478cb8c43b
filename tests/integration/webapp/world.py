"""A tenant, the sandbox as both partners, and a person with a browser."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import requests
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from connector.accounting.terms import BookingTerms
from connector.pipeline.services import Services
from connector.settings import Settings, load
from connector.store import Database, tenants
from connector.store.tenants import TenantRow
from connector.tenants.config import (
    DatevConfig,
    DatevFormat,
    DebtorConfig,
    DocumentConfig,
    FieldMap,
    HmacConfig,
    Hours,
    NumberConfig,
    PipedriveAuth,
    PipedriveConfig,
    ReceiverConfig,
    SaleConfig,
    SecretName,
    SellerConfig,
    TenantConfig,
    WriteBackConfig,
)
from connector.vault import Vault, generate_key
from tests.integration.serving import served
from webapp.sandbox import create_app as create_sandbox

PASSWORD = "correct horse"
HMAC_KEY = "signing key"
CLIENT_ID = "455148-1"
PUBLIC_URL = "http://localhost"


class MovableClock:
    """The machine's clock, moved by hand."""

    def __init__(self) -> None:
        self.offset = timedelta(0)

    def now(self) -> datetime:
        """The present moment, UTC, time-zone aware."""
        return datetime.now(UTC) + self.offset


class Sandbox:
    """The sandbox behind a real socket."""

    def __init__(self, url: str) -> None:
        self.url = url

    def control(self, path: str, **body: object) -> None:
        """POST to the control API and expect success."""
        answer = requests.post(f"{self.url}/control{path}", json=body, timeout=10)
        assert answer.status_code in (200, 201), answer.text

    def requests_to(self, operation: str) -> int:
        """How often an operation was called."""
        listed = requests.get(f"{self.url}/control/requests?limit=1000", timeout=10).json()["requests"]
        return sum(request["path"].endswith(operation) for request in listed)

    def consent(self, address: str, user: str, decision: str = "approve") -> str:
        """Fill in the consent page; the address that the browser is sent back to."""
        page = requests.get(address, timeout=10)
        assert page.status_code == 200, page.text
        form = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text))
        form = {name: value.replace("&amp;", "&") for name, value in form.items()}
        answer = requests.post(
            address.partition("?")[0],
            data={**form, "user": user, "decision": decision},
            allow_redirects=False,
            timeout=10,
        )
        assert answer.status_code == 302, answer.text
        return answer.headers["Location"]


@contextmanager
def running_sandbox(state_dir: Path) -> Iterator[Sandbox]:
    """The sandbox with the app at both partners, a DATEV client and the company ``acme``."""
    with served(create_sandbox(str(state_dir), deliver=False)) as url:
        sandbox = Sandbox(url)
        sandbox.control("/datev/apps", client_id="app", redirect_uris=[f"{PUBLIC_URL}/oauth/datev/callback"])
        sandbox.control("/datev/clients", consultant_number=455148, client_number=1, name="Acme GmbH")
        sandbox.control(
            "/datev/clients",
            consultant_number=455148,
            client_number=2,
            name="Beta AG",
            services=["Belegbilderservice"],
        )
        sandbox.control(
            "/pipedrive/oauth-apps",
            client_id="pd-app",
            client_secret="pd-secret",
            redirect_uri=f"{PUBLIC_URL}/oauth/pipedrive/callback",
        )
        for domain, name in (("acme", "Acme GmbH"), ("other", "Other GmbH")):
            users = [{"id": 1, "name": "Erika Muster", "email": "erika@example.com", "admin": True}]
            sandbox.control(
                "/pipedrive/accounts",
                company_domain=domain,
                api_token=f"token-{domain}",
                name=name,
                users=users,
            )
        yield sandbox


def settings_for(database_url: str, sandbox_url: str, var_dir: Path) -> Settings:
    """The environment of a web process whose partners are the sandbox."""
    return load(
        {
            "DATABASE_URL": database_url,
            "MLC_VAR_DIR": str(var_dir),
            "MLC_PUBLIC_URL": PUBLIC_URL,
            "PIPEDRIVE_API_BASE_URL": f"{sandbox_url}/pipedrive",
            "PIPEDRIVE_OAUTH_BASE_URL": f"{sandbox_url}/pipedrive/oauth-host",
            "PIPEDRIVE_CLIENT_ID": "pd-app",
            "PIPEDRIVE_CLIENT_SECRET": "pd-secret",
            "DATEV_LOGIN_BASE_URL": f"{sandbox_url}/datev/openid",
            "DATEV_TOKEN_BASE_URL": f"{sandbox_url}/datev/api",
            "DATEV_CLIENTS_BASE_URL": f"{sandbox_url}/datev/accounting-clients/platform/v2",
            "DATEV_CLIENT_ID": "app",
        }
    )


def services_for(settings: Settings, clock: MovableClock, *, pool_size: int = 5) -> Services:
    """Services with a key of their own."""
    database = Database(settings.database_url, pool_size=pool_size)
    return Services(settings, database, Vault([generate_key()]), clock)


def tenant_config(key: str = "acme", **changes: object) -> TenantConfig:
    """A complete configuration."""
    config = TenantConfig(
        key=key,
        name="Acme GmbH",
        go_live_at=datetime(2026, 1, 1, tzinfo=UTC),
        pipedrive=PipedriveConfig(auth=PipedriveAuth.OAUTH, company_domain="acme"),
        receiver=ReceiverConfig(basic_user="pipedrive", hmac=None),
        datev=DatevConfig(consultant_number=455148, client_number=1, format=DatevFormat.EXTF),
        terms=BookingTerms(chart="skr03"),
        numbers=NumberConfig(),
        sale=SaleConfig(fields=FieldMap()),
        debtors=DebtorConfig(),
        documents=DocumentConfig(),
        seller=SellerConfig(name="Acme GmbH", street="Weg 1", postal_code="90402", city="Nürnberg"),
        ignore=(),
        write_back=WriteBackConfig(),
        hours=Hours(),
    )
    return replace(config, **changes)


def add_tenant(services: Services, config: TenantConfig) -> TenantRow:
    """Store a tenant with its receiver secrets."""
    now = services.clock.now()
    with services.database.transaction() as tx:
        tenant_id, _changed = tenants.apply(tx, config, source_text="", applied_by="test", now=now)
        for name, secret in (
            (SecretName.RECEIVER_BASIC_PASSWORD, PASSWORD),
            (SecretName.RECEIVER_HMAC_KEY, HMAC_KEY),
        ):
            tenants.set_secret(tx, tenant_id, name, services.vault.encrypt(secret), now=now)
        return tenants.get(tx, tenant_id)


def signed_receiver() -> ReceiverConfig:
    """A receiver that wants a signature and no password."""
    return ReceiverConfig(basic_user=None, hmac=HmacConfig(prefix="sha256="))


class Person:
    """Somebody with a browser who logs in at the sandbox."""

    def __init__(self, browser: FlaskClient, sandbox: Sandbox) -> None:
        self.browser = browser
        self.sandbox = sandbox

    def open(self, address: str) -> TestResponse:
        """Follow an address to our own pages, press the button on it, and see a callback's result."""
        parts = urlsplit(address)
        query = dict(parse_qsl(parts.query))
        answer = self.browser.get(parts.path, query_string=query)
        if 'name="ticket"' in answer.get_data(as_text=True):
            answer = self.browser.post(parts.path, data={"ticket": query["ticket"]})
        onwards = answer.headers.get("Location", "")
        return self.browser.get(onwards) if onwards.endswith("/done") else answer

    def log_in(self, leaving: TestResponse, user: str, decision: str = "approve") -> TestResponse:
        """From our redirect through the partner's consent page back to our callback."""
        assert leaving.status_code == 303, leaving.get_data(as_text=True)
        return self.open(self.sandbox.consent(leaving.headers["Location"], user, decision))

    def choose(self, client_id: str, csrf_token: str | None = None) -> TestResponse:
        """Send the form of the page of choice."""
        page = self.browser.get("/connect/datev/client").get_data(as_text=True)
        found = re.search(r'name="csrf_token" value="([0-9a-f]+)"', page)
        token = csrf_token if csrf_token is not None else (found[1] if found else "")
        return self.browser.post("/connect/datev/client", data={"csrf_token": token, "client": client_id})
