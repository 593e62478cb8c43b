"""accounting:clients v2: which clients a user may reach and which services each of them has."""

import re

from flask import Blueprint, Response, request

from webapp.sandbox.datev_access import (
    add_headers,
    answer,
    check_accept,
    guarded,
    load_client,
    page,
    problem,
    refuse_long_term_list,
    visible_clients,
)
from webapp.sandbox.store import Record

blueprint = Blueprint("datev_clients", __name__, url_prefix="/datev/accounting-clients/platform/v2")
blueprint.after_request(add_headers)

SCOPE = "datev:accounting:clients"
SERVICE_SCOPES = {
    "Buchungsdatenservice": ["datev:accounting:extf-files-import"],
    "Belegbilderservice": ["accounting:documents"],
    "Rechnungsdatenservice 1.0": ["accounting:dxso-jobs"],
    "Rechnungsdatenservice 2.0": ["datev:accounting:invoices"],
}
TERM = re.compile(r"(consultant_number|client_number) eq (\d+)")


def _shown(client: Record) -> Record:
    return {
        "client_number": client["client_number"],
        "consultant_number": client["consultant_number"],
        "id": client["id"],
        "name": client["name"],
        "services": [{"name": name, "scopes": SERVICE_SCOPES[name]} for name in client["services"]],
    }


def _filtered(clients: list[Record]) -> list[Record]:
    text = request.args.get("filter")
    if text is None:
        return clients
    for part in text.removeprefix("filter=").split(" and "):
        term = TERM.fullmatch(part.strip())
        if term is None:
            reason = "Only consultant_number and client_number with the operator eq"
            problem(400, 1008828, "Filter syntax is invalid", [{"name": "filter", "reason": reason}])
        clients = [client for client in clients if client[term[1]] == int(term[2])]
    return clients


@blueprint.get("/clients")
@guarded("problem", SCOPE)
def list_clients() -> Response:
    """All clients of the user (short sessions only)."""
    check_accept()
    refuse_long_term_list("problem")
    rows, headers = page(_filtered(visible_clients()))
    return answer([_shown(row) for row in rows], headers=headers)


@blueprint.get("/clients/<client_id>")
@guarded("problem", SCOPE)
def get_client(client_id: str) -> Response:
    """One client: the check of permission and service."""
    check_accept()
    return answer(_shown(load_client("problem", client_id)))
