"""What a browser or a program sees when something is wrong: a sentence, never a trace."""

import secrets

from flask import Flask, Response, jsonify, render_template, request
from werkzeug.exceptions import BadHost, HTTPException

from connector.errors import DatabaseUnavailableError
from connector.log import get_logger

log = get_logger(__name__)

RETRY_AFTER_S = 10
"""PostgreSQL restarts in seconds; asking again later than this only makes a person wait."""

GERMAN = {
    400: ("Anfrage nicht verständlich", "Der Aufruf war unvollständig oder fehlerhaft."),
    401: ("Nicht angemeldet", "Für diese Seite fehlen gültige Zugangsdaten."),
    403: ("Nicht erlaubt", "Diese Seite ist von hier aus nicht zugänglich."),
    404: ("Seite nicht gefunden", "Unter dieser Adresse gibt es nichts."),
    405: ("So nicht möglich", "Diese Adresse nimmt Aufrufe dieser Art nicht an."),
    413: ("Zu groß", "Die Anfrage ist größer als erlaubt."),
    500: ("Unerwarteter Fehler", "Der Fehler wurde mit der folgenden Kennung protokolliert."),
    503: ("Vorübergehend nicht verfügbar", "Bitte in einigen Sekunden noch einmal versuchen."),
}
ENGLISH = {
    400: ("Request not understood", "The call was incomplete or malformed."),
    401: ("Not signed in", "Valid credentials for this page are missing."),
    403: ("Not allowed", "This page cannot be reached from here."),
    404: ("Page not found", "There is nothing at this address."),
    405: ("Not possible this way", "This address does not take calls of this kind."),
    413: ("Too large", "The request is larger than allowed."),
    500: ("Unexpected error", "The error was logged under the following id."),
    503: ("Temporarily unavailable", "Please try again in a few seconds."),
}


def register_error_pages(app: Flask) -> None:
    """Answer every error of the app; blueprints may answer theirs before."""
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(DatabaseUnavailableError, _database_away)
    app.register_error_handler(Exception, _bug)


def log_unexpected(error: Exception) -> str:
    """Log a bug and return the id under which it stands in the log.

    The path names the tenant at most; the query string (codes, tickets) and the body stay out.
    """
    error_id = secrets.token_hex(6)
    log.error("unexpected_error", error_id=error_id, path=request.path, exc_info=error)
    return error_id


def _http_error(error: HTTPException) -> Response:
    response = _page(error.code or 500)
    for name, value in error.get_headers():
        if name not in {"Content-Type", "Content-Length"}:
            response.headers[name] = value
    return response


def _database_away(_error: Exception) -> Response:
    log.warning("database_unavailable", path=request.path)
    response = _page(503)
    response.headers["Retry-After"] = str(RETRY_AFTER_S)
    return response


def _bug(error: Exception) -> Response:
    return _page(500, log_unexpected(error))


def _page(status: int, error_id: str = "") -> Response:
    german, english = GERMAN.get(status, GERMAN[400]), ENGLISH.get(status, ENGLISH[400])
    # Without a usable Host header Flask can build no address, so no page with a stylesheet either.
    addressable = not isinstance(request.routing_exception, BadHost)
    wanted = request.accept_mimetypes.best_match(["application/json", "text/html"])
    if addressable and wanted == "text/html":
        page = render_template("error.html", status=status, german=german, english=english, error_id=error_id)
        return Response(page, status)
    response = jsonify(error=english[0], message=english[1], **({"error_id": error_id} if error_id else {}))
    response.status_code = status
    return response
