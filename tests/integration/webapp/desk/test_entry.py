"""The door: log-in with its limits, sessions and their end, forms of others, passwords by link."""

import re
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from connector.pipeline.desk import accounts
from connector.pipeline.desk.roles import Role
from connector.pipeline.desk.sessions import IDLE, LONGEST, MOST_OF_ACCOUNT, MOST_OF_ADDRESS, WINDOW
from connector.pipeline.login_attempts import hashed
from connector.store import desk_sessions
from tests.integration.webapp.desk.people import PASSWORD, Browser, Desk
from tests.integration.webapp.world import MovableClock, services_for, settings_for
from webapp.app import create_app


@pytest.fixture
def anna(desk: Desk) -> Browser:
    """A browser in which Anna is logged in."""
    return desk.at_work("anna", {"acme": Role.BOOKKEEPER})


def works(browser: Browser) -> bool:
    return browser.get("/desk/account").status_code == 200


def test_the_log_in_page_speaks_the_browsers_language_and_the_chosen_one(desk: Desk) -> None:
    browser = desk.browser()

    assert "Benutzername" in browser.text("/desk/login")
    assert "user name" in browser.text("/desk/login", **{"Accept-Language": "en-US,en"})
    assert "Benutzername" in browser.text("/desk/login", **{"Accept-Language": "fr"}), "German is the default"
    assert "user name" in browser.text("/desk/login?lang=en")


def test_the_language_of_the_log_in_page_stays(desk: Desk) -> None:
    desk.add("anna")
    browser = desk.browser()
    browser.log_in("anna", lang="en")

    assert "My account" in browser.text("/desk/account")


def test_the_cookie_of_a_session_cannot_be_read_by_scripts_or_sent_from_elsewhere(desk: Desk) -> None:
    desk.add("anna")
    cookie = desk.browser().log_in("anna").headers.getlist("Set-Cookie")

    (session,) = [one for one in cookie if one.startswith("mlc_desk=")]
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= {part.strip() for part in session.split(";")}


def test_the_token_of_a_session_is_not_in_the_database(desk: Desk, anna: Browser) -> None:
    token = anna.session
    assert len(token) >= 40
    with desk.services.database.transaction() as tx:
        found = desk_sessions.find(
            tx, token, now=desk.services.clock.now(), idle_since=desk.services.clock.now() - IDLE
        )
    assert found is None


def test_logging_in_gives_a_new_token_and_ends_the_one_before(desk: Desk, anna: Browser) -> None:
    before = anna.session
    anna.post("/desk/login", token=anna.token(), login="anna", password=PASSWORD)

    assert anna.session != before
    thief = desk.browser()
    thief.client.set_cookie("mlc_desk", before)
    assert not works(thief)
    assert works(anna)


def test_a_token_that_a_stranger_has_planted_opens_nothing_after_the_log_in(desk: Desk) -> None:
    desk.add("anna")
    browser = desk.browser()
    browser.client.set_cookie("mlc_desk", "planted-by-a-stranger")
    browser.log_in("anna")
    stranger = desk.browser()
    stranger.client.set_cookie("mlc_desk", "planted-by-a-stranger")

    assert works(browser)
    assert not works(stranger)


def test_logging_out_ends_the_session_also_for_who_kept_its_cookie(desk: Desk, anna: Browser) -> None:
    kept = anna.session
    answer = anna.post("/desk/logout")

    assert "Sie sind abgemeldet." in anna.text(answer.headers["Location"])
    thief = desk.browser()
    thief.client.set_cookie("mlc_desk", kept)
    assert not works(thief)


def test_a_session_ends_after_an_hour_without_use(anna: Browser, clock: MovableClock) -> None:
    clock.offset += IDLE - timedelta(minutes=1)
    assert works(anna)
    clock.offset += IDLE - timedelta(minutes=1)
    assert works(anna), "using it has kept it"
    clock.offset += IDLE + timedelta(minutes=1)
    assert not works(anna)


