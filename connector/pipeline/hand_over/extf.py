"""Handing EXTF files over: intent first, then the import; a lost answer is looked up, never repeated blindly.

The import has no idempotency key and DATEV must be assumed to accept a second identical
file. What may be repeated is decided by what is known about the first try, its *doubt*.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from connector.accounting.identity import extf_file_name, reference_id
from connector.clock import scaled
from connector.datev.extf_files import find_job, import_file
from connector.datev.operations import Api
from connector.datev.polling import FIRST_POLL_AFTER
from connector.errors import (
    AmbiguousError,
    ConfigurationError,
    ConnectorError,
    PermanentError,
    PermissionMissingError,
    ReconnectNeededError,
    TransientError,
)
from connector.pipeline.hand_over.claimed_batch import accepted_values, note_on_submission
from connector.pipeline.hand_over.submission_client import (
    asking_its_client,
    client_of,
    is_elsewhere,
    present_client,
)
from connector.pipeline.partners import datev_api
from connector.pipeline.runner import Finish, Park, Result, Wait, Work
from connector.store import Transaction, claims, submissions
from connector.store.batches import BatchRow
from connector.store.submissions import SubmissionRow

FIRST_LOOKUP_AFTER = timedelta(seconds=20)
"""A job may need a moment to appear in DATEV's list; how long is not published."""

SECOND_LOOKUP_AFTER = timedelta(minutes=10)
"""Only a file that is missing twice, this far apart, counts as not taken."""

LOOKUPS = 2


class Doubt(StrEnum):
    """Why it is not known whether DATEV took the file."""

    NONE = ""
    """No answer was written down: the worker is sending, or died while it was."""
    NOT_SENT = "not_sent"
    """Certainly not taken: not sent yet, DATEV was not reached, or it refused before reading."""
    NO_ANSWER = "no_answer"
    """Timeout or reset after sending."""
    SERVER_ERROR = "server_error"
    """500: DATEV says not to repeat."""
    UNAVAILABLE = "unavailable"
    """503: DATEV says to repeat, but may have taken it."""


REPEATABLE = (Doubt.UNAVAILABLE,)
"""Repeated by ourselves, as another attempt, once the file is missing twice, because DATEV says so.

In every other doubt a human decides, or the tenant's ``resend_when_not_found`` has decided already: how
soon a job appears in DATEV's list is not published, so "not listed" does not prove "not taken".
"""


MOST_ATTEMPTS = 3
"""Of one file, made by ourselves because DATEV asks to try again; after that something else is wrong."""


@dataclass(frozen=True, slots=True)
class Content:
    """One kind of EXTF file in the life of a batch."""

    name: str
    """``debtors`` or ``postings``, as in the submission table."""
    submitting: str
    """State of the batch from the intent until DATEV's answer."""
    submitted: str
    """State from DATEV's answer until its verdict."""
    before: str
    """State from which a new attempt starts after a failure."""


DEBTORS = Content("debtors", "debtors_submitting", "debtors_submitted", "closed")
POSTINGS = Content("postings", "submitting", "submitted", "closed")


def begin(
    work: Work,
    batch: BatchRow,
    content: Content,
    file: bytes,
    *,
    more: Callable[[Transaction, int], None] | None = None,
) -> Result:
    """Commit the intent, then hand the file over."""
    with work.services.database.transaction() as tx:
        submission = _intend(tx, work, batch, content, file, more)
    return _send(work, content, submission)


def resume(work: Work, batch: BatchRow, content: Content, submission: SubmissionRow) -> Result:
    """Go on with a hand-over whose end is not known."""
    if submission.doubt == Doubt.NOT_SENT:
        return _send_or_render_anew(work, content, submission)
    with asking_its_client(work, submission):
        job = find_job(
            datev_api(work.services, work.tenant, work.budget, Api.EXTF),
            client_of(work, submission),
            reference_id=submission.reference_id,
            file_name=submission.file_name,
        )
    if job is not None:
        return _accepted(
            work, content, submission, job.id, None, "DATEV has the file; its answer had been lost."
        )
    if submission.lookups + 1 < LOOKUPS:
        return Wait(
            scaled(SECOND_LOOKUP_AFTER, work.services.settings.time_scale),
            "DATEV does not list the file yet; it is looked up again before anything is repeated.",
            write=lambda tx: submissions.update(tx, submission.id, lookups=submission.lookups + 1),
        )
    allowed = submission.doubt in REPEATABLE or work.tenant.config.datev.resend_when_not_found
    if allowed and submission.attempt < MOST_ATTEMPTS:
        return _repeat(work, batch, content, submission)
    return Park(
        "hand_over_unclear",
        f"It is not known whether DATEV took the file {submission.file_name}: it does not list it.",
        "Look for the file in DATEV. If DATEV shows it: ml-connector run retry RUN looks it up again and "
        "takes it over. If it is certainly not there: ml-connector run retry RUN --send-again",
        details={"reference_id": submission.reference_id, "doubt": submission.doubt},
    )


