"""A seeded handful of the crash matrix (all of it: ``make crash``): each deal is booked once all the same."""

import random
import re

from connector import log
from connector.tenants.config import DatevFormat
from tests.acceptance.crash.flights import Carrier
from tests.acceptance.crash.rows import Fault, Result, Row
from tests.acceptance.crash.tenants import members
from tests.acceptance.crash.world import World

SCALE = 0.05
"""A lease of 9 s. Not shorter: at this scale a call to a partner may take 1.5 s, also on a busy machine."""

OF_EACH_ROAD = 3

WAITS_FOR_LOOKUPS = ("extf-files/import", "batch, submission", "submission=accepted")
"""A worker that dies while it hands a file over leaves a doubt: DATEV's list is looked up twice, ten minutes
apart: half a minute at this scale."""

DIFFERS_AT_FIRST = "run.resolve"
"""A tenant's first deal reads Pipedrive's field definitions, too, which are kept from then on."""


def test_processes_killed_at_named_points_change_nothing(rng: random.Random) -> None:
    log.configure(level="CRITICAL", fmt="text")
    with World(members(1), scale=SCALE) as world:
        carrier = Carrier(world, frozenset(), lambda _result: None, parallel=6, in_a_hurry=True)
        undisturbed = carrier.carry([Row(fmt, (), "recorded") for fmt in DatevFormat])
        assert [()] * len(undisturbed) == [result.problems for result in undisturbed]

        rows = [
            Row(fmt, (Fault(point),), "points")
            for fmt, recorded in zip(DatevFormat, _in_order(undisturbed), strict=True)
            for point in rng.sample(recorded, OF_EACH_ROAD)
        ]
        results = carrier.carry(rows)

    assert {row.name: () for row in rows} == {result.name: result.problems for result in results}


def _in_order(undisturbed: list[Result]) -> list[list[str]]:
    by_name = {result.name: result for result in undisturbed}
    recorded = [by_name[Row(fmt, (), "recorded").name] for fmt in DatevFormat]
    return [[point for point in result.new_points if _is_quick(point)] for result in recorded]


COMES_BACK = re.compile(r"(\w+\.\w+):.* publish \1")
"""A poll that finds DATEV still at work comes back; another deal's may find the answer at once."""


def _is_quick(point: str) -> bool:
    slow = any(text in point for text in WAITS_FOR_LOOKUPS)
    return (
        not slow
        and not COMES_BACK.match(point)
        and not point.startswith((DIFFERS_AT_FIRST, "sweep:", "web."))
    )
