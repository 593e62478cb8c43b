"""accounting:dxso-jobs v2 (Rechnungsdatenservice 1.0): create a job, attach files, finalise, read status and
protocol.
"""

import re
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, Response, request

from webapp.sandbox.clock import iso_utc
from webapp.sandbox.datev_access import add_headers, answer, dco, guarded, load_client
from webapp.sandbox.datev_documents import (
    CLIENTS_SCOPE,
    check_content,
    clean_name,
    client_basics,
    client_list,
    one_upload,
)
from webapp.sandbox.dxso_check import package_errors
from webapp.sandbox.state import Sandbox, current, new_guid
from webapp.sandbox.store import Record

blueprint = Blueprint("datev_dxso", __name__, url_prefix="/datev/accounting-dxso-jobs/platform/v2")
blueprint.after_request(add_headers)

SCOPE = "accounting:dxso-jobs"
SERVICE = "Rechnungsdatenservice 1.0"
IMPORT_TYPES = ("accountsPayableLedgerImport", "accountsReceivableLedgerImport", "cashLedgerImport")
MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
OPEN, RUNNING, OK, FAILED = 0, 1, 2, 3
MERGE_PATCH = "application/merge-patch+json"


@blueprint.get("/clients")
@guarded("dco", CLIENTS_SCOPE)
def list_clients() -> Response:
    """All clients of the user (short sessions only)."""
    return client_list()


@blueprint.get("/clients/<client_id>")
@guarded("dco", CLIENTS_SCOPE)
def get_client(client_id: str) -> Response:
    """Fiscal years, account length and ledgers of one client."""
    return answer(client_basics(load_client("dco", client_id)))


def _usable_client(client_id: str) -> Record:
    client = load_client("dco", client_id)
    if client["belege_online"] == "new":
        dco(400, "DCO01301", "RDS1UploadNotSupportedFault")
    if SERVICE not in client["services"] or not client["belege_online"]:
        dco(400, "DCO01002", "InvalidDxsoImportTargetFault")
    return client


def _has_fiscal_year(client: Record, month: str, import_type: str) -> bool:
    """Whether the month lies in a fiscal year; the next one is made by DATEV itself, except for cash."""
    years = client["fiscal_years"]
    if any(year["start"][:7] <= month <= year["end"][:7] for year in years):
        return True
    if import_type == "cashLedgerImport" or not years:
        return False
    last_end = years[-1]["end"]
    following = f"{int(last_end[:4]) + 1}{last_end[4:7]}"
    return bool(last_end[:7] < month <= following)


@blueprint.post("/clients/<client_id>/dxso-jobs")
@guarded("dco", SCOPE)
def create_job(client_id: str) -> Response:
    """Open a job; with ``import_type`` its month is mandatory and the ledger's folders are told."""
    client = _usable_client(client_id)
    body: Any = request.get_json(silent=True) if request.data else {}
    if not isinstance(body, dict):
        dco(400, "DCO01008", "InvalidMessageBodyFault")
    kind, month = body.get("import_type"), body.get("accounting_month")
    if kind is not None and kind not in IMPORT_TYPES:
        dco(400, "DCO01008", "InvalidMessageBodyFault")
    if bool(kind) != bool(month):
        dco(400, "DCO01017", "MissingMandatoryParameterFault")
    if month is not None and (not isinstance(month, str) or MONTH.fullmatch(month) is None):
        dco(400, "DCO01008", "InvalidMessageBodyFault")
    if kind and month and not _has_fiscal_year(client, month, kind):
        dco(400, "DCO01002", "InvalidDxsoImportTargetFault")
    sandbox = current()
    job: Record = {
        "id": new_guid().upper(),
        "client_id": client_id,
        "import_type": kind,
        "accounting_month": month,
        "created_at": iso_utc(sandbox.clock.now()),
        "files": [],
        "finalised_at": None,
        "due_at": None,
        "final_status": None,
        "protocol": [],
    }
    sandbox.store.put("dv_dxso_job", job["id"], job, client_id)
    shown: Record = {"id": job["id"], "account_length": client["account_length"]}
    if kind == "cashLedgerImport":
        shown["cash_ledger_names"] = ["Kasse"]
    elif kind:
        shown["ledger_folder_names"] = client["ledger_folder_names"]
    return answer(shown, 201)


def _load_job(client_id: str, job_id: str) -> Record:
    job = current().store.get("dv_dxso_job", job_id.upper(), client_id)
    if job is None:
        dco(404)
    return job


