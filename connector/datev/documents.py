"""accounting-documents v2: the invoice PDF goes into Belege online under a GUID of ours.

The GUID is what the booking's document link names, so the PUT is the same upload however often it
is made: after an upload of ours whose end is not known, 409 for our own GUID is a success.
"""

import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from marshmallow import fields

from connector.datev.answers import (
    WireDate,
    WireId,
    WireInteger,
    WireMoment,
    WireSchema,
    WireText,
    is_same_id,
    load_many,
    load_one,
    malformed,
)
from connector.datev.api import DatevApi
from connector.datev.file_names import clean_file_name, media_type
from connector.datev.operations import DOCUMENT_TYPES, GET_DOCUMENTS_CLIENT, PUT_DOCUMENT
from connector.errors import DataError, PartnerRefusedError, Problem

LARGEST_FILE = 20 * 1024 * 1024
"""DATEV's limit (DCO01016): 20 MB."""

_ALREADY_THERE = ("document_already_there", "document_content_exists")

LONGEST_DOCUMENT_TYPE = 30
LONGEST_NOTE = 255


@dataclass(frozen=True, slots=True)
class DocumentType:
    """A Belegtyp of one client; a client's list is its own."""

    name: str
    category: str
    """Such as ``outgoing_invoices``."""
    debit_credit_identifier: str
    """``debit``, ``credit`` or empty."""


@dataclass(frozen=True, slots=True)
class FiscalYear:
    """One fiscal year of a client as Belege online knows it."""

    start: date
    end: date
    account_length: int
    receivable_ledger: bool
    """Whether outgoing invoices can be processed in it."""


@dataclass(frozen=True, slots=True)
class DocumentsClient:
    """What Belege online knows about a client."""

    id: str
    name: str
    has_belege_online: bool
    fiscal_years: tuple[FiscalYear, ...]


@dataclass(frozen=True, slots=True)
class DocumentUploaded:
    """The document is in Belege online."""

    guid: str
    already_there: bool
    """DATEV had it before this call, by an earlier upload of ours whose answer was lost."""
    file_name: str
    """As sent: cleaned by DATEV's rules."""
    document_type: str
    """As DATEV took it; empty for "ohne Belegtyp" and where it was already there."""
    uploaded_at: datetime | None


class _DocumentTypeSchema(WireSchema):
    name = WireText()
    category = WireText()
    debit_credit_identifier = WireText()


class _LedgersSchema(WireSchema):
    is_accounts_receivable_ledger_available = fields.Boolean(load_default=False, allow_none=True)


class _FiscalYearSchema(WireSchema):
    fiscal_year_start = WireDate(required=True)
    fiscal_year_end = WireDate(required=True)
    account_length = WireInteger(required=True)
    ledgers = fields.Nested(_LedgersSchema, load_default=dict, allow_none=True)


class _DocumentsClientSchema(WireSchema):
    id = WireId(required=True)
    name = WireText()
    is_document_management_available = fields.Boolean(load_default=False, allow_none=True)
    basic_accounting_information = fields.List(
        fields.Nested(_FiscalYearSchema), load_default=list, allow_none=True
    )


class _FileSchema(WireSchema):
    upload_date = WireMoment()


class _DocumentSchema(WireSchema):
    id = WireText()
    document_type = WireText()
    files = fields.List(fields.Nested(_FileSchema), load_default=list, allow_none=True)


def document_types(api: DatevApi, client_id: str) -> list[DocumentType]:
    """The client's document types; to be read before an upload, since every client has its own.

    An empty list is possible: the client has none.
    """
    answer = api.call(DOCUMENT_TYPES, ids={"client_id": client_id})
    return [
        DocumentType(**item)
        for item in load_many(DOCUMENT_TYPES, answer, _DocumentTypeSchema)
        if item["name"]
    ]


