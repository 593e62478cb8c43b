"""DATEV's login, tokens and what a long-term token may not do."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import jwt
import pytest

from tests.unit.sandbox.driver import CLIENTS, DOCUMENTS, DXSO, REDIRECT, SCOPES, VERIFIER, Driver

LONG_SCOPES = f"{SCOPES} offline_access datev:iam:client:455148-1"
HOUR = 3600


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"state": "s" * 19}, "invalid_request"),
        ({"nonce": "n" * 19}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": ""}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "profile"}, "invalid_scope"),
        ({"scope": "openid datev:hr:payroll"}, "invalid_scope"),
        ({"scope": f"{SCOPES} offline_access"}, "invalid_scope"),
        ({"scope": f"{LONG_SCOPES} datev:iam:client:455148-2"}, "invalid_scope"),
    ],
)
def test_a_wrong_authorization_request_comes_back_as_an_error(
    datev: Driver, change: dict[str, str], error: str
) -> None:
    assert error == datev.consent(**change)["error"]
    page = datev.client.get("/datev/openid/authorize", query_string=datev.authorize_query(**change))
    assert page.status_code == 302


@pytest.mark.parametrize("change", [{"client_id": "other"}, {"redirect_uri": REDIRECT + "/"}])
def test_an_unknown_app_or_address_gets_a_page_and_no_redirect(datev: Driver, change: dict[str, str]) -> None:
    answer = datev.client.get("/datev/openid/authorize", query_string=datev.authorize_query(**change))
    assert answer.status_code == 400
    assert "Location" not in answer.headers


def test_the_consent_page_has_one_form_and_escapes(datev: Driver) -> None:
    query = datev.authorize_query(state='"><script>alert(1)</script>')
    page = datev.client.get("/datev/openid/authorize", query_string=query).get_data(as_text=True)
    assert (1, False) == (page.count("<form"), "<script>" in page)
    assert 'value="sandbox-anna"' in page


def test_denial_and_a_client_out_of_reach_are_access_denied(datev: Driver) -> None:
    assert "access_denied" == datev.consent(decision="deny")["error"]
    assert "access_denied" == datev.consent(user="sandbox-bernd", scope=LONG_SCOPES)["error"]
    unknown = LONG_SCOPES.replace("455148-1", "455148-9")
    assert "access_denied" == datev.consent(scope=unknown)["error"]


def test_the_id_token_is_signed_by_the_published_key_and_carries_the_nonce(datev: Driver) -> None:
    config = datev.client.get("/datev/openid/.well-known/openid-configuration").json
    key = datev.client.get(config["jwks_uri"]).json["keys"][0]
    claims = jwt.decode(
        datev.login()["id_token"], jwt.PyJWK(key), ["RS256"], audience="app", issuer=config["issuer"]
    )
    assert ("sandbox-anna", "nonce-" * 4) == (claims["sub"], claims["nonce"])
    assert ["S256"] == config["code_challenge_methods_supported"]


@pytest.mark.parametrize(
    "change",
    [{"code_verifier": "wrong" * 10}, {"redirect_uri": "http://localhost:8000/other"}, {"code": "unknown"}],
)
def test_a_wrong_exchange_is_invalid_grant(datev: Driver, change: dict[str, str]) -> None:
    code = datev.consent()["code"]
    answer = datev.exchange(**{"code": code, **change})
    assert (400, "invalid_grant") == (answer.status_code, answer.json["error"])


def test_a_code_used_twice_ends_the_session_it_made(datev: Driver) -> None:
    code = datev.consent()["code"]
    tokens = datev.exchange(code).json
    assert "invalid_grant" == datev.exchange(code).json["error"]
    assert datev.client.get(f"{CLIENTS}/clients", headers=datev.headers(tokens)).status_code == 401


def test_refresh_tokens_rotate_and_a_used_one_kills_the_session(datev: Driver) -> None:
    first = datev.login()
    second = datev.refresh(first["refresh_token"]).json
    assert first["refresh_token"] != second["refresh_token"]
    assert 900 == second["expires_in"]
    replay = datev.refresh(first["refresh_token"])
    assert (400, "invalid_grant") == (replay.status_code, replay.json["error"])
    assert "invalid_grant" == datev.refresh(second["refresh_token"]).json["error"]
    assert datev.client.get(f"{CLIENTS}/clients", headers=datev.headers(second)).status_code == 401


def test_of_two_refreshes_at_the_same_time_one_wins_and_the_session_dies(datev: Driver) -> None:
    token = datev.login()["refresh_token"]
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: datev.refresh(token), range(2)))
    assert [200, 400] == sorted(answer.status_code for answer in answers)
    winner = next(answer for answer in answers if answer.status_code == 200)
    assert "invalid_grant" == datev.refresh(winner.json["refresh_token"]).json["error"]


def test_an_access_token_lives_900_seconds(datev: Driver) -> None:
    tokens = datev.login()
    datev.control("/clock", offset_seconds=890)
    assert datev.client.get(f"{CLIENTS}/clients", headers=datev.headers(tokens)).status_code == 200
    datev.control("/clock", offset_seconds=901)
    assert datev.client.get(f"{CLIENTS}/clients", headers=datev.headers(tokens)).status_code == 401


def test_a_short_session_ends_eleven_hours_after_the_login_whatever_is_refreshed(datev: Driver) -> None:
    token = datev.login()["refresh_token"]
    datev.control("/clock", offset_seconds=10.99 * HOUR)
    body = datev.refresh(token).json
    assert 30 <= body["refresh_token_expires_in"] <= 36
    assert body["expires_in"] == body["refresh_token_expires_in"]
    datev.control("/clock", offset_seconds=11 * HOUR + 1)
    assert "invalid_grant" == datev.refresh(body["refresh_token"]).json["error"]


def test_a_long_term_session_lives_two_years(datev: Driver) -> None:
    token = datev.login(scope=LONG_SCOPES)["refresh_token"]
    datev.control("/clock", offset_seconds=729 * 24 * HOUR)
    second = datev.refresh(token)
    datev.control("/clock", offset_seconds=731 * 24 * HOUR)
    third = datev.refresh(second.json["refresh_token"])
    assert (200, 400) == (second.status_code, third.status_code)


@pytest.mark.parametrize("base", [CLIENTS, DOCUMENTS, DXSO])
def test_a_long_term_token_reads_its_client_only_and_no_list(datev: Driver, base: str) -> None:
    datev.control("/datev/clients", consultant_number=455148, client_number=2)
    headers = datev.headers(datev.login(scope=LONG_SCOPES))
    paths = ("/clients/455148-1", "/clients/455148-2", "/clients")
    assert [200, 403, 403] == [datev.client.get(base + path, headers=headers).status_code for path in paths]


def test_lifetimes_can_be_set(datev: Driver) -> None:
    datev.control("/datev/settings", access_lifetime_s=5, session_lifetime_s=60)
    body = datev.login()
    assert (5, 59) == (body["expires_in"], min(59, body["refresh_token_expires_in"]))


def test_a_public_app_must_not_send_a_secret(datev: Driver) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": "x", "client_id": "app"}
    basic = datev.client.post("/datev/api/token", data=form, auth=("app", "secret"))
    body = datev.client.post("/datev/api/token", data={**form, "client_secret": "secret"})
    assert [(401, "invalid_client")] * 2 == [(a.status_code, a.json["error"]) for a in (basic, body)]


def test_a_confidential_app_must_send_basic_also_on_refresh(sandbox: Driver) -> None:
    sandbox.make_datev(secret="s3cret")
    form = {"grant_type": "authorization_code", "code": sandbox.consent()["code"], "redirect_uri": REDIRECT}
    form["code_verifier"] = VERIFIER
    without = sandbox.client.post("/datev/api/token", data={**form, "client_id": "app"})
    right = sandbox.client.post("/datev/api/token", data=form, auth=("app", "s3cret"))
    assert (401, 200) == (without.status_code, right.status_code)
    assert 401 == sandbox.refresh(right.json["refresh_token"]).status_code
    again = {"grant_type": "refresh_token", "refresh_token": right.json["refresh_token"]}
    assert 200 == sandbox.client.post("/datev/api/token", data=again, auth=("app", "s3cret")).status_code


def test_revocation_wants_a_hint_and_ends_the_session(datev: Driver) -> None:
    tokens = datev.login()
    form = {"token": tokens["refresh_token"], "client_id": "app"}
    assert 400 == datev.client.post("/datev/api/revoke", data=form).status_code
    form["token_type_hint"] = "refresh_token"
    assert 200 == datev.client.post("/datev/api/revoke", data=form).status_code
    assert "invalid_grant" == datev.refresh(tokens["refresh_token"]).json["error"]


def test_userinfo_names_the_user(datev: Driver) -> None:
    headers = datev.headers(datev.login())
    body = datev.client.get("/datev/api/userinfo", headers=headers).json
    assert ("sandbox-anna", "Anna Muster") == (body["sub"], body["name"])
    assert 401 == datev.client.get("/datev/api/userinfo").status_code


@pytest.mark.parametrize("missing", ["Authorization", "X-DATEV-Client-Id"])
@pytest.mark.parametrize("base", [CLIENTS, DOCUMENTS, DXSO])
def test_both_headers_are_required(datev: Driver, base: str, missing: str) -> None:
    headers = datev.headers(datev.login())
    del headers[missing]
    answer = datev.client.get(f"{base}/clients", headers=headers)
    assert 401 == answer.status_code
    assert "X-Global-Transaction-ID" in answer.headers
    assert "V-Cap-Request-ID" in answer.headers


@pytest.mark.parametrize(
    ("base", "told"),
    [
        (CLIENTS, lambda body: body["detail"] == "Missing scope(s) are: datev:accounting:clients"),
        (DOCUMENTS, lambda body: body["error"] == "#DCO01005"),
        (DXSO, lambda body: body["error"] == "#DCO01005"),
    ],
)
def test_a_missing_scope_is_told_in_the_partners_own_form(
    datev: Driver, base: str, told: Callable[[dict[str, str]], bool]
) -> None:
    headers = datev.headers(datev.login(scope="openid profile"))
    answer = datev.client.get(f"{base}/clients", headers=headers)
    assert (403, True) == (answer.status_code, told(answer.json))
