"""Deliveries to the receiver, stored in real PostgreSQL."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from connector.pipeline.services import Services
from connector.store import Database, tables, tenants
from connector.tenants.config import ReceiverConfig, SecretName
from tests.integration.webapp.world import (
    HMAC_KEY,
    PASSWORD,
    MovableClock,
    add_tenant,
    services_for,
    settings_for,
    signed_receiver,
    tenant_config,
)
from webapp.app import create_app
from webapp.receiver import MAX_BODY_BYTES

ADDRESS = "/webhooks/pipedrive/acme"


def won(event_id: str = "e-1", deal_id: int = 7) -> dict[str, Any]:
    """A v2 delivery of a deal that has just been won."""
    return {
        "meta": {
            "action": "change",
            "entity": "deal",
            "entity_id": str(deal_id),
            "id": event_id,
            "webhook_id": "3",
            "attempt": 1,
            "version": "2.0",
        },
        "data": {"id": deal_id, "status": "won", "won_time": "2026-03-01T10:00:00Z", "currency": "EUR"},
        "previous": {"status": "open"},
    }


def basic(user: str = "pipedrive", password: str = PASSWORD) -> dict[str, str]:
    """The header of HTTP Basic."""
    encoded = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"Authorization": f"Basic {encoded}"}


def signature(body: bytes, key: str = HMAC_KEY) -> dict[str, str]:
    """The header of a signing sender."""
    digest = hmac.new(key.encode(), body, hashlib.sha256).hexdigest()
    return {"X-Pipedrive-Signature": f"sha256={digest}"}


class Receiver:
    """The receiver under test."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.woken: list[int] = []
        self.client: FlaskClient = create_app(services, wake=self._wake).test_client()

    def _wake(self, run_id: int, tenant_id: int) -> None:
        assert tenant_id == 1, "the only tenant that is woken for here"
        self.woken.append(run_id)

    def deliver(self, body: Any, headers: dict[str, str] | None = None, to: str = ADDRESS) -> TestResponse:
        """Send one delivery."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        given = basic() if headers is None else headers
        return self.client.post(to, data=raw, headers={"Content-Type": "application/json", **given})

    def count(self, table: sa.Table) -> int:
        """Rows of a table."""
        with self.services.database.transaction() as tx:
            return tx.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


@pytest.fixture
def receiver(offline: Services) -> Receiver:
    """A receiver whose tenant ``acme`` asks for HTTP Basic."""
    add_tenant(offline, tenant_config())
    return Receiver(offline)


def test_a_won_deal_is_stored_and_its_run_woken(receiver: Receiver) -> None:
    answer = receiver.deliver(won())
    assert (answer.status_code, answer.json) == (202, {"stored": True})
    assert (receiver.count(tables.inbox), receiver.count(tables.run), len(receiver.woken)) == (1, 1, 1)


def test_the_same_delivery_again_is_taken_and_changes_nothing(receiver: Receiver) -> None:
    receiver.deliver(won())
    assert receiver.deliver(won()).status_code == 200
    assert (receiver.count(tables.inbox), receiver.count(tables.run), len(receiver.woken)) == (1, 1, 1)


def test_an_event_about_something_else_is_taken_and_not_stored(receiver: Receiver) -> None:
    body = won()
    body["meta"]["entity"] = "person"
    assert receiver.deliver(body).json == {"stored": False}
    assert receiver.count(tables.inbox) == 0


def test_a_merge_of_two_buyers_is_noted_once_and_a_broken_one_refused(receiver: Receiver) -> None:
    meta = {"action": "delete", "entity": "organization", "entity_id": "17", "id": "m-1", "webhook_id": "4"}
    merged = {"meta": {**meta, "merged_to_id": "18"}, "data": None, "previous": {"id": 17}}
    broken = {"meta": {**meta, "merged_to_id": "x"}, "data": None, "previous": {"id": 17}}

    statuses = [receiver.deliver(body).status_code for body in (merged, merged, broken)]

    assert [200, 200, 400] == statuses
    assert 1 == receiver.count(tables.merged_party)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        basic(password="wrong"),
        basic(user="wrong"),
        {"Authorization": "Basic"},
        {"Authorization": "Basic %%%"},
        {"Authorization": "Bearer " + PASSWORD},
        {"Authorization": "Basic " + base64.b64encode(b"\xff\xfe:\x00").decode()},
    ],
)
def test_a_delivery_without_proof_is_401_and_leaves_nothing(
    receiver: Receiver, headers: dict[str, str]
) -> None:
    assert receiver.deliver(won(), headers=headers).status_code == 401
    assert receiver.count(tables.inbox) == 0


def test_an_unknown_tenant_is_refused_exactly_like_a_wrong_password(receiver: Receiver) -> None:
    known = receiver.deliver(won(), headers=basic(password="wrong"))
    for key in ("nobody", "ACME", "a" * 300, "acme%00", "..", "%F0%28"):
        unknown = receiver.deliver(won(), to=f"/webhooks/pipedrive/{key}")
        assert (unknown.status_code, unknown.data) == (known.status_code, known.data), key
        assert dict(unknown.headers) == dict(known.headers), key


def test_a_signature_over_the_raw_body_is_enough_where_only_it_is_asked(offline: Services) -> None:
    add_tenant(offline, tenant_config(receiver=signed_receiver()))
    receiver, body = Receiver(offline), json.dumps(won()).encode()
    assert receiver.deliver(body, headers=signature(body)).status_code == 202
    assert receiver.deliver(body + b" ", headers=signature(body)).status_code == 401
    assert receiver.deliver(body, headers=signature(body, key="other")).status_code == 401
    assert receiver.deliver(body, headers=basic()).status_code == 401


def test_where_both_proofs_are_asked_one_is_not_enough(offline: Services) -> None:
    both = ReceiverConfig(basic_user="pipedrive", hmac=signed_receiver().hmac)
    add_tenant(offline, tenant_config(receiver=both))
    receiver, body = Receiver(offline), json.dumps(won()).encode()
    assert receiver.deliver(body, headers=basic()).status_code == 401
    assert receiver.deliver(body, headers=signature(body)).status_code == 401
    assert receiver.deliver(body, headers={**basic(), **signature(body)}).status_code == 202


def test_a_changed_password_counts_within_seconds(
    offline: Services, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert receiver.deliver(won()).status_code == 202
    with offline.database.transaction() as tx:
        found = tenants.find(tx, "acme")
        assert found is not None
        secret = offline.vault.encrypt("new password")
        name = SecretName.RECEIVER_BASIC_PASSWORD
        tenants.set_secret(tx, found.id, name, secret, now=offline.clock.now())
    assert receiver.deliver(won("e-2", 8)).status_code == 202, "what was read just now still counts"
    monkeypatch.setattr("webapp.credentials.KEPT_FOR_S", 0.0)
    assert receiver.deliver(won("e-3", 9)).status_code == 401
    assert receiver.deliver(won("e-3", 9), headers=basic(password="new password")).status_code == 202


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"meta": ' + b'{"a":' * 50_000,
        b"1" * 5_000,
        b"null",
        b"[]",
        b'"text"',
        b"{}",
        b'{"meta": 1}',
        b'{"meta": {"entity": "deal"}}',
    ],
)
def test_what_is_no_delivery_is_400_with_field_and_cure(receiver: Receiver, body: bytes) -> None:
    answer = receiver.deliver(body)
    assert answer.status_code == 400
    [problem] = answer.json["problems"]
    assert problem["field"]
    assert problem["cure"]
    assert receiver.count(tables.inbox) == 0


@pytest.mark.parametrize(
    "spoil",
    [
        lambda body: body["meta"].update(id="\x00"),
        lambda body: body["meta"].update(id="\ud800"),
        lambda body: body["meta"].update(entity_id="9" * 40),
        lambda body: body["meta"].update(entity_id=-1),
        lambda body: body["data"].update(status="\x00won"),
        lambda body: body.update(previous=[]),
    ],
)
def test_strange_values_are_400_and_never_reach_the_database(
    receiver: Receiver, spoil: Callable[[dict[str, Any]], None]
) -> None:
    body = won()
    spoil(body)
    assert receiver.deliver(body).status_code == 400
    assert receiver.count(tables.inbox) == 0


def test_strange_texts_that_nothing_depends_on_do_no_harm(receiver: Receiver) -> None:
    body = won()
    body["data"].update(title="\x00\ud800", currency="\x00", custom_fields={"a": float("inf")})
    body["data"].update(won_time="0000-00-00", first_won_time={"a": 1})
    assert receiver.deliver(body).status_code == 202


def test_a_body_above_one_mebibyte_is_413(receiver: Receiver) -> None:
    padding = "x" * MAX_BODY_BYTES
    assert receiver.deliver({**won(), "padding": padding}).status_code == 413
    assert receiver.deliver(b"x" * MAX_BODY_BYTES).status_code == 400, "the limit itself is allowed"


def test_a_chunked_body_without_length_is_413_as_well(receiver: Receiver) -> None:
    answer = receiver.client.post(
        ADDRESS,
        input_stream=BytesIO(b"x" * (MAX_BODY_BYTES + 1)),
        environ_overrides={"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"},
        headers=basic(),
    )
    assert answer.status_code == 413


def test_other_methods_are_405(receiver: Receiver) -> None:
    for method in ("GET", "PUT", "DELETE", "PATCH"):
        assert receiver.client.open(ADDRESS, method=method).status_code == 405


def test_postgresql_down_is_503_with_a_time_to_try_again(clock: MovableClock, tmp_path: Any) -> None:
    settings = settings_for("postgresql://nobody@127.0.0.1:9/none", "http://127.0.0.1:9", tmp_path)
    services = services_for(settings, clock)
    answer = Receiver(services).deliver(won())
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "10"


def test_a_bug_is_503_with_an_id_and_without_details(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: object) -> list[int]:
        raise RuntimeError("password=hunter2")

    monkeypatch.setattr("webapp.receiver.intake.receive", broken)
    answer = receiver.deliver(won())
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "10"
    assert len(answer.json["error_id"]) == 12
    assert b"hunter2" not in answer.data


def test_a_first_win_of_a_known_tenant_opens_no_transaction_and_reads_nothing(
    offline: Services, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver.deliver(won())
    transactions = []
    transaction = Database.transaction
    monkeypatch.setattr(
        Database, "transaction", lambda database: transactions.append(1) or transaction(database)
    )
    receiver.deliver(won("e-2", 8))
    assert (len(transactions), receiver.woken) == (0, [1, 2])


def test_refused_deliveries_are_counted_for_monitoring(receiver: Receiver) -> None:
    receiver.deliver(won(), basic(password="yesterday's"))
    receiver.deliver(won(), to="/webhooks/pipedrive/nobody")

    shown = receiver.client.get("/metrics").get_data(as_text=True).splitlines()

    assert 'mlc_deliveries_refused_total{tenant="acme"} 1.0' in shown
    assert 'mlc_deliveries_refused_total{tenant="?"} 1.0' in shown
