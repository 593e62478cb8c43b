"""The door: log-in and log-out, language, one's own password, and the page of a link for a password."""

from datetime import timedelta

from flask import Response, redirect, request

from connector.errors import DataError
from connector.pipeline.desk import accounts, sessions
from connector.pipeline.desk.passwords import SHORTEST
from connector.pipeline.desk.sessions import LOCKED, LONGEST, Entered, Refused
from connector.pipeline.services import Services
from webapp.desk.doors import Access, Doors, local_path, page, see_other
from webapp.desk.texts import LANGUAGES
from webapp.desk.visit import SESSION_COOKIE, Visit, client_address, cookie_name

_TOLD = frozenset({"ended", "again", "password_set"})
"""What the log-in page may be asked to say; anything else in the address is ignored."""


def add_entry(doors: Doors, services: Services) -> None:
    """Register the pages."""
    _add_log_in(doors, services)
    _add_own_account(doors, services)
    _add_link(doors, services)


def _add_log_in(doors: Doors, services: Services) -> None:
    @doors.page("/login", needs=Access.ANYONE)
    def log_in(visit: Visit) -> Response:
        if visit.session:
            return see_other("desk.front")
        told = request.args.get("told", "")
        return page(
            visit, "login.html", told=told if told in _TOLD else "", next=request.args.get("next", "")
        )

    @doors.page("/login", needs=Access.ANYONE, post=True)
    def enter(visit: Visit) -> Response:
        login = request.form.get("login", "")
        outcome = sessions.log_in(
            services,
            login=login,
            password=request.form.get("password", ""),
            address=client_address(request, services.settings.trusted_proxies),
            language=visit.language,
            old_token=visit.token if visit.session else "",
        )
        after = request.form.get("next", "")
        if isinstance(outcome, Refused):
            status = 429 if outcome.reason == LOCKED else 401
            return page(visit, "login.html", status, refused=outcome, login=login, next=after)
        response = redirect(local_path(after), 303, Response=Response)
        assert isinstance(response, Response)  # noqa: S101 - typed as werkzeug's parent class
        return _with_session(doors, response, outcome)

    @doors.page("/logout", needs=Access.SIGNED_IN, post=True)
    def leave(visit: Visit) -> Response:
        if visit.session:
            sessions.log_out(services, visit.session)
        response = see_other("desk.log_in", told="ended", lang=visit.language)
        response.delete_cookie(
            cookie_name(SESSION_COOKIE, secure=doors.secure),
            secure=doors.secure,
            httponly=True,
            samesite="Lax",
        )
        return response


def _add_own_account(doors: Doors, services: Services) -> None:
    @doors.page("/account", needs=Access.SIGNED_IN)
    def account(visit: Visit) -> Response:
        return _account_page(services, visit, done=request.args.get("done") == "1")

    @doors.page("/account/language", needs=Access.SIGNED_IN, post=True)
    def set_language(visit: Visit) -> Response:
        language = request.form.get("lang", "")
        if visit.session and language in LANGUAGES:
            sessions.set_language(services, visit.session, language)
        response = redirect(local_path(request.form.get("next", "")), 303, Response=Response)
        assert isinstance(response, Response)  # noqa: S101 - typed as werkzeug's parent class
        return response

    @doors.page("/account/password", needs=Access.SIGNED_IN, post=True)
    def change_password(visit: Visit) -> Response:
        assert visit.session is not None  # noqa: S101 - asked at the door
        new = request.form.get("new", "")
        if new != request.form.get("again", ""):
            return _account_page(services, visit, 400, problems=[visit.t("password.differ")])
        try:
            outcome = sessions.change_password(
                services,
                visit.session,
                current=request.form.get("current", ""),
                new=new,
                address=client_address(request, services.settings.trusted_proxies),
            )
        except DataError as e:
            return _account_page(services, visit, 400, problems=_password_problems(visit, e))
        if isinstance(outcome, Refused):
            return _account_page(services, visit, 400, problems=[_refused_text(visit, outcome)])
        return _with_session(doors, see_other("desk.account", done="1"), outcome)


def _add_link(doors: Doors, services: Services) -> None:
    @doors.page("/password/new", needs=Access.ANYONE)
    def show_link(visit: Visit) -> Response:
        return _link_page(services, visit, request.args.get("link", ""))

    @doors.page("/password/new", needs=Access.ANYONE, post=True)
    def use_link(visit: Visit) -> Response:
        link, new = request.form.get("link", ""), request.form.get("new", "")
        if new != request.form.get("again", ""):
            return _link_page(services, visit, link, [visit.t("password.differ")])
        try:
            user = accounts.use_link(services, link, new)
        except DataError as e:
            return _link_page(services, visit, link, _password_problems(visit, e))
        if user is None:
            return page(visit, "link_dead.html", 410)
        return see_other("desk.log_in", told="password_set", lang=visit.language)


def _link_page(services: Services, visit: Visit, link: str, problems: list[str] | None = None) -> Response:
    user = accounts.look_at_link(services, link)
    if user is None:
        return page(visit, "link_dead.html", 410)
    return page(
        visit,
        "password_new.html",
        400 if problems else 200,
        user=user,
        link=link,
        problems=problems or [],
        shortest=SHORTEST,
    )


def _account_page(
    services: Services,
    visit: Visit,
    status: int = 200,
    *,
    problems: list[str] | None = None,
    done: bool = False,
) -> Response:
    assert visit.session is not None  # noqa: S101 - asked at the door
    return page(
        visit,
        "account.html",
        status,
        seats=sessions.seats_of(services, visit.session),
        problems=problems or [],
        done=done,
        shortest=SHORTEST,
    )


def _password_problems(visit: Visit, error: DataError) -> list[str]:
    return [visit.t(f"password.{problem.code}", shortest=SHORTEST) for problem in error.problems]


def _refused_text(visit: Visit, refused: Refused) -> str:
    if refused.reason == LOCKED and refused.until:
        return visit.t("login.locked_cure", until=visit.formats.moment(refused.until))
    return visit.t("password.current_wrong")


def _with_session(doors: Doors, response: Response, entered: Entered) -> Response:
    lifetime: timedelta = LONGEST
    response.set_cookie(
        cookie_name(SESSION_COOKIE, secure=doors.secure),
        entered.token,
        max_age=lifetime,
        secure=doors.secure,
        httponly=True,
        samesite="Lax",
    )
    return response
