"""Wake-up calls that threads leave to each other: no row goes without one that needs it."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event, Thread

import pytest

from tasks.broker import Woken
from tasks.combined_wake import CombinedWake

PATIENCE_S = 10


class Broker:
    """Notes the calls; the first one may last until it is let go."""

    def __init__(self, *answers: Woken) -> None:
        self.called: list[tuple[int, int]] = []
        self.answers = list(answers)
        self.reached, self.go_on = Event(), Event()
        self.go_on.set()

    def __call__(self, run_id: int, tenant_id: int) -> Woken:
        """One call."""
        self.called.append((run_id, tenant_id))
        answer = self.answers.pop(0) if self.answers else Woken.SENT
        self.reached.set()
        self.go_on.wait(PATIENCE_S)
        return answer


def with_a_call_under_way(broker: Broker, *later: tuple[int, int]) -> None:
    """Run 1 of tenant 7 is being called for while the later rows come; then all goes on."""
    wake = CombinedWake(broker)
    broker.go_on.clear()
    first = Thread(target=wake, args=(1, 7))
    first.start()
    assert broker.reached.wait(PATIENCE_S)
    for row in later:
        wake(*row)
    broker.go_on.set()
    first.join(PATIENCE_S)


def test_a_row_alone_is_called_for_at_once() -> None:
    broker = Broker()

    CombinedWake(broker)(4711, 7)

    assert [(4711, 7)] == broker.called


def test_rows_that_come_during_a_call_are_left_to_its_thread() -> None:
    broker = Broker()

    with_a_call_under_way(broker, (2, 7), (3, 8))

    assert [(1, 7), (2, 7), (3, 8)] == broker.called


def test_a_full_share_met_before_a_row_was_stored_does_not_speak_for_it() -> None:
    broker = Broker(Woken.FULL)

    with_a_call_under_way(broker, (2, 7))

    assert [(1, 7), (2, 7)] == broker.called


@pytest.mark.parametrize("answer", [Woken.FULL, Woken.LOST])
def test_of_one_round_a_full_share_is_asked_once_and_others_still_are(answer: Woken) -> None:
    broker = Broker(Woken.SENT, answer)

    with_a_call_under_way(broker, (2, 7), (3, 7), (4, 8), (5, 7))

    assert [(1, 7), (2, 7), (4, 8)] == broker.called


@pytest.mark.parametrize("answer", [Woken.SENT, Woken.UNDER_WAY])
def test_where_there_may_be_room_every_row_is_called_for(answer: Woken) -> None:
    broker = Broker(Woken.SENT, answer)

    with_a_call_under_way(broker, (2, 7), (3, 7))

    assert [(1, 7), (2, 7), (3, 7)] == broker.called


def test_of_many_threads_at_once_no_row_is_left_behind() -> None:
    broker = Broker()
    wake = CombinedWake(broker)

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda number: wake(number, 7), range(2_000)))

    assert list(range(2_000)) == sorted(run_id for run_id, _tenant in broker.called)
