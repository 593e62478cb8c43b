"""The two logins at DATEV, against the sandbox."""

import threading
from datetime import UTC, datetime, timedelta

import pytest

from connector.datev import oauth
from connector.datev.clients import carries_service, get_client, list_clients
from connector.errors import (
    AccessTokenRefusedError,
    AmbiguousError,
    ConfigurationError,
    ConnectorError,
    PartnerRefusedError,
    ReconnectNeededError,
)
from connector.tenants.config import DatevFormat
from tests.integration.datev.driver import (
    CLIENT,
    OTHER_CLIENT,
    api_for,
    consent,
    exchange,
    lasting_login,
    log_in,
    settings_for,
)

SHORT = oauth.session_scopes(DatevFormat.EXTF)
LASTING = oauth.long_scopes(DatevFormat.EXTF, CLIENT)


def clients_api(http, settings, tokens):
    return api_for(http, settings, settings.clients_base_url, tokens.access_token)


def test_a_short_login_lists_the_clients_and_one_is_checked(http, settings):
    tokens = log_in(http, settings, SHORT)
    found = list_clients(clients_api(http, settings, tokens))
    assert [CLIENT, OTHER_CLIENT] == sorted(client.id for client in found)
    assert carries_service(found[0], DatevFormat.EXTF) is None
    assert carries_service(found[0], DatevFormat.DXSO) is None


def test_a_short_login_says_that_it_ends_after_eleven_hours(http, settings):
    before = datetime.now(UTC)
    tokens = log_in(http, settings, SHORT)
    assert timedelta(seconds=900) == round_to_seconds(tokens.access_expires_at - before)
    assert timedelta(hours=11) == round_to_seconds(tokens.refresh_expires_at - before)


def round_to_seconds(length: timedelta) -> timedelta:
    """To the nearest ten seconds, since the sandbox's clock runs during the test."""
    return timedelta(seconds=round(length.total_seconds() / 10) * 10)


def test_the_identity_is_checked_against_the_published_keys(http, settings):
    callback = consent(settings, SHORT)
    tokens = exchange(http, settings, callback)
    now = datetime.now(UTC)
    identity = oauth.check_id_token(http, settings, tokens.id_token, callback.nonce, now)
    assert identity.subject == oauth.userinfo(http, settings, tokens.access_token).subject
    with pytest.raises(PartnerRefusedError, match="another login"):
        oauth.check_id_token(http, settings, tokens.id_token, oauth.new_nonce(), now)


def test_the_persons_name_is_known(http, settings):
    tokens = log_in(http, settings, SHORT)
    assert "Anna Muster" == oauth.userinfo(http, settings, tokens.access_token).name


def test_a_denied_login_comes_back_without_a_code(settings):
    callback = consent(settings, SHORT, decision="deny")
    assert "access_denied" == callback.parameters["error"]
    assert "code" not in callback.parameters


def test_a_lasting_login_lasts_two_years_and_knows_only_its_client(http, settings):
    tokens = lasting_login(http, settings)
    api = clients_api(http, settings, tokens)
    assert timedelta(days=730) == round_to_seconds(tokens.refresh_expires_at - datetime.now(UTC))
    assert CLIENT == get_client(api, CLIENT).id
    with pytest.raises(ConfigurationError) as caught:
        list_clients(api)
    assert "client_list_not_allowed" == caught.value.code
    with pytest.raises(ConfigurationError):
        get_client(api, OTHER_CLIENT)


def test_a_person_without_rights_cannot_give_a_lasting_login(settings):
    callback = consent(settings, LASTING, user="sandbox-bernd")
    assert "access_denied" == callback.parameters["error"]


def test_every_refresh_gives_a_new_token_and_uses_up_the_old_one(http, settings):
    first = lasting_login(http, settings)
    second = oauth.refresh(http, settings, first.refresh_token, datetime.now(UTC))
    third = oauth.refresh(http, settings, second.refresh_token, datetime.now(UTC))
    assert 3 == len({first.refresh_token, second.refresh_token, third.refresh_token})
    assert CLIENT == get_client(clients_api(http, settings, third), CLIENT).id


def test_using_an_old_refresh_token_ends_the_login(http, settings):
    first = lasting_login(http, settings)
    second = oauth.refresh(http, settings, first.refresh_token, datetime.now(UTC))
    with pytest.raises(ReconnectNeededError):
        oauth.refresh(http, settings, first.refresh_token, datetime.now(UTC))
    with pytest.raises(ReconnectNeededError):
        oauth.refresh(http, settings, second.refresh_token, datetime.now(UTC))


def test_two_refreshes_at_once_show_why_only_one_may_run(http, settings):
    first = lasting_login(http, settings)
    results: list[object] = []

    def run() -> None:
        try:
            results.append(oauth.refresh(http, settings, first.refresh_token, datetime.now(UTC)))
        except ConnectorError as error:
            results.append(error)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert 1 == sum(isinstance(result, oauth.DatevTokens) for result in results)
    assert 1 == sum(isinstance(result, ReconnectNeededError) for result in results)


