"""Every address of the desk, for everybody who might come: nobody sees what is not theirs.

The walk takes the addresses from the app itself, so a page that is added takes part without being named here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Blueprint, Flask
from werkzeug.routing import Rule as Route

from connector.pipeline.desk import accounts
from connector.pipeline.desk.roles import Role
from connector.store.tenants import TenantRow
from tests.integration.webapp.desk.conftest import Runs
from tests.integration.webapp.desk.people import Browser, Desk
from tests.integration.webapp.world import MovableClock, services_for, settings_for
from webapp.desk.doors import Access, Doors, Rule

SEEN_ABOUT_OTHER = ("Secret AG", "Geheimer Auftrag")


def desk_routes(app: Flask) -> Iterator[tuple[Route, str]]:
    """Every address below ``/desk`` with each method that does something."""
    for route in app.url_map.iter_rules():
        if route.rule.startswith("/desk"):
            for method in sorted((route.methods or set()) - {"HEAD", "OPTIONS"}):
                yield route, method


def rules_of(app: Flask) -> dict[str, Rule]:
    found = app.extensions["desk_doors"].rules
    assert isinstance(found, dict)
    return found


@dataclass(frozen=True)
class Asked:
    """One address, filled in."""

    path: str
    method: str
    rule: Rule

    def by(self, browser: Browser, token: str) -> tuple[int, str]:
        """Status and text of the answer."""
        if self.method == "POST":
            answer = browser.post(self.path, token=token, reason="x", lang="de")
        else:
            answer = browser.get(self.path)
        return answer.status_code, answer.get_data(as_text=True)


def addresses(app: Flask, tenant_key: str, run_id: int) -> list[Asked]:
    """All tenant pages with this tenant and this run."""
    made = []
    for route, method in desk_routes(app):
        rule = rules_of(app)[route.endpoint]
        if isinstance(rule.needs, Role):
            path = route.rule.replace("<tenant_key>", tenant_key).replace("<int:run_id>", str(run_id))
            assert "<" not in path, f"this test does not know how to fill in {route.rule}"
            made.append(Asked(path, method, rule))
    return made


def test_every_address_below_desk_was_registered_with_a_rule(app: Flask) -> None:
    rules = rules_of(app)
    unruled = {f"{method} {route.rule}" for route, method in desk_routes(app) if route.endpoint not in rules}

    assert set() == unruled
    assert len(rules) >= 14, "the walk has found the desk"


def test_every_rule_matches_its_address(app: Flask) -> None:
    for route, method in desk_routes(app):
        rule = rules_of(app)[route.endpoint]
        assert f"/desk{rule.path}" == route.rule
        assert (method,) == rule.methods, "a view that shows does not take forms, and the other way round"
        assert isinstance(rule.needs, Role) == ("<tenant_key>" in route.rule)


def test_pages_for_anyone_are_the_known_few(app: Flask) -> None:
    public = {rule.path for rule in rules_of(app).values() if rule.needs is Access.ANYONE}

    assert {"/login", "/password/new"} == public


def test_every_form_that_decides_about_a_deal_needs_more_than_looking(app: Flask) -> None:
    weak = {
        rule.path
        for rule in rules_of(app).values()
        if isinstance(rule.needs, Role) and "POST" in rule.methods and not rule.needs.covers(Role.BOOKKEEPER)
    }

    assert set() == weak


def test_without_a_session_every_page_leads_to_the_log_in(app: Flask, desk: Desk, parked: Runs) -> None:
    stranger = desk.browser()
    token = stranger.token("/desk/login")
    for tenant_key, run_id in (("acme", parked.acme), ("nowhere", 999)):
        for asked in addresses(app, tenant_key, run_id):
            answer = (
                stranger.post(asked.path, token=token, reason="x")
                if asked.method == "POST"
                else stranger.get(asked.path)
            )
            assert 303 == answer.status_code, asked
            assert answer.headers["Location"].startswith("/desk/login"), asked


@pytest.mark.parametrize("role", list(Role))
def test_another_tenant_is_exactly_like_one_that_does_not_exist(
    app: Flask, desk: Desk, parked: Runs, role: Role
) -> None:
    browser = desk.at_work("anna", {"acme": role})
    token = browser.token()
    there = addresses(app, "other", parked.other)
    nowhere = addresses(app, "nowhere", parked.other)

    for asked, missing in zip(there, nowhere, strict=True):
        seen = asked.by(browser, token)
        assert 404 == seen[0], asked
        assert missing.by(browser, token) == seen, asked
        assert not any(word in seen[1] for word in SEEN_ABOUT_OTHER)


@pytest.mark.parametrize("role", list(Role))
def test_a_run_of_another_tenant_is_not_reached_through_ones_own(
    app: Flask, desk: Desk, parked: Runs, role: Role
) -> None:
    browser = desk.at_work("anna", {"acme": role})
    token = browser.token()
    for asked in addresses(app, "acme", parked.other):
        status, text = asked.by(browser, token)
        if "<int:run_id>" in asked.rule.path:
            allowed = role.covers(asked.rule.needs) if isinstance(asked.rule.needs, Role) else False
            assert (404 if allowed else 403) == status, asked
        assert not any(word in text for word in SEEN_ABOUT_OTHER), asked


@pytest.mark.parametrize("role", list(Role))
def test_a_role_opens_what_it_covers_and_nothing_else(
    app: Flask, desk: Desk, parked: Runs, role: Role
) -> None:
    browser = desk.at_work("anna", {"acme": role})
    token = browser.token()
    for asked in addresses(app, "acme", parked.acme):
        status, _text = asked.by(browser, token)
        assert isinstance(asked.rule.needs, Role)
        if role.covers(asked.rule.needs):
            assert status in {200, 303, 409}, asked
        else:
            assert 403 == status, asked


def test_an_installation_admin_comes_everywhere_and_still_not_to_what_does_not_exist(
    app: Flask, desk: Desk, parked: Runs
) -> None:
    browser = desk.at_work("root", everywhere=True)
    token = browser.token()

    assert {"other", "acme"} <= {
        word for word in ("other", "acme") if f"/desk/t/{word}/" in browser.text("/desk/")
    }
    for asked in addresses(app, "other", parked.other):
        assert asked.by(browser, token)[0] in {200, 303, 409}, asked
    for asked in addresses(app, "nowhere", parked.other):
        assert 404 == asked.by(browser, token)[0], asked


def test_a_role_that_is_taken_closes_the_pages_at_once(desk: Desk, parked: Runs) -> None:
    browser = desk.at_work("anna", {"acme": Role.ADMIN})
    assert 200 == browser.get("/desk/t/acme/").status_code

    accounts.remove_role(desk.services, "anna", "acme", actor="test")

    assert 404 == browser.get("/desk/t/acme/").status_code


@pytest.mark.parametrize("run_id", ["0", str(2**63), "9" * 40, "-1", "x"])
def test_a_number_that_no_run_can_have_is_a_page_that_is_not_there(
    desk: Desk, acme: TenantRow, run_id: str
) -> None:
    browser = desk.at_work("anna", {"acme": Role.VIEWER})

    assert 404 == browser.get(f"/desk/t/acme/deals/{run_id}").status_code


@pytest.mark.parametrize("key", ["ACME", "acme'--", "%00", "..", "acme%2F..%2Fother"])
def test_a_key_that_no_tenant_can_have_is_a_page_that_is_not_there(
    desk: Desk, acme: TenantRow, key: str
) -> None:
    browser = desk.at_work("anna", {"acme": Role.VIEWER})

    assert 404 == browser.get(f"/desk/t/{key}/").status_code


def test_an_address_that_went_past_the_door_is_refused(
    database_url: str, clock: MovableClock, tmp_path: Path
) -> None:
    services = services_for(settings_for(database_url, "http://127.0.0.1:9", tmp_path), clock)
    blueprint = Blueprint("desk", __name__, url_prefix="/desk")
    Doors(blueprint, services)
    blueprint.add_url_rule("/leak", "leak", lambda: "Geheimer Auftrag")
    app = Flask(__name__)
    app.register_blueprint(blueprint)

    answer = app.test_client().get("/desk/leak")

    services.database.close()
    assert 404 == answer.status_code
    assert "Geheimer Auftrag" not in answer.get_data(as_text=True)


def test_a_role_cannot_be_asked_where_no_tenant_is_named(desk: Desk) -> None:
    doors = Doors(Blueprint("other_desk", __name__), desk.services)

    with pytest.raises(ValueError, match="a role is asked where the address names a tenant"):
        doors.page("/everything", needs=Role.VIEWER)
    with pytest.raises(ValueError, match="a role is asked where the address names a tenant"):
        doors.page("/t/<tenant_key>/all", needs=Access.SIGNED_IN)
