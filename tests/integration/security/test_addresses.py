"""Host header, redirects and what is closed to the outside."""

from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

import pytest
from flask.testing import FlaskClient

from connector.pipeline import connecting
from connector.pipeline.services import Services
from webapp.app import create_app

HTML = {"Accept": "text/html"}


@pytest.fixture
def browser(services: Services) -> FlaskClient:
    """A browser without cookies."""
    return create_app(services, wake=lambda *_ids: None).test_client()


def _begin(services: Services) -> tuple[str, dict[str, str]]:
    """Path and form by which a login begins."""
    link = urlsplit(connecting.issue_ticket(services, "acme", "pipedrive"))
    return link.path, dict(parse_qsl(link.query))


@pytest.mark.parametrize(
    "path", ["//evil.example/", "/webhooks//pipedrive/acme", "/static//etc/passwd", "/connect//datev"]
)
def test_doubled_slashes_lead_nowhere(browser: FlaskClient, path: str) -> None:
    answer = browser.open("/", environ_overrides={"HTTP_HOST": "evil.example", "PATH_INFO": path})
    assert (404, None) == (answer.status_code, answer.headers.get("Location"))


def test_a_host_that_is_none_is_refused_without_a_trace(browser: FlaskClient) -> None:
    answer = browser.get("/", headers=HTML, environ_overrides={"HTTP_HOST": "x" * 300})
    assert (400, "application/json") == (answer.status_code, answer.mimetype)


def test_the_host_header_decides_no_address(services: Services, browser: FlaskClient) -> None:
    path, ticket = _begin(services)
    forged = {
        "HTTP_HOST": "evil.example",
        "HTTP_X_FORWARDED_HOST": "evil.example",
        "HTTP_X_FORWARDED_PROTO": "https",
    }
    page = browser.get(path, query_string=ticket, environ_overrides=forged)
    assert "evil" not in page.get_data(as_text=True)
    leaving = browser.post(path, data=ticket, environ_overrides=forged)
    assert 303 == leaving.status_code
    assert "evil" not in str(leaving.headers)
    assert "redirect_uri=http%3A%2F%2Flocalhost%2Foauth%2Fpipedrive%2Fcallback" in leaving.headers["Location"]
    assert "evil" not in browser.get("/", environ_overrides=forged).get_data(as_text=True)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_cookies_are_for_https_only_where_the_public_address_is(services: Services, scheme: str) -> None:
    path, ticket = _begin(services)
    settings = replace(services.settings, public_url=f"{scheme}://localhost")
    web = create_app(replace(services, settings=settings), wake=lambda *_ids: None)
    leaving = web.test_client().post(path, data=ticket)
    flags = leaving.headers["Set-Cookie"].split("; ")[1:]
    assert (scheme == "https") == ("Secure" in flags)
    assert {"HttpOnly", "SameSite=Lax"} <= set(flags)


def test_measures_are_for_this_machine_alone(browser: FlaskClient) -> None:
    def asked(address: str, **headers: str) -> int:
        answer = browser.get("/metrics", headers=headers, environ_base={"REMOTE_ADDR": address})
        return answer.status_code

    assert 200 == asked("127.0.0.1")
    assert 403 == asked("192.0.2.1")
    assert 403 == asked("192.0.2.1", **{"X-Forwarded-For": "127.0.0.1"})
    assert 403 == asked("127.0.0.1", **{"X-Forwarded-For": "192.0.2.1"})
    assert 403 == asked("127.0.0.1", Forwarded="for=192.0.2.1")
