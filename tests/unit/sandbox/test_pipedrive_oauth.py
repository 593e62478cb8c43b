"""Pipedrive's OAuth 2.0."""

from urllib.parse import parse_qs, urlsplit

import pytest
from werkzeug.test import TestResponse

from tests.unit.sandbox.driver import Driver

CALLBACK = "http://localhost:8000/pipedrive/callback"
HOST = "/pipedrive/oauth-host/oauth"
APP = ("pd-app", "pd-secret")


@pytest.fixture
def app(acme: Driver) -> Driver:
    """A company and an app it may install."""
    acme.control("/pipedrive/oauth-apps", client_id=APP[0], client_secret=APP[1], redirect_uri=CALLBACK)
    return acme


def consent(driver: Driver, **changes: str) -> TestResponse:
    form = {"client_id": APP[0], "redirect_uri": CALLBACK, "state": "s1", "user": "acme/9001"}
    return driver.client.post(f"{HOST}/authorize", data={**form, "decision": "approve", **changes})


def code_of(driver: Driver) -> str:
    return parse_qs(urlsplit(consent(driver).headers["Location"]).query)["code"][0]


def token(driver: Driver, auth: tuple[str, str] | None = APP, **form: str) -> TestResponse:
    return driver.client.post(f"{HOST}/token", data=form, auth=auth)


def exchange(driver: Driver) -> TestResponse:
    return token(driver, grant_type="authorization_code", code=code_of(driver), redirect_uri=CALLBACK)


def test_the_consent_page_carries_the_request_in_hidden_inputs(app: Driver) -> None:
    query = {"client_id": APP[0], "redirect_uri": CALLBACK, "state": '"><script>'}
    page = app.client.get(f"{HOST}/authorize", query_string=query).get_data(as_text=True)
    assert page.count("<form") == 1
    assert 'value="acme/9001"' in page
    assert "<script>" not in page


def test_consent_leads_back_with_code_and_state_and_denial_with_an_error(app: Driver) -> None:
    good, bad = consent(app), consent(app, decision="deny")
    assert {"code", "state"} == set(parse_qs(urlsplit(good.headers["Location"]).query))
    assert {"error": ["user_denied"], "state": ["s1"]} == parse_qs(urlsplit(bad.headers["Location"]).query)


def test_a_foreign_redirect_address_is_never_used(app: Driver) -> None:
    answer = consent(app, redirect_uri="https://evil.example/")
    assert answer.status_code == 400
    assert "Location" not in answer.headers


def test_a_code_works_once(app: Driver) -> None:
    code = code_of(app)
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
    assert [200, 400] == [token(app, **form).status_code, token(app, **form).status_code]


def test_a_code_expires_after_five_minutes(app: Driver) -> None:
    code = code_of(app)
    app.control("/clock", offset_seconds=301)
    answer = token(app, grant_type="authorization_code", code=code, redirect_uri=CALLBACK)
    assert (400, "invalid_grant") == (answer.status_code, answer.json["error"])


def test_the_token_answer_names_the_api_domain_and_the_token_works(app: Driver) -> None:
    body = exchange(app).json
    assert (3599, "Bearer", "http://localhost/pipedrive") == (
        body["expires_in"],
        body["token_type"],
        body["api_domain"],
    )
    headers = {"Authorization": f"Bearer {body['access_token']}"}
    assert app.client.get("/pipedrive/api/v2/deals/1", headers=headers).status_code == 200
    app.control("/clock", offset_seconds=3600)
    assert app.client.get("/pipedrive/api/v2/deals/1", headers=headers).status_code == 401


def test_refreshing_returns_the_same_refresh_token_and_its_sixty_days_slide(app: Driver) -> None:
    refresh = exchange(app).json["refresh_token"]
    for days in (59, 118):
        app.control("/clock", offset_seconds=days * 86400)
        again = token(app, grant_type="refresh_token", refresh_token=refresh)
        assert (200, refresh) == (again.status_code, again.json["refresh_token"])
    app.control("/clock", offset_seconds=179 * 86400)
    assert token(app, grant_type="refresh_token", refresh_token=refresh).json["error"] == "invalid_grant"


def test_the_token_endpoint_wants_http_basic(app: Driver) -> None:
    for auth in (None, (APP[0], "wrong")):
        answer = token(app, auth, grant_type="refresh_token", refresh_token="x", client_id=APP[0])
        assert (401, "invalid_client") == (answer.status_code, answer.json["error"])


def test_revoking_the_refresh_token_ends_everything_the_app_had(app: Driver) -> None:
    body = exchange(app).json
    headers = {"Authorization": f"Bearer {body['access_token']}"}
    hook = {"subscription_url": "http://x.test/", "event_action": "*", "event_object": "deal", "name": "n"}
    assert app.client.post("/pipedrive/api/v1/webhooks", json=hook, headers=headers).status_code == 201
    form = {"token": body["refresh_token"], "token_type_hint": "refresh_token"}
    assert app.client.post(f"{HOST}/revoke", data=form, auth=APP).status_code == 200
    assert app.client.get("/pipedrive/api/v2/deals/1", headers=headers).status_code == 401
    app.control("/pipedrive/accounts/acme/deals/1/win")
    assert app.arrivals()["deliveries"] == []


def test_a_missing_scope_is_403(acme: Driver) -> None:
    app = {
        "client_id": APP[0],
        "client_secret": APP[1],
        "redirect_uri": CALLBACK,
        "scopes": "base contacts:read",
    }
    acme.control("/pipedrive/oauth-apps", **app)
    headers = {"Authorization": f"Bearer {exchange(acme).json['access_token']}"}
    answer = acme.client.get("/pipedrive/api/v2/deals/1", headers=headers)
    assert (403, "Scope and URL mismatch") == (answer.status_code, answer.json["error"])
    assert acme.client.get("/pipedrive/api/v2/organizations/1", headers=headers).status_code == 200