def test_a_session_ends_after_a_working_day_whatever_is_done(anna: Browser, clock: MovableClock) -> None:
    passed = timedelta(0)
    while passed < LONGEST - timedelta(minutes=45):
        assert works(anna)
        clock.offset += timedelta(minutes=45)
        passed += timedelta(minutes=45)
    clock.offset += timedelta(minutes=46)

    assert not works(anna)


def test_a_disabled_account_is_out_at_once(desk: Desk, anna: Browser) -> None:
    accounts.set_disabled(desk.services, "anna", disabled=True, actor="test")

    assert not works(anna)


def test_changing_the_password_logs_every_other_browser_out(desk: Desk, anna: Browser) -> None:
    second = desk.browser()
    second.log_in("anna")
    new = "ein ganz anderer langer Satz"

    answer = anna.post("/desk/account/password", current=PASSWORD, new=new, again=new)

    assert 303 == answer.status_code
    assert works(anna)
    assert not works(second)
    assert 401 == desk.browser().log_in("anna").status_code
    assert 303 == desk.browser().log_in("anna", new).status_code


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"current": PASSWORD, "new": "kurz", "again": "kurz"}, "weniger als 12 Zeichen"),
        ({"current": PASSWORD, "new": "a" * 12 + "b", "again": "a" * 12 + "c"}, "verschieden"),
        ({"current": PASSWORD, "new": "passwort1234", "again": "passwort1234"}, "zu leicht zu erraten"),
        ({"current": "falsch", "new": "x" * 9 + "yzabc", "again": "x" * 9 + "yzabc"}, "bisherige Passwort"),
    ],
)
def test_a_password_that_will_not_do_is_refused_with_the_reason(
    anna: Browser, form: dict[str, str], said: str
) -> None:
    answer = anna.post("/desk/account/password", **form)

    assert 400 == answer.status_code
    assert said in answer.get_data(as_text=True)
    assert works(anna)


def test_a_wrong_name_and_a_wrong_password_get_the_same_answer(desk: Desk) -> None:
    desk.add("anna")
    desk.add("gone")
    accounts.set_disabled(desk.services, "gone", disabled=True, actor="test")
    accounts.add_user(desk.services, "new", name="New", actor="test")

    def answer(login: str, password: str) -> tuple[int, str]:
        got = desk.browser().log_in(login, password)
        text = re.sub(r'value="[^"]*"', "", got.get_data(as_text=True))
        return got.status_code, text

    wrong = answer("anna", "not the password")
    assert 401 == wrong[0]
    assert wrong == answer("nobody", PASSWORD) == answer("gone", PASSWORD) == answer("new", PASSWORD)


@pytest.mark.usefixtures("real_hashes")
def test_a_name_that_does_not_exist_takes_as_long_as_one_that_does(desk: Desk) -> None:
    """Argon2 is most of the time: without it the answer would come twenty times as fast."""
    desk.add("anna")

    def taken(login: str) -> float:
        browser = desk.browser()
        token = browser.token("/desk/login")
        begun = time.process_time()
        browser.post("/desk/login", token=token, login=login, password="not the password")
        return time.process_time() - begun

    known = min(taken("anna") for _attempt in range(3))
    unknown = min(taken("nobody") for _attempt in range(3))
    assert 0.4 < unknown / known < 2.5


def test_too_many_wrong_passwords_lock_the_account_and_say_until_when(
    desk: Desk, clock: MovableClock
) -> None:
    desk.add("anna")
    for _attempt in range(MOST_OF_ACCOUNT):
        assert 401 == desk.browser().log_in("anna", "not the password").status_code

    locked = desk.browser().log_in("anna")

    assert 429 == locked.status_code
    assert "Zu viele Fehlversuche" in locked.get_data(as_text=True)
    assert re.search(r"bis \d\d\.\d\d\.\d{4}, \d\d:\d\d Uhr gesperrt", locked.get_data(as_text=True))
    clock.offset += WINDOW + timedelta(seconds=1)
    assert 303 == desk.browser().log_in("anna").status_code


