"""Connecting a tenant, through the pages and the sandbox's consent pages."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import sqlalchemy as sa
from werkzeug.test import TestResponse

from connector.datev import oauth
from connector.errors import (
    ConfigurationError,
    DatabaseUnavailableError,
    NotFoundError,
    ReconnectNeededError,
    TransientError,
)
from connector.pipeline import connecting
from connector.pipeline.awaiting_login import await_login
from connector.pipeline.connecting import ConnectionStatus
from connector.pipeline.services import Services
from connector.pipeline.tokens import datev_access_token, pipedrive_authorization
from connector.store import connections, tables, tenants
from connector.store.connections import LONG, SESSION, ConnectionKey
from connector.store.tenants import TenantRow
from tests.integration.webapp.world import (
    CLIENT_ID,
    MovableClock,
    Person,
    Sandbox,
    add_tenant,
    tenant_config,
)
from webapp import login_results
from webapp.app import create_app

ANNA = "sandbox-anna"


def _journal(services: Services, tenant: TenantRow) -> list[tuple[str, str]]:
    with services.database.transaction() as tx:
        rows = tx.execute(
            sa.select(tables.journal.c.event, tables.journal.c.actor)
            .where(tables.journal.c.tenant_id == tenant.id)
            .order_by(tables.journal.c.id)
        )
        return [(row.event, row.actor) for row in rows]


def _kinds(services: Services, tenant: TenantRow) -> list[tuple[str, str]]:
    with services.database.transaction() as tx:
        return [(row.partner, row.kind) for row in connections.of_tenant(tx, tenant.id)]


def _text(answer: object) -> str:
    return answer.get_data(as_text=True)  # type: ignore[attr-defined, no-any-return]


def test_two_logins_connect_datev_and_only_the_second_is_kept(
    services: Services, tenant: TenantRow, person: Person
) -> None:
    link = connecting.issue_ticket(services, "acme", "datev")
    after_session = person.log_in(person.open(link), ANNA)
    assert after_session.headers["Location"] == "/connect/datev/client"
    assert _kinds(services, tenant) == [("datev", SESSION)]
    page = _text(person.browser.get("/connect/datev/client"))
    assert "Acme GmbH" in page
    assert "Berater 455148 · Mandant 1" in page
    done = person.log_in(person.choose(CLIENT_ID), ANNA)
    assert done.status_code == 200
    assert "Acme GmbH (455148/1)" in _text(done)
    assert "Anna Muster" in _text(done)
    assert _kinds(services, tenant) == [("datev", LONG)]
    assert person.sandbox.requests_to("/datev/api/revoke") == 2, "both tokens of the short login"
    assert len(datev_access_token(services, tenant.id)) > 20
    assert _journal(services, tenant) == [("session_begun", "Anna Muster"), ("connected", "Anna Muster")]


def test_a_link_that_names_the_client_needs_one_login_only(
    services: Services, tenant: TenantRow, person: Person
) -> None:
    link = connecting.issue_ticket(services, "acme", "datev", client_id=CLIENT_ID)
    done = person.log_in(person.open(link), ANNA)
    assert "Acme GmbH ist mit DATEV verbunden" in _text(done)
    assert _kinds(services, tenant) == [("datev", LONG)]


def test_the_short_login_alone_does_not_count_as_connected(
    services: Services, tenant: TenantRow, person: Person
) -> None:
    person.log_in(person.open(connecting.issue_ticket(services, "acme", "datev")), ANNA)
    [datev] = [entry for entry in connecting.status(services, tenant) if entry.partner == "datev"]
    assert (datev.state, datev.connected, datev.who) == ("session_only", False, "Anna Muster")
    assert datev.ends_at is not None
    left = datev.ends_at - services.clock.now()
    assert timedelta(hours=10, minutes=59) < left <= timedelta(hours=11)
    with pytest.raises(ReconnectNeededError, match="is not connected to DATEV"):
        datev_access_token(services, tenant.id)


def test_connecting_pipedrive_keeps_its_api_domain_and_frees_a_parked_tenant(
    services: Services, tenant: TenantRow, person: Person, sandbox: Sandbox
) -> None:
    with services.database.transaction() as tx:
        now = services.clock.now()
        tenants.park(tx, tenant.id, code="reconnect_needed", message="gone", cure="connect", now=now)
    done = person.log_in(person.open(connecting.issue_ticket(services, "acme", "pipedrive")), "acme/1")
    assert "Acme GmbH ist mit Pipedrive verbunden" in _text(done)
    with services.database.transaction() as tx:
        row = connections.find(tx, ConnectionKey(tenant.id, "pipedrive"))
        assert tenants.get(tx, tenant.id).parked is False
    assert row is not None
    assert row.api_domain == f"{sandbox.url}/pipedrive"
    assert pipedrive_authorization(services, tenant)["Authorization"].startswith("Bearer ")
    assert [event for event, _actor in _journal(services, tenant)] == ["connected", "tenant_unparked"]


@pytest.mark.parametrize(
    ("me", "shown"),
    [
        ({"name": "<script>\x00\ud800", "company_name": ["x"]}, "acme"),
        ({"name": {"a": 1}, "company_name": "Mu\x00ster"}, "Mu\ufffdster"),
    ],
)
def test_a_user_whose_name_cannot_be_stored_is_connected_all_the_same(
    services: Services,
    tenant: TenantRow,
    person: Person,
    sandbox: Sandbox,
    me: dict[str, object],
    shown: str,
) -> None:
    leaving = person.open(connecting.issue_ticket(services, "acme", "pipedrive"))
    body = json.dumps({"success": True, "data": {"company_domain": "acme", **me}})
    sandbox.control("/faults", kind="status", status=200, operation="/users/me", times=1, body=body)
    done = person.log_in(leaving, "acme/1")
    assert (done.status_code, "<script>" in done.get_data(as_text=True)) == (200, False)
    assert shown in _text(done)
    assert _kinds(services, tenant) == [("pipedrive", LONG)]


def test_a_tenant_parked_for_another_reason_stays_parked(
    services: Services, tenant: TenantRow, person: Person
) -> None:
    with services.database.transaction() as tx:
        now = services.clock.now()
        tenants.park(tx, tenant.id, code="stopped_by_operator", message="pause", cure="resume", now=now)
    person.log_in(person.open(connecting.issue_ticket(services, "acme", "pipedrive")), "acme/1")
    with services.database.transaction() as tx:
        assert tenants.get(tx, tenant.id).parked is True


def test_a_login_at_another_pipedrive_company_is_refused(
    services: Services, tenant: TenantRow, person: Person
) -> None:
    answer = person.log_in(person.open(connecting.issue_ticket(services, "acme", "pipedrive")), "other/1")
    assert answer.status_code == 400
    assert "other.pipedrive.com" in _text(answer)
    assert _kinds(services, tenant) == []


def test_a_denied_access_is_said_politely(services: Services, tenant: TenantRow, person: Person) -> None:
    for partner, user in (("datev", ANNA), ("pipedrive", "acme/1")):
        answer = person.log_in(
            person.open(connecting.issue_ticket(services, "acme", partner)), user, decision="deny"
        )
        assert answer.status_code == 400
        assert "Zugriff nicht erlaubt" in _text(answer)
    assert _kinds(services, tenant) == []


def test_a_client_without_the_needed_service_cannot_be_chosen(services: Services, person: Person) -> None:
    datev = replace(tenant_config().datev, client_number=2)
    tenant = add_tenant(services, tenant_config(datev=datev))
    person.log_in(person.open(connecting.issue_ticket(services, "acme", "datev")), ANNA)
    assert "Kein Mandant ist wählbar" in _text(person.browser.get("/connect/datev/client"))
    answer = person.choose("455148-2")
    assert answer.status_code == 400
    assert "Buchungsdatenservice" in _text(answer)
    assert _kinds(services, tenant) == [("datev", SESSION)]


def test_choosing_another_client_than_the_configured_one_says_to_apply_the_file_first(
    services: Services, tenant: TenantRow, person: Person
) -> None:
    person.log_in(person.open(connecting.issue_ticket(services, "acme", "datev")), ANNA)
    answer = person.choose("455148-2")
    assert answer.status_code == 400
    assert "TOML-Datei" in _text(answer)
    assert person.choose(CLIENT_ID).status_code == 303, "the choice is still open"


def test_a_link_works_once(services: Services, tenant: TenantRow, person: Person) -> None:
    link = connecting.issue_ticket(services, "acme", "datev")
    assert person.open(link).status_code == 303
    again = person.open(link)
    assert again.status_code == 400
    assert "Dieser Link gilt nicht mehr" in _text(again)


def test_whoever_only_looks_at_the_link_does_not_spend_it(
    services: Services, tenant: TenantRow, person: Person
) -> None:
    link = connecting.issue_ticket(services, "acme", "datev")
    parts = urlsplit(link)
    assert person.browser.head(f"{parts.path}?{parts.query}").status_code == 200
    for _look in range(2):
        page = person.browser.get(f"{parts.path}?{parts.query}")
        assert (page.status_code, "Continue to the login" in _text(page)) == (200, True)
        assert "Set-Cookie" not in page.headers
    assert person.open(link).status_code == 303


def test_another_site_cannot_press_the_button(services: Services, tenant: TenantRow, person: Person) -> None:
    link = connecting.issue_ticket(services, "acme", "datev")
    ticket = parse_qs(urlsplit(link).query)["ticket"][0]
    headers = {"Sec-Fetch-Site": "cross-site"}
    answer = person.browser.post("/connect/datev", data={"ticket": ticket}, headers=headers)
    assert answer.status_code == 403
    assert person.open(link).status_code == 303, "it was not spent"


@pytest.mark.parametrize(("partner", "user"), [("datev", ANNA), ("pipedrive", "acme/1")])
def test_whoever_waits_for_a_login_learns_at_once_that_it_was_denied(
    services: Services, tenant: TenantRow, person: Person, partner: str, user: str
) -> None:
    since = services.clock.now()
    person.log_in(person.open(connecting.issue_ticket(services, "acme", partner)), user, decision="deny")
    assert _awaited(services, tenant, partner, since) == "login_denied"


def test_whoever_waits_for_a_login_learns_at_once_of_the_wrong_company(
    services: Services, tenant: TenantRow, person: Person
) -> None:
    since = services.clock.now()
    person.log_in(person.open(connecting.issue_ticket(services, "acme", "pipedrive")), "other/1")
    assert _awaited(services, tenant, "pipedrive", since) == "company_mismatch"


def test_whoever_waits_for_a_login_learns_at_once_that_no_client_can_be_chosen(
    services: Services, person: Person
) -> None:
    datev = replace(tenant_config().datev, client_number=9)
    tenant = add_tenant(services, tenant_config(datev=datev))
    since = services.clock.now()
    person.log_in(person.open(connecting.issue_ticket(services, "acme", "datev")), ANNA)
    page = _text(person.browser.get("/connect/datev/client"))
    assert "ask the tax adviser to give it to your DATEV account" in page
    assert _awaited(services, tenant, "datev", since) == "client_not_seen"


def test_an_earlier_failure_does_not_end_a_new_wait(
    services: Services, tenant: TenantRow, person: Person, clock: MovableClock
) -> None:
    person.log_in(person.open(connecting.issue_ticket(services, "acme", "datev")), ANNA, decision="deny")
    clock.offset += timedelta(seconds=1)
    assert _awaited(services, tenant, "datev", services.clock.now()) is None
    assert _awaited(services, tenant, "pipedrive", services.clock.now() - timedelta(minutes=1)) is None


def _awaited(services: Services, tenant: TenantRow, partner: str, since: datetime) -> str | None:
    """The code of the problem that ends the wait; None: it goes on."""
    outcome = await_login(
        services, tenant, partner, since=since, patience=timedelta(0), tell=lambda _step: None
    )
    assert not isinstance(outcome, ConnectionStatus)
    return outcome.code if outcome else None


def test_a_link_is_too_old_after_half_an_hour(
    services: Services, tenant: TenantRow, person: Person, clock: MovableClock
) -> None:
    link = connecting.issue_ticket(services, "acme", "datev")
    clock.offset = timedelta(minutes=31)
    assert person.open(link).status_code == 400


def test_a_link_for_one_partner_does_not_open_the_other(
    services: Services, tenant: TenantRow, person: Person
) -> None:
    link = connecting.issue_ticket(services, "acme", "datev")
    assert person.open(link.replace("/connect/datev", "/connect/pipedrive")).status_code == 400


def _callback(person: Person, leaving: TestResponse, user: str, decision: str = "approve") -> TestResponse:
    """Our callback's own answer, not the page behind it."""
    parts = urlsplit(person.sandbox.consent(leaving.headers["Location"], user, decision))
    return person.browser.get(f"{parts.path}?{parts.query}")


