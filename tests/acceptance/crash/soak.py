"""``make soak``: deals are won at a steady rate while processes die and partners fail; then all is counted.

python -m tests.acceptance.crash.soak [--minutes N] [--rate DEALS_PER_SECOND] [--seed N]
"""

import argparse
import os
import random
import secrets
import signal
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise

import psutil

from connector import log
from connector.demo.patience import Patience
from connector.errors import DatabaseUnavailableError
from tests.acceptance.crash.checks import RESTING, Found, look_at, states_of
from tests.acceptance.crash.deals import Deal, seed, win
from tests.acceptance.crash.tenants import members
from tests.acceptance.crash.world import World

TENANTS_OF_EACH = 4

KILL_EVERY_S = 7.0
FAULT_EVERY_S = 3.0
"""On average; the moments are random."""

DRAIN_S = 600.0
"""For the last deals after the last fault: leases, look-ups ten minutes apart (a minute at this scale)."""

POOLS = ("web", "worker-intake", "worker-datev", "worker-ops", "postgres")
"""Processes whose children are killed as well as themselves."""

FAULTS: tuple[dict[str, object], ...] = (
    {"kind": "status", "status": 503},
    {"kind": "status", "status": 429, "headers": {"Retry-After": "1"}},
    {"kind": "status", "status": 429},
    {"kind": "timeout", "delay_seconds": 8},
    {"kind": "timeout", "delay_seconds": 8, "when": "after"},
    {"kind": "reset"},
    {"kind": "reset", "when": "after"},
    {"kind": "drip", "delay_seconds": 0.05},
)
"""What must pass without a person. A timeout lasts longer than a call's deadline at this scale."""


@dataclass
class Soak:
    """One soak in one world."""

    world: World
    rng: random.Random
    rate: float
    deals: list[Deal] = field(default_factory=list)
    kills: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)

    def run(self, minutes: float) -> None:
        """Win deals, kill and spoil until the time is up."""
        started = time.monotonic()
        next_kill, next_fault = KILL_EVERY_S, FAULT_EVERY_S
        while (passed := time.monotonic() - started) < 60 * minutes:
            if len(self.deals) < passed * self.rate:
                self._win_one()
            if passed > next_kill:
                self._kill_one()
                next_kill = passed + self.rng.uniform(0, 2 * KILL_EVERY_S)
            if passed > next_fault:
                self._spoil_one()
                next_fault = passed + self.rng.uniform(0, 2 * FAULT_EVERY_S)
            time.sleep(0.02)

    def drain(self) -> None:
        """No more trouble: wait until every deal rests."""
        self.world.clear_faults()
        deadline = time.monotonic() + DRAIN_S
        while time.monotonic() < deadline and self.moving():
            time.sleep(1)

    def moving(self) -> list[Deal]:
        """Deals without a run, or with one that still has something to do."""
        try:
            with self.world.services.database.transaction() as tx:
                states = states_of(tx, self.deals)
        except DatabaseUnavailableError:
            return self.deals
        return [
            deal
            for deal, runs in states.items()
            if not runs or any(state not in RESTING for _, state in runs)
        ]

    def found(self) -> dict[Deal, Found]:
        """What became of each deal."""
        arrived = self.world.arrivals()
        with self.world.services.database.transaction() as tx:
            return {deal: look_at(tx, deal, arrived) for deal in self.deals}

    def longest_pauses(self) -> list[float]:
        """Of each deal the longest time in which nobody worked on it, ascending."""
        moments = [[float(line["at"]) for line in self.world.lines("trace", deal.key)] for deal in self.deals]
        return sorted(
            max(later - at for at, later in pairwise(of_deal)) for of_deal in moments if of_deal[1:]
        )

    def _win_one(self) -> None:
        deal = Deal(self.rng.choice(self.world.members), next(self.world.numbers))
        seed(self.world.control, deal)
        win(self.world.control, deal)
        self.deals.append(deal)

    def _kill_one(self) -> None:
        pids = self.world.pids()
        name = self.rng.choice(sorted(pids))
        pid, what = pids[name], name
        if name in POOLS and self.rng.random() < 0.7:
            children = psutil.Process(pid).children() if psutil.pid_exists(pid) else []
            if children:
                pid, what = self.rng.choice(children).pid, f"{name} child"
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return  # it has died since; the supervisor starts it again
        self.kills[what] += 1

    def _spoil_one(self) -> None:
        fault = self.rng.choice(FAULTS)
        partner = self.rng.choice(("pipedrive", "datev"))
        self.world.control.post("faults", {"partner": partner, **fault})
        self.faults[f"{partner} {fault['kind']} {fault.get('status', fault.get('when', ''))}".strip()] += 1


def main() -> int:
    """Soak; 0 if nothing is lost and nothing is double."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--rate", type=float, default=1.0, help="deals won in a second")
    parser.add_argument("--seed", type=int)
    asked = parser.parse_args()
    log.configure(level="CRITICAL", fmt="text")
    # Also whoever ends us politely wants no processes left.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    chosen = secrets.randbelow(1_000_000) if asked.seed is None else asked.seed
    print(f"Seed {chosen}. {asked.minutes:g} minutes at {asked.rate:g} deals/s.", flush=True)
    with World(members(TENANTS_OF_EACH)) as world:
        soak = Soak(world, random.Random(chosen), asked.rate)  # noqa: S311 - a repeatable choice, no secret
        soak.run(asked.minutes)
        print(
            f"{len(soak.deals)} deals won, {len(soak.moving())} of them under way. Draining ...", flush=True
        )
        started = time.monotonic()
        soak.drain()
        drained_s = time.monotonic() - started
        found = Patience(lambda: False).call(soak.found)
        return _report(soak, found, asked.minutes, drained_s)


def _report(soak: Soak, found: dict[Deal, Found], minutes: float, drained_s: float) -> int:
    pauses = soak.longest_pauses()
    lost = [deal for deal, what in found.items() if what.bookings == 0 and not _stands_visibly(what)]
    double = [
        deal
        for deal, what in found.items()
        if max(what.bookings, what.documents, what.debtors, what.runs) > 1
    ]
    wrong = {deal: what for deal, what in found.items() if what.problems}
    rate = len(soak.deals) / minutes / 60
    print(f"Rate: {rate:.2f} deals/s over {minutes:g} min; drained in {drained_s:.0f} s.")
    print(f"Kills: {soak.kills.total()} ({_counted(soak.kills)})")
    print(f"Faults: {soak.faults.total()} ({_counted(soak.faults)})")
    if pauses:
        half, most, longest = (pauses[round(share * (len(pauses) - 1))] for share in (0.5, 0.99, 1))
        print(f"Longest pause of a deal: half {half:.1f} s, 99 % {most:.1f} s, all {longest:.1f} s at most.")
    for deal, what in wrong.items():
        print(f"  {deal.key}: {'; '.join(what.problems)}")
    booked = sum(what.bookings == 1 for what in found.values())
    print(f"{booked} of {len(found)} deals booked once.")
    print(f"Lost: {len(lost)}. Double: {len(double)}. With any problem: {len(wrong)}.")
    return 1 if wrong or lost or double or not found else 0


def _stands_visibly(what: Found) -> bool:
    return any("needs_attention" in problem for problem in what.problems)


def _counted(counter: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counter.most_common())


if __name__ == "__main__":
    sys.exit(main())
