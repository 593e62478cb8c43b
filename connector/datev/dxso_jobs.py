"""accounting-dxso-jobs v2 (Rechnungsdatenservice 1.0): a job is opened, filled file by file, finalised.

Only finalising makes DATEV act. An opened job is inert until then, so a lost answer before it is
mended by deleting the job, or forgetting it, and starting again; after it the status tells.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any

from marshmallow import fields, validate

from connector.datev.answers import (
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
from connector.datev.operations import (
    ADD_DXSO_FILE,
    CREATE_DXSO_JOB,
    DELETE_DXSO_JOB,
    DXSO_JOB_STATUS,
    DXSO_PROTOCOL,
    FINALISE_DXSO_JOB,
)
from connector.errors import DataError, NotFoundError, Problem

IMPORT_TYPE = "accountsReceivableLedgerImport"
"""Outgoing invoices as a ledger package; one job carries one kind of data of one month."""

FIRST_POLL_AFTER = timedelta(seconds=10)
"""This interface names no Retry-After."""

LARGEST_FILE = 20 * 1024 * 1024
"""DATEV's limit (DCO01016): 20 MB per file, no zip."""

_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


class JobStatus(IntEnum):
    """``DXSoJobStatus.status`` of the API description."""

    OPEN = 0
    RUNNING = 1
    SUCCEEDED = 2
    FAILED = 3
    PARTLY = 4
    CANCELLED = 5
    CANCEL_REFUSED = 6

    @property
    def meaning(self) -> str:
        """For the journal and the desk."""
        return _MEANINGS[self]


_MEANINGS = {
    JobStatus.OPEN: "The job is open; DATEV does nothing before it is finalised.",
    JobStatus.RUNNING: "DATEV is processing the job.",
    JobStatus.SUCCEEDED: "DATEV took over everything as booking proposals.",
    JobStatus.FAILED: "DATEV could not process the job.",
    JobStatus.PARTLY: "DATEV took over a part; the protocol says which.",
    JobStatus.CANCELLED: "The job was cancelled in DATEV.",
    JobStatus.CANCEL_REFUSED: "Somebody tried to cancel the job in DATEV, which DATEV refused.",
}


@dataclass(frozen=True, slots=True)
class DxsoJob:
    """An opened job."""

    id: str
    account_length: int | None
    """Of the client's ledger accounts in that fiscal year."""
    ledger_folder_names: tuple[str, ...]
    """Folders for outgoing invoices; document.xml names one of them (property key 3)."""


@dataclass(frozen=True, slots=True)
class ProtocolEntry:
    """One line of DATEV's protocol; DATEV keeps it about two months, so we store it."""

    time: datetime | None
    text: str
    context: str
    type: str
    """``information``, ``warning`` or ``error``."""
    file_name: str
    """Empty where the line is about the whole job."""


class _JobSchema(WireSchema):
    id = WireId(required=True)
    account_length = WireInteger(load_default=None, allow_none=True)
    ledger_folder_names = fields.List(fields.String(), load_default=list, allow_none=True)


class _StatusSchema(WireSchema):
    id = WireText()
    status = WireInteger(required=True, validate=validate.OneOf([status.value for status in JobStatus]))


class _EntrySchema(WireSchema):
    time = WireMoment()
    text = WireText()
    context = WireText()
    type = WireText()
    filename = WireText()


def create_job(api: DatevApi, client_id: str, *, accounting_month: str) -> DxsoJob:
    """Open a job for outgoing invoices.

    Not repeated by itself, yet harmless when repeated: an opened job that nobody knows stays inert.

    :param accounting_month: ``YYYY-MM``; DATEV creates the fiscal year where only the one before exists.
    :raises TransientError: may be repeated, also when the answer got lost.
    :raises ConfigurationError: the client is not set up for this road (DCO01002, DCO01301).
    :raises ValueError: not a month, which is a bug of ours.
    """
    if not _MONTH.fullmatch(accounting_month):
        raise ValueError(f"not an accounting month: {accounting_month!r}")
    answer = api.call(
        CREATE_DXSO_JOB,
        ids={"client_id": client_id},
        json={"import_type": IMPORT_TYPE, "accounting_month": accounting_month},
    )
    item = load_one(CREATE_DXSO_JOB, answer, _JobSchema)
    return DxsoJob(item["id"], item["account_length"], tuple(item["ledger_folder_names"] or ()))


