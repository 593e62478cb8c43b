"""Which rows the matrix has: made from points that were recorded, not from a list that somebody keeps."""

import random
from collections.abc import Iterable, Mapping, Sequence
from itertools import count

from connector.tenants.config import DatevFormat
from tests.acceptance.crash.renewals import is_of_renewal
from tests.acceptance.crash.rows import Action, Fault, Result, Row

POINTS = "points"
RECOVERIES = "recoveries"
SERVERS = "servers"
ROLLING = "rolling deploy"
RENEWALS = "renewals"
FULL_SCALE = "time scale 1"
MANY = "many"

KILLS_AT_FULL_SCALE = 10

_MAIN_PROCESSES = (Action.KILL_WEB, Action.KILL_BEAT, Action.KILL_SANDBOX)

Points = Mapping[DatevFormat, Sequence[str]]
"""What deals of each road pass, in the order of passing."""


def at_every_point(points: Points, of_any: Sequence[str]) -> list[Row]:
    """A kill at each point, a cut in each transaction."""
    rows = [Row(DatevFormat.EXTF, (Fault(point),), POINTS) for point in of_any if not _in_beat(point)]
    for fmt, passed in points.items():
        rows += [Row(fmt, (Fault(point),), POINTS) for point in passed]
        rows += [Row(fmt, (Fault(point, Action.CUT),), POINTS) for point in passed if _has_a_middle(point)]
    return rows


def on_the_way_back(first: Iterable[Result], rows: Iterable[Row]) -> list[Row]:
    """A second kill at each point that deals passed only because of a first: look-ups, repeats, sweeps."""
    by_name = {row.name: row for row in rows}
    seen: set[tuple[DatevFormat, str]] = set()
    more = []
    for result in first:
        row = by_name[result.name]
        for point in result.new_points:
            if (row.format, point) not in seen:
                seen.add((row.format, point))
                more.append(Row(row.format, (*row.faults, Fault(point)), RECOVERIES, by_chance=True))
    return more


def of_renewals(recorded: Iterable[Result]) -> list[Row]:
    """A kill at each point of a renewal, as undisturbed deals with an ended token passed them."""
    rows = [
        Row(DatevFormat(result.name.strip()), (Fault(point),), RENEWALS)
        for result in recorded
        for point in result.new_points
        if is_of_renewal(point)
    ]
    return list(dict.fromkeys(rows))


def of_servers(points: Points, of_any: Sequence[str], rng: random.Random) -> list[Row]:
    """Valkey killed and wiped at each publish, PostgreSQL at a commit of each step, whole workers where they
    have claimed, the main processes; beat at its own points."""
    rows = [Row(DatevFormat.EXTF, (Fault(point),), SERVERS) for point in of_any if _in_beat(point)]
    for fmt, passed in points.items():
        rows += [Row(fmt, (Fault(point, Action.KILL_WORKER),), SERVERS) for point in _claims(passed)]
        publishes = [point for point in passed if ":before publish " in point]
        rows += [Row(fmt, (Fault(point, Action.KILL_VALKEY),), SERVERS) for point in publishes]
        rows += [
            Row(fmt, (Fault(point.replace(":before ", ":after "), Action.WIPE_VALKEY),), SERVERS)
            for point in publishes
        ]
        commits = _one_of_each_step([point for point in passed if " commit " in point], rng)
        rows += [Row(fmt, (Fault(point, Action.KILL_POSTGRES),), SERVERS) for point in commits]
        calls = _one_of_each_step([point for point in passed if " call " in point], rng)
        rows += [Row(fmt, (Fault(rng.choice(calls), action),), SERVERS) for action in _MAIN_PROCESSES]
    return rows


def of_a_rolling_deploy(points: Points, rng: random.Random) -> list[Row]:
    """A whole worker at one point of each step, while another one of an earlier version works on.

    Either of them may carry the deal, so only points are chosen that no version is without: where a row is
    claimed, and where its state changes.
    """
    return [
        Row(fmt, (Fault(point, Action.KILL_WORKER),), ROLLING)
        for fmt, passed in points.items()
        for point in _one_of_each_step(_of_every_version(passed), rng)
    ]


def at_full_scale(points: Points, rng: random.Random) -> list[Row]:
    """Ten kills with the timers of production."""
    possible = [(fmt, point) for fmt, passed in points.items() for point in _claims(passed, when="after")]
    chosen = rng.sample(possible, min(KILLS_AT_FULL_SCALE, len(possible)))
    return [Row(fmt, (Fault(point),), FULL_SCALE) for fmt, point in chosen]


def many(points: Points, rng: random.Random, faults: int) -> list[Row]:
    """So many more faults: one, two or three on the way of each deal, at random points."""
    rows: list[Row] = []
    numbers = count(1)
    while faults > 0:
        fmt = rng.choice(list(points))
        places = sorted(rng.sample(range(len(points[fmt])), rng.choice((1, 1, 2, 3))))
        chosen = tuple(_random_fault(points[fmt][place], rng) for place in places)
        rows.append(Row(fmt, chosen, MANY, next(numbers)))
        faults -= len(chosen)
    return rows


def _random_fault(point: str, rng: random.Random) -> Fault:
    if _has_a_middle(point) and rng.random() < 0.4:
        return Fault(point, Action.CUT)
    return Fault(point, Action.KILL_WORKER if not _in_web(point) and rng.random() < 0.02 else Action.KILL)


def _has_a_middle(point: str) -> bool:
    return ":before commit " in point


def _in_beat(point: str) -> bool:
    return point.startswith("beat:")


def _in_web(point: str) -> bool:
    return point.startswith("web.")


def _of_every_version(passed: Sequence[str]) -> list[str]:
    changes = [point for point in passed if " commit " in point and not _in_web(point)]
    return [point for point in changes if point.endswith(" claim") or "=" in point]


def _claims(passed: Sequence[str], when: str = "after") -> list[str]:
    return [
        point
        for point in passed
        if f":{when} commit " in point and point.endswith(" claim") and not _in_web(point)
    ]


def _one_of_each_step(points: Sequence[str], rng: random.Random) -> list[str]:
    steps: dict[str, list[str]] = {}
    for point in points:
        steps.setdefault(point.partition(":")[0], []).append(point)
    return [rng.choice(of_step) for of_step in steps.values()]
