"""``make crash``: kills at every point, and says what became of each deal.

python -m tests.acceptance.crash [--full] [--seed N] [--only TEXT]... [--group NAME]...
"""

import argparse
import random
import secrets
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from connector import log
from connector.pipeline.audit import verify
from connector.runtime.processes import REPOSITORY
from connector.tenants.config import DatevFormat
from tests.acceptance.crash import plan, record
from tests.acceptance.crash.flights import Carrier
from tests.acceptance.crash.ledger import Ledger
from tests.acceptance.crash.older import beside_an_older_worker
from tests.acceptance.crash.record import Recording
from tests.acceptance.crash.renewals import ExpiredLogins
from tests.acceptance.crash.rows import Result, Row
from tests.acceptance.crash.table import HEADING, line_of, summary
from tests.acceptance.crash.tenants import members
from tests.acceptance.crash.world import World

FAULTS_OF_FULL = 2000

ROWS_OF_A_WORLD = 250
"""Then a fresh one: what arrived is one answer that grows."""

TENANTS_OF_EACH = 6
"""A tenant has four chains of a lane under way at once, and a killed one counts until its lease is over."""

PARALLEL = {
    plan.POINTS: 16,
    plan.RECOVERIES: 16,
    plan.SERVERS: 5,
    plan.ROLLING: 6,
    plan.RENEWALS: 12,
    plan.FULL_SCALE: 10,
    plan.MANY: 16,
}
"""Most of a row's time is waiting for a lease; rows of servers disturb each other."""

TENANTS_BEFORE_A_DEPLOY = 3
"""Each is set up by the older version's own command, which takes a while."""

TRIES = 2
"""A row whose fault never happened is carried once more: which point is passed may depend on chance."""


@dataclass
class Matrix:
    """One run of it."""

    seed: int
    full: bool
    only: Sequence[str]
    groups: Sequence[str]
    ledger: Ledger
    parallel: int
    shown: int = 0
    results: list[Result] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    """Chains of journals that do not hold, over all worlds."""
    turn: threading.Lock = field(default_factory=threading.Lock)
    stopping: threading.Event = field(default_factory=threading.Event)

    def run(self) -> list[Result]:
        """Everything, in worlds one after the other."""
        earlier = {result.name: result for result in self.ledger.results() if result.ok}
        self.results = list(earlier.values())
        recording = self.ledger.recording()
        if recording is None:
            with World(members(record.TENANTS_OF_EACH)) as world:
                recording = record.record(world)
            self.ledger.note_recording(recording)
        _say_points(recording)
        with ThreadPoolExecutor(1) as beside:
            # Its rows wait for three minutes each and need next to nothing of the machine.
            slow = plan.at_full_scale(recording.points, self._rng("scale 1"))
            waiting = beside.submit(self._carry, recording, slow)
            try:
                self._carry_quick_ones(recording)
                waiting.result()
            except BaseException:
                self.stopping.set()
                raise
        if self.full:
            missing = FAULTS_OF_FULL - sum(r.injected for r in self.results if r.group != plan.MANY)
            self._carry(recording, plan.many(recording.points, self._rng("many"), missing))
        return self.results

    def _carry_quick_ones(self, recording: Recording) -> None:
        first = plan.at_every_point(recording.points, recording.of_any)
        self._carry(recording, first)
        self._carry(recording, plan.on_the_way_back(self._of(first), first))
        self._carry_renewals(recording)
        self._carry(recording, plan.of_servers(recording.points, recording.of_any, self._rng("servers")))
        self._carry(recording, plan.of_a_rolling_deploy(recording.points, self._rng("rolling")))

    def _rng(self, what: str) -> random.Random:
        return random.Random(f"{self.seed} {what}")  # noqa: S311 - a reproducible choice, no secret

    def _of(self, rows: Sequence[Row]) -> list[Result]:
        names = {row.name for row in rows}
        return [result for result in self.results if result.name in names]

    def _carry(self, recording: Recording, rows: Sequence[Row]) -> None:
        for some in _pieces(self._left(rows), ROWS_OF_A_WORLD):
            group = some[0].group
            with _world_for(group) as world:
                _warm_up(world, recording)
                parallel = min(PARALLEL[group], self.parallel)
                carrier = Carrier(
                    world, recording.known, self._take, parallel=parallel, stopping=self.stopping
                )
                unfired = carrier.carry(some)
                for _try in range(1, TRIES):
                    again = {r.name for r in unfired if r.injected < r.wanted and r.bookings == 1}
                    unfired = carrier.carry([row for row in some if row.name in again])
                self._verify_journals(world, group)

    def _carry_renewals(self, recording: Recording) -> None:
        """In one world: which points a renewal has is recorded where they are killed."""
        if not self._is_group_asked(plan.RENEWALS):
            return
        with World(members(TENANTS_OF_EACH)) as world:
            logins = ExpiredLogins(world)
            quiet = Carrier(world, recording.known, lambda _result: None, parallel=2, logins=logins)
            recorded = quiet.carry([Row(fmt, (), record.GROUP) for fmt in DatevFormat])
            carrier = Carrier(world, recording.known, self._take, parallel=self.parallel, logins=logins)
            carrier.carry(self._left(plan.of_renewals(recorded)))

    def _verify_journals(self, world: World, group: str) -> None:
        """No kill may leave a chain of hashes that looks as if somebody had changed a row."""
        found = verify(world.services, None)
        self.broken += [f"{group}: {one.tenant}: {one.broken}" for one in found if one.broken]

    def _left(self, rows: Sequence[Row]) -> list[Row]:
        done = {result.name for result in self.results}
        return [row for row in rows if row.name not in done and self._is_asked(row)]

    def _is_group_asked(self, group: str) -> bool:
        return not self.groups or group in self.groups

    def _is_asked(self, row: Row) -> bool:
        return self._is_group_asked(row.group) and (
            not self.only or any(text in row.name for text in self.only)
        )

    def _take(self, result: Result) -> None:
        with self.turn:
            self.results = [*(kept for kept in self.results if kept.name != result.name), result]
            self.ledger.note(result)
            self.shown += 1
            if self.shown == 1:
                print(HEADING)
            print(line_of(self.shown, result), flush=True)


