"""Which points there are: deals are carried without any fault, and what all of them passed is the list."""

from dataclasses import dataclass

from connector.tenants.config import DatevFormat
from tests.acceptance.crash.flights import Carrier
from tests.acceptance.crash.hooks.naming import ANY
from tests.acceptance.crash.plan import Points
from tests.acceptance.crash.rows import Result, Row
from tests.acceptance.crash.world import World

WARM_UP = 1
"""Deals of each road before the recording: the first one of a tenant reads what is kept from then on."""

RECORDED = 3
"""Deals of each road. What only some of them passed depends on who was faster, and is not demanded."""

GROUP = "no fault"


class UndisturbedDealFailedError(Exception):
    """A deal went wrong without any fault: the matrix would prove nothing."""


@dataclass(frozen=True, slots=True)
class Recording:
    """The points of the present code."""

    points: Points
    of_any: tuple[str, ...]
    sometimes: tuple[str, ...]

    @property
    def known(self) -> frozenset[str]:
        """Every point that was passed without a fault."""
        always = {f"{fmt.value} {point}" for fmt, passed in self.points.items() for point in passed}
        return frozenset({*always, *self.sometimes})


def record(world: World) -> Recording:
    """Carry deals of both roads one after the other.

    :raises UndisturbedDealFailedError: one did not arrive.
    """
    points, sometimes = {}, []
    carrier = Carrier(world, frozenset(), lambda _result: None, parallel=2)
    for fmt in DatevFormat:
        row = Row(fmt, (), GROUP)
        _require_ok(carrier.carry([row] * WARM_UP * len(world.members)))
        results = carrier.carry([row] * RECORDED)
        _require_ok(results)
        passed = [[p for p in result.new_points if not p.startswith("sweep:")] for result in results]
        always = set(passed[0]).intersection(*passed[1:])
        points[fmt] = tuple(point for point in passed[0] if point in always)
        rest = {point for result in results for point in result.new_points} - always
        sometimes += [f"{fmt.value} {point}" for point in sorted(rest)]
    return Recording(points, _of_any(world), tuple(sometimes))


def _of_any(world: World) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(line["point"]) for line in world.lines("trace", ANY)))


def _require_ok(results: list[Result]) -> None:
    wrong = [f"{result.name}: {'; '.join(result.problems)}" for result in results if not result.ok]
    if wrong:
        raise UndisturbedDealFailedError("\n".join(wrong))
