"""The login at DATEV."""

import base64
import hashlib
import re
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from connector.datev import oauth
from connector.errors import (
    AccessTokenRefusedError,
    AmbiguousError,
    ConfigurationError,
    PartnerRefusedError,
    ReconnectNeededError,
    TransientError,
)
from connector.tenants.config import DatevFormat
from tests.unit.datev.api.datev_settings import PUBLIC, confidential
from tests.unit.datev.api.fake_http import FakeHttp, Script

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
REDIRECT = "https://connector.example/oauth/datev/callback"
TOKENS = Script(
    200,
    {
        "access_token": "access-2",
        "refresh_token": "refresh-2",
        "expires_in": 900,
        "refresh_token_expires_in": 39600,
        "scope": "openid profile",
        "id_token": "header.claims.signature",
        "token_type": "Bearer",
    },
)


EXTF_SCOPES = (
    "openid",
    "profile",
    "datev:accounting:extf-files-import",
    "datev:accounting:clients",
    "accounting:documents",
    "accounting:clients:read",
    "offline_access",
    "datev:iam:client:455148-2",
)


def exchange(http: FakeHttp, settings=PUBLIC):
    return oauth.exchange_code(http, settings, code="c-1", verifier="v-1", redirect_uri=REDIRECT, now=NOW)


def test_the_authorization_url_carries_what_datev_demands():
    url = oauth.authorization_url(
        PUBLIC,
        redirect_uri=REDIRECT,
        state="s" * 43,
        nonce="n" * 43,
        code_challenge="challenge",
        scopes=oauth.long_scopes(DatevFormat.EXTF, "455148-2"),
    )
    assert url.startswith("https://login.datev.example/openidsandbox/authorize?")
    assert {
        "response_type": ["code"],
        "client_id": ["app-4711"],
        "redirect_uri": [REDIRECT],
        "scope": [" ".join(EXTF_SCOPES)],
        "state": ["s" * 43],
        "nonce": ["n" * 43],
        "code_challenge": ["challenge"],
        "code_challenge_method": ["S256"],
    } == parse_qs(urlsplit(url).query)


def test_a_dxso_tenant_asks_for_no_right_to_extf():
    assert (
        "openid",
        "profile",
        "accounting:dxso-jobs",
        "datev:accounting:clients",
        "accounting:clients:read",
    ) == oauth.session_scopes(DatevFormat.DXSO)


def test_the_challenge_is_the_hash_of_the_verifier():
    pkce = oauth.new_pkce()
    hashed = hashlib.sha256(pkce.verifier.encode()).digest()
    assert base64.urlsafe_b64encode(hashed).rstrip(b"=").decode() == pkce.challenge
    assert re.fullmatch(r"[A-Za-z0-9._~-]{43,128}", pkce.verifier)
    assert pkce.verifier not in repr(pkce)


@pytest.mark.parametrize("make", [oauth.new_state, oauth.new_nonce])
def test_state_and_nonce_are_long_and_never_the_same(make):
    made = {make() for _ in range(100)}
    assert 100 == len(made)
    assert all(len(value) >= 20 for value in made)


def test_a_public_app_names_itself_in_the_body_alone():
    http = FakeHttp(TOKENS)
    exchange(http)
    sent = http.sent[0]
    assert ("POST", "https://api.datev.example/token") == (sent.method, sent.url)
    assert {
        "grant_type": "authorization_code",
        "code": "c-1",
        "redirect_uri": REDIRECT,
        "code_verifier": "v-1",
        "client_id": "app-4711",
    } == sent.data
    assert sent.auth is None
    assert not sent.safe


def test_a_public_app_refreshes_with_its_id_alone():
    http = FakeHttp(TOKENS)
    oauth.refresh(http, PUBLIC, "refresh-1", NOW)
    sent = http.sent[0]
    assert {
        "grant_type": "refresh_token",
        "refresh_token": "refresh-1",
        "client_id": "app-4711",
    } == sent.data
    assert sent.auth is None
    assert not sent.safe


def test_a_confidential_app_uses_http_basic():
    http = FakeHttp(TOKENS)
    oauth.refresh(http, confidential(), "refresh-1", NOW)
    assert ("app-4711", "app-secret") == http.sent[0].auth
    assert {"grant_type": "refresh_token", "refresh_token": "refresh-1"} == http.sent[0].data


