"""accounting-extf-files v3: hands finished bookings to DATEV's data centre, and finds them again.

The import has no idempotency key: DATEV must be assumed to accept a second identical file. So the
import is never repeated by itself; our reference id, which comes back in the job list, is how a
lost answer is looked up.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from marshmallow import fields, validate

from connector.datev.answers import (
    WireId,
    WireInteger,
    WireMoment,
    WireSchema,
    WireText,
    help_code,
    is_same_id,
    load_one,
    malformed,
    retry_after,
)
from connector.datev.api import DatevApi
from connector.datev.operations import GET_EXTF_JOB, IMPORT_FILE, LIST_EXTF_JOBS, is_path_id
from connector.datev.verdicts import build_error, verdict_on_job
from connector.errors import ConnectorError, DataError, PartnerAnswer, Problem, TransientError

LARGEST_FILE = 50 * 1024 * 1024
"""DATEV's limit (1008833): 50 MB."""

READS_OF_MOVING_LIST = 3
"""The job list has no filter and no fixed order; when it changes while it is read, it is read anew."""

_FILE_NAME = re.compile(r"EXTF_[A-Za-z0-9_.-]{1,51}\.csv")
_REFERENCE_ID = re.compile(r"[-0-9A-Za-z_. +?;]{1,254}")
"""DATEV's pattern without its umlauts: HTTP headers are no place for them."""


class JobResult(StrEnum):
    """How far DATEV is with a file. ``succeeded`` means taken by the data centre, not booked."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ImportAccepted:
    """DATEV took the file and will look at it."""

    job_id: str
    retry_after: timedelta | None
    """How long to wait before the job is read, where DATEV says so."""


@dataclass(frozen=True, slots=True)
class ValidationDetails:
    """Why DATEV's data centre refused a file, word for word."""

    title: str
    detail: str
    help_link: str
    elements: tuple[tuple[str, str], ...]
    """Name and reason of each thing that is wrong; the reason names the header field by number."""

    @property
    def text(self) -> str:
        """All of it in one line."""
        named = [f"{name}: {reason}" if name else reason for name, reason in self.elements]
        return "; ".join(part for part in (self.title, self.detail, *named) if part)


@dataclass(frozen=True, slots=True)
class ExtfJob:
    """One file at DATEV's data centre."""

    id: str
    result: JobResult
    file_name: str
    reference_id: str
    received_at: datetime | None
    label: str
    records: int | None
    details: ValidationDetails | None

    def failure(self) -> ConnectorError | None:
        """What a failed job means; None for one that has not failed.

        PermissionMissingError where the client's permission ended (1008838), else PartnerRefusedError:
        sending again is always a deliberate new attempt.
        """
        if self.result is not JobResult.FAILED:
            return None
        details = self.details or ValidationDetails("", "", "", ())
        code = help_code(details.help_link)
        said = PartnerAnswer(
            partner="datev",
            operation=GET_EXTF_JOB.name,
            partner_code=code,
            text=details.text,
            help_link=details.help_link,
        )
        return build_error(GET_EXTF_JOB, verdict_on_job(code), said)


class _ElementSchema(WireSchema):
    name = WireText()
    reason = WireText()


class _DetailsSchema(WireSchema):
    type = WireText()
    title = WireText()
    detail = WireText()
    affected_elements = fields.List(fields.Nested(_ElementSchema), load_default=list, allow_none=True)


class _JobSchema(WireSchema):
    id = WireId(required=True)
    result = fields.String(required=True, validate=validate.OneOf([result.value for result in JobResult]))
    filename = WireText()
    reference_id = WireText()
    timestamp = WireMoment()
    label = WireText()
    number_of_accounting_records = WireInteger(load_default=None, allow_none=True)
    validation_details = fields.Nested(_DetailsSchema, load_default=None, allow_none=True)


