"""accounting:documents v2: the document inbox of Belege online."""

import io
import re
import unicodedata
import zipfile
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, json, request
from werkzeug.datastructures import FileStorage

from webapp.sandbox.clock import iso_utc
from webapp.sandbox.datev_access import (
    add_headers,
    answer,
    dco,
    guarded,
    load_client,
    refuse_long_term_list,
    visible_clients,
)
from webapp.sandbox.state import current, new_guid
from webapp.sandbox.store import Record

blueprint = Blueprint("datev_documents", __name__, url_prefix="/datev/accounting-documents/platform/v2")
blueprint.after_request(add_headers)

CLIENTS_SCOPE = "accounting:clients:read"
DOCUMENTS_SCOPE = "accounting:documents"
MAX_BYTES = 20 * 1024 * 1024
MAX_NAME = 255
GUID = re.compile(r"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-4[0-9A-Fa-f]{3}-[89ABab][0-9A-Fa-f]{3}-[0-9A-Fa-f]{12}")
"""Version-4-shaped: DCO01234 asks for one version and variant, and the description's example is a version 4.
"""
DISALLOWED_IN_NAME = re.compile(r"[^ &()+\-._0-9A-Za-zÀ-ÖØ-öø-ÿ]")
NEXT_TYPES = ("gif", "jpeg", "jpg", "pdf", "png", "tif", "tiff", "xml")
NOW_TYPES = (*NEXT_TYPES, "bmp", "csv", "doc", "docx", "eml", "msg", "odt", "rtf", "txt", "xls", "xlsx")
"""File types of the new and the classic Belege online; ZIP is in neither list."""
MEDIA_TYPES: Mapping[str, tuple[str, ...]] = {
    "pdf": ("application/pdf",),
    "xml": ("application/xml", "text/xml"),
    "png": ("image/png",),
    "gif": ("image/gif",),
    "jpg": ("image/jpeg", "image/jpg"),
    "jpeg": ("image/jpeg", "image/jpg"),
    "tif": ("image/tiff",),
    "tiff": ("image/tiff",),
}
"""The content type that a part must have for its extension; other types are not checked."""
LENGTHS: Mapping[str, tuple[int, str, str]] = {
    "document_type": (30, "DCO01227", "PropertyDocumentTypeTooLongFault"),
    "note": (255, "DCO01223", "PropertyNoteTooLongFault"),
    "category": (30, "DCO01224", "PropertyCategoryNameTooLongFault"),
    "folder": (30, "DCO01225", "PropertyFolderNameTooLongFault"),
    "register": (30, "DCO01226", "PropertyRegisterNameTooLongFault"),
}
"""Longest value of a metadata field and the refusal of a longer one."""


def client_basics(client: Record) -> Record:
    """``ClientBasics`` as accounting:documents and accounting:dxso-jobs show it."""
    ledgers = {
        "is_accounts_payable_ledger_available": bool(client["belege_online"]),
        "is_accounts_receivable_ledger_available": bool(client["belege_online"]),
        "is_cash_ledger_available": False,
    }
    years = [
        {
            "fiscal_year_start": year["start"],
            "fiscal_year_end": year["end"],
            "account_length": client["account_length"],
            "ledgers": ledgers,
        }
        for year in client["fiscal_years"][-3:]
    ]
    return {
        **_short(client),
        "is_document_management_available": bool(client["belege_online"]),
        "basic_accounting_information": years,
    }


def _short(client: Record) -> Record:
    return {key: client[key] for key in ("client_number", "consultant_number", "id", "name")}


def client_list() -> Response:
    """The list of clients in the DCO services; nothing to see is 404 there."""
    refuse_long_term_list("dco")
    rows = visible_clients()
    if not rows:
        dco(404)
    return answer([_short(row) for row in rows])


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


@blueprint.get("/clients/<client_id>/document-types")
@guarded("dco", DOCUMENTS_SCOPE)
def list_document_types(client_id: str) -> Response:
    """The client's own document types."""
    return answer(load_client("dco", client_id)["document_types"])


def _is_next(client: Record) -> bool:
    return bool(client["belege_online"] == "new")


@blueprint.get("/clients/<client_id>/duo-version")
@guarded("dco", CLIENTS_SCOPE)
def get_duo_version(client_id: str) -> Response:
    """Which files the client's Belege online takes."""
    types = list(NEXT_TYPES if _is_next(load_client("dco", client_id)) else NOW_TYPES)
    staple = {"allowed_staple_file_extensions": types, "staple_logic": "logically"}
    return answer({"allowed_file_extensions": types, **staple})


@blueprint.post("/clients/<client_id>/documents")
@guarded("dco", DOCUMENTS_SCOPE)
def post_document(client_id: str) -> Response:
    """Upload a document under an id of DATEV's choice."""
    return _upload(load_client("dco", client_id), new_guid())


