"""The pages on which a person connects a tenant: the link, the partners' callbacks, the choice of a client.

A page never carries a secret: the ticket is spent by the first request, which answers with a redirect, and
what has to come back lies in HttpOnly cookies.
"""

import hashlib
import hmac
from datetime import datetime, timedelta

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for

from connector.clock import BERLIN
from connector.datev.oauth import REVOCATION_PAGE
from connector.errors import ConnectorError, TransientError
from connector.log import get_logger
from connector.pipeline import connecting, login_attempts
from connector.pipeline.connecting import ChooseClient, Redirect
from connector.pipeline.services import Services
from connector.pipeline.tokens import TITLES
from webapp.login_texts import texts_for

log = get_logger(__name__)

CHOICE_COOKIE = "mlc_choice"

_COOKIE_NAME_DIGITS = 16
"""64 bits of the state's hash: enough to tell a browser's logins apart."""


def logins(services: Services) -> Blueprint:
    """The blueprint."""
    blueprint = Blueprint("logins", __name__)
    cookies = _Cookies(secure=services.settings.public_url.startswith("https://"))

    @blueprint.get("/connect/<any(datev, pipedrive):partner>")
    def begin(partner: str) -> Response:
        if request.method == "HEAD":
            return Response()  # a preview of the link must not spend the ticket
        away = connecting.begin(services, partner, request.args.get("ticket", ""))
        return cookies.leave(away, partner)

    @blueprint.get("/oauth/<any(datev, pipedrive):partner>/callback")
    def callback(partner: str) -> Response:
        if request.method == "HEAD":
            return Response()
        name = cookies.login_name(login_attempts.state_hash(request.args.get("state", "")))
        outcome = connecting.finish(
            services, partner, request.args, browser_secret=request.cookies.get(name, "")
        )
        if isinstance(outcome, ChooseClient):
            response = _redirect(url_for("logins.show_clients"))
            cookies.set_choice(response, outcome.choice_secret)
        else:
            response = Response(_page("connected.html", done=outcome, revocation_page=REVOCATION_PAGE))
        cookies.drop_login(response, name, partner)
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

    blueprint.register_error_handler(ConnectorError, _problem_page)
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


def _problem_page(error: ConnectorError) -> Response:
    """What went wrong in both languages, and below it the exact sentence for whoever has to mend it."""
    german, english = texts_for(error.code)
    log.info("login_refused", code=error.code, endpoint=request.endpoint)
    status = 503 if isinstance(error, TransientError) else 400
    page = _page(
        "login_problem.html",
        german=german,
        english=english,
        error=error,
        may_choose_again=request.endpoint == "logins.choose_client" and error.code != "choice_unknown",
    )
    return Response(page, status)


def _page(template: str, **values: object) -> str:
    return render_template(template, partner_titles=TITLES, **values)


def _berlin(moment: datetime) -> str:
    """As DATEV wants the end of a login shown: DD.MM.YYYY HH:MM."""
    return f"{moment.astimezone(BERLIN):%d.%m.%Y %H:%M}"
