"""The pages on which a person connects a tenant: the link, the partners' callbacks, the choice of a client.

No address keeps a secret that is still good: the ticket is spent by the button on its page, and the partner's
``code`` and ``state`` by the callback; both answer with a redirect. What has to come back lies in HttpOnly
cookies.
"""

import hashlib
import hmac
from datetime import datetime, timedelta

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for

from connector.clock import BERLIN
from connector.datev.oauth import REVOCATION_PAGE
from connector.errors import ConnectorError
from connector.log import get_logger
from connector.pipeline import connecting, login_attempts
from connector.pipeline.connecting import ChooseClient, Redirect
from connector.pipeline.services import Services
from connector.pipeline.tokens import TITLES
from webapp import login_results
from webapp.error_pages import log_unexpected
from webapp.login_results import LoginResult, ProblemTexts
from webapp.login_texts import texts_for

log = get_logger(__name__)

CHOICE_COOKIE = "mlc_choice"
RESULT_COOKIE = "mlc_result"

_COOKIE_NAME_DIGITS = 16
"""64 bits of the state's hash: enough to tell a browser's logins apart."""


def logins(services: Services) -> Blueprint:
    """The blueprint."""
    blueprint = Blueprint("logins", __name__)
    cookies = _Cookies(secure=services.settings.public_url.startswith("https://"))

    @blueprint.get("/connect/<any(datev, pipedrive):partner>")
    def show_button(partner: str) -> Response:
        # Whoever only looks (a mail scanner, a preview of the link) must not spend the ticket.
        ticket = request.args.get("ticket", "")
        tenant = connecting.look(services, partner, ticket)
        return Response(_page("begin.html", partner=partner, tenant=tenant, ticket=ticket))

    @blueprint.post("/connect/<any(datev, pipedrive):partner>")
    def begin(partner: str) -> Response:
        # The ticket is what no other site knows; this also keeps one from beginning a login of its own here.
        if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
            abort(403)
        away = connecting.begin(services, partner, request.form.get("ticket", ""))
        return cookies.leave(away, partner)

    @blueprint.get("/oauth/<any(datev, pipedrive):partner>/callback")
    def callback(partner: str) -> Response:
        if request.method == "HEAD":
            return Response()
        name = cookies.login_name(login_attempts.state_hash(request.args.get("state", "")))
        outcome = _finish(services, partner, browser_secret=request.cookies.get(name, ""))
        if isinstance(outcome, ChooseClient):
            response = _redirect(url_for("logins.show_clients"))
            cookies.set_choice(response, outcome.choice_secret)
        else:
            response = _redirect(url_for("logins.done", partner=partner))
            value = login_results.sealed(services.vault, outcome, now=services.clock.now())
            cookies.set_result(response, partner, value)
        cookies.drop_login(response, name, partner)
        return response

    @blueprint.get("/connect/<any(datev, pipedrive):partner>/done")
    def done(partner: str) -> Response:
        if request.method == "HEAD":
            return Response()
        value = request.cookies.get(RESULT_COOKIE, "")
        result = login_results.unsealed(services.vault, value, now=services.clock.now())
        response = _result_page(result)
        cookies.drop_result(response, partner)
        return response

    @blueprint.get("/connect/datev/client")
    def show_clients() -> Response:
        secret = request.cookies.get(CHOICE_COOKIE, "")
        offered = connecting.choice(services, secret)
        return Response(_page("choose_client.html", choice=offered, csrf_token=_csrf_token(secret)))

    @blueprint.post("/connect/datev/client")
    def choose_client() -> Response:
        secret = request.cookies.get(CHOICE_COOKIE, "")
        given = request.form.get("csrf_token", "")
        if not secret or not hmac.compare_digest(given.encode(), _csrf_token(secret).encode()):
            abort(403)
        away = connecting.choose(services, secret, request.form.get("client", ""))
        response = cookies.leave(away, "datev")
        cookies.drop_choice(response)
        return response

    blueprint.register_error_handler(ConnectorError, _refused)
    blueprint.add_app_template_filter(_berlin, "berlin")
    return blueprint