@pytest.mark.parametrize("decision", ["approve", "deny"])
@pytest.mark.parametrize(("partner", "user"), [("datev", ANNA), ("pipedrive", "acme/1")])
def test_neither_code_nor_state_stays_in_the_address_bar(
    services: Services, tenant: TenantRow, person: Person, partner: str, user: str, decision: str
) -> None:
    client_id = CLIENT_ID if partner == "datev" else ""
    link = connecting.issue_ticket(services, "acme", partner, client_id=client_id)
    answer = _callback(person, person.open(link), user, decision)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/connect/{partner}/done")
    [cookie] = [c for c in answer.headers.getlist("Set-Cookie") if c.startswith("mlc_result=")]
    assert "; Max-Age=300;" in cookie
    assert "; HttpOnly;" in cookie
    assert f"; Path=/connect/{partner}/done;" in cookie
    assert cookie.endswith("; SameSite=Lax")
    assert "Acme" not in cookie
    shown = person.browser.get(answer.headers["Location"])
    assert shown.status_code == (200 if decision == "approve" else 400)


def test_behind_https_the_result_travels_over_https_only(
    services: Services, tenant: TenantRow, sandbox: Sandbox
) -> None:
    settings = replace(services.settings, public_url="https://connector.example")
    web = create_app(replace(services, settings=settings), wake=lambda *_ids: None)
    answer = web.test_client().get("/oauth/datev/callback?state=x", base_url="https://connector.example")
    [cookie] = [c for c in answer.headers.getlist("Set-Cookie") if c.startswith("mlc_result=")]
    assert "; Secure;" in cookie


