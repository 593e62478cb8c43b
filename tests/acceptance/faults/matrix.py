"""The fault matrix: one row per point, injected, expected, seen, calls, bookings, verdict.

python -m tests.acceptance.faults [--seed N] [--only TEXT]... [--families] [--processes N]
"""

import argparse
import multiprocessing
import random
import secrets
import time
from collections.abc import Iterator, Sequence

import structlog

from tests.acceptance.faults import table, trial
from tests.acceptance.faults.table import Point
from tests.acceptance.faults.trial import Seen
from tests.acceptance.faults.world import world

Tried = tuple[Point, Seen]

PIECE = 8
"""Points that a process takes at a time."""


def main() -> int:
    """Try every point once; 0 if each came out as the table says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
    parser.add_argument("--only", action="append", help="points whose name contains this")
    parser.add_argument("--families", action="store_true", help="one call of each family of calls and faults")
    parser.add_argument("--processes", type=int, default=2)
    asked = parser.parse_args()
    points = [
        point for point in table.load() if not asked.only or any(text in str(point) for text in asked.only)
    ]
    random.Random(asked.seed).shuffle(points)  # noqa: S311 - a repeatable order, no secret
    if asked.families:
        points = table.one_of_each_family(points)
    print(f"Seed {asked.seed}: {len(points)} points.", flush=True)
    started, failed = time.monotonic(), 0
    for point, seen in _all(points, asked.processes):
        failed += bool(seen.wrong)
        print(row(point, seen), flush=True)
    spent = time.monotonic() - started
    print(f"{len(points) - failed} of {len(points)} points as expected, in {spent:.0f} s.")
    return 1 if failed else 0


def row(point: Point, seen: Seen) -> str:
    """One line, and below it whatever is wrong."""
    expected = point.expected
    cells = (
        "FAILED" if seen.wrong else "ok",
        f"{seen.seconds:4.1f} s",
        f"{point!s:48}",
        f"expected {expected.state} {expected.code}, then {', '.join(expected.then)};",
        f"seen {seen.state} {seen.code};",
        f"calls {seen.made}+{seen.more};",
        f"bookings {seen.booked}, {seen.booked_in_all}",
    )
    return "\n         ".join(["  ".join(cells), *seen.wrong])


def _all(points: Sequence[Point], processes: int) -> Iterator[Tried]:
    pieces = [points[start : start + PIECE] for start in range(0, len(points), PIECE)]
    context = multiprocessing.get_context("spawn")
    queue = context.SimpleQueue()
    workers = [
        context.Process(target=_work, args=(pieces[number::processes], queue)) for number in range(processes)
    ]
    for worker in workers:
        worker.start()
    tried = 0
    # A process that died says nothing: its points are missed at the end, never waited for.
    while tried < len(points) and (any(worker.is_alive() for worker in workers) or not queue.empty()):
        if queue.empty():
            time.sleep(0.05)
            continue
        tried += 1
        yield queue.get()
    for worker in workers:
        worker.join()
    if tried < len(points):
        raise SystemExit(f"{len(points) - tried} points were not tried: a process of the matrix died.")


def _work(pieces: Sequence[Sequence[Point]], queue: "multiprocessing.SimpleQueue[Tried]") -> None:
    """One process: servers of its own, its points one after the other."""
    quiet()
    everything = table.load()
    with world() as place:
        for piece in pieces:
            for point in piece:
                queue.put((point, trial.run(place, point, everything)))


def quiet() -> None:
    """The product's log would hide the table."""
    structlog.configure(processors=[_drop])


def _drop(_logger: object, _name: str, _event: object) -> None:
    raise structlog.DropEvent
