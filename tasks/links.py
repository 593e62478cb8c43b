"""How one link's outcome steers the Celery chain that carries it."""

from celery import Task
from celery.exceptions import Ignore

from connector.pipeline.runner import Outcome


def follow(task: Task, outcome: Outcome) -> None:
    """Let the chain go on, come back to this link after a while, or stop here.

    Coming back keeps the rest of the chain. The row's ``due_at`` is the truth: if the countdown
    is lost with the broker, the sweep finds the row.

    :raises Ignore: to stop the chain cleanly.
    :raises celery.exceptions.Retry: to come back.
    """
    if outcome.again_in is not None:
        raise task.retry(countdown=outcome.again_in.total_seconds(), max_retries=None)
    if not outcome.go_on:
        raise Ignore
