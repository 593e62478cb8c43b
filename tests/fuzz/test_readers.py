"""A bounded selection of what ``make fuzz`` does: the same inputs in every build."""

import itertools

import pytest

from connector.errors import DataError, Problem
from tests.fuzz.run import failure_of, inputs
from tests.fuzz.targets import TARGETS, Target

SEED = "1"
"""Fixed: a build must not fail by chance."""


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_damaged_content_is_read_or_refused_and_never_a_bug(target: Target) -> None:
    failures = (
        failure_of(target, content) for content in itertools.islice(inputs(target, SEED), target.inputs)
    )
    first = next(filter(None, failures), None)
    assert first is None, f"{first and first.what}\n{first and first.content[:2000]!r}"


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_the_undamaged_samples_are_answered_too(target: Target) -> None:
    assert [] == [failure for sample in target.samples if (failure := failure_of(target, sample))]


def _refusing(_content: bytes, _folder: object) -> None:
    raise DataError([Problem("x", "x", "x", "x")])


def test_an_error_of_ours_is_a_good_answer_and_any_other_is_a_finding() -> None:
    assert failure_of(Target("t", [b""], _refusing), b"") is None
    found = failure_of(Target("t", [b""], lambda content, _folder: int(content)), b"no number")
    assert found is not None
    assert found.what.strip().endswith("invalid literal for int() with base 10: b'no number'")


def test_the_same_seed_damages_in_the_same_way_and_really_damages() -> None:
    target = Target("t", [b"abcdefgh" * 20], lambda content, _folder: content)
    first, again = (list(itertools.islice(inputs(target, "7"), 50)) for _number in range(2))
    assert first == again
    assert len(set(first)) > 40
    assert target.samples[0] not in first[:5]
