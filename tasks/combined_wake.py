"""The receiver's wake-up calls: a thread that comes while another one calls leaves its row to that one.

Deliveries are answered side by side, and a call of each would let all of them wait for the broker in turn.
And of a round of rows, all stored before its first call, those of a tenant whose share is used up need no
call of their own: the first one has left its note in the broker, and whichever chain takes the note looks at
the rows after that (:meth:`tasks.broker.Broker.end`).
"""

from collections import deque
from collections.abc import Callable
from threading import Lock

from tasks.broker import Woken

Call = Callable[[int, int], Woken | None]
"""One wake-up call for a run of a tenant, by their ids."""

_NOBODY_ELSE = (Woken.FULL, Woken.LOST)
"""After these another call for the same tenant changes nothing: there is no room, or no broker."""


class CombinedWake:
    """Safe to share between threads, none of which waits for another's call.

    :param call: must not raise.
    """

    def __init__(self, call: Call) -> None:
        self._call = call
        self._waiting: deque[tuple[int, int]] = deque()
        self._calling = Lock()

    def __call__(self, run_id: int, tenant_id: int) -> None:
        """See to it that a worker is told of a stored run; whoever calls now may do it for us."""
        self._waiting.append((run_id, tenant_id))
        # Asked again after each round: a row may have come between the last look and the lock's release.
        while self._waiting and self._calling.acquire(blocking=False):
            try:
                self._call_for_all()
            finally:
                self._calling.release()

    def _call_for_all(self) -> None:
        done: set[int] = set()
        for _ in range(len(self._waiting)):
            run_id, tenant_id = self._waiting.popleft()
            if tenant_id not in done and self._call(run_id, tenant_id) in _NOBODY_ELSE:
                done.add(tenant_id)
