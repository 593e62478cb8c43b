"""Deliveries of the right sender, damaged on the way, and requests of any shape: never a bug."""

import base64
import json
import random
from collections import Counter

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.pipeline.services import Services
from connector.store import tables
from tests.fuzz.mutate import damaged
from tests.integration.webapp.world import PASSWORD
from tests.unit.pipedrive.test_webhook import v1, v2
from webapp.app import create_app

DELIVERIES = 800
SEED = 11
"""Fixed: a build must not fail by chance."""

PROOF = {"Authorization": "Basic " + base64.b64encode(f"pipedrive:{PASSWORD}".encode()).decode()}
WON = {"id": 17, "status": "won", "won_time": "2026-03-04T15:11:55Z", "pipeline_id": 1, "currency": "EUR"}


def _sample(rng: random.Random) -> bytes:
    deal = {**WON, "id": rng.randrange(1, 200)}
    names = {"entity_id": str(deal["id"]), "id": f"{rng.randrange(10**9)}"}
    body = rng.choice(
        [
            v2(data=deal, previous={"status": "open"}, **names),
            v2("delete", previous=deal, **names),
            v2(data={**deal, "status": "lost"}, previous={"status": "won"}, **names),
            v1(current=deal, previous={**deal, "status": "open"}, id=deal["id"]),
        ]
    )
    return json.dumps(body).encode()


@pytest.fixture
def web(services: Services) -> FlaskClient:
    """The web process, in this process."""
    return create_app(services, wake=lambda *_given: None).test_client()


def test_damaged_deliveries_are_taken_or_refused_and_never_a_bug(
    services: Services, web: FlaskClient
) -> None:
    rng = random.Random(SEED)  # noqa: S311 - repeatable, no secret
    seen: Counter[int] = Counter()
    for _number in range(DELIVERIES):
        sample = _sample(rng)
        content = damaged(rng, [sample]) if rng.random() < 0.8 else sample
        answer = web.post("/webhooks/pipedrive/acme", data=content, headers=PROOF)
        seen[answer.status_code] += 1
        assert answer.status_code in {200, 202, 400}, (content[:2000], answer.get_data(as_text=True))
    assert {200, 202, 400} == set(seen), "damage of every kind was tried"
    with services.database.transaction() as tx:
        runs = tx.execute(sa.select(sa.func.count()).select_from(tables.run)).scalar_one()
        deals = tx.execute(sa.select(sa.func.count(tables.run.c.deal_id.distinct()))).scalar_one()
    assert runs == deals, "a run for each deal, however often it was told"


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"]),
    path=st.text(st.characters(exclude_characters="?#", exclude_categories=["Cs"]), max_size=60),
    query=st.text(st.characters(exclude_categories=["Cs"]), max_size=60),
    body=st.binary(max_size=300),
    headers=st.dictionaries(
        st.sampled_from(
            [
                *("Authorization", "Content-Type", "Content-Encoding", "Cookie", "Accept", "Accept-Language"),
                *("X-Forwarded-For", "Origin", "Range", "If-None-Match", "If-Modified-Since", "Host"),
            ]
        ),
        st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=60),
        max_size=5,
    ),
)
def test_no_request_at_all_is_a_bug(
    web: FlaskClient, method: str, path: str, query: str, body: bytes, headers: dict[str, str]
) -> None:
    for address in (f"/{path}", f"/webhooks/pipedrive/{path}", f"/connect/{path}", f"/desk/{path}"):
        environ = {
            "PATH_INFO": address.encode().decode("latin-1"),
            "QUERY_STRING": query.encode().decode("latin-1"),
        }
        answer = web.open(
            "/", method=method, data=body, headers=headers, environ_overrides=environ, buffered=True
        )
        assert answer.status_code < 500, (method, address)