class _Cookies:
    """The cookies of a login: HttpOnly, only for the one path that needs them, gone after minutes.

    SameSite is Lax, not Strict: the way back from the partner's page is a link from another site.
    """

    def __init__(self, *, secure: bool) -> None:
        self._secure = secure

    def login_name(self, state_hash: str) -> str:
        """One cookie for each authorisation request."""
        return f"mlc_login_{state_hash[:_COOKIE_NAME_DIGITS]}"

    def leave(self, away: Redirect, partner: str) -> Response:
        """Send the browser to the partner with the cookie by which it is recognised."""
        response = _redirect(away.url)
        name, path = self.login_name(away.state_hash), f"/oauth/{partner}/callback"
        self._set(response, name, away.browser_secret, path, away.lifetime)
        return response

    def drop_login(self, response: Response, name: str, partner: str) -> None:
        """The request is answered."""
        response.delete_cookie(
            name, path=f"/oauth/{partner}/callback", secure=self._secure, httponly=True, samesite="Lax"
        )

    def set_choice(self, response: Response, secret: str) -> None:
        """Let this browser choose a client."""
        path = url_for("logins.show_clients")
        self._set(response, CHOICE_COOKIE, secret, path, login_attempts.CHOICE_LIFETIME)

    def drop_choice(self, response: Response) -> None:
        """The client is chosen."""
        path = url_for("logins.show_clients")
        response.delete_cookie(CHOICE_COOKIE, path=path, secure=self._secure, httponly=True, samesite="Lax")

    def set_result(self, response: Response, partner: str, value: str) -> None:
        """Let this browser see how the login ended."""
        path = url_for("logins.done", partner=partner)
        self._set(response, RESULT_COOKIE, value, path, login_results.RESULT_LIFETIME)

    def drop_result(self, response: Response, partner: str) -> None:
        """It has been shown."""
        path = url_for("logins.done", partner=partner)
        response.delete_cookie(RESULT_COOKIE, path=path, secure=self._secure, httponly=True, samesite="Lax")

    def _set(self, response: Response, name: str, value: str, path: str, lifetime: timedelta) -> None:
        response.set_cookie(
            name, value, max_age=lifetime, path=path, secure=self._secure, httponly=True, samesite="Lax"
        )


def _redirect(url: str) -> Response:
    """303: the next request is a GET, also after a form."""
    response = redirect(url, 303, Response=Response)
    assert isinstance(response, Response)  # noqa: S101 - typed as werkzeug's parent class
    return response


def _csrf_token(choice_secret: str) -> str:
    """Derived from the cookie, so nothing has to be stored; another site can neither read nor set it."""
    return hmac.new(choice_secret.encode(), b"choose client", hashlib.sha256).hexdigest()


def _finish(services: Services, partner: str, *, browser_secret: str) -> ChooseClient | LoginResult:
    """Take the browser back; whatever comes of it, the answer leaves the partner's address."""
    try:
        outcome = connecting.finish(services, partner, request.args, browser_secret=browser_secret)
    except ConnectorError as e:
        log.info("login_refused", code=e.code, endpoint=request.endpoint)
        return login_results.of_error(e)
    except Exception as e:  # noqa: BLE001 - the page of a bug, too, is shown at the clean address
        return login_results.of_bug(log_unexpected(e))
    return outcome if isinstance(outcome, ChooseClient) else login_results.of_connected(outcome)


def _result_page(result: LoginResult | None) -> Response:
    """How the login ended; 410: it has been shown, or the browser never logged in."""
    if result and result.connected:
        page = _page("connected.html", done=result.connected, revocation_page=REVOCATION_PAGE)
        return Response(page)
    if result and result.problem:
        return _problem_page(result.problem)
    return Response(_page("login_shown.html"), 410)


def _refused(error: ConnectorError) -> Response:
    log.info("login_refused", code=error.code, endpoint=request.endpoint)
    problem = login_results.problem_of(error)
    choosing = request.endpoint == "logins.choose_client" and error.code != "choice_unknown"
    return _problem_page(problem, may_choose_again=choosing)


def _problem_page(problem: ProblemTexts, *, may_choose_again: bool = False) -> Response:
    """What went wrong in both languages, and below it the exact sentence for whoever has to mend it."""
    german, english = texts_for(problem.code)
    page = _page(
        "login_problem.html",
        german=german,
        english=english,
        problem=problem,
        may_choose_again=may_choose_again,
    )
    return Response(page, problem.status)


def _page(template: str, **values: object) -> str:
    return render_template(template, partner_titles=TITLES, **values)


def _berlin(moment: datetime) -> str:
    """As DATEV wants the end of a login shown: DD.MM.YYYY HH:MM."""
    return f"{moment.astimezone(BERLIN):%d.%m.%Y %H:%M}"
