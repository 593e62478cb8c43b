from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from connector.errors import (
    AmbiguousError,
    ConfigurationError,
    RateLimitedError,
    ReconnectNeededError,
    TransientError,
)
from connector.pipedrive import oauth
from connector.settings import PipedriveSettings
from tests.unit.pipedrive.fakes import NOW, FakeHttp, Reply

SETTINGS = PipedriveSettings("", "https://oauth.pipedrive.com", "app-id", "app-secret")
REDIRECT = "https://connector.example/oauth/pipedrive/callback"
GOOD = {
    "access_token": "v1u:access",
    "token_type": "Bearer",
    "refresh_token": "12:refresh",
    "scope": "base,deals:full",
    "expires_in": 3599,
    "api_domain": "https://muster.pipedrive.com",
}


def test_the_consent_page_gets_id_address_and_state_and_no_secret():
    url = oauth.authorization_url(SETTINGS, REDIRECT, "state-1")
    parts = urlsplit(url)
    asked = parse_qs(parts.query)
    assert "https://oauth.pipedrive.com/oauth/authorize" == f"{parts.scheme}://{parts.netloc}{parts.path}"
    assert (["app-id"], [REDIRECT], ["state-1"]) == (
        asked["client_id"],
        asked["redirect_uri"],
        asked["state"],
    )
    assert "app-secret" not in url
    assert "scope" not in asked


def test_a_code_becomes_tokens():
    http = FakeHttp(Reply(200, GOOD))
    tokens = oauth.exchange_code(http, SETTINGS, code="c0de", redirect_uri=REDIRECT, now=NOW)
    expected = oauth.PipedriveTokens(
        "v1u:access",
        "12:refresh",
        NOW + timedelta(seconds=3599),
        "https://muster.pipedrive.com",
        "base,deals:full",
    )
    assert expected == tokens
    call = http.calls[0]
    assert ("POST", "https://oauth.pipedrive.com/oauth/token") == (call.method, call.url)
    assert {"grant_type": "authorization_code", "code": "c0de", "redirect_uri": REDIRECT} == call.data
    assert ("app-id", "app-secret") == call.auth
    assert not call.safe


def test_a_refresh_may_be_repeated_because_the_refresh_token_stays():
    http = FakeHttp(Reply(200, {**GOOD, "api_domain": "https://neu.pipedrive.com"}))
    tokens = oauth.refresh(http, SETTINGS, refresh_token="12:refresh", now=NOW)
    assert ("12:refresh", "https://neu.pipedrive.com") == (tokens.refresh_token, tokens.api_domain)
    assert http.calls[0].safe
    assert {"grant_type": "refresh_token", "refresh_token": "12:refresh"} == http.calls[0].data


def test_a_token_is_refreshed_before_it_ends():
    tokens = oauth.PipedriveTokens("a", "r", NOW + timedelta(minutes=6), "", "")
    assert not tokens.needs_refresh(NOW)
    assert tokens.needs_refresh(NOW + timedelta(minutes=1))


def test_nothing_printed_shows_a_token():
    tokens = oauth.PipedriveTokens("v1u:access", "12:refresh", NOW, "", "")
    assert "access" not in repr(tokens).replace("access_token", "")
    assert "12:refresh" not in repr(tokens)


@pytest.mark.parametrize(
    ("reply", "family"),
    [
        (Reply(400, {"success": False, "error": "invalid_grant", "message": "old"}), ReconnectNeededError),
        (Reply(401, {"error": "invalid_client"}), ConfigurationError),
        (Reply(400, {"error": "invalid_client"}), ConfigurationError),
        (Reply(429, {}), RateLimitedError),
        (Reply(503, {}), TransientError),
        (Reply(200, []), TransientError),
        (Reply(200, {**GOOD, "access_token": None}), TransientError),
        (Reply(200, {**GOOD, "expires_in": "soon"}), TransientError),
    ],
)
def test_a_refused_refresh_says_what_has_to_happen(reply, family):
    with pytest.raises(family) as caught:
        oauth.refresh(FakeHttp(reply), SETTINGS, refresh_token="12:refresh", now=NOW)
    assert family is type(caught.value)


def test_an_ended_login_names_pipedrive():
    reply = Reply(400, {"error": "invalid_grant"})
    with pytest.raises(ReconnectNeededError) as caught:
        oauth.refresh(FakeHttp(reply), SETTINGS, refresh_token="r", now=NOW)
    assert "pipedrive" == caught.value.partner


def test_a_code_is_never_used_twice_by_itself():
    with pytest.raises(AmbiguousError):
        oauth.exchange_code(FakeHttp(Reply(502, {})), SETTINGS, code="c0de", redirect_uri=REDIRECT, now=NOW)


def test_an_app_without_id_says_which_variables_are_missing():
    bare = PipedriveSettings("", "https://oauth.pipedrive.com", "", "")
    with pytest.raises(ConfigurationError) as caught:
        oauth.authorization_url(bare, REDIRECT, "state")
    assert "PIPEDRIVE_CLIENT_ID, PIPEDRIVE_CLIENT_SECRET" == caught.value.field


def test_revoking_ends_the_refresh_token():
    http = FakeHttp(Reply(200, {}))
    oauth.revoke(http, SETTINGS, refresh_token="12:refresh", now=NOW)
    assert "https://oauth.pipedrive.com/oauth/revoke" == http.calls[0].url
    assert {"token": "12:refresh", "token_type_hint": "refresh_token"} == http.calls[0].data


def test_both_logins_have_their_header():
    tokens = oauth.PipedriveTokens("abc", "r", NOW, "", "")
    assert {"Authorization": "Bearer abc"} == oauth.bearer(tokens)
    assert {"x-api-token": "abc"} == oauth.api_token("abc")
