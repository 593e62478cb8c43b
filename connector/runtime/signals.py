"""Signals that ask for the end, turned into a plain question: has anyone asked?

Without this Ctrl-C would raise KeyboardInterrupt wherever the program happens to be, also in the middle of
stopping, and SIGTERM would end it on the spot and leave its processes behind.
"""

import os
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

    Only in the main thread, where Python allows it. The handler itself does nothing: it would run between any
    two instructions of the main thread, also while that holds the very lock needed to set an event, and not
    before that thread wakes up. Instead the interpreter writes the signal's number into a pipe at once, and a
    thread of ours reads it.
    """

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.asked_by: int | None = None
        """Number of the signal that asked first."""
        self._turn = threading.Lock()
        self._watched: _Stoppable | None = None
        self._before: dict[int, _Handler] = {}

    def forward_to(self, supervisor: _Stoppable) -> None:
        """Let ``supervisor`` know, also if someone has asked already."""
        with self._turn:
            self._watched = supervisor
            if self.asked.is_set():
                supervisor.request_stop()

    def __enter__(self) -> Self:
        self._reading, self._writing = os.pipe()
        os.set_blocking(self._writing, False)
        self._listener = threading.Thread(target=self._listen, name="stop requests", daemon=True)
        self._listener.start()
        self._before = {number: signal.signal(number, _do_nothing) for number in STOP_SIGNALS}
        self._wakeup_before = signal.set_wakeup_fd(self._writing, warn_on_full_buffer=False)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        signal.set_wakeup_fd(self._wakeup_before)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        os.close(self._writing)
        self._listener.join()
        os.close(self._reading)

    def _listen(self) -> None:
        while number := os.read(self._reading, 1):
            if number[0] not in STOP_SIGNALS:
                continue
            with self._turn:
                self.asked_by = self.asked_by or number[0]
                self.asked.set()
                if self._watched:
                    self._watched.request_stop()


def _do_nothing(_number: int, _frame: FrameType | None) -> None:
    """Takes the place of the default, which would end the program."""