def main() -> int:
    """Run the matrix; 0 if no fault changed anything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--full", action="store_true", help=f"at least {FAULTS_OF_FULL} faults; goes on where it was"
    )
    parser.add_argument("--resume", action="store_true", help="go on where a run with this seed was")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--only", action="append", default=[], help="rows whose name contains this")
    parser.add_argument("--group", action="append", default=[], choices=list(PARALLEL))
    parser.add_argument("--parallel", type=int, default=16, help="rows beside each other, at most")
    asked = parser.parse_args()
    log.configure(level="CRITICAL", fmt="text")
    # Also whoever ends us politely wants no processes left.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    seed = secrets.randbelow(1_000_000) if asked.seed is None else asked.seed
    name = "crash-full.jsonl" if asked.full else "crash.jsonl"
    ledger = Ledger(REPOSITORY / "build" / name, seed, resume=asked.full or asked.resume)
    print(f"Seed {seed}.", flush=True)
    started = time.monotonic()
    matrix = Matrix(seed, asked.full, asked.only, asked.group, ledger, asked.parallel)
    results = matrix.run()
    print(*summary(results, time.monotonic() - started), sep="\n")
    print(*(matrix.broken or ["The journals' chains of hashes hold in every world."]), sep="\n")
    return 0 if results and all(result.ok for result in results) and not matrix.broken else 1


def _warm_up(world: World, recording: Recording) -> None:
    """A deal of each tenant without a fault: the first one reads what is kept from then on."""
    carrier = Carrier(
        world, recording.known, lambda _result: None, parallel=len(world.members), in_a_hurry=True
    )
    carrier.carry([Row(member.format, (), record.GROUP) for member in world.members])


def _world_for(group: str) -> World:
    if group == plan.FULL_SCALE:
        return World(members(TENANTS_OF_EACH), scale=1)
    if group == plan.ROLLING:
        return World(members(TENANTS_BEFORE_A_DEPLOY), also=beside_an_older_worker)
    return World(members(TENANTS_OF_EACH))


def _pieces(rows: Sequence[Row], size: int) -> Iterator[Sequence[Row]]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def _say_points(recording: Recording) -> None:
    for fmt, passed in recording.points.items():
        print(f"{fmt.value}: {len(passed)} points.")
    print(f"beat and sweep: {len(recording.of_any)} points.")
    if recording.sometimes:
        print(f"Passed by some deals only, and not demanded: {len(recording.sometimes)}.", flush=True)


if __name__ == "__main__":
    sys.exit(main())
