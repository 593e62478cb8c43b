"""States and links as a table: nothing is left without a step, and no step without a state."""

from itertools import chain

import pytest

from connector.pipeline import batch_chain, run_chain, states
from connector.pipeline.states import BATCH_CHAIN, RUN_CHAIN, WRITE_BACK, links_from, passes
from connector.store import measures

SHARED = {"closed", "debtors_submitted"}
"""States that the debtors' links let pass to the postings', once there is nothing to do for debtors."""


@pytest.mark.parametrize(
    ("links", "working"),
    [((*RUN_CHAIN, WRITE_BACK), states.RUN_WORKING), (BATCH_CHAIN, states.BATCH_WORKING)],
)
def test_every_working_state_has_a_link_and_only_the_debtors_states_have_two(
    links: tuple[states.Link, ...], working: tuple[str, ...]
) -> None:
    worked_on = list(chain.from_iterable(link.states for link in links))

    assert set(working) == set(worked_on)
    assert {state for state in worked_on if worked_on.count(state) > 1} == SHARED & set(working)


def test_every_link_has_its_function() -> None:
    assert {link.name for link in (*RUN_CHAIN, WRITE_BACK)} == set(run_chain.FUNCTIONS)
    assert {link.name for link in BATCH_CHAIN} == set(batch_chain.FUNCTIONS)


@pytest.mark.parametrize(
    ("at_rest", "working", "every"),
    [
        (measures.RUN_AT_REST, states.RUN_WORKING, states.RUN_STATES),
        (measures.BATCH_AT_REST, states.BATCH_WORKING, states.BATCH_STATES),
    ],
)
def test_a_state_either_works_or_rests(
    at_rest: tuple[str, ...], working: tuple[str, ...], every: tuple[str, ...]
) -> None:
    assert sorted(every) == sorted((*at_rest, *working))


def test_before_and_in_the_batch_are_no_state_in_common() -> None:
    assert not set(states.RUN_BEFORE_HAND_OVER) & set(states.RUN_IN_BATCH)


@pytest.mark.parametrize(
    ("links", "state", "names"),
    [
        (RUN_CHAIN, "received", ["resolve", "build_debtor", "render", "upload_document", "join_batch"]),
        (RUN_CHAIN, "rendered", ["upload_document", "join_batch"]),
        (RUN_CHAIN, "batched", []),
        (RUN_CHAIN, "needs_attention", []),
        (BATCH_CHAIN, "closed", ["submit_debtors", "poll_debtors", "submit", "poll"]),
        (BATCH_CHAIN, "debtors_submitted", ["poll_debtors", "submit", "poll"]),
        (BATCH_CHAIN, "submitted", ["poll"]),
        (BATCH_CHAIN, "open", []),
    ],
)
def test_a_wake_up_call_carries_the_rest_of_the_chain(
    links: tuple[states.Link, ...], state: str, names: list[str]
) -> None:
    assert names == [link.name for link in links_from(links, state)]


@pytest.mark.parametrize(
    ("link", "state", "expected"),
    [
        ("submit_debtors", "submitted", True),
        ("submit", "submitted", True),
        ("poll", "submitted", False),
        ("submit", "debtors_submitted", False),
        ("poll", "posted", False),
    ],
)
def test_a_link_lets_pass_what_a_later_one_works_on(link: str, state: str, expected: bool) -> None:
    assert expected == passes(BATCH_CHAIN, link, state)
