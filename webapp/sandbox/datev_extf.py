"""accounting:extf-files v3: takes EXTF files and tells how their jobs ended. A second identical file is
taken, as by DATEV.
"""

import re
from datetime import datetime, timedelta

from flask import Blueprint, Response, request

from webapp.sandbox.clock import iso_utc
from webapp.sandbox.datev_access import (
    HELP,
    PROBLEM_TITLES,
    add_headers,
    answer,
    check_accept,
    guarded,
    load_client,
    page,
    problem,
)
from webapp.sandbox.extf_check import ExtfFile, read_extf
from webapp.sandbox.state import Sandbox, current, new_guid
from webapp.sandbox.store import Record

blueprint = Blueprint("datev_extf", __name__, url_prefix="/datev/accounting-extf-files/platform/v3")
blueprint.after_request(add_headers)

SCOPE = "datev:accounting:extf-files-import"
SERVICE = "Buchungsdatenservice"
MAX_BYTES = 50 * 1024 * 1024
FILENAME = re.compile(r"EXTF_.{0,51}\.csv")
REFERENCE = re.compile(r"[-0-9A-Za-z_äöüÄÖÜß. +?;]{0,254}")
DISALLOWED_IN_NAME = re.compile(r"[^-0-9A-Za-z_äöüÄÖÜß. +]")
MAX_LABEL = 250


def _header(name: str) -> str:
    """A header as text: WSGI hands bytes over as latin-1, callers send umlauts as UTF-8 or latin-1."""
    value = request.headers.get(name, "")
    try:
        return value.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return value


def _check_headers() -> None:
    filename = _header("Filename")
    if not filename:
        problem(400, 1008832, "Filename is empty", [{"name": "Filename", "reason": "Must not be empty"}])
    if FILENAME.fullmatch(filename) is None:
        reason = f"Must conform to following pattern '{FILENAME.pattern}'"
        problem(400, 1008832, "Header fields are invalid", [{"name": "Filename", "reason": reason}])
    for name in ("Reference-Id", "Client-Application-Version"):
        if REFERENCE.fullmatch(_header(name)) is None:
            reason = f"Must conform to following pattern '{REFERENCE.pattern}'"
            problem(400, 1008832, "Header fields are invalid", [{"name": name, "reason": reason}])


@blueprint.post("/clients/<client_id>/extf-files/import")
@guarded("problem", SCOPE)
def import_file(client_id: str) -> Response:
    """Take one file (raw body) and open a job for it: 202 with ``Location`` and ``Retry-After``."""
    check_accept()
    client = load_client("problem", client_id)
    if request.mimetype != "application/octet-stream":
        problem(415, None, title="Unsupported Media Type")
    _check_headers()
    raw = request.get_data()
    if not raw:
        problem(400, 1008831, "Message body for request is missing")
    if len(raw) > MAX_BYTES:
        problem(413, 1008833, "File size exceeds 50 MB")
    sandbox = current()
    job = _new_job(sandbox, client, read_extf(raw, client_id))
    with sandbox.store.transaction():
        job["_sha256"] = sandbox.store.put_blob(raw)
        sandbox.store.put("dv_extf_job", job["id"], job, client_id)
    headers = {
        "Location": f"/clients/{client_id}/extf-files/jobs/{job['id']}",
        "Retry-After": str(sandbox.clock.scaled_header(sandbox.datev_settings()["retry_after"])),
    }
    reply = Response(status=202)
    # Set by hand: the address is relative to the server URL of the description, not to this request.
    reply.autocorrect_location_header = False
    reply.headers.update(headers)
    return reply


def _verdict(sandbox: Sandbox, client: Record, file: ExtfFile) -> tuple[str, Record | None]:
    """How the job will end: settled at once, shown when its delay is over."""
    if SERVICE not in client["services"] or client["permission_expired"]:
        detail = (
            "Permission to transfer data for this client-id is missing or has expired. "
            "Please contact your tax consultant."
        )
        return "failed", {"type": f"{HELP}1008838", "title": PROBLEM_TITLES[1008838], "detail": detail}
    if file.problem is not None:
        return "failed", file.problem
    settings = sandbox.datev_settings()
    return settings["import_result"], settings["validation_details"]


def _iso_day(text: str | None) -> str | None:
    return f"{text[:4]}-{text[4:6]}-{text[6:]}" if text and re.fullmatch(r"\d{8}", text) else None


def _new_job(sandbox: Sandbox, client: Record, file: ExtfFile) -> Record:
    result, details = _verdict(sandbox, client, file)
    header, now = file.header, sandbox.clock.now()
    label = header.get("label", "")
    category = header.get("data_category", "")
    delay = sandbox.clock.scaled(sandbox.datev_settings()["job_delay_seconds"])
    shown = {
        "id": new_guid(),
        "filename": DISALLOWED_IN_NAME.sub("_", _header("Filename")),
        "reference_id": _header("Reference-Id") or None,
        "client_application_version": _header("Client-Application-Version") or None,
        "data_category_id": int(category) if category.isdigit() else None,
        "fiscal_year_begin": _iso_day(header.get("fiscal_year_begin")),
        "date_from": _iso_day(header.get("date_from")),
        "date_to": _iso_day(header.get("date_to")),
        "label": (label[:MAX_LABEL] + "..." if len(label) > MAX_LABEL else label) or None,
        "number_of_accounting_records": len(file.rows),
        "timestamp": iso_utc(now),
    }
    own = {"client_id": client["id"], "header": header, "rows": file.rows}
    hidden = {f"_{key}": value for key, value in own.items()}
    due = (now + timedelta(seconds=delay)).isoformat()
    return {**shown, **hidden, "_due_at": due, "_result": result, "_details": details}


def shown_job(sandbox: Sandbox, job: Record) -> Record:
    """A job as the API shows it now: null values are left out."""
    done = datetime.fromisoformat(job["_due_at"]) <= sandbox.clock.now()
    visible = {key: value for key, value in job.items() if not key.startswith("_") and value is not None}
    visible["result"] = job["_result"] if done else "pending"
    if done and job["_result"] == "failed" and job["_details"]:
        visible["validation_details"] = job["_details"]
    return visible


@blueprint.get("/clients/<client_id>/extf-files/jobs")
@guarded("problem", SCOPE)
def list_jobs(client_id: str) -> Response:
    """All jobs of a client in pages; there is no filter and no sort."""
    check_accept()
    load_client("problem", client_id)
    sandbox = current()
    rows, headers = page(sandbox.store.all("dv_extf_job", client_id))
    return answer([shown_job(sandbox, row) for row in rows], headers=headers)


@blueprint.get("/clients/<client_id>/extf-files/jobs/<job_id>")
@guarded("problem", SCOPE)
def get_job(client_id: str, job_id: str) -> Response:
    """One job."""
    check_accept()
    load_client("problem", client_id)
    sandbox = current()
    job = sandbox.store.get("dv_extf_job", job_id, client_id)
    if job is None:
        problem(404, None, title="Not Found")
    return answer(shown_job(sandbox, job))