def add_file(api: DatevApi, client_id: str, job_id: str, *, file_name: str, content: bytes) -> None:
    """Put one file into an open job.

    :param file_name: as document.xml names it, so it must already be clean.
    :raises DataError: DATEV would rename or refuse the file; nothing was sent.
    :raises AmbiguousError: nobody knows whether it is in: delete the job and start again, or read the
        status where the job is already finalised.
    """
    problems = _problems(file_name, content)
    if problems:
        raise DataError(problems)
    api.call(
        ADD_DXSO_FILE,
        ids={"client_id": client_id, "job_id": job_id},
        files=[("files", (file_name, content, media_type(file_name)))],
    )


def finalise_job(api: DatevApi, client_id: str, job_id: str) -> None:
    """Tell DATEV to process the job. The point of no return.

    :raises AmbiguousError: nobody knows whether DATEV started, or it had started before: read the status.
    """
    api.call(
        FINALISE_DXSO_JOB,
        ids={"client_id": client_id, "job_id": job_id},
        headers={"Content-Type": "application/merge-patch+json"},
        data=b'{"ready":"true"}',
    )


def delete_job(api: DatevApi, client_id: str, job_id: str) -> None:
    """Throw an open job away; one that DATEV does not know is gone already.

    :raises AmbiguousError: it has been finalised, so it cannot be deleted: read the status.
    """
    try:
        api.call(DELETE_DXSO_JOB, ids={"client_id": client_id, "job_id": job_id})
    except NotFoundError:
        return


def job_status(api: DatevApi, client_id: str, job_id: str) -> JobStatus:
    """How far DATEV is with the job.

    :raises NotFoundError: DATEV does not know the job (any more).
    :raises TransientError: the answer speaks of another job: another's success is not ours.
    """
    answer = api.call(DXSO_JOB_STATUS, ids={"client_id": client_id, "job_id": job_id})
    item = load_one(DXSO_JOB_STATUS, answer, _StatusSchema)
    if item["id"] and not is_same_id(item["id"], job_id):
        raise malformed(DXSO_JOB_STATUS, answer, "it speaks of another job")
    return JobStatus(item["status"])


def protocol_entries(api: DatevApi, client_id: str, job_id: str) -> list[ProtocolEntry]:
    """DATEV's protocol of the job, in its order.

    :raises NotFoundError: the protocol is gone (after about two months).
    """
    answer = api.call(DXSO_PROTOCOL, ids={"client_id": client_id, "job_id": job_id})
    return [_entry(item) for item in load_many(DXSO_PROTOCOL, answer, _EntrySchema)]


def _problems(file_name: str, content: bytes) -> list[Problem]:
    rules = (
        (
            file_name != clean_file_name(file_name),
            "file_name_not_clean",
            f"DATEV would rename the file {file_name!r}, so that document.xml would not find it.",
            "Rename the file at the deal to letters and digits, then retry the run.",
        ),
        (
            media_type(file_name) is None,
            "file_type_not_accepted",
            f"DATEV takes no files like {file_name!r}.",
            "Attach the invoice as PDF to the deal, then retry the run.",
        ),
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
    )
    return [Problem(code, message, "document", cure) for wrong, code, message, cure in rules if wrong]


def _entry(item: dict[str, Any]) -> ProtocolEntry:
    return ProtocolEntry(item["time"], item["text"], item["context"], item["type"], item["filename"])
