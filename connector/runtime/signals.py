"""Signals that ask for the end, turned into a plain question: has anyone asked?

Without this Ctrl-C would raise KeyboardInterrupt wherever the program happens to be, also in the middle of
stopping, and SIGTERM would end it on the spot and leave its processes behind.
"""

import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Protocol, Self

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Ctrl-C, a process manager, and a terminal that was closed."""


_Handler = Callable[[int, FrameType | None], Any] | int | signal.Handlers | None
"""What signal.signal takes and gives back."""


class _Stoppable(Protocol):
    def request_stop(self) -> None: ...


class StopRequests:
    """Within the block, signals that ask for the end set ``asked`` and reach the watched supervisor.

    Only in the main thread: Python delivers signals nowhere else.
    """

    def __init__(self) -> None:
        self.asked = threading.Event()
        self._watched: _Stoppable | None = None
        self._before: dict[int, _Handler] = {}

    def forward_to(self, supervisor: _Stoppable) -> None:
        """Let ``supervisor`` know, also if someone has asked already."""
        self._watched = supervisor
        if self.asked.is_set():
            supervisor.request_stop()

    def __enter__(self) -> Self:
        self._before = {number: signal.signal(number, self._ask) for number in STOP_SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        self.asked.set()
        if self._watched:
            self._watched.request_stop()
