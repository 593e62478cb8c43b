"""Headers that every page carries."""

from urllib.parse import urlsplit

from flask import Flask, Response

from connector.settings import Settings

HSTS = "max-age=31536000"
"""A year: the value from which browsers and testers take the promise seriously."""


def protect(app: Flask, settings: Settings) -> None:
    """Add the security headers to every answer of the app, the error pages included."""
    headers = security_headers(settings)

    @app.after_request
    def _add(response: Response) -> Response:
        for name, value in headers.items():
            response.headers.setdefault(name, value)
        return response


def security_headers(settings: Settings) -> dict[str, str]:
    """Nothing of ours is framed, cached, guessed at or loaded from elsewhere.

    ``form-action`` names DATEV's login beside ourselves, because browsers apply it to the redirect that
    answers a form too: choosing a client leads straight to DATEV's login page.
    """
    login = urlsplit(settings.datev.login_base_url)
    headers = {
        "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
        f"frame-ancestors 'none'; form-action 'self' https: {login.scheme}://{login.netloc}",
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