def test_the_result_is_shown_once_and_then_politely_no_more(
    services: Services, tenant: TenantRow, person: Person
) -> None:
    done = person.log_in(person.open(connecting.issue_ticket(services, "acme", "pipedrive")), "acme/1")
    assert "Acme GmbH ist mit Pipedrive verbunden" in _text(done)
    again = person.browser.get("/connect/pipedrive/done")
    assert again.status_code == 410
    assert "Hier gibt es nichts mehr zu zeigen" in _text(again)
    assert _kinds(services, tenant) == [("pipedrive", LONG)]


def test_a_preview_of_the_result_does_not_use_it_up(
    services: Services, tenant: TenantRow, person: Person
) -> None:
    _callback(person, person.open(connecting.issue_ticket(services, "acme", "pipedrive")), "acme/1")
    assert person.browser.head("/connect/pipedrive/done").status_code == 200
    assert "ist mit Pipedrive verbunden" in _text(person.browser.get("/connect/pipedrive/done"))


def test_a_result_is_not_shown_after_minutes(
    services: Services, tenant: TenantRow, person: Person, clock: MovableClock
) -> None:
    _callback(person, person.open(connecting.issue_ticket(services, "acme", "pipedrive")), "acme/1")
    clock.offset = login_results.RESULT_LIFETIME + timedelta(seconds=2)
    assert person.browser.get("/connect/pipedrive/done").status_code == 410


