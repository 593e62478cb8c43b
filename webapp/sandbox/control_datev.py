"""Control API, DATEV's side: apps, users, clients, and how jobs and tokens behave."""

import re

from flask import Blueprint, Response, json

from webapp.sandbox.control_body import check_fields, read_body, refuse
from webapp.sandbox.datev_clients import SERVICE_SCOPES
from webapp.sandbox.state import DATEV_DEFAULTS, current, digest
from webapp.sandbox.store import Record

blueprint = Blueprint("control_datev", __name__, url_prefix="/control/datev")

DEFAULT_SCOPES = (
    "openid",
    "profile",
    "datev:accounting:clients",
    "datev:accounting:extf-files-import",
    "accounting:clients:read",
    "accounting:documents",
    "accounting:dxso-jobs",
)
DEFAULT_DOCUMENT_TYPES: tuple[Record, ...] = (
    {"name": "Rechnungseingang", "category": "invoices_received", "debit_credit_identifier": "debit"},
    {"name": "Rechnungsausgang", "category": "outgoing_invoices", "debit_credit_identifier": "credit"},
    {"name": "Sonstige", "category": "other_documents"},
)
DEFAULT_USERS: tuple[Record, ...] = (
    {"sub": "sandbox-anna", "name": "Anna Muster", "clients": None},
    {"sub": "sandbox-bernd", "name": "Bernd Ohnerecht", "clients": []},
)
"""One user who may see every client and one who may see none."""
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def _answer(body: object, status: int = 200) -> Response:
    return Response(json.dumps(body), status, mimetype="application/json")


def add_default_users() -> None:
    """Make sure that somebody can log in."""
    store = current().store
    for user in DEFAULT_USERS:
        if store.get("dv_user", user["sub"]) is None:
            store.put("dv_user", user["sub"], user)


@blueprint.post("/apps")
def create_app() -> Response:
    """An app; ``client_secret`` null or absent makes it public."""
    optional = {"client_secret": None, "redirect_uris": [], "scopes": list(DEFAULT_SCOPES)}
    body = read_body(("client_id", "redirect_uris"), optional)
    scopes = body["scopes"]
    app = {
        "client_id": body["client_id"],
        "secret_digest": None if body["client_secret"] is None else digest(body["client_secret"]),
        "redirect_uris": body["redirect_uris"],
        "scopes": scopes.split() if isinstance(scopes, str) else scopes,
    }
    current().store.put("dv_app", app["client_id"], app)
    return _answer({"client_id": app["client_id"]}, 201)


@blueprint.post("/users")
def create_user() -> Response:
    """Somebody who can log in; ``clients`` lists client ids, null means all of them."""
    body = read_body(("sub", "name"), {"clients": None})
    current().store.put("dv_user", body["sub"], body)
    return _answer({"sub": body["sub"]}, 201)


def _fiscal_years(given: object) -> list[Record]:
    """Fiscal years as objects; a plain year number means the calendar year."""
    if not isinstance(given, list):
        refuse("body.fiscal_years must be a list.")
    years = []
    for row in given:
        if isinstance(row, int):
            years.append({"start": f"{row}-01-01", "end": f"{row}-12-31"})
            continue
        year = check_fields(row, ("start", "end"), {}, "fiscal_years") if isinstance(row, dict) else {}
        if not all(DAY.fullmatch(str(year.get(name))) for name in ("start", "end")):
            refuse("body.fiscal_years: each is a year, or start and end as YYYY-MM-DD.")
        years.append(year)
    return sorted(years, key=lambda year: year["start"])


@blueprint.post("/clients")
def create_client() -> Response:
    """A client. ``belege_online``: true (classic), false (none) or "new" (no Rechnungsdatenservice 1.0)."""
    this_year = current().clock.now().year
    optional: Record = {
        "name": "",
        "account_length": 4,
        "services": ["Buchungsdatenservice", "Belegbilderservice", "Rechnungsdatenservice 1.0"],
        "document_types": list(DEFAULT_DOCUMENT_TYPES),
        "ledger_folder_names": ["Ausgangsrechnungen"],
        "belege_online": True,
        "fiscal_years": [this_year - 2, this_year - 1, this_year],
        "permission_expired": False,
    }
    body = read_body(("consultant_number", "client_number"), optional)
    unknown = [name for name in body["services"] if name not in SERVICE_SCOPES]
    if unknown:
        refuse(f"body.services: {unknown[0]!r} is not one of {', '.join(SERVICE_SCOPES)}.")
    if body["belege_online"] not in (True, False, "new"):
        refuse('body.belege_online must be true, false or "new".')
    client_id = f"{body['consultant_number']}-{body['client_number']}"
    kinds = [
        kind if isinstance(kind, dict) else {"name": kind, "category": "other_documents"}
        for kind in body["document_types"]
    ]
    client = {
        **body,
        "id": client_id,
        "name": body["name"] or f"Mandant {body['client_number']}",
        "document_types": kinds,
        "fiscal_years": _fiscal_years(body["fiscal_years"]),
    }
    current().store.put("dv_client", client_id, client)
    return _answer({"id": client_id}, 201)


@blueprint.post("/settings")
def change_settings() -> Response:
    """How jobs end and how long tokens live; what is not named stays as it is."""
    sandbox = current()
    body = read_body((), dict(sandbox.datev_settings()))
    if body["import_result"] not in ("succeeded", "failed"):
        refuse("body.import_result must be succeeded or failed.")
    if body["dxso_status"] not in (2, 3, 4, 5, 6):
        refuse("body.dxso_status must be 2, 3, 4, 5 or 6.")
    sandbox.store.put("settings", "datev", {name: body[name] for name in DATEV_DEFAULTS})
    return _answer(sandbox.datev_settings())
