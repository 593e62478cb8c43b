"""What holds for every page: security headers, and that other people's texts are texts only."""

from urllib.parse import urlsplit

from flask import Flask, Response, request

from connector.settings import Settings
from connector.visible import written_out

HSTS = "max-age=31536000"
"""A year: the value from which browsers and testers take the promise seriously."""

LOGINS = "logins"
"""The blueprint whose forms lead to a partner."""

_CSP = "Content-Security-Policy"


def protect(app: Flask, settings: Settings) -> None:
    """Add the security headers to every answer of the app, the error pages included.

    Templates write out what a screen would obey: a deal's title could turn the rest of its line around.
    """
    headers = [(name.lower(), (name, value)) for name, value in security_headers(settings).items()]
    policy_of_logins = _policy(_form_targets(settings))

    @app.after_request
    def _add(response: Response) -> Response:
        if request.blueprint == LOGINS:
            response.headers[_CSP] = policy_of_logins
        # One look at what is there instead of one for each header: the receiver's answers come in bursts.
        present = {name.lower() for name, _value in response.headers}
        response.headers.extend([pair for lowered, pair in headers if lowered not in present])
        return response

    app.jinja_env.finalize = _as_text


def security_headers(settings: Settings) -> dict[str, str]:
    """Nothing of ours is framed, cached, guessed at or loaded from elsewhere, and no form leads away."""
    headers = {
        _CSP: _policy("'self'"),
        "X-Frame-Options": "DENY",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    }
    if settings.public_url.startswith("https://"):
        headers["Strict-Transport-Security"] = HSTS
    return headers


def _policy(form_targets: str) -> str:
    return (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
        f"frame-ancestors 'none'; form-action {form_targets}"
    )


def _form_targets(settings: Settings) -> str:
    """Where the forms of a login may lead: browsers apply ``form-action`` to the redirect that answers one.

    Beginning, and choosing a client, lead straight to a partner's login page, and that sends the browser on
    to hosts of its own, which no list of ours could name: hence every https host, here alone.
    """
    addresses = (settings.datev.login_base_url, settings.pipedrive.oauth_base_url)
    logins = " ".join(f"{parts.scheme}://{parts.netloc}" for parts in map(urlsplit, addresses))
    return f"'self' https: {logins}"


def _as_text(value: object) -> object:
    """What a template shows; markup of our own is left as it is."""
    return written_out(value, lines=True) if type(value) is str else value