def test_a_name_that_does_not_exist_is_locked_like_any_other(desk: Desk) -> None:
    statuses = [desk.browser().log_in("nobody", "x").status_code for _attempt in range(MOST_OF_ACCOUNT + 1)]

    assert [401] * MOST_OF_ACCOUNT + [429] == statuses


def test_success_forgets_the_wrong_attempts(desk: Desk) -> None:
    desk.add("anna")
    for _round in range(2):
        for _attempt in range(MOST_OF_ACCOUNT - 1):
            desk.browser().log_in("anna", "not the password")
        assert 303 == desk.browser().log_in("anna").status_code


def test_one_address_cannot_try_many_names(desk: Desk) -> None:
    with desk.services.database.transaction() as tx:
        now = desk.services.clock.now()
        for _attempt in range(MOST_OF_ADDRESS):
            desk_sessions.count_attempt(
                tx, "address", hash_of_address("127.0.0.1"), now=now, window_ends=now + WINDOW
            )

    assert 429 == desk.browser().log_in("someone").status_code


def hash_of_address(address: str) -> str:
    return hashed("address", address)


def test_the_counts_are_kept_in_postgresql_where_another_process_sees_them(desk: Desk) -> None:
    desk.add("anna")
    for _attempt in range(MOST_OF_ACCOUNT):
        desk.browser().log_in("anna", "not the password")

    elsewhere = Desk(create_app(desk.services, wake=lambda *_row: None), desk.services)
    assert 429 == elsewhere.browser().log_in("anna").status_code


FORMS = ("/desk/logout", "/desk/account/language", "/desk/account/password", "/desk/t/acme/deals/1/retry")


@pytest.mark.parametrize(
    ("token", "headers"),
    [
        ("", {}),
        ("0" * 64, {}),
        ("é", {}),
        (None, {"Origin": "https://evil.example"}),
        (None, {"Origin": "null"}),
        (None, {"Sec-Fetch-Site": "cross-site"}),
        (None, {"Sec-Fetch-Site": "same-site"}),
    ],
)
def test_a_form_that_we_have_not_shown_here_does_nothing(
    anna: Browser, token: str | None, headers: dict[str, str]
) -> None:
    for address in FORMS:
        answer = anna.post(address, token=token, headers=headers, lang="en", reason="x")

        assert 403 == answer.status_code
        assert "Dieses Formular gilt nicht mehr" in answer.get_data(as_text=True)
    assert "Mein Konto" in anna.text("/desk/account"), "still logged in, still German"


def test_a_form_of_one_session_is_none_of_another(desk: Desk, anna: Browser) -> None:
    bert = desk.at_work("bert", {"acme": Role.BOOKKEEPER})

    assert 403 == bert.post("/desk/logout", token=anna.token()).status_code


def test_nobody_is_logged_in_by_a_form_of_another_site(desk: Desk) -> None:
    desk.add("mallory")
    browser = desk.browser()

    assert 403 == browser.post("/desk/login", token="0" * 64, login="mallory", password=PASSWORD).status_code
    assert not works(browser)


@pytest.mark.parametrize(
    "after",
    ["https://evil.example/", "//evil.example/", "/\\evil.example", "/desk/\\x", "javascript:alert(1)", "/x"],
)
def test_the_log_in_leads_nowhere_else(desk: Desk, after: str) -> None:
    desk.add("anna")

    location = desk.browser().log_in("anna", next=after).headers["Location"]

    assert "/desk/" == location


def test_the_log_in_leads_back_to_the_page_that_was_asked_for(desk: Desk) -> None:
    desk.add("anna", {"acme": Role.VIEWER})
    browser = desk.browser()
    asked = browser.get("/desk/t/acme/deals?show=attention").headers["Location"]
    page = browser.text(asked)
    (after,) = re.findall(r'name="next" value="([^"]*)"', page)

    assert "/desk/t/acme/deals?show=attention" == browser.log_in("anna", next=after).headers["Location"]


