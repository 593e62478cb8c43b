"""Handing a DXSO package over: a job is opened, filled file by file, finalised.

Only the final PUT makes DATEV act. Until then a job is inert: after a crash it is deleted
(or, where its id was never written down, forgotten) and everything starts again.
"""

import hashlib
from collections.abc import Iterator, Sequence

from connector.accounting.identity import reference_id
from connector.datev import dxso_jobs
from connector.datev.dxso.package import DxsoPackage
from connector.datev.dxso_jobs import JobStatus, ProtocolEntry
from connector.datev.operations import Api
from connector.errors import AmbiguousError, NotFoundError, PermanentError, Problem, TransientError
from connector.pipeline.hand_over.claimed_batch import (
    BatchDocument,
    accepted_values,
    batch_documents,
    claimed_batch,
    latest_submission,
    note_on_submission,
)
from connector.pipeline.hand_over.files import USUAL_FOLDER, ledger_package, package_zip
from connector.pipeline.hand_over.submission_client import asking_its_client, client_of, present_client
from connector.pipeline.partners import datev_api
from connector.pipeline.runner import Finish, Park, Result, Work
from connector.store import claims, documents, submissions
from connector.store.batches import BatchRow
from connector.store.submissions import SubmissionRow

CONTENT = "ledger"
SUBMITTING = "submitting"

STILL_RUNNING = (JobStatus.OPEN, JobStatus.RUNNING, JobStatus.CANCEL_REFUSED)
"""Read again later. ``OPEN`` right after finalising is DATEV not having begun."""

CLEAN_TYPES = ("information", "warning")
"""Lines of DATEV's protocol that take nothing back. Whatever else a line calls itself may be an error."""


def submit(work: Work) -> Result:
    """Open a job and fill it, or find out how far an earlier try came."""
    with work.services.database.transaction() as tx:
        batch = claimed_batch(tx, work)
        parts = batch_documents(tx, batch.id)
        submission = latest_submission(tx, batch.id, CONTENT)
    if batch.state != SUBMITTING or submission is None:
        submission = _intend(work, batch, parts)
    elif submission.job_id and not _thrown_away(work, submission):
        return _accepted(work, submission.job_id, submission, "DATEV has the job; its answer had been lost.")
    try:
        return _fill(work, batch, parts, submission)
    except AmbiguousError as e:
        # The status of the job tells the next time; nothing was lost and nothing can be doubled.
        raise TransientError(e.message, code=e.code, cure=e.cure, answer=e.answer) from e
    except PermanentError as e:
        answer = dict(e.details())
        return Park(
            e.code,
            e.message,
            e.cure,
            resume_state="closed",
            details=e.details(),
            write=lambda tx: submissions.update(
                tx, submission.id, state="failed", finished_at=work.now, answer=answer
            ),
        )


_NOTHING_NAMED = (
    "DATEV names no reason: ask the tax adviser to look the job up at DATEV, or DATEV's support by the job's "
    "id (ml-connector run show RUN), then: ml-connector run retry RUN"
)


def problem_of(
    status: JobStatus, entries: Sequence[ProtocolEntry], our_files: Sequence[str]
) -> Problem | None:
    """What a job's end means for a human; None if the protocol shows all of our files clean."""
    errors = [entry for entry in entries if entry.type.casefold() not in CLEAN_TYPES]
    named = "; ".join(dict.fromkeys(entry.text for entry in errors if entry.text))
    said = named or status.meaning
    cure = "Mend what DATEV names, then: ml-connector run retry RUN" if named else _NOTHING_NAMED
    if status is not JobStatus.PARTLY:
        return Problem("dxso_job_failed", f"DATEV did not take the package over: {said}", cure=cure)
    if errors:
        return Problem("dxso_job_partly", f"DATEV took over only a part: {said}", cure=cure)
    mentioned = {entry.file_name for entry in entries}
    if set(our_files) <= mentioned:
        return None
    return Problem(
        "dxso_job_unclear",
        "DATEV took over a part of the package and does not say what became of this invoice.",
        cure="Look for the invoice in DATEV. If it is missing there: ml-connector run retry RUN",
    )


def entry_as_dict(entry: ProtocolEntry) -> dict[str, str]:
    """A protocol line for the journal: DATEV deletes its own after two months."""
    return {
        "type": entry.type,
        "text": entry.text,
        "context": entry.context,
        "file_name": entry.file_name,
    }


