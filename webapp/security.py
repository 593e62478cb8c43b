"""Headers that every page carries."""

from urllib.parse import urlsplit

from flask import Flask, Response

from connector.settings import Settings

HSTS = "max-age=31536000"
"""A year: the value from which browsers and testers take the promise seriously."""


def protect(app: Flask, settings: Settings) -> None:
    """Add the security headers to every answer of the app, the error pages included."""
    headers = [(name.lower(), (name, value)) for name, value in security_headers(settings).items()]

    @app.after_request
    def _add(response: Response) -> Response:
        # One look at what is there instead of one for each header: the receiver's answers come in bursts.
        present = {name.lower() for name, _value in response.headers}
        response.headers.extend([pair for lowered, pair in headers if lowered not in present])
        return response


def security_headers(settings: Settings) -> dict[str, str]:
    """Nothing of ours is framed, cached, guessed at or loaded from elsewhere.

    ``form-action`` names the partners' logins beside ourselves, because browsers apply it to the redirect
    that answers a form too: beginning, and choosing a client, lead straight to a login page.
    """
    addresses = (settings.datev.login_base_url, settings.pipedrive.oauth_base_url)
    logins = " ".join(f"{parts.scheme}://{parts.netloc}" for parts in map(urlsplit, addresses))
    headers = {
        "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
        f"frame-ancestors 'none'; form-action 'self' https: {logins}",
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