def _open_job(client_id: str, job_id: str) -> Record:
    job = _load_job(client_id, job_id)
    if job["finalised_at"] is not None:
        dco(400, "DCO01007", "InvalidDxsoJobStateFault")
    return job


@blueprint.post("/clients/<client_id>/dxso-jobs/<job_id>/files")
@guarded("dco", SCOPE)
def add_file(client_id: str, job_id: str) -> Response:
    """Attach one file (part ``files``) to an open job; archives are refused."""
    _usable_client(client_id)
    sandbox = current()
    upload = one_upload("files")
    if not upload.filename:
        dco(400, "DCO01004", "MultipartUploadFault")
    content, name = upload.read(), clean_name(upload.filename)
    with sandbox.store.transaction():
        job = _open_job(client_id, job_id)
        check_content(name, upload.mimetype, content)
        sha256 = sandbox.store.put_blob(content)
        file = {"name": name, "size": len(content), "sha256": sha256, "media_type": upload.mimetype}
        job["files"] = [row for row in job["files"] if row["name"] != name] + [file]
        sandbox.store.put("dv_dxso_job", job["id"], job, client_id)
    return answer({}, 201)


@blueprint.put("/clients/<client_id>/dxso-jobs/<job_id>")
@guarded("dco", SCOPE)
def finalise_job(client_id: str, job_id: str) -> Response:
    """Finish a job with ``{"ready": "true"}`` as ``application/merge-patch+json``; afterwards nothing
    changes.
    """
    _usable_client(client_id)
    if request.mimetype != MERGE_PATCH:
        dco(415)
    body: Any = request.get_json(force=True, silent=True)
    if not isinstance(body, dict) or str(body.get("ready")).lower() != "true":
        dco(400, "DCO01008", "InvalidMessageBodyFault")
    sandbox = current()
    now = sandbox.clock.now()
    with sandbox.store.transaction():
        job = _open_job(client_id, job_id)
        settings = sandbox.datev_settings()
        contents = {row["name"]: sandbox.store.get_blob(row["sha256"]) for row in job["files"]}
        errors = package_errors(contents)
        failed = bool(errors) or settings["import_result"] == "failed"
        job["final_status"] = FAILED if failed else settings["dxso_status"]
        job["protocol"] = _protocol(job, errors, settings["dxso_protocol"], iso_utc(now))
        job["finalised_at"] = iso_utc(now)
        delay = sandbox.clock.scaled(settings["job_delay_seconds"])
        job["due_at"] = (now + timedelta(seconds=delay)).isoformat()
        sandbox.store.put("dv_dxso_job", job["id"], job, client_id)
    return Response(status=204)


def _protocol(job: Record, errors: list[Record], wanted: list[Record], stamp: str) -> list[Record]:
    received = [
        {"text": "wurde empfangen!", "type": "information", "filename": row["name"], "time": stamp}
        for row in job["files"]
    ]
    return received + [{**row, "type": row.get("type", "error"), "time": stamp} for row in (*errors, *wanted)]


@blueprint.delete("/clients/<client_id>/dxso-jobs/<job_id>")
@guarded("dco", SCOPE)
def delete_job(client_id: str, job_id: str) -> Response:
    """Cancel an open job: it and its files are gone."""
    _usable_client(client_id)
    sandbox = current()
    with sandbox.store.transaction():
        job = _open_job(client_id, job_id)
        sandbox.store.delete("dv_dxso_job", job["id"], client_id)
        sandbox.store.put("dv_dxso_deleted", job["id"], job, client_id)
    return Response(status=204)


def job_status(sandbox: Sandbox, job: Record) -> int:
    """0 open, 1 running, then the final status (2 ok, 3 failed, 4 partly, 5 cancelled, 6 cancel refused)."""
    if job["finalised_at"] is None:
        return OPEN
    if datetime.fromisoformat(job["due_at"]) > sandbox.clock.now():
        return RUNNING
    final: int = job["final_status"]
    return final


@blueprint.get("/clients/<client_id>/dxso-jobs/<job_id>")
@guarded("dco", SCOPE)
def get_job(client_id: str, job_id: str) -> Response:
    """The status of a job."""
    load_client("dco", client_id)
    job = _load_job(client_id, job_id)
    return answer({"id": job["id"], "status": job_status(current(), job)})


@blueprint.get("/clients/<client_id>/dxso-jobs/<job_id>/protocol-entries")
@guarded("dco", SCOPE)
def list_protocol_entries(client_id: str, job_id: str) -> Response:
    """What DATEV has to say about the files of a job."""
    load_client("dco", client_id)
    return answer(_load_job(client_id, job_id)["protocol"])
