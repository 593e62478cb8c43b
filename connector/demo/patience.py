"""Does again what fails because a process is away: in the demo any of them may be killed on purpose."""

import time
from collections.abc import Callable
from typing import TypeVar

from connector.errors import AmbiguousError, TransientError

PATIENCE_S = 60.0
"""A killed process is back within some seconds, on a busy machine within twenty."""

PAUSE_S = 0.3
"""Between two tries; a person does not notice it."""


Result = TypeVar("Result")


class InterruptedDemoError(Exception):
    """Somebody asked for the end."""


class Patience:
    """Repeats what may be repeated.

    :param stopped: whether somebody asked for the end, which ends all patience.
    """

    def __init__(self, stopped: Callable[[], bool], *, patience_s: float = PATIENCE_S) -> None:
        self._stopped = stopped
        self._patience_s = patience_s

    def call(self, action: Callable[[], Result]) -> Result:
        """``action``'s result; it must be harmless to repeat.

        :raises InterruptedDemoError: somebody asked for the end.
        :raises ConnectorError: it still failed when the patience was over, or for another reason.
        """
        ends_at = time.monotonic() + self._patience_s
        while True:
            self.check()
            try:
                return action()
            except (TransientError, AmbiguousError):
                if time.monotonic() > ends_at:
                    raise
            time.sleep(PAUSE_S)

    def check(self) -> None:
        """Go on only if nobody asked for the end.

        :raises InterruptedDemoError: somebody did.
        """
        if self._stopped():
            raise InterruptedDemoError
