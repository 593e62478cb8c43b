"""Everything that arrived at the two partners, in one structure for the page and for test assertions."""

from webapp.sandbox.datev_dxso import job_status
from webapp.sandbox.datev_extf import shown_job
from webapp.sandbox.extf_check import linked_guids
from webapp.sandbox.state import Sandbox
from webapp.sandbox.store import Record


def collect(sandbox: Sandbox) -> Record:
    """See "GET /control/arrivals" in the package's description for the shape."""
    store = sandbox.store
    documents = store.all("dv_document")
    known = {document["guid"] for document in documents}
    return {
        "documents": documents,
        "extf_files": [_extf(sandbox, job, known) for job in store.all("dv_extf_job", None)],
        "dxso_jobs": [_dxso(sandbox, job, deleted=False) for job in store.all("dv_dxso_job", None)]
        + [_dxso(sandbox, job, deleted=True) for job in store.all("dv_dxso_deleted", None)],
        "deliveries": sandbox.courier.deliveries(),
        "notes": _with_domain(sandbox, "pd_note"),
        "activities": _with_domain(sandbox, "pd_activity"),
        "patched_deals": store.all("pd_patched"),
    }


def _with_domain(sandbox: Sandbox, kind: str) -> list[Record]:
    return [
        {"domain": account["company_domain"], **record}
        for account in sandbox.store.all("pd_account")
        for record in sandbox.store.all(kind, account["company_domain"])
    ]


def _extf(sandbox: Sandbox, job: Record, known_guids: set[str]) -> Record:
    links = linked_guids(job["_rows"])
    return {
        **shown_job(sandbox, job),
        "client_id": job["_client_id"],
        "sha256": job["_sha256"],
        "header": job["_header"],
        "rows": job["_rows"],
        "linked_guids": links,
        "dead_links": [guid for guid in links if guid not in known_guids],
    }


def _dxso(sandbox: Sandbox, job: Record, *, deleted: bool) -> Record:
    return {**job, "status": job_status(sandbox, job), "deleted": deleted}
