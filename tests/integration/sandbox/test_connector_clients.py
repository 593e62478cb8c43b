"""The connector's own clients against the sandbox over HTTP: both sides read the same descriptions alike."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from connector.datev import clients, documents, dxso_jobs, extf_files
from connector.datev.api import DatevApi
from connector.http import HttpClient
from connector.pipedrive import oauth
from connector.pipedrive.bundle import read_bundle, read_definitions
from connector.pipedrive.client import PipedriveClient
from connector.pipedrive.subscriptions import Subscription, subscribe, unsubscribe
from tests.integration.serving import served
from tests.unit.sandbox.driver import API_TOKEN, CLIENTS, DOCUMENTS, DXSO, EXTF, GUID, Driver, extf
from webapp.sandbox import create_app


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[tuple[Driver, str]]:
    """A driver of a sandbox and the root address where it is served."""
    app = create_app(str(tmp_path), deliver=False)
    with served(app) as root:
        yield Driver(app.test_client()), root
    app.extensions["sandbox"].close()


def http(partner: str) -> HttpClient:
    seconds = timedelta(seconds=10)
    return HttpClient(partner, connect_timeout=seconds, call_deadline=seconds)


def test_the_pipedrive_client_reads_and_writes_everything_it_needs(sandbox: tuple[Driver, str]) -> None:
    driver, root = sandbox
    driver.make_account()
    pdf = "JVBERi0xLjQ="
    driver.seed(
        deal_fields=[{"field_name": "Buchung", "field_type": "varchar"}],
        organizations=[{"name": "Muster GmbH"}],
        persons=[{"name": "Max Mann"}],
        products=[{"name": "Beratung", "prices": [{"price": 100, "currency": "EUR"}]}],
        deals=[
            {
                "title": "Beratung",
                "org_id": 1,
                "person_id": 1,
                "products": [{"product_id": 1, "item_price": 99.99, "quantity": 2}],
                "installments": [{"amount": 50, "billing_date": "2026-02-01"}],
                "discounts": [{"amount": 5}],
                "files": [{"file_name": "Rechnung.pdf", "content_base64": pdf}],
            }
        ],
    )
    client = PipedriveClient(
        http("pipedrive"), base_url=f"{root}/pipedrive", authorization=lambda: oauth.api_token(API_TOKEN)
    )
    bundle = read_bundle(client, 1, definitions=read_definitions(client))
    assert {} == bundle["unavailable"]
    assert ("Muster GmbH", "Max Mann") == (bundle["organization"]["name"], bundle["person"]["name"])
    assert [Decimal("199.98")] == [Decimal(line["sum"]) for line in bundle["products"]]
    assert (1, 1, 1, 1) == tuple(
        len(bundle[part]) for part in ("discounts", "installments", "catalog", "files")
    )
    assert b"%PDF-1.4" == client.file_content(1)
    assert "acme" == client.me()["company_domain"]
    code = next(row["field_code"] for row in bundle["deal_fields"] if row["field_name"] == "Buchung")
    client.set_deal_field(1, code, "RE-1")
    note = client.add_note(1, "gebucht")
    client.update_note(note["id"], "gebucht und verlinkt")
    assert ["gebucht und verlinkt"] == [row["content"] for row in client.notes(1)]
    driver.control("/pipedrive/accounts/acme/deals/1/win")
    since = datetime.now(UTC) - timedelta(minutes=1)
    assert [1] == [deal["id"] for deal in client.deals(status="won", updated_since=since)]
    assert "RE-1" == client.deal(1)["custom_fields"][code]


def test_webhooks_are_made_once_and_removed(sandbox: tuple[Driver, str]) -> None:
    driver, root = sandbox
    driver.make_account()
    client = PipedriveClient(
        http("pipedrive"), base_url=f"{root}/pipedrive", authorization=lambda: oauth.api_token(API_TOKEN)
    )
    wanted = Subscription(url="http://127.0.0.1:9/hook", user="hook", password="geheim")
    assert [True, False] == [subscribe(client, wanted).created for _ in range(2)]
    assert 1 == len(unsubscribe(client, wanted.url))


def test_the_datev_clients_carry_a_document_a_batch_and_a_dxso_job(sandbox: tuple[Driver, str]) -> None:
    driver, root = sandbox
    driver.make_datev()
    tokens = driver.login()

    def api(base: str) -> DatevApi:
        return DatevApi(
            http("datev"),
            base_url=root + base,
            client_id="app",
            access_token=lambda: str(tokens["access_token"]),
        )

    assert ["455148-1"] == [client.id for client in clients.list_clients(api(CLIENTS))]
    inbox = api(DOCUMENTS)
    types = [kind.name for kind in documents.document_types(inbox, "455148-1")]
    upload = {"guid": GUID, "file_name": "Rechnung 1.pdf", "content": b"%PDF-1.7", "document_type": types[1]}
    assert not documents.put_document(inbox, "455148-1", **upload).already_there
    assert documents.put_document(inbox, "455148-1", **upload, repeated=True).already_there
    accepted = extf_files.import_file(
        api(EXTF), "455148-1", content=extf(), file_name="EXTF_RE_1.csv", reference_id="Stapel ref-1"
    )
    found = extf_files.find_job(api(EXTF), "455148-1", reference_id="Stapel ref-1", file_name="EXTF_RE_1.csv")
    assert found is not None
    assert accepted.job_id == found.id
    jobs = api(DXSO)
    job = dxso_jobs.create_job(jobs, "455148-1", accounting_month=datetime.now(UTC).strftime("%Y-%m"))
    dxso_jobs.add_file(jobs, "455148-1", job.id, file_name="document.xml", content=b"<archive/>")
    dxso_jobs.finalise_job(jobs, "455148-1", job.id)
    assert 1 == dxso_jobs.job_status(jobs, "455148-1", job.id)
    names = [entry.file_name for entry in dxso_jobs.protocol_entries(jobs, "455148-1", job.id)]
    assert "document.xml" in names
    stored = driver.arrivals()["documents"][0]
    assert hashlib.sha256(b"%PDF-1.7").hexdigest() == stored["sha256"]
