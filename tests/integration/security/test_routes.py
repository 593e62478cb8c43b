"""Every address of the web process in turn: headers, methods, forms of other sites, other tenants.

The walk goes over the app's own map, so that an address that somebody adds is walked, too, and fails here
until it is said what protects it.
"""

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from connector.pipeline.services import Services
from connector.store import tenants
from connector.tenants.config import SecretName
from tests.integration.webapp.world import PASSWORD, add_tenant, tenant_config
from webapp.app import create_app

PROTECTED_BY = {
    "static": "nothing: a style sheet",
    "landing.show": "nothing: the same text for everybody",
    "health.alive": "nothing: one word",
    "health.ready": "nothing: four words",
    "health.metrics": "a token, or the loopback address",
    "receiver.receive": "password or signature of the tenant",
    "logins.show_button": "a ticket",
    "logins.begin": "a ticket, and where the form comes from",
    "logins.callback": "state and cookie of the same browser",
    "logins.done": "a sealed cookie",
    "logins.show_clients": "a cookie",
    "logins.choose_client": "a cookie and a token derived from it",
}
"""What keeps strangers out, by endpoint. The desk's pages have a table of their own (``Doors.rules``)."""

DESK = "desk."

EXPECTED_HEADERS = {
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Strict-Transport-Security": "max-age=31536000",
}

VALUES: dict[str, Any] = {
    "tenant_key": "acme",
    "partner": "datev",
    "filename": "pages.css",
    "path": "pages.css",
    "part": "1",
}
"""For the variable parts of an address; whole numbers are 1, texts that are not named here ``x``."""

FOREIGN = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}


@pytest.fixture
def app(services: Services) -> Flask:
    """The web process as it is behind an https address."""
    settings = replace(services.settings, public_url="https://connector.example")
    return create_app(replace(services, settings=settings), wake=lambda *_given: None)


@pytest.fixture
def browser(app: Flask) -> FlaskClient:
    """Nobody in particular."""
    return app.test_client()


def _addresses(app: Flask) -> Iterator[tuple[Rule, str]]:
    for rule in app.url_map.iter_rules():
        values = {
            name: VALUES.get(name, 1 if type(converter).__name__ == "IntegerConverter" else "x")
            for name, converter in rule._converters.items()
        }
        built = rule.build(values)
        assert built is not None, rule
        yield rule, built[1]


def _methods(rule: Rule) -> set[str]:
    return set(rule.methods or ()) - {"OPTIONS", "HEAD"}


def test_every_address_says_what_protects_it(app: Flask) -> None:
    endpoints = {rule.endpoint for rule in app.url_map.iter_rules()}
    assert set(PROTECTED_BY) == {name for name in endpoints if not name.startswith(DESK)}
    assert {name for name in endpoints if name.startswith(DESK)} == set(app.extensions["desk_doors"].rules)


def test_every_answer_of_every_address_carries_the_security_headers(app: Flask, browser: FlaskClient) -> None:
    for rule, address in _addresses(app):
        for method in ("GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD", "PATCH"):
            answer = browser.open(address, method=method, buffered=True)
            where = f"{method} {rule.rule}: {answer.status_code}"
            assert answer.status_code < 500, where
            assert EXPECTED_HEADERS == {name: answer.headers.get(name) for name in EXPECTED_HEADERS}, where
            kept = {"no-store", "no-cache"} if rule.endpoint == "static" else {"no-store"}
            assert answer.headers["Cache-Control"] in kept, where
            assert answer.headers["Referrer-Policy"] in {"no-referrer", "same-origin"}, where
            policy = answer.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy, where
            assert "frame-ancestors 'none'" in policy, where
            assert "unsafe" not in policy, where
            assert "*" not in policy, where


def test_every_cookie_is_out_of_reach_for_scripts_and_other_sites(app: Flask, browser: FlaskClient) -> None:
    for rule, address in _addresses(app):
        for method in _methods(rule):
            for cookie in browser.open(address, method=method, buffered=True).headers.getlist("Set-Cookie"):
                flags = set(cookie.split("; "))
                assert {"HttpOnly", "Secure"} <= flags, (rule.rule, cookie)
                assert {"SameSite=Lax", "SameSite=Strict"} & flags, (rule.rule, cookie)


def test_no_method_but_the_announced_ones_is_answered(app: Flask, browser: FlaskClient) -> None:
    known: dict[str, set[str]] = {}
    for rule, address in _addresses(app):
        known.setdefault(address, set()).update(_methods(rule))
    for address, methods in known.items():
        for method in {"GET", "POST", "PUT", "DELETE", "PATCH", "TRACE", "BREW"} - methods:
            assert browser.open(address, method=method, buffered=True).status_code in {404, 405}, (
                method,
                address,
            )


def test_no_form_of_another_site_is_taken(app: Flask, browser: FlaskClient) -> None:
    """The receiver is no page: its callers prove themselves with every delivery."""
    forms = [(rule, address) for rule, address in _addresses(app) if "POST" in _methods(rule)]
    assert len(forms) >= 3
    for rule, address in forms:
        answer = browser.post(address, data={"ticket": "x", "csrf_token": "x"}, headers=FOREIGN)
        expected = 401 if rule.endpoint == "receiver.receive" else 403
        assert expected == answer.status_code, rule.rule


def test_one_tenant_s_proof_opens_no_other_tenant_s_door(services: Services, browser: FlaskClient) -> None:
    add_tenant(services, tenant_config("globex", name="Globex AG"))
    with services.database.transaction() as tx:
        globex = tenants.find(tx, "globex")
        assert globex is not None
        secret = services.vault.encrypt("another password")
        name = SecretName.RECEIVER_BASIC_PASSWORD
        tenants.set_secret(tx, globex.id, name, secret, now=services.clock.now())

    def delivered(tenant: str, password: str) -> int:
        proof = base64.b64encode(f"pipedrive:{password}".encode()).decode()
        headers = {"Authorization": f"Basic {proof}"}
        body = json.dumps({"meta": {"entity": "person", "action": "change", "version": "2.0"}, "data": {}})
        return browser.post(f"/webhooks/pipedrive/{tenant}", data=body, headers=headers).status_code

    assert (200, 401) == (delivered("acme", PASSWORD), delivered("globex", PASSWORD))
    assert (401, 200) == (delivered("acme", "another password"), delivered("globex", "another password"))


def test_strangers_see_no_tenant_s_name_at_any_address(
    services: Services, app: Flask, browser: FlaskClient
) -> None:
    add_tenant(services, tenant_config("globex", name="Verräterischer Name AG"))
    for rule, address in _addresses(app):
        for method in _methods(rule):
            shown = browser.open(address, method=method, buffered=True, headers={"Accept": "text/html"})
            assert "Verräterisch" not in shown.get_data(as_text=True), rule.rule
            assert "Acme GmbH" not in shown.get_data(as_text=True), rule.rule


def test_an_address_of_a_tenant_answers_alike_whether_the_tenant_exists_or_not(
    app: Flask, browser: FlaskClient
) -> None:
    for rule, address in _addresses(app):
        if "tenant_key" not in rule.arguments:
            continue
        for method in _methods(rule):
            known, unknown = (
                browser.open(path, method=method, buffered=True)
                for path in (address, address.replace("acme", "nobody"))
            )
            assert known.status_code == unknown.status_code, rule.rule
            assert known.get_data().replace(b"acme", b"nobody") == unknown.get_data(), rule.rule