def get_documents_client(api: DatevApi, client_id: str) -> DocumentsClient:
    """Fiscal years, account length and whether Belege online exists.

    :raises ConfigurationError: the client's data are inconsistent.
    :raises NotFoundError: the client does not exist, or not for this login.
    """
    answer = api.call(GET_DOCUMENTS_CLIENT, ids={"client_id": client_id})
    item = load_one(GET_DOCUMENTS_CLIENT, answer, _DocumentsClientSchema)
    if item["id"] != client_id:
        raise malformed(GET_DOCUMENTS_CLIENT, answer, "it speaks of another client")
    return DocumentsClient(
        id=item["id"],
        name=item["name"],
        has_belege_online=bool(item["is_document_management_available"]),
        fiscal_years=tuple(_fiscal_year(year) for year in item["basic_accounting_information"] or ()),
    )


def put_document(
    api: DatevApi,
    client_id: str,
    guid: str,
    *,
    file_name: str,
    content: bytes,
    document_type: str = "",
    note: str = "",
    repeated: bool = False,
) -> DocumentUploaded:
    """Upload one file under our GUID.

    :param document_type: a name from :func:`document_types`; empty: without document type.
    :param repeated: an earlier upload under this GUID may have got through. Then DATEV's "already there", of
        the id (409, DCO01012) or the same file (DCO01253), means that upload; else it means somebody's other
        document, or another copy to which the booking's link would not lead.
    :raises PartnerRefusedError: the id or the same file is in Belege online, and we never sent it.
    :raises DataError: the file cannot be uploaded as it is; lists every reason, nothing was sent.
    :raises TransientError: may be repeated, with ``repeated=True``; also where the answer is about another
        document.
    """
    cleaned = clean_file_name(file_name)
    problems = _problems(cleaned, content, document_type, note)
    if problems:
        raise DataError(problems)
    files: list[tuple[str, tuple[str | None, bytes | str, str | None]]] = [
        ("file", (cleaned, content, media_type(cleaned)))
    ]
    metadata = {name: value for name, value in (("document_type", document_type), ("note", note)) if value}
    if metadata:
        files.append(("metadata", (None, json.dumps(metadata, ensure_ascii=False), "application/json")))
    try:
        answer = api.call(PUT_DOCUMENT, ids={"client_id": client_id, "document_id": guid}, files=files)
    except PartnerRefusedError as e:
        if repeated and e.code in _ALREADY_THERE:
            return DocumentUploaded(guid, True, cleaned, "", None)
        raise
    item = load_one(PUT_DOCUMENT, answer, _DocumentSchema)
    if item["id"] and not is_same_id(item["id"], guid):
        raise malformed(PUT_DOCUMENT, answer, "it speaks of another document")
    uploaded_at = next((file["upload_date"] for file in item["files"] or ()), None)
    return DocumentUploaded(guid, False, cleaned, item["document_type"], uploaded_at)


def _problems(file_name: str, content: bytes, document_type: str, note: str) -> list[Problem]:
    """Everything DATEV would refuse about an upload, found before 20 MB travel."""
    rules = (
        (
            not content,
            "file_empty",
            f"The file {file_name!r} is empty.",
            "Attach the invoice as PDF to the deal anew, then retry the run.",
        ),
        (
            len(content) > LARGEST_FILE,
            "file_too_large",
            f"The file {file_name!r} has {len(content):,} bytes; DATEV takes at most 20 MB.",
            "Attach a smaller PDF to the deal, then retry the run.",
        ),
        (
            media_type(file_name) is None,
            "file_type_not_accepted",
            f"DATEV takes no files like {file_name!r}.",
            "Attach the invoice as PDF to the deal, then retry the run.",
        ),
        (
            len(document_type) > LONGEST_DOCUMENT_TYPE,
            "document_type_too_long",
            f"The document type {document_type!r} has more than {LONGEST_DOCUMENT_TYPE} characters.",
            "Choose one of the client's document types in the tenant's file, or none.",
        ),
        (
            len(note) > LONGEST_NOTE,
            "note_too_long",
            f"The note on {file_name!r} has more than {LONGEST_NOTE} characters.",
            "Shorten the note.",
        ),
    )
    return [Problem(code, message, "document", cure) for wrong, code, message, cure in rules if wrong]


def _fiscal_year(item: dict[str, Any]) -> FiscalYear:
    ledgers = item["ledgers"] or {}
    return FiscalYear(
        start=item["fiscal_year_start"],
        end=item["fiscal_year_end"],
        account_length=item["account_length"],
        receivable_ledger=bool(ledgers.get("is_accounts_receivable_ledger_available")),
    )
