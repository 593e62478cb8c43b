"""Headers, addresses to go on to, and numbers that no browser writes: refused or ignored, never a bug."""

from collections.abc import Mapping

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.routing import Rule as Route

from connector.pipeline.desk.roles import Role
from tests.integration.webapp.desk.conftest import Runs
from tests.integration.webapp.desk.people import Browser, Desk
from tests.integration.webapp.desk.test_isolation import desk_routes

NO_ADDRESSES = (
    "http://[",
    "//[",
    "http://[::1",
    "https://[x]/",
    "http://\u2100.example",
    "http://a:99999999/",
)
"""What Python's own reader of addresses stumbles over."""

MANY_DIGITS = "1" * 5000
"""More than Python makes a number of."""


@pytest.fixture
def anna(desk: Desk, parked: Runs) -> Browser:
    """The bookkeeper, at work."""
    return desk.at_work("anna", {"acme": Role.BOOKKEEPER})


@pytest.mark.parametrize("origin", [one for one in NO_ADDRESSES if one.isascii()])
def test_a_form_whose_origin_is_no_address_is_one_of_another_site(
    app: Flask, desk: Desk, parked: Runs, anna: Browser, origin: str
) -> None:
    stranger = desk.browser()
    assert (
        403
        == stranger.post(
            "/desk/login", token=stranger.token("/desk/login"), headers={"Origin": origin}
        ).status_code
    )
    token = anna.token()
    for route, method in desk_routes(app):
        if method == "POST":
            answer = anna.post(_filled(route, parked), token=token, headers={"Origin": origin})
            assert 403 == answer.status_code, route.rule


@pytest.mark.parametrize("after", NO_ADDRESSES)
def test_an_address_to_go_on_to_that_is_none_leads_to_the_front_page(
    desk: Desk, anna: Browser, after: str
) -> None:
    desk.add("berta")
    entered = desk.browser().log_in("berta", next=after)
    assert (303, "/desk/") == (entered.status_code, entered.headers["Location"])
    changed = anna.post("/desk/account/language", lang="de", next=after)
    assert (303, "/desk/") == (changed.status_code, changed.headers["Location"])


@pytest.mark.parametrize("name", ["before", "after"])
@pytest.mark.parametrize("number", [MANY_DIGITS, "9" * 30, "-1", "0", "1e9", "²", "١", ""])
def test_a_page_number_beyond_all_numbers_is_no_limit(anna: Browser, name: str, number: str) -> None:
    page = anna.text(f"/desk/t/acme/deals?{name}={number}")
    assert ("Workshop" in page) == (number != "0" or name == "after")


@pytest.mark.parametrize("number", [MANY_DIGITS, "9" * 30, "0"])
def test_a_deal_with_a_number_beyond_all_numbers_is_not_there(anna: Browser, number: str) -> None:
    for rest in ("", "/document.pdf"):
        assert 404 == anna.get(f"/desk/t/acme/deals/{number}{rest}").status_code
    for rest in ("/retry", "/cancel"):
        assert 404 == anna.post(f"/desk/t/acme/deals/{number}{rest}").status_code


_HEADER = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=60)
_ADDRESS = st.one_of(
    st.sampled_from([one for one in NO_ADDRESSES if one.isascii()]),
    st.builds("{}://{}".format, st.sampled_from(["http", "https", "", "x"]), _HEADER),
    _HEADER,
)
_NUMBER = st.one_of(
    st.integers().map(str),
    st.integers(1, 8000).map(lambda digits: "9" * digits),
    st.text(st.characters(categories=["Nd", "No", "Nl"]), max_size=30),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=60),
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    which=st.integers(0, 10_000),
    headers=st.fixed_dictionaries(
        {},
        optional={
            "Origin": _ADDRESS,
            "Referer": _ADDRESS,
            "Host": _ADDRESS,
            "Accept-Language": st.one_of(_HEADER, st.just("de;q=" + MANY_DIGITS)),
            "Sec-Fetch-Site": _HEADER,
            "X-Forwarded-For": _HEADER,
        },
    ),
    cookie=_HEADER,
    query=st.dictionaries(st.sampled_from(["before", "after", "q", "show", "next", "lang"]), _NUMBER),
    form=st.dictionaries(st.sampled_from(["next", "lang", "reason", "login"]), st.one_of(_ADDRESS, _NUMBER)),
    run=st.one_of(st.integers(0, 3).map(str), st.integers(1, 6000).map(lambda digits: "9" * digits)),
    at_work=st.booleans(),
)
def test_no_header_number_or_cookie_at_any_address_of_the_desk_is_a_bug(
    app: Flask,
    anna: Browser,
    which: int,
    headers: Mapping[str, str],
    cookie: str,
    query: Mapping[str, str],
    form: Mapping[str, str],
    run: str,
    at_work: bool,
) -> None:
    routes = [(route, method) for route, method in desk_routes(app) if route.rule != "/desk/logout"]
    route, method = routes[which % len(routes)]
    address = route.rule.replace("<tenant_key>", "acme").replace("<int:run_id>", run)
    answer = app.test_client(use_cookies=False).open(
        address,
        method=method,
        query_string=dict(query),
        headers={**headers, "Cookie": f"mlc_desk={anna.session}; {cookie}" if at_work else cookie},
        data={"csrf_token": anna.token(), **form} if method == "POST" else None,
    )
    assert answer.status_code < 500, (method, address[:80])


def _filled(route: Route, parked: Runs) -> str:
    return route.rule.replace("<tenant_key>", "acme").replace("<int:run_id>", str(parked.acme))