def test_other_secrets_of_the_vault_cannot_be_shown_as_a_result(
    services: Services, tenant: TenantRow, person: Person
) -> None:
    plains = ("a token", "{}", '{"connected": {"what": "a token"}}', "[]", "null")
    for value in (*(services.vault.encrypt(plain).decode() for plain in plains), "\xff", "a token"):
        answer = person.browser.get("/connect/datev/done", headers={"Cookie": f"mlc_result={value}"})
        assert answer.status_code == 410
        assert "a token" not in _text(answer)


def test_a_bug_in_the_callback_is_shown_at_the_clean_address(
    services: Services, tenant: TenantRow, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(*_args: object, **_named: object) -> None:
        raise LookupError("a secret detail")

    leaving = person.open(connecting.issue_ticket(services, "acme", "pipedrive"))
    monkeypatch.setattr(connecting, "finish", stumble)
    answer = person.log_in(leaving, "acme/1")
    assert (answer.status_code, answer.request.path) == (500, "/connect/pipedrive/done")
    assert "Unerwarteter Fehler" in _text(answer)
    assert "a secret detail" not in _text(answer)


def test_a_state_works_once(services: Services, tenant: TenantRow, person: Person, sandbox: Sandbox) -> None:
    leaving = person.open(connecting.issue_ticket(services, "acme", "pipedrive"))
    back = sandbox.consent(leaving.headers["Location"], "acme/1")
    cookie = leaving.headers["Set-Cookie"].partition(";")[0]
    assert person.open(back).status_code == 200
    parts = urlsplit(back)
    person.browser.get(f"{parts.path}?{parts.query}", headers={"Cookie": cookie})
    again = person.browser.get("/connect/pipedrive/done")
    assert again.status_code == 400
    assert "Diese Anmeldung gehört nicht hierher" in _text(again)


def test_a_login_begun_elsewhere_cannot_be_finished_in_this_browser(
    services: Services, tenant: TenantRow, person: Person, sandbox: Sandbox
) -> None:
    leaving = person.open(connecting.issue_ticket(services, "acme", "pipedrive"))
    back = sandbox.consent(leaving.headers["Location"], "acme/1")
    victim = Person(create_app(services, wake=lambda *_ids: None).test_client(), sandbox)
    assert victim.open(back).status_code == 400
    assert _kinds(services, tenant) == []
    assert person.open(back).status_code == 200, "the stranger spoiled nothing"


def test_a_login_is_too_old_after_a_quarter_of_an_hour(
    services: Services, tenant: TenantRow, person: Person, sandbox: Sandbox, clock: MovableClock
) -> None:
    leaving = person.open(connecting.issue_ticket(services, "acme", "pipedrive"))
    back = sandbox.consent(leaving.headers["Location"], "acme/1")
    clock.offset = timedelta(minutes=16)
    assert person.open(back).status_code == 400


def test_a_callback_for_the_other_partner_is_refused(
    services: Services, tenant: TenantRow, person: Person, sandbox: Sandbox
) -> None:
    leaving = person.open(connecting.issue_ticket(services, "acme", "pipedrive"))
    back = sandbox.consent(leaving.headers["Location"], "acme/1")
    assert person.open(back.replace("/oauth/pipedrive", "/oauth/datev")).status_code == 400


def test_a_code_from_another_login_is_refused_by_its_nonce(
    services: Services, tenant: TenantRow, person: Person, sandbox: Sandbox
) -> None:
    """The proof key is swapped along, so that only the nonce can tell."""
    leaving = person.open(connecting.issue_ticket(services, "acme", "datev", client_id=CLIENT_ID))
    address = leaving.headers["Location"]
    [nonce] = parse_qs(urlsplit(address).query)["nonce"]
    answer = person.open(sandbox.consent(address.replace(nonce, "n" * len(nonce)), ANNA))
    assert answer.status_code == 400
    assert "it belongs to another login" in _text(answer)
    assert _kinds(services, tenant) == []


@pytest.mark.parametrize(
    "path",
    [
        "/connect/datev",
        "/connect/datev?ticket=%00%ff",
        "/connect/datev?ticket=" + "x" * 3000,
        "/oauth/datev/callback",
        "/oauth/datev/callback?state=a&state=b&code=c",
        "/oauth/pipedrive/callback?error=access_denied",
        "/oauth/pipedrive/callback?state=%F0%28%8C%28&code=%00",
        "/connect/datev/client",
    ],
)
def test_made_up_addresses_get_a_page_and_no_trace(
    services: Services, tenant: TenantRow, person: Person, path: str
) -> None:
    answer = person.browser.get(path, follow_redirects=True)
    assert answer.status_code == 400
    assert answer.request.query_string == b"" or "/connect/datev" == answer.request.path
    assert "Traceback" not in _text(answer)


def test_no_parameter_sends_the_browser_to_a_stranger(
    services: Services, tenant: TenantRow, person: Person, sandbox: Sandbox
) -> None:
    link = connecting.issue_ticket(services, "acme", "datev")
    leaving = person.open(
        f"{link}&next=https://evil.example&redirect_uri=https://evil.example&return_to=//evil.example"
    )
    assert leaving.headers["Location"].startswith(f"{sandbox.url}/datev/openid/authorize?")
    [redirect_uri] = parse_qs(urlsplit(leaving.headers["Location"]).query)["redirect_uri"]
    assert redirect_uri == "http://localhost/oauth/datev/callback"


def test_a_form_from_another_site_chooses_nothing(
    services: Services, tenant: TenantRow, person: Person
) -> None:
    person.log_in(person.open(connecting.issue_ticket(services, "acme", "datev")), ANNA)
    for forged in ("", "0" * 64, "ä"):
        assert person.choose(CLIENT_ID, csrf_token=forged).status_code == 403
    assert person.browser.post("/connect/datev/client", data={"client": CLIENT_ID}).status_code == 403


def test_cookies_are_bound_to_their_path_and_closed_to_scripts(
    services: Services, tenant: TenantRow, person: Person
) -> None:
    leaving = person.open(connecting.issue_ticket(services, "acme", "datev"))
    cookie = leaving.headers["Set-Cookie"]
    assert "; HttpOnly;" in cookie
    assert "; Path=/oauth/datev/callback;" in cookie
    assert cookie.endswith("; SameSite=Lax")
    after_session = person.open(person.sandbox.consent(leaving.headers["Location"], ANNA))
    [choice] = [c for c in after_session.headers.getlist("Set-Cookie") if c.startswith("mlc_choice=")]
    assert "; HttpOnly;" in choice
    assert "; Path=/connect/datev/client;" in choice


def test_nothing_that_a_browser_carries_is_stored_in_the_clear(
    services: Services, tenant: TenantRow, person: Person
) -> None:
    link = connecting.issue_ticket(services, "acme", "datev")
    ticket = link.partition("ticket=")[2]
    with services.database.transaction() as tx:
        assert ticket not in str(tx.execute(sa.select(tables.connect_ticket)).all())
    leaving = person.open(link)
    query = parse_qs(urlsplit(leaving.headers["Location"]).query)
    browser_secret = leaving.headers["Set-Cookie"].partition("=")[2].partition(";")[0]
    with services.database.transaction() as tx:
        stored = str(tx.execute(sa.select(tables.login_attempt)).all())
    for secret in (query["state"][0], query["nonce"][0], browser_secret):
        assert secret not in stored


def test_disconnecting_revokes_and_forgets(
    services: Services, tenant: TenantRow, person: Person, sandbox: Sandbox
) -> None:
    person.log_in(person.open(connecting.issue_ticket(services, "acme", "datev", client_id=CLIENT_ID)), ANNA)
    assert connecting.disconnect(services, tenant, "datev", actor="operator") == 1
    assert sandbox.requests_to("/datev/api/revoke") == 2
    assert _kinds(services, tenant) == []
    assert _journal(services, tenant)[-1] == ("disconnected", "operator")


def test_a_database_that_stumbles_at_the_end_does_not_cost_the_lasting_login(
    services: Services, tenant: TenantRow, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_args: object) -> bool:
        raise DatabaseUnavailableError("away")

    monkeypatch.setattr("connector.pipeline.kept_logins.connections.delete", away)
    link = connecting.issue_ticket(services, "acme", "datev", client_id=CLIENT_ID)
    assert person.log_in(person.open(link), ANNA).status_code == 200
    token = datev_access_token(services, tenant.id)
    info = oauth.userinfo(services.http("DATEV"), services.settings.datev, token)
    assert info.name == "Anna Muster", "DATEV still takes the token that was stored"


def test_a_changed_client_shows_until_the_tenant_is_connected_again(
    services: Services, tenant: TenantRow, person: Person
) -> None:
    link = connecting.issue_ticket(services, "acme", "datev", client_id=CLIENT_ID)
    person.log_in(person.open(link), ANNA)
    moved = add_tenant(services, tenant_config(datev=replace(tenant.config.datev, client_number=2)))
    [datev] = [entry for entry in connecting.status(services, moved) if entry.partner == "datev"]
    assert (datev.state, datev.connected) == ("other_client", False)


def test_a_partner_that_is_away_keeps_a_login_from_being_forgotten(
    services: Services, tenant: TenantRow, person: Person
) -> None:
    link = connecting.issue_ticket(services, "acme", "datev", client_id=CLIENT_ID)
    person.log_in(person.open(link), ANNA)
    away = replace(services.settings.datev, token_base_url="http://127.0.0.1:9")
    offline = replace(services, settings=replace(services.settings, datev=away))
    with pytest.raises(TransientError, match="cannot be reached"):
        connecting.disconnect(offline, tenant, "datev", actor="operator")
    assert _kinds(services, tenant) == [("datev", LONG)]
    assert connecting.disconnect(offline, tenant, "datev", actor="operator", forget=True) == 1
    assert _kinds(services, tenant) == []


def test_a_link_is_refused_where_it_could_not_work(services: Services, tenant: TenantRow) -> None:
    with pytest.raises(NotFoundError, match="no tenant nobody"):
        connecting.issue_ticket(services, "nobody", "datev")
    with pytest.raises(ConfigurationError, match="set up for the client 455148-1, not 455148-9"):
        connecting.issue_ticket(services, "acme", "datev", client_id="455148-9")
