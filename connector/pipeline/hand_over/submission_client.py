"""The DATEV client that a submission went to, which need not be the tenant's present one.

A file is rendered for one client and handed to it. If the tenant is set up for another client before DATEV
has answered, only the first one knows what became of the file: asked anywhere else, DATEV would deny having
it, and it would be sent a second time.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from connector.errors import NotFoundError, PermanentError, PermissionMissingError
from connector.pipeline.runner import Work
from connector.store.submissions import SubmissionRow


def client_of(work: Work, submission: SubmissionRow) -> str:
    """Where to ask for the submission, ``<consultant>-<client>``.

    A submission from before the client was noted is asked for where the tenant books now.
    """
    return submission.client_id or present_client(work)


def present_client(work: Work) -> str:
    """Where the tenant books now: what is rendered now, is rendered for this client."""
    return work.tenant.config.datev.client_id


def is_elsewhere(work: Work, submission: SubmissionRow) -> bool:
    """Whether the tenant books into another client by now."""
    return client_of(work, submission) != present_client(work)


@contextmanager
def asking_its_client(work: Work, submission: SubmissionRow) -> Iterator[None]:
    """A login that no longer reaches an earlier client stops the one batch, not the whole tenant.

    :raises PermanentError: instead of DATEV's refusal, where the submission lies at another client.
    """
    try:
        yield
    except (PermissionMissingError, NotFoundError) as e:
        if not is_elsewhere(work, submission):
            raise
        earlier, present = client_of(work, submission), present_client(work)
        raise PermanentError(
            f"The file {submission.file_name} was handed to the DATEV client {earlier}. The tenant is set up "
            f"for {present} by now, and its login does not reach {earlier}: what became of the file is not "
            "known.",
            code="handed_to_other_client",
            cure=f"Set the tenant up for {earlier} once more, connect it to DATEV, then: ml-connector run "
            "retry RUN. Or look for the file in that client, and cancel the run if it was booked there.",
            answer=e.answer,
        ) from e
