"""rendered → documented: DATEV has the PDF under our GUID before a booking names it.

DXSO carries the PDF in its own package, so there the PDF only has to be stored, which it is.
"""

from connector.datev.documents import document_types, put_document
from connector.datev.operations import Api
from connector.errors import DataError, Problem
from connector.pipeline.partners import datev_api
from connector.pipeline.runner import Finish, Work
from connector.pipeline.steps.identity import claimed_run
from connector.store import Transaction, claims, documents
from connector.tenants.config import DatevFormat


def upload_document(work: Work) -> Finish:
    """Upload the PDF; the same upload however often it is made.

    :raises DataError: the client has no such document type.
    """
    with work.services.database.transaction() as tx:
        document = documents.of_run(tx, claimed_run(tx, work).id)
        if document is None:
            raise DataError([Problem("document_missing", "The run has no document.", cure="Retry the run.")])
        content = documents.content(tx, document.id)
    if work.tenant.config.datev.format is DatevFormat.DXSO:
        return Finish(
            "documented", message="The PDF travels with the ledger.", details={"sha256": document.sha256}
        )
    if document.uploaded_at is not None:
        return Finish("documented", message="DATEV has the document already.")
    api, client_id = (
        datev_api(work.services, work.tenant, work.budget, Api.DOCUMENTS),
        work.tenant.config.datev.client_id,
    )
    document_type = work.tenant.config.documents.document_type
    if document_type:
        known = [kind.name for kind in document_types(api, client_id)]
        if document_type not in known:
            raise DataError([_unknown_type(document_type, known)])
    with work.services.database.transaction() as tx:
        # With the claim, in one transaction: from here on the document may be at DATEV and no longer changes.
        claims.write(tx, work.claim, now=work.now)
        documents.mark_upload(tx, document.id, begun_at=document.upload_begun_at or work.now)
    uploaded = put_document(
        api,
        client_id,
        document.guid,
        file_name=document.file_name,
        content=content,
        document_type=document_type,
        note=f"Pipedrive {document.document_number}",
        repeated=document.upload_begun_at is not None,
    )

    def write(tx: Transaction) -> None:
        documents.mark_upload(tx, document.id, done_at=work.now)

    return Finish(
        "documented",
        message="DATEV had the document already." if uploaded.already_there else "DATEV has the document.",
        details={"guid": document.guid, "file_name": uploaded.file_name},
        write=write,
    )


def _unknown_type(document_type: str, known: list[str]) -> Problem:
    return Problem(
        "document_type_unknown",
        f"The DATEV client has no document type {document_type!r}; it has: {', '.join(known) or 'none'}.",
        "documents.document_type",
        "Choose one of them in the tenant's file (or none), apply it, then retry the run.",
    )
