"""debtors_submitted and submitted: asking DATEV what became of a file, ever more rarely."""

import random
from collections.abc import Callable
from datetime import timedelta

from connector.datev import dxso_jobs
from connector.datev.extf_files import ExtfJob, JobResult, get_job
from connector.datev.operations import Api
from connector.datev.polling import FIRST_POLL_AFTER, next_poll
from connector.errors import NotFoundError, PermissionMissingError
from connector.pipeline.batches import post_runs
from connector.pipeline.hand_over import extf, ledger
from connector.pipeline.hand_over.claimed_batch import (
    claimed_batch,
    latest_submission,
)
from connector.pipeline.hand_over.extf import Content
from connector.pipeline.hand_over.submission_client import asking_its_client, client_of
from connector.pipeline.partners import datev_api
from connector.pipeline.runner import Finish, Park, PassOn, Result, Wait, Work, park_tenant
from connector.store import Transaction, debtors, submissions
from connector.store.submissions import SubmissionRow
from connector.tenants.config import DatevFormat

HANDED_OVER = {
    DatevFormat.EXTF: "An DATEV übergeben, Einlesen in Rechnungswesen steht aus.",
    DatevFormat.DXSO: "Buchungsvorschlag an DATEV übergeben.",
}
"""What "posted" means, and no more: DATEV's data centre accepted the hand-over."""

TRY_AGAIN_CODE = "1008837"
"""DATEV: the job failed, try again."""


def poll_debtors(work: Work) -> Result:
    """Ask about the debtors' file; the postings wait until it has succeeded."""
    with work.services.database.transaction() as tx:
        submission = latest_submission(tx, claimed_batch(tx, work).id, extf.DEBTORS.name)
    if submission is None or submission.state == "succeeded":
        return PassOn()

    def done(tx: Transaction) -> None:
        _succeed(tx, work, submission)
        debtors.mark_transferred(tx, submission.id, now=work.now)

    return _poll_extf(
        work,
        extf.DEBTORS,
        submission,
        Finish(extf.DEBTORS.submitted, message="DATEV has the debtors.", write=done),
    )


def poll(work: Work) -> Result:
    """Ask about the postings; when DATEV has them, the batch and its runs are posted."""
    with work.services.database.transaction() as tx:
        batch = claimed_batch(tx, work)
        fmt = DatevFormat(batch.format)
        name = ledger.CONTENT if fmt is DatevFormat.DXSO else extf.POSTINGS.name
        submission = latest_submission(tx, batch.id, name)
    if submission is None:
        raise NotFoundError(f"Batch {work.claim.id} has no submission.")

    def done(tx: Transaction) -> None:
        _succeed(tx, work, submission)
        post_runs(
            tx, tenant_id=work.tenant.id, batch_id=work.claim.id, now=work.now, message=HANDED_OVER[fmt]
        )

    finish = Finish("posted", message=HANDED_OVER[fmt], write=done, due_in=None)
    if fmt is DatevFormat.DXSO:
        return _poll_dxso(work, submission, finish)
    return _poll_extf(work, extf.POSTINGS, submission, finish)


def _poll_extf(work: Work, content: Content, submission: SubmissionRow, finish: Finish) -> Result:
    api = datev_api(work.services, work.tenant, work.budget, Api.EXTF)
    with asking_its_client(work, submission):
        job = get_job(
            api,
            client_of(work, submission),
            submission.job_id,
            reference_id=submission.reference_id,
            file_name=submission.file_name,
        )
    if job.result is JobResult.PENDING:
        return _not_yet(work, content.submitted, submission, first=FIRST_POLL_AFTER)
    if job.result is JobResult.SUCCEEDED:
        return finish
    return _extf_failed(work, content, submission, job)


def _extf_failed(work: Work, content: Content, submission: SubmissionRow, job: ExtfJob) -> Result:
    failure = job.failure()
    if failure is None:
        raise NotFoundError(f"DATEV's job {job.id} has no verdict.")
    failed = _failing(work, submission, dict(failure.details()))
    code = failure.answer.partner_code if failure.answer else ""
    if code == TRY_AGAIN_CODE and submission.attempt < extf.MOST_ATTEMPTS:
        return Finish(
            content.before,
            message="DATEV asks to try again; the next attempt follows.",
            details=failure.details(),
            write=failed,
            due_in=work.services.timers.retry_first,
            goes_on=False,
        )
    if isinstance(failure, PermissionMissingError):
        return _permission_missing(work, content, failure, failed)
    return Park(
        failure.code,
        failure.message,
        failure.cure,
        resume_state=content.before,
        details=failure.details(),
        write=failed,
    )


def _permission_missing(
    work: Work, content: Content, failure: PermissionMissingError, failed: Callable[[Transaction], None]
) -> Finish:
    """1008838: the adviser has to act; the tenant waits, and then the next attempt follows by itself."""

    def write(tx: Transaction) -> None:
        failed(tx)
        park_tenant(tx, work, "poll", failure)

    return Finish(
        content.before, message=failure.message, details=failure.details(), write=write, goes_on=False
    )


def _poll_dxso(work: Work, submission: SubmissionRow, finish: Finish) -> Result:
    api, client_id = (
        datev_api(work.services, work.tenant, work.budget, Api.DXSO),
        client_of(work, submission),
    )
    with asking_its_client(work, submission):
        status = dxso_jobs.job_status(api, client_id, submission.job_id)
    if status in ledger.STILL_RUNNING:
        return _not_yet(work, "submitted", submission, first=dxso_jobs.FIRST_POLL_AFTER)
    if status is dxso_jobs.JobStatus.SUCCEEDED:
        return finish
    entries = dxso_jobs.protocol_entries(api, client_id, submission.job_id)
    with work.services.database.transaction() as tx:
        names = submissions.files_of_job(tx, submission.id, submission.job_id)
    problem = ledger.problem_of(status, entries, names)
    if problem is None:
        return finish
    details: dict[str, object] = {
        "status": status.name,
        "protocol": [ledger.entry_as_dict(entry) for entry in entries],
    }
    return Park(
        problem.code,
        problem.message,
        problem.cure,
        resume_state="closed",
        details=details,
        write=_failing(work, submission, details),
    )


def _not_yet(work: Work, state: str, submission: SubmissionRow, *, first: timedelta) -> Result:
    polls = submission.polls + 1
    due_at = next_poll(
        polls,
        now=work.now,
        hours=work.tenant.config.hours,
        jitter=random.random,
        time_scale=work.services.settings.time_scale,
        first=first,
    )
    if due_at is None:
        return Park(
            "datev_silent",
            "DATEV has not answered for a day.",
            "Ask again: ml-connector run retry RUN",
            resume_state=state,
            details={"job": submission.job_id},
            write=lambda tx: submissions.update(tx, submission.id, polls=0),
        )
    return Wait(
        due_at - work.now,
        "DATEV is still working on the file.",
        write=lambda tx: submissions.update(tx, submission.id, polls=polls),
    )


def _succeed(tx: Transaction, work: Work, submission: SubmissionRow) -> None:
    submissions.update(tx, submission.id, state="succeeded", finished_at=work.now)


def _failing(
    work: Work, submission: SubmissionRow, answer: dict[str, object]
) -> Callable[[Transaction], None]:
    return lambda tx: submissions.update(
        tx, submission.id, state="failed", finished_at=work.now, answer=answer
    )
