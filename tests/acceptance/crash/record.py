"""Which points there are: deals are carried without any fault, and what all of them passed is the list."""

from dataclasses import dataclass

from connector.tenants.config import DatevFormat
from tests.acceptance.crash.flights import Carrier
from tests.acceptance.crash.hooks.naming import ANY
from tests.acceptance.crash.plan import Points
from tests.acceptance.crash.rows import Result, Row
from tests.acceptance.crash.world import World

WARM_UP = 1
"""Deals of each tenant before the recording: the first one reads what is kept from then on."""

TENANTS_OF_EACH = 2
"""So that deals are recorded beside each other and yet have a tenant of their own."""

RECORDED = 4
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
    points: dict[DatevFormat, tuple[str, ...]] = {}
    sometimes: list[str] = []
    carrier = Carrier(world, frozenset(), lambda _result: None, parallel=2 * TENANTS_OF_EACH)
    undisturbed = [Row(fmt, (), GROUP) for fmt in DatevFormat]
    _require_ok(carrier.carry(undisturbed * TENANTS_OF_EACH * WARM_UP))
    results = carrier.carry(undisturbed * RECORDED)
    _require_ok(results)
    for row in undisturbed:
        of_road = [result.new_points for result in results if result.name == row.name]
        passed = [[point for point in of_deal if not point.startswith("sweep:")] for of_deal in of_road]
        always = set(passed[0]).intersection(*passed[1:])
        points[row.format] = tuple(point for point in passed[0] if point in always)
        rest = {point for of_deal in of_road for point in of_deal} - always
        sometimes += [f"{row.format.value} {point}" for point in sorted(rest)]
    return Recording(points, _of_any(world), tuple(sometimes))


def _of_any(world: World) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(line["point"]) for line in world.lines("trace", ANY)))


def _require_ok(results: list[Result]) -> None:
    wrong = [f"{result.name}: {'; '.join(result.problems)}" for result in results if not result.ok]
    if wrong:
        raise UndisturbedDealFailedError("\n".join(wrong))