@blueprint.put("/clients/<client_id>/documents/<guid>")
@guarded("dco", DOCUMENTS_SCOPE)
def put_document(client_id: str, guid: str) -> Response:
    """Upload a document under the caller's GUID, which a Beleglink can name."""
    client = load_client("dco", client_id)
    if GUID.fullmatch(guid) is None:
        dco(400, "DCO01234", "WrongUuidFormatFault")
    return _upload(client, guid.lower())


def one_upload(part: str) -> FileStorage:
    """The single file part of a multipart request."""
    if (
        request.mimetype != "multipart/form-data"
        or len(request.files.getlist(part)) != 1
        or len(request.files) != 1
    ):
        dco(400, "DCO01004", "MultipartUploadFault")
    return request.files[part]


def clean_name(given: str) -> str:
    """A file name with DATEV's allowed characters; everything else becomes ``_``."""
    return DISALLOWED_IN_NAME.sub("_", unicodedata.normalize("NFC", given))


def check_content(name: str, media_type: str, content: bytes) -> None:
    """Size, archive and content-type rules shared by documents and dxso-jobs."""
    if len(content) > MAX_BYTES:
        dco(400, "DCO01016", "FileSizeFault")
    extension = name.rpartition(".")[2].lower()
    if extension == "zip" or (
        extension not in ("docx", "xlsx", "odt") and zipfile.is_zipfile(io.BytesIO(content))
    ):
        dco(400, "DCO01015", "UnsupportedFileTypeFault")
    expected = MEDIA_TYPES.get(extension)
    if expected is not None and media_type not in expected:
        dco(400, "DCO01219", "ContentTypeDoesNotMatchFileExtensionFault")


def _metadata(client: Record) -> Record:
    text = request.form.get("metadata")
    if text is None:
        return {}
    try:
        found: Any = json.loads(text)
    except ValueError:
        dco(400, "DCO01217", "MetadataParsingFault")
    if not isinstance(found, dict) or any(not isinstance(found.get(name, ""), str) for name in LENGTHS):
        dco(400, "DCO01217", "MetadataParsingFault")
    for name, (longest, code, fault) in LENGTHS.items():
        if len(found.get(name, "")) > longest:
            dco(400, code, fault)
    levels = [bool(found.get(name)) for name in ("category", "folder", "register")]
    if any(levels) and not all(levels):
        dco(400, "DCO01017", "MissingMandatoryParameterFault")
    kind = found.get("document_type")
    if kind and kind not in {row["name"] for row in client["document_types"]}:
        dco(400, "DCO01010", "InvalidDocumentTypeFault")
    return found


def _upload(client: Record, guid: str) -> Response:
    if not client["belege_online"]:
        dco(400, "DCO01019", "NoValidBelegeBestandFault")
    upload = one_upload("file")
    if not upload.filename:
        dco(400, "DCO01233", "DataNameIsMissingFault")
    if len(upload.filename) > MAX_NAME:
        dco(400, "DCO01222", "FileNameTooLongFault")
    content, name = upload.read(), clean_name(upload.filename)
    extension = name.rpartition(".")[2].lower()
    if extension not in (NEXT_TYPES if _is_next(client) else NOW_TYPES):
        if _is_next(client):
            dco(400, "DCO01215", "UnsupportedFileTypeDuoNextFault")
        dco(400, "DCO01015", "UnsupportedFileTypeFault")
    check_content(name, upload.mimetype, content)
    if extension == "pdf" and b"%PDF-" not in content[:1024]:
        dco(400, "DCO01245", "PdfNotParseableFault")
    metadata = _metadata(client)
    return answer(_store(client, guid, upload, name, content, metadata), 201)


def _store(
    client: Record, guid: str, upload: FileStorage, name: str, content: bytes, metadata: Record
) -> Record:
    """Store the document and return it as the API shows it; refuses a used GUID and, in the new version, a
    copy.
    """
    sandbox = current()
    store = sandbox.store
    with store.transaction():
        if store.get("dv_document", guid) is not None:
            dco(409, "DCO01012", "KeyConflictFault")
        digest = store.put_blob(content)
        same = {"sha256": digest, "name": name, "document_type": metadata.get("document_type") or None}
        if _is_next(client) and any(
            all(row[key] == value for key, value in same.items())
            for row in store.all("dv_document")
            if row["client_id"] == client["id"]
        ):
            dco(400, "DCO01253", "DuplicateFileFault")
        document = {
            "guid": guid,
            "client_id": client["id"],
            **same,
            "size": len(content),
            "media_type": upload.mimetype,
            "metadata": metadata,
            "received_at": iso_utc(sandbox.clock.now()),
        }
        store.put("dv_document", guid, document)
    file = {
        "id": new_guid(),
        "name": name,
        "size": len(content),
        "upload_date": document["received_at"],
        "media_type": upload.mimetype,
    }
    shown = {key: metadata[key] for key in ("document_type", "note") if metadata.get(key)}
    return {"id": guid, "files": [file], **shown}