def test_tokens_carry_their_ends_and_hide_their_secrets():
    tokens = exchange(FakeHttp(TOKENS))
    assert ("access-2", "refresh-2") == (tokens.access_token, tokens.refresh_token)
    assert NOW + timedelta(seconds=900) == tokens.access_expires_at
    assert NOW + timedelta(hours=11) == tokens.refresh_expires_at
    assert "openid profile" == tokens.scope
    shown = repr(tokens)
    assert not any(secret in shown for secret in ("access-2", "refresh-2", "signature"))


def test_without_lifetimes_the_documented_ones_count():
    tokens = oauth.refresh(
        FakeHttp(Script(200, {"access_token": "a", "refresh_token": "r"})), PUBLIC, "old", NOW
    )
    assert NOW + timedelta(seconds=900) == tokens.access_expires_at
    assert tokens.refresh_expires_at is None
    assert ("", "") == (tokens.scope, tokens.id_token)


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        {"access_token": "a"},
        {"access_token": "", "refresh_token": "r"},
        {"access_token": "a", "refresh_token": "r", "expires_in": 10**17},
        {"access_token": "a", "refresh_token": "r", "expires_in": -1},
    ],
)
def test_new_tokens_that_cannot_be_read_leave_the_login_in_doubt(body):
    with pytest.raises(AmbiguousError):
        oauth.refresh(FakeHttp(Script(200, body)), PUBLIC, "refresh-1", NOW)


def test_a_lost_refresh_is_in_doubt_because_the_token_works_once():
    http = FakeHttp(AmbiguousError("broken off", cure="looked up"))
    with pytest.raises(AmbiguousError) as caught:
        oauth.refresh(http, PUBLIC, "refresh-1", NOW)
    assert "connect again" in caught.value.cure
    assert 1 == len(http.sent)


def test_a_lost_exchange_starts_the_login_again():
    with pytest.raises(AmbiguousError, match="broken off") as caught:
        exchange(FakeHttp(AmbiguousError("broken off")))
    assert "Start the login again" in caught.value.cure


def test_an_ended_login_parks_the_tenant():
    with pytest.raises(ReconnectNeededError) as caught:
        oauth.refresh(FakeHttp(Script(400, {"error": "invalid_grant"})), PUBLIC, "refresh-1", NOW)
    assert "datev" == caught.value.partner


def test_a_used_code_is_no_reason_to_park_the_tenant():
    with pytest.raises(PartnerRefusedError) as caught:
        exchange(FakeHttp(Script(400, {"error": "invalid_grant"})))
    assert "login_code_refused" == caught.value.code


def test_a_wrong_client_auth_is_a_setting():
    with pytest.raises(ConfigurationError) as caught:
        exchange(FakeHttp(Script(401, {"error": "invalid_client"})))
    assert "DATEV_CLIENT_AUTH" in caught.value.cure


def test_no_secret_of_the_request_reaches_an_error():
    with pytest.raises(ReconnectNeededError) as caught:
        oauth.refresh(FakeHttp(Script(400, {"error": "invalid_grant"})), confidential(), "refresh-1", NOW)
    kept = f"{caught.value} {caught.value.details()}"
    assert "refresh-1" not in kept
    assert "app-secret" not in kept


def test_revoking_says_what_kind_of_token_it_is():
    http = FakeHttp(Script(200))
    oauth.revoke(http, PUBLIC, "refresh-1", "refresh_token")
    sent = http.sent[0]
    assert "https://api.datev.example/revoke" == sent.url
    assert {
        "token": "refresh-1",
        "token_type_hint": "refresh_token",
        "client_id": "app-4711",
    } == sent.data
    assert sent.safe


def test_a_failed_revocation_may_be_repeated():
    with pytest.raises(TransientError):
        oauth.revoke(FakeHttp(Script(503)), PUBLIC, "refresh-1", "refresh_token")


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"name": "Anna Muster"}, "Anna Muster"),
        ({"given_name": "Anna", "family_name": "Muster"}, "Anna Muster"),
        ({"preferred_username": "amuster"}, "amuster"),
        ({}, ""),
    ],
)
def test_userinfo_names_who_logged_in(claims, name):
    http = FakeHttp(Script(200, {"sub": "s-1", **claims}))
    assert oauth.UserInfo("s-1", name) == oauth.userinfo(http, PUBLIC, "access-1")
    assert "Bearer access-1" == http.sent[0].headers["Authorization"]
    assert "https://api.datev.example/userinfo" == http.sent[0].url


def test_userinfo_with_an_ended_token_is_told_apart():
    with pytest.raises(AccessTokenRefusedError):
        oauth.userinfo(FakeHttp(Script(401, {"error": "invalid_token"})), PUBLIC, "access-1")