def _intend(work: Work, batch: BatchRow, parts: Sequence[BatchDocument]) -> SubmissionRow:
    package = _package(work, batch, parts, USUAL_FOLDER)
    content = package_zip(package)
    with work.services.database.transaction() as tx:
        attempt = len(submissions.of_batch(tx, batch.id, CONTENT)) + 1
        reference = reference_id(work.tenant.key, batch.id, attempt, CONTENT)
        submissions.intend(
            tx,
            batch_id=batch.id,
            content=CONTENT,
            attempt=attempt,
            reference_id=reference,
            file_name=f"{reference}.zip",
            file=content,
            sha256=hashlib.sha256(content).hexdigest(),
            now=work.now,
            client_id=present_client(work),
        )
        work.claim = claims.move(
            tx,
            work.claim,
            SUBMITTING,
            now=work.now,
            actor=CONTENT,
            due_at=work.now,
            keep=True,
            message=f"About to hand over {reference}.",
        )
        return submissions.of_batch(tx, batch.id, CONTENT)[-1]


def _thrown_away(work: Work, submission: SubmissionRow) -> bool:
    """Delete a job that was never finalised. False: DATEV has begun with it, so it counts."""
    api, client_id = (
        datev_api(work.services, work.tenant, work.budget, Api.DXSO),
        client_of(work, submission),
    )
    try:
        with asking_its_client(work, submission):
            if dxso_jobs.job_status(api, client_id, submission.job_id) is not JobStatus.OPEN:
                return False
            dxso_jobs.delete_job(api, client_id, submission.job_id)
    except AmbiguousError:
        # Finalised after all: DATEV had only not begun with it.
        return False
    except NotFoundError:
        pass
    note_on_submission(work, submission.id, job_id="")
    return True


def _fill(work: Work, batch: BatchRow, parts: Sequence[BatchDocument], submission: SubmissionRow) -> Finish:
    api, client_id = (
        datev_api(work.services, work.tenant, work.budget, Api.DXSO),
        present_client(work),
    )
    job = dxso_jobs.create_job(api, client_id, accounting_month=f"{batch.month:%Y-%m}")
    folder = job.ledger_folder_names[0] if job.ledger_folder_names else USUAL_FOLDER
    package = _package(work, batch, parts, folder)
    content = package_zip(package)
    note_on_submission(
        work,
        submission.id,
        job_id=job.id,
        client_id=client_id,
        file=content,
        sha256=hashlib.sha256(content).hexdigest(),
    )
    for name, data in _files(work, package, parts):
        with work.services.database.transaction() as tx:
            claims.write(tx, work.claim, now=work.now)
            submissions.begin_file(
                tx, submission.id, job.id, name, hashlib.sha256(data).hexdigest(), now=work.now
            )
        dxso_jobs.add_file(api, client_id, job.id, file_name=name, content=data)
        with work.services.database.transaction() as tx:
            submissions.end_file(tx, submission.id, job.id, name, now=work.now)
    work.still_mine()
    dxso_jobs.finalise_job(api, client_id, job.id)
    return _accepted(work, job.id, submission, "DATEV took the package.")


def _files(work: Work, package: DxsoPackage, parts: Sequence[BatchDocument]) -> Iterator[tuple[str, bytes]]:
    """Names and contents in the order of sending, one PDF in memory at a time; document.xml, which names the
    others, last."""
    for part in parts:
        with work.services.database.transaction() as tx:
            pdf = documents.content(tx, part.document.id)
        yield package.pdf_name(part.document.guid), pdf
    for file in (*package.ledgers, package.document_xml):
        yield file.name, file.content


def _package(work: Work, batch: BatchRow, parts: Sequence[BatchDocument], folder_name: str) -> DxsoPackage:
    return ledger_package(
        work.tenant.config,
        month=batch.month,
        folder_name=folder_name,
        created_at=work.now,
        documents=[part.for_dxso() for part in parts],
        xsd_dir=work.services.settings.datev.xsd_dir,
    )


def _accepted(work: Work, job_id: str, submission: SubmissionRow, message: str) -> Finish:
    return Finish(
        "submitted",
        message=message,
        details={"job": job_id, "reference_id": submission.reference_id},
        write=lambda tx: submissions.update(tx, submission.id, **accepted_values(job_id, work.now)),
        due_in=dxso_jobs.FIRST_POLL_AFTER * work.services.settings.time_scale,
    )
