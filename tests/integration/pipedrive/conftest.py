"""The sandbox in this process, on a port of its own, with one company in it."""

import base64
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from connector.http import HttpClient, new_session
from connector.pipedrive.client import PipedriveClient
from connector.pipedrive.oauth import api_token
from tests.integration.serving import served
from webapp.sandbox import create_app
from webapp.sandbox.state import EXTENSION

DOMAIN = "muster"
TOKEN = "sandbox-api-token"
PDF = b"%PDF-1.7 invoice"
EMAILS = [{"value": "e@example.org", "primary": True}]
UNTAXED = {"tax": 0, "tax_method": "exclusive"}


class SandboxSession:
    """The sandbox as a test sees it."""

    def __init__(self, root: str, http: HttpClient, session: requests.Session) -> None:
        self.root = root
        self.http = http
        self._session = session

    def control(self, path: str, body: Any = None) -> Any:
        """One call of the control API."""
        answer = self._session.post(f"{self.root}/control{path}", json=body or {}, timeout=10)
        assert answer.ok, answer.text
        return answer.json()

    def seed(self, **content: Any) -> Any:
        """Fill the company."""
        return self.control(f"/pipedrive/accounts/{DOMAIN}/seed", content)

    def client(self, authorization: Callable[[], Any] | None = None) -> PipedriveClient:
        """A client of the company, by API token unless told otherwise."""
        return PipedriveClient(
            self.http,
            base_url=f"{self.root}/pipedrive",
            authorization=authorization or (lambda: api_token(TOKEN)),
        )


@pytest.fixture
def sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SandboxSession]:
    """A running sandbox with the company ``muster``."""
    monkeypatch.setenv("MLC_TIME_SCALE", "0.05")
    app = create_app(str(tmp_path))
    session, browser = new_session(), requests.Session()
    http = HttpClient(
        "Pipedrive",
        connect_timeout=timedelta(seconds=5),
        call_deadline=timedelta(seconds=10),
        session=session,
    )
    try:
        with served(app) as root:
            running = SandboxSession(root, http, browser)
            running.control("/pipedrive/accounts", {"company_domain": DOMAIN, "api_token": TOKEN})
            yield running
    finally:
        session.close()
        browser.close()
        app.extensions[EXTENSION].close()


@pytest.fixture
def won_deal(sandbox: SandboxSession) -> int:
    """A won deal with everything that a bundle can hold; answers its id."""
    made = sandbox.seed(
        deal_fields=[
            {"field_name": "Leistungsart", "field_type": "enum", "options": ["Ware", "Dienstleistung"]},
            {"field_name": "Leistungszeitraum", "field_type": "daterange"},
            {"field_name": "Buchungsstand", "field_type": "varchar"},
        ],
        organization_fields=[{"field_name": "USt-IdNr.", "field_type": "varchar"}],
        organizations=[
            {
                "name": "Käufer GmbH",
                "id": 17,
                "address": {
                    "route": "Ring",
                    "street_number": "1",
                    "postal_code": "1010",
                    "locality": "Wien",
                    "country": "Österreich",
                },
                "custom_fields": {"USt-IdNr.": "ATU 12345678"},
            }
        ],
        persons=[
            {
                "name": "Erika Muster",
                "id": 4,
                "org_id": 17,
                "emails": [{"value": "e@example.org", "primary": True}],
            }
        ],
        products=[
            {"name": "Beratung", "id": 5, "code": "B"},
            {"name": "Reise", "id": 6, "code": "R"},
        ],
        deals=[
            {
                "title": "Projekt",
                "org_id": 17,
                "person_id": 4,
                "status": "won",
                "won_time": "2026-03-04T10:00:00Z",
                "custom_fields": {
                    "Leistungsart": "Dienstleistung",
                    "Leistungszeitraum": {"value": "2026-02-01", "until": "2026-02-28"},
                },
                "products": [
                    {
                        "product_id": 5,
                        "item_price": 100.1,
                        "quantity": 3,
                        "tax": 0,
                        "tax_method": "exclusive",
                    },
                    {
                        "product_id": 6,
                        "item_price": 19.99,
                        "quantity": 1,
                        "tax": 0,
                        "tax_method": "exclusive",
                    },
                ],
                "discounts": [{"amount": 10, "type": "percentage", "description": "Treue"}],
                "files": [{"file_name": "rechnung.pdf", "content_base64": base64.b64encode(PDF).decode()}],
            }
        ],
    )
    return int(made["deals"][0])
