"""A sandbox for one test, without sockets."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from tests.unit.sandbox.driver import Driver
from tests.unit.sandbox.partner import Partner
from webapp.sandbox import create_app
from webapp.sandbox.datev_login import KEY_ID, signing_key
from webapp.sandbox.state import Sandbox
from webapp.sandbox.store import Record


@pytest.fixture(scope="session")
def signing_key_record(tmp_path_factory: pytest.TempPathFactory) -> Record:
    """One signing key for all tests of the process: making one takes longer than most of them."""
    app = create_app(str(tmp_path_factory.mktemp("key")), deliver=False)
    made: Sandbox = app.extensions["sandbox"]
    signing_key(made)
    record = made.store.get("dv_key", KEY_ID)
    made.close()
    assert record is not None
    return record


@pytest.fixture
def sandbox_app(tmp_path: Path, signing_key_record: Record) -> Iterator[Flask]:
    """An empty sandbox that sends no webhooks."""
    app = create_app(str(tmp_path), deliver=False)
    app.testing = True  # a cut connection shows as the exception it is
    app.extensions["sandbox"].store.put("dv_key", KEY_ID, signing_key_record)
    yield app
    app.extensions["sandbox"].close()


@pytest.fixture
def sandbox(sandbox_app: Flask) -> Driver:
    """A driver of an empty sandbox."""
    return Driver(sandbox_app.test_client())


@pytest.fixture
def acme(sandbox: Driver) -> Driver:
    """A sandbox with a Pipedrive company: one organization, person, product and open deal."""
    sandbox.make_account()
    sandbox.seed(
        deal_fields=[
            {"field_name": "Leistungsdatum", "field_type": "date"},
            {"field_name": "Art", "field_type": "enum", "options": ["Ware", "Dienstleistung"]},
            {"field_name": "Budget", "field_type": "monetary"},
            {"field_name": "Kanäle", "field_type": "set", "options": ["Web", "Messe"]},
        ],
        organizations=[{"name": "Muster GmbH", "address": {"locality": "Berlin", "country": "Germany"}}],
        persons=[{"name": "Max Mann", "org_id": 1, "emails": ["max@example.test"]}],
        products=[
            {"name": "Beratung", "code": "B1", "tax": 19, "prices": [{"price": 100, "currency": "EUR"}]}
        ],
        deals=[
            {
                "title": "Beratung Q1",
                "org_id": 1,
                "person_id": 1,
                "custom_fields": {"Art": "Dienstleistung", "Kanäle": ["Web"]},
                "products": [{"product_id": 1, "item_price": 99.99, "quantity": 2, "tax": 19}],
                "discounts": [{"amount": 5}],
                "installments": [{"amount": 100, "billing_date": "2026-02-01"}],
                "files": [{"file_name": "Rechnung.pdf", "content_base64": "JVBERi0xLjQ="}],
            }
        ],
    )
    return sandbox


@pytest.fixture
def datev(sandbox: Driver) -> Driver:
    """A sandbox with a public DATEV app and one client."""
    sandbox.make_datev()
    return sandbox


@pytest.fixture
def partner(datev: Driver) -> Partner:
    """A logged-in caller of DATEV's APIs."""
    return Partner(datev)
