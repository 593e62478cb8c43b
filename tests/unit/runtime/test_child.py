"""Backoff and the words for an end."""

import pytest

from connector.runtime.child import _how_it_ended, backoff_s


def test_the_backoff_doubles_from_a_fifth_of_a_second_to_five_seconds() -> None:
    assert [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0] == [round(backoff_s(deaths), 3) for deaths in range(1, 8)]


def test_ten_thousand_deaths_do_not_overflow_the_backoff() -> None:
    assert backoff_s(10_000) == 5.0


@pytest.mark.parametrize(
    ("code", "words"),
    [(0, "exit status 0"), (3, "exit status 3"), (-9, "killed by SIGKILL"), (-200, "killed by signal 200")],
)
def test_an_end_is_told_in_words(code: int, words: str) -> None:
    assert words == _how_it_ended(code)
