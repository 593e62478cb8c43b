"""The one way in which a page of the desk is registered, and what it demands before the page is asked.

A page names what it needs. Where that is a role, its address begins with the tenant, and the page gets the
tenant's row, or the run's where the address names one of its runs: it cannot ask for those of another. A
tenant at which the person has no role is 404, exactly like one that does not exist. An address that was
registered in any other way answers 404 (and a test fails).
"""

import hmac
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for

from connector.pipeline.desk.roles import Role
from connector.pipeline.desk.rooms import find_run
from connector.pipeline.desk.sessions import seat_at
from connector.pipeline.services import Services
from connector.pipeline.summary import with_number
from webapp.desk.visit import VISIT_COOKIE, Visit, cookie_name, visit_of

View = Callable[..., Response]

TENANT = "/t/<tenant_key>"
RUN = f"{TENANT}/deals/<int:run_id>"


class Access(StrEnum):
    """What a page needs where it belongs to no tenant."""

    ANYONE = "anyone"
    SIGNED_IN = "signed in"


@dataclass(frozen=True, slots=True)
class Rule:
    """What a page demands."""

    path: str
    needs: Access | Role
    methods: tuple[str, ...]


class Doors:
    """Registers the pages of one blueprint.

    :ivar rules: of every page, by endpoint; a test walks all addresses with them.
    """

    def __init__(self, blueprint: Blueprint, services: Services) -> None:
        self.rules: dict[str, Rule] = {}
        self.secure = services.settings.public_url.startswith("https://")
        self._blueprint = blueprint
        self._services = services
        blueprint.before_request(self._refuse_unregistered)
        blueprint.record_once(lambda state: state.app.extensions.update(desk_doors=self))

    def page(self, path: str, *, needs: Access | Role, post: bool = False) -> Callable[[View], View]:
        """Register a view: ``view(visit)``, ``view(visit, tenant)`` or ``view(visit, run)``.

        :param needs: who may come.
        :param post: whether it takes forms; else it only shows.
        """
        if isinstance(needs, Role) != path.startswith(TENANT):
            raise ValueError(f"{path}: a role is asked where the address names a tenant, and only there")
        methods = ("POST",) if post else ("GET",)

        def register(view: View) -> View:
            rule = Rule(path, needs, methods)
            name = view.__name__
            self.rules[f"{self._blueprint.name}.{name}"] = rule
            self._blueprint.add_url_rule(path, name, self._guarded(view, rule), methods=methods)
            return view

        return register

    def _guarded(self, view: View, rule: Rule) -> View:
        @wraps(view)
        def guarded(**args: Any) -> Response:
            visit = visit_of(self._services, request, secure=self.secure)
            if "POST" in rule.methods and not self._is_our_form(visit):
                return _finished(page(visit, "form_stale.html", 403), visit)
            if rule.needs is not Access.ANYONE and visit.session is None:
                return _finished(_to_log_in(), visit)
            if isinstance(rule.needs, Role):
                visit, args = self._seated(visit, rule.needs, args)
            response = view(visit, **args)
            if rule.needs is Access.ANYONE and visit.session is None:
                self._set_visit(response, visit)
            return _finished(response, visit)

        return guarded

    def _seated(self, visit: Visit, needs: Role, args: dict[str, Any]) -> tuple[Visit, dict[str, Any]]:
        """Put the tenant's own rows in the place of what the address names, or end the request."""
        assert visit.session is not None  # noqa: S101 - asked before
        seat = seat_at(self._services, visit.session, args.pop("tenant_key"))
        if seat is None:
            abort(404)
        if not seat.role.covers(needs):
            abort(403)
        visit = replace(visit, tenant=seat.tenant, role=seat.role)
        if "run_id" not in args:
            return visit, {"tenant": seat.tenant, **args}
        run = find_run(self._services, seat.tenant, args.pop("run_id"))
        if run is None:
            abort(404)
        return visit, {"run": run, **args}

    def _is_our_form(self, visit: Visit) -> bool:
        """Whether the form was shown to this browser, by us."""
        given = request.form.get("csrf_token", "")
        return self._is_same_origin() and hmac.compare_digest(given.encode(), visit.csrf_token.encode())

    def _is_same_origin(self) -> bool:
        """Whether the browser says that the form comes from one of our pages; older ones say nothing."""
        origin = request.headers.get("Origin")
        if origin is not None:
            ours = {urlsplit(self._services.settings.public_url).netloc, request.host}
            # The text behind the scheme, as it is: a reader of addresses stumbles over what is none.
            host = origin.partition("://")[2]
            return bool(host) and host in ours
        return request.headers.get("Sec-Fetch-Site", "same-origin") in {"same-origin", "none"}

    def _set_visit(self, response: Response, visit: Visit) -> None:
        name = cookie_name(VISIT_COOKIE, secure=self.secure)
        if request.cookies.get(name) == visit.token:
            return
        response.set_cookie(
            name,
            visit.token,
            secure=self.secure,
            httponly=True,
            samesite="Lax",
        )

    def _refuse_unregistered(self) -> None:
        if request.endpoint not in self.rules:
            abort(404)


def page(visit: Visit, template: str, status: int = 200, **values: object) -> Response:
    """A page of the desk in the visit's language."""
    shown = render_template(
        f"desk/{template}",
        visit=visit,
        t=visit.t,
        f=visit.formats,
        tenant=visit.tenant,
        with_number=with_number,
        **values,
    )
    return Response(shown, status)


def see_other(endpoint: str, **values: Any) -> Response:
    """Go on there with a GET, also after a form."""
    response = redirect(url_for(endpoint, **values), 303, Response=Response)
    assert isinstance(response, Response)  # noqa: S101 - typed as werkzeug's parent class
    return response


def local_path(text: str) -> str:
    """An address of the desk to go on to after the log-in; anything else is the front page."""
    ours = text.startswith("/desk/") and "\\" not in text and text.isprintable()
    return text if ours else url_for("desk.front")


def _to_log_in() -> Response:
    """Back to the page that was asked for, afterwards; a form that came too late is not sent again."""
    if request.method != "GET":
        return see_other("desk.log_in", told="again")
    asked = request.full_path.removesuffix("?")
    front = asked in {url_for("desk.front"), ""}
    return see_other("desk.log_in", **({} if front else {"next": asked}))


def _finished(response: Response, visit: Visit) -> Response:
    """Forms of the desk are known by where they come from, so its pages do tell that, to ourselves only."""
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["Content-Language"] = visit.language
    response.headers["Vary"] = "Cookie, Accept-Language"
    return response
