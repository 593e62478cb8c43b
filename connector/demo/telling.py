"""What the demo says on the terminal: every line of the live part with the time since the start."""

import threading
import time
from collections.abc import Callable


class Teller:
    """Says lines one at a time, because the supervisors speak from threads of their own."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._started_at = time.monotonic()
        self._turn = threading.Lock()

    @property
    def elapsed_s(self) -> float:
        """Seconds since the demo began."""
        return time.monotonic() - self._started_at

    def live(self, text: str) -> None:
        """Something that happens now."""
        self.plain(f"{f'+{self.elapsed_s:.1f} s':>9}  {text}")

    def plain(self, text: str = "") -> None:
        """A line of a table, or an empty one."""
        with self._turn:
            self._say(text)