def test_a_link_lets_its_person_choose_a_password_once(desk: Desk) -> None:
    accounts.add_user(desk.services, "anna", name="Anna", actor="test")
    parts = urlsplit(accounts.make_link(desk.services, "anna", actor="test"))
    address = f"{parts.path}?{parts.query}"
    secret = parts.query.partition("=")[2]
    browser = desk.browser()

    for _look in range(2):
        assert "Konto: anna" in browser.text(address), "looking uses nothing up"
    token = browser.token(address)
    short = browser.post("/desk/password/new", token=token, link=secret, new="kurz", again="kurz")
    done = browser.post("/desk/password/new", token=token, link=secret, new=PASSWORD, again=PASSWORD)
    again = browser.post("/desk/password/new", token=token, link=secret, new=PASSWORD, again=PASSWORD)

    assert (400, 303, 410) == (short.status_code, done.status_code, again.status_code)
    assert 303 == browser.log_in("anna").status_code


def test_a_link_ends_after_three_days_with_a_newer_one_and_with_the_account(
    desk: Desk, clock: MovableClock
) -> None:
    accounts.add_user(desk.services, "anna", name="Anna", actor="test")

    def link() -> str:
        parts = urlsplit(accounts.make_link(desk.services, "anna", actor="test"))
        return f"{parts.path}?{parts.query}"

    def status(address: str) -> int:
        return desk.browser().get(address).status_code

    first, second = link(), link()
    assert (410, 200) == (status(first), status(second))
    clock.offset += timedelta(days=3, minutes=1)
    assert 410 == status(second)
    third = link()
    accounts.set_disabled(desk.services, "anna", disabled=True, actor="test")
    assert 410 == status(third)


def test_every_page_forbids_scripts_frames_and_caches(desk: Desk, anna: Browser) -> None:
    for address in ("/desk/login", "/desk/account", "/desk/t/acme/", "/desk/t/acme/deals", "/desk/t/none/"):
        answer = anna.get(address)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert "script-src" not in policy
        assert ("no-store", "nosniff", "DENY") == tuple(
            answer.headers[name] for name in ("Cache-Control", "X-Content-Type-Options", "X-Frame-Options")
        )
        assert "<script" not in answer.get_data(as_text=True)
        assert not re.search(r"\son\w+=|style=", answer.get_data(as_text=True)), "nothing inline"


def test_over_https_the_cookies_are_bound_to_the_host_and_never_sent_in_the_clear(
    database_url: str, clock: MovableClock, tmp_path: Path
) -> None:
    settings = replace(
        settings_for(database_url, "http://127.0.0.1:9", tmp_path), public_url="https://desk.example"
    )
    services = services_for(settings, clock)
    app = create_app(services, wake=lambda *_row: None)
    Desk(app, services).add("anna")
    client = app.test_client()
    at = {"base_url": "https://desk.example", "headers": {"Origin": "https://desk.example"}}
    shown = client.get("/desk/login", base_url="https://desk.example")
    (token,) = set(re.findall(r'name="csrf_token" value="(\w+)"', shown.get_data(as_text=True)))
    done = client.post("/desk/login", data={"csrf_token": token, "login": "anna", "password": PASSWORD}, **at)
    cookies = [*shown.headers.getlist("Set-Cookie"), *done.headers.getlist("Set-Cookie")]
    services.database.close()

    assert 303 == done.status_code
    assert ["__Host-mlc_desk_visit", "__Host-mlc_desk"] == [one.partition("=")[0] for one in cookies]
    for cookie in cookies:
        parts = {part.strip() for part in cookie.split(";")}
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= parts
        assert not any(part.startswith("Domain") for part in parts)
    assert "max-age=" in done.headers["Strict-Transport-Security"]
