"""What is said of a process."""

from connector.runtime.specs import Event, EventKind


def test_processes_of_one_name_to_which_the_same_happened_are_one_line() -> None:
    event = Event(EventKind.LEFTOVER, "postgres", 41, others=(42, 43))

    assert "postgres (pid 41 and 2 more) leftover ended" == str(event)


def test_a_single_process_is_told_with_its_number() -> None:
    assert "web (pid 7) died: code 1" == str(Event(EventKind.DIED, "web", 7, "code 1"))
