"""A few points of the fault matrix, others with every seed. All: ``python -m tests.acceptance.faults``."""

import random
from collections.abc import Iterator

import pytest

from tests.acceptance.faults import table, trial
from tests.acceptance.faults.matrix import row
from tests.acceptance.faults.world import World, world

POINTS = 8
"""About a second each."""


@pytest.fixture(scope="module")
def place() -> Iterator[World]:
    """Servers for the points of this module."""
    with world() as found:
        yield found


def test_points_of_the_matrix_come_out_as_its_table_says(place: World, rng: random.Random) -> None:
    matrix = table.load()
    chosen = rng.sample(table.one_of_each_family(matrix), POINTS)

    tried = [(point, trial.run(place, point, matrix)) for point in chosen]

    assert [] == [row(point, seen) for point, seen in tried if seen.wrong]


def test_a_point_that_comes_out_otherwise_is_told(place: World) -> None:
    matrix = table.load()
    point = next(one for one in matrix if str(one) == "pipedrive deal error_503_before")
    wrong = table.Point(point.call, point.fault, table.Expected("done", made=3), point.family)

    told = row(wrong, trial.run(place, wrong, matrix))

    assert "FAILED" in told
    assert "state: expected 'done', seen 'waits'" in told
    assert "made: expected 3, seen 1" in told


def test_a_fault_that_never_fires_is_told(place: World) -> None:
    matrix = table.load()
    point = next(one for one in matrix if str(one) == "pipedrive deal error_503_before")
    never = table.Call("never", "pipedrive", "GET /nothing", "GET /nothing$")

    seen = trial.run(place, table.Point(never, point.fault, point.expected, point.family), matrix)

    assert ["broke off: AssertionError: the fault never fired"] == seen.wrong


def test_every_call_is_tried_with_every_kind_of_fault() -> None:
    matrix = table.load()
    tried = {(point.call.name, point.fault.name) for point in matrix}
    calls = {point.call.name for point in matrix if not point.call.only}
    kinds = (
        "timeout_before",
        "reset_before",
        "unauthorized",
        "forbidden",
        "html_403",
        "not_found",
        "conflict",
        "too_large",
        "rate_limited",
        "rate_limited_told",
        "error_500_before",
        "error_503_before",
        "malformed",
    )
    assert set() == {(call, kind) for call in calls for kind in kinds} - tried
