"""A smaller burst than ``python -m tests.acceptance.burst`` sends, so that it can run every time."""

import random
from collections import Counter

from tests.acceptance.burst import Burst, Ended, make_burst, send_burst


def test_a_burst_with_duplicates_makes_one_run_a_deal_and_is_refused_nothing(rng: random.Random) -> None:
    burst = make_burst(1_000, rng.randrange(1_000_000))

    ended = send_burst(burst)

    assert [] == ended.problems(burst)
    assert 700 == ended.runs


def test_the_burst_is_what_it_says() -> None:
    burst = make_burst(1_000, 1)

    assert (1_000, 700) == (len(burst.bodies), burst.deals)
    assert 700 < burst.events < 850
    assert len(set(burst.bodies)) < 1_000, "some are the very same delivery"


def test_every_wrong_figure_is_named() -> None:
    ended = Ended(1.0, Counter({202: 1, 503: 1}), runs=2, deals=1, stored=2)

    assert [
        "answers other than 200 and 202: {503: 1}, not {}",
        "answers: 2, not 3",
        "runs: 2, not 1",
        "deliveries in the inbox: 2, not 1",
    ] == ended.problems(Burst([b""] * 3, deals=1, events=1))