def import_file(
    api: DatevApi, client_id: str, *, file_name: str, reference_id: str, content: bytes
) -> ImportAccepted:
    """Hand one EXTF file over. The point of no return: never repeat it without looking the job up.

    :param file_name: ``EXTF_`` + up to 51 characters + ``.csv``, unique per attempt.
    :param reference_id: ours, unique per attempt; comes back in the job list.
    :raises DataError: the file is empty or larger than 50 MB; nothing was sent.
    :raises AmbiguousError: nobody knows whether DATEV took it: :func:`find_job`.
    :raises PermissionMissingError: the client's permission is missing or has expired.
    :raises ValueError: name or reference are not what DATEV describes, which is a bug of ours.
    """
    if not _FILE_NAME.fullmatch(file_name):
        raise ValueError(f"not a file name DATEV takes: {file_name!r}")
    if not _REFERENCE_ID.fullmatch(reference_id):
        raise ValueError(f"not a reference id DATEV takes: {reference_id!r}")
    if not 0 < len(content) <= LARGEST_FILE:
        raise DataError([_size_problem(file_name, len(content))])
    answer = api.call(
        IMPORT_FILE,
        ids={"client_id": client_id},
        headers={
            "Content-Type": "application/octet-stream",
            "Filename": file_name,
            "Reference-Id": reference_id,
        },
        data=content,
    )
    # Relative to the server: /clients/<client>/extf-files/jobs/<job>.
    job_id = urlsplit(answer.headers.get("Location", "")).path.rstrip("/").rpartition("/extf-files/jobs/")[2]
    if not is_path_id(job_id):
        raise malformed(IMPORT_FILE, answer, "it names no job")
    return ImportAccepted(job_id, retry_after(answer))


def get_job(
    api: DatevApi, client_id: str, job_id: str, *, reference_id: str = "", file_name: str = ""
) -> ExtfJob:
    """How far DATEV is with one file.

    :param reference_id: ours; with ``file_name`` it tells whether the answer speaks of our file.
    :raises NotFoundError: DATEV does not know the job.
    :raises TransientError: the answer speaks of another job or file: another's success is not ours.
    """
    answer = api.call(GET_EXTF_JOB, ids={"client_id": client_id, "job_id": job_id})
    job = _job(load_one(GET_EXTF_JOB, answer, _JobSchema))
    if not is_same_id(job.id, job_id):
        raise malformed(GET_EXTF_JOB, answer, "it speaks of another job")
    asked_and_told = ((reference_id, job.reference_id), (file_name, job.file_name))
    if any(asked and told and asked != told for asked, told in asked_and_told):
        raise malformed(GET_EXTF_JOB, answer, "it speaks of another file than ours")
    return job


def find_job(api: DatevApi, client_id: str, *, reference_id: str, file_name: str) -> ExtfJob | None:
    """The job of an import whose answer was lost; None: not in the list (yet).

    The whole list is read, since DATEV neither filters nor sorts it. How soon a new job appears is
    not known, so None does not prove that the file was not taken. Both names are unique per attempt:
    either identifies the job, and where DATEV shows several, one that did not fail counts.

    :raises TransientError: the list would not stand still long enough to be read.
    """
    for _read in range(READS_OF_MOVING_LIST):
        found: dict[str, ExtfJob] = {}
        seen: set[str] = set()
        totals: set[int | None] = set()
        for items, total in api.pages(LIST_EXTF_JOBS, _JobSchema, ids={"client_id": client_id}):
            totals.add(total)
            for job in map(_job, items):
                seen.add(job.id)
                if job.reference_id == reference_id or job.file_name == file_name:
                    found[job.id] = job
        if found:
            return min(found.values(), key=lambda job: job.result is JobResult.FAILED)
        if len(totals) <= 1 and totals <= {None, len(seen)}:
            return None
    raise TransientError(
        "DATEV's list of EXTF jobs keeps changing while it is read.",
        code="job_list_unsteady",
        cure="Nothing to do: it is read again later.",
    )


def _size_problem(file_name: str, size: int) -> Problem:
    if not size:
        return Problem("extf_file_empty", f"The file {file_name} is empty.", "batch", "Retry the batch.")
    return Problem(
        "extf_file_too_large",
        f"The file {file_name} has {size:,} bytes; DATEV takes at most 50 MB.",
        "batch",
        "A batch never holds more than one file takes, so this is a fault of ours: report it.",
    )


def _job(item: dict[str, Any]) -> ExtfJob:
    details = item["validation_details"]
    return ExtfJob(
        id=item["id"],
        result=JobResult(item["result"]),
        file_name=item["filename"],
        reference_id=item["reference_id"],
        received_at=item["timestamp"],
        label=item["label"],
        records=item["number_of_accounting_records"],
        details=_details(details) if details else None,
    )


def _details(item: dict[str, Any]) -> ValidationDetails:
    link = item["type"]
    return ValidationDetails(
        title=item["title"],
        detail=item["detail"],
        help_link=link if link.startswith(("https://", "http://")) else "",
        elements=tuple((e["name"], e["reason"]) for e in item["affected_elements"] or ()),
    )