def test_refreshing_does_not_extend_the_eleven_hours(http, settings, sandbox):
    tokens = log_in(http, settings, SHORT)
    sandbox.let_pass(timedelta(hours=10, minutes=59))
    tokens = oauth.refresh(http, settings, tokens.refresh_token, datetime.now(UTC))
    left = tokens.refresh_expires_at - datetime.now(UTC)
    assert left <= timedelta(minutes=1)
    sandbox.let_pass(timedelta(hours=11, minutes=1))
    with pytest.raises(ReconnectNeededError):
        oauth.refresh(http, settings, tokens.refresh_token, datetime.now(UTC))


def test_a_lasting_login_ends_after_two_years(http, settings, sandbox):
    tokens = lasting_login(http, settings)
    sandbox.let_pass(timedelta(days=729))
    tokens = oauth.refresh(http, settings, tokens.refresh_token, datetime.now(UTC))
    sandbox.let_pass(timedelta(days=731))
    with pytest.raises(ReconnectNeededError):
        oauth.refresh(http, settings, tokens.refresh_token, datetime.now(UTC))


def test_an_access_token_ends_after_fifteen_minutes_and_is_renewed_once(http, settings, sandbox):
    tokens = lasting_login(http, settings)
    sandbox.let_pass(timedelta(seconds=901))
    api = clients_api(http, settings, tokens)
    with pytest.raises(AccessTokenRefusedError):
        get_client(api, CLIENT)

    def renew(_old: str) -> str:
        return oauth.refresh(http, settings, tokens.refresh_token, datetime.now(UTC)).access_token

    renewing = api_for(http, settings, settings.clients_base_url, tokens.access_token, renew)
    assert CLIENT == get_client(renewing, CLIENT).id


def test_a_revoked_login_is_over(http, settings):
    tokens = lasting_login(http, settings)
    oauth.revoke(http, settings, tokens.refresh_token, "refresh_token")
    oauth.revoke(http, settings, tokens.refresh_token, "refresh_token")
    with pytest.raises(ReconnectNeededError):
        oauth.refresh(http, settings, tokens.refresh_token, datetime.now(UTC))
    with pytest.raises(AccessTokenRefusedError):
        get_client(clients_api(http, settings, tokens), CLIENT)


def test_a_confidential_app_logs_in_and_refreshes_by_http_basic(http, sandbox):
    settings = settings_for(sandbox, client_auth="basic")
    tokens = lasting_login(http, settings)
    tokens = oauth.refresh(http, settings, tokens.refresh_token, datetime.now(UTC))
    assert CLIENT == get_client(clients_api(http, settings, tokens), CLIENT).id


@pytest.mark.parametrize(
    ("client_auth", "client_id"), [("none", "app-confidential"), ("basic", "app-public")]
)
def test_the_wrong_client_auth_is_named_as_the_cure(http, settings, sandbox, client_auth, client_id):
    right = settings_for(sandbox, client_id=client_id)
    callback = consent(right, SHORT)
    wrong = settings_for(sandbox, client_auth=client_auth, client_id=client_id)
    with pytest.raises(ConfigurationError, match="identification") as caught:
        exchange(http, wrong, callback)
    assert "DATEV_CLIENT_AUTH" in caught.value.cure


def test_a_code_works_once_and_only_with_its_proof_key(http, settings):
    callback = consent(settings, SHORT)
    with pytest.raises(PartnerRefusedError) as caught:
        exchange(http, settings, callback, verifier="x" * 86)
    assert "login_code_refused" == caught.value.code
    callback = consent(settings, SHORT)
    exchange(http, settings, callback)
    with pytest.raises(PartnerRefusedError):
        exchange(http, settings, callback)


def test_a_refresh_whose_answer_is_lost_is_in_doubt_and_then_over(http, settings, sandbox):
    tokens = lasting_login(http, settings)
    sandbox.fault("datev_token.token", "malformed", when="after")
    with pytest.raises(AmbiguousError):
        oauth.refresh(http, settings, tokens.refresh_token, datetime.now(UTC))
    with pytest.raises(ReconnectNeededError):
        oauth.refresh(http, settings, tokens.refresh_token, datetime.now(UTC))


def test_a_refresh_that_never_arrived_may_be_tried_once_more(http, settings, sandbox):
    tokens = lasting_login(http, settings)
    sandbox.fault("datev_token.token", "status", status=503, when="before")
    with pytest.raises(AmbiguousError):
        oauth.refresh(http, settings, tokens.refresh_token, datetime.now(UTC))
    again = oauth.refresh(http, settings, tokens.refresh_token, datetime.now(UTC))
    assert CLIENT == get_client(clients_api(http, settings, again), CLIENT).id