def _intend(
    tx: Transaction,
    work: Work,
    batch: BatchRow,
    content: Content,
    file: bytes,
    more: Callable[[Transaction, int], None] | None,
) -> SubmissionRow:
    """Write down what is about to be handed over, and that nothing has been sent yet."""
    attempt = len(submissions.of_batch(tx, batch.id, content.name)) + 1
    file_name = extf_file_name(work.tenant.key, batch.id, attempt, content.name)
    submission_id = submissions.intend(
        tx,
        batch_id=batch.id,
        content=content.name,
        attempt=attempt,
        reference_id=reference_id(work.tenant.key, batch.id, attempt, content.name),
        file_name=file_name,
        file=file,
        sha256=hashlib.sha256(file).hexdigest(),
        now=work.now,
        client_id=present_client(work),
        doubt=Doubt.NOT_SENT,
    )
    if more:
        more(tx, submission_id)
    work.claim = claims.move(
        tx,
        work.claim,
        content.submitting,
        now=work.now,
        actor=content.name,
        due_at=work.now,
        keep=True,
        message=f"About to hand over {file_name}.",
    )
    return submissions.of_batch(tx, batch.id, content.name)[-1]


def _send_or_render_anew(work: Work, content: Content, submission: SubmissionRow) -> Result:
    if is_elsewhere(work, submission):
        return _render_anew(work, content, submission)
    return _send(work, content, submission)


def _send(work: Work, content: Content, submission: SubmissionRow) -> Result:
    api = datev_api(work.services, work.tenant, work.budget, Api.EXTF)
    with work.services.database.transaction() as tx:
        file = submissions.file_of(tx, submission.id)
    note_on_submission(work, submission.id, doubt=Doubt.NONE, lookups=0)
    try:
        accepted = import_file(
            api,
            client_of(work, submission),
            file_name=submission.file_name,
            reference_id=submission.reference_id,
            content=file,
        )
    except AmbiguousError as e:
        return Wait(
            scaled(FIRST_LOOKUP_AFTER, work.services.settings.time_scale),
            e.message,
            write=_noting(submission, doubt=_doubt(e), answer=dict(e.details())),
        )
    except (TransientError, ReconnectNeededError, PermissionMissingError):
        note_on_submission(work, submission.id, doubt=Doubt.NOT_SENT)
        raise
    except (PermanentError, ConfigurationError) as e:
        return refused(work, content, submission, e)
    return _accepted(work, content, submission, accepted.job_id, accepted.retry_after, "DATEV took the file.")


def refused(work: Work, content: Content, submission: SubmissionRow, e: ConnectorError) -> Park:
    """DATEV refused the file for good: a human mends the reason, then a new file follows as next attempt."""
    return Park(
        e.code,
        e.message,
        e.cure,
        resume_state=content.before,
        details=e.details(),
        write=_noting(submission, state="failed", finished_at=work.now, answer=dict(e.details())),
    )


def _noting(submission: SubmissionRow, **values: object) -> Callable[[Transaction], None]:
    return lambda tx: submissions.update(tx, submission.id, **values)


def _doubt(e: AmbiguousError) -> Doubt:
    status = e.answer.status if e.answer else None
    if status == 503:
        return Doubt.UNAVAILABLE
    return Doubt.NO_ANSWER if status is None else Doubt.SERVER_ERROR


def _accepted(
    work: Work,
    content: Content,
    submission: SubmissionRow,
    job_id: str,
    retry_after: timedelta | None,
    message: str,
) -> Finish:
    return Finish(
        content.submitted,
        message=message,
        details={
            "job": job_id,
            "reference_id": submission.reference_id,
            "file_name": submission.file_name,
        },
        write=_noting(submission, **accepted_values(job_id, work.now)),
        due_in=retry_after or scaled(FIRST_POLL_AFTER, work.services.settings.time_scale),
    )


def _repeat(work: Work, batch: BatchRow, content: Content, submission: SubmissionRow) -> Result:
    """The file is missing twice: give the first attempt up and start the next one, visibly another."""
    if is_elsewhere(work, submission):
        return _render_anew(work, content, submission)

    def carry_on(tx: Transaction, submission_id: int) -> None:
        carried = submissions.debtors_in(tx, submission.id)
        if carried:
            submissions.add_debtors(tx, submission_id, carried)

    with work.services.database.transaction() as tx:
        submissions.update(tx, submission.id, state="abandoned", finished_at=work.now)
        file = submissions.file_of(tx, submission.id)
        following = _intend(tx, work, batch, content, file, carry_on)
    return _send(work, content, following)


def _render_anew(work: Work, content: Content, submission: SubmissionRow) -> Finish:
    """DATEV has not got the file, and it names a client the tenant no longer books into: make another one."""
    return Finish(
        content.before,
        message=f"The file {submission.file_name} was for another DATEV client and is made anew.",
        write=_noting(submission, state="abandoned", finished_at=work.now),
        goes_on=False,
    )
