"""How one link's outcome steers the Celery chain that carries it."""

from typing import Any

from celery import Task


class ChainStop(Exception):  # noqa: N818 - no error: the link did its work, and was the last one
    """Ends a link's task at this point, and with it the chain."""


class StoppableTask(Task):
    """A task that may end its chain and still has succeeded.

    Celery's own way, ``Ignore``, sends no event: Flower would show the task as running for ever.
    """

    max_retries = None
    """Coming back is a planned wait, however often; the row counts failures. Celery takes its own limit of
    three where a retry names none, and reports a crash."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run; a stopped chain loses what is left of it."""
        try:
            return self.run(*args, **kwargs)
        except ChainStop:
            self.request.chain = None
            return None
