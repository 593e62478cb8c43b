"""Carries the rows of one group through one world, several beside each other."""

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count, pairwise

from connector.clock import scaled
from connector.demo.patience import Patience
from connector.errors import DatabaseUnavailableError
from connector.pipeline.hand_over.extf import SECOND_LOOKUP_AFTER
from connector.pipeline.states import INVOICE
from connector.store import tables as t
from connector.store import tenants, watches
from tests.acceptance.crash.checks import RESTING, Found, look_at, states_of
from tests.acceptance.crash.deals import Deal, seed, win
from tests.acceptance.crash.evidence import keep
from tests.acceptance.crash.hooks.naming import ANOTHERS, ANY, digest
from tests.acceptance.crash.renewals import ExpiredLogins
from tests.acceptance.crash.rows import OF_WORKERS, Fault, Result, Row
from tests.acceptance.crash.tenants import Member
from tests.acceptance.crash.world import World

POLL_S = 0.25
"""How often the driver looks; the fail points themselves need no driver."""

PATIENCE_S = 150.0
"""On top of the leases that a row may need: carrying a deal takes seconds, minutes on a crowded machine."""

LOOK_AT_ARRIVALS_S = 4.0
"""All that arrived is one large answer: rows that have ended wait for the next."""

DONE = ":after commit run=done"

TRIP_S = 3.0
"""What may come on top of a lease and a sweep until a row is found: beat's trip and the sweep's own; so many
times more as the machine has more to do than processors."""

QUEUE_S = 6.0
"""And until somebody works on it: the queue before the workers."""

CROWDED = 2.0
"""Processes that want a processor, for each there is: above it the queue's length says nothing about us."""


@dataclass
class _Flight:
    row: Row
    deal: Deal
    started: float
    fired: list[float] = field(default_factory=list)
    landed: float = 0.0
    """When the deal's runs were seen at rest, with nothing left to happen to it."""


class Carrier:
    """Rows in, results out.

    :param known: points that a deal passes without any fault, by format.
    :param on_result: told of each row as it ends.
    :param in_a_hurry: for the test suite: an undisturbed deal is not watched until its echo is over, and no
        time is judged.
    :param logins: for rows about logins, which need a tenant for themselves.
    :param stopping: set by whoever wants no more rows.
    """

    def __init__(
        self,
        world: World,
        known: frozenset[str],
        on_result: Callable[[Result], None],
        *,
        parallel: int,
        in_a_hurry: bool = False,
        logins: ExpiredLogins | None = None,
        stopping: threading.Event | None = None,
    ) -> None:
        self._world = world
        self._known = known
        self._on_result = on_result
        self._parallel = parallel
        self._in_a_hurry = in_a_hurry
        self._logins = logins
        self._stopping = stopping or threading.Event()
        self._turns: dict[str, count[int]] = {}
        self._hurried = 0.0
        self.longest_s = 8 * world.timers.lease.total_seconds() + PATIENCE_S

    def carry(self, rows: Sequence[Row]) -> list[Result]:
        """Fly every row; a row whose time is up is told as it stands."""
        waiting, results = deque(rows), []
        flying: list[_Flight] = []
        looked = 0.0
        while (waiting or flying) and not self._stopping.is_set():
            while waiting and len(flying) < self._parallel:
                member = self._member_for(waiting[0], flying)
                if member is None:
                    break
                flying.append(self._start(waiting.popleft(), member))
            time.sleep(POLL_S)
            self._watch(flying)
            now = time.time()
            if now - looked < LOOK_AT_ARRIVALS_S:
                continue
            ended = [f for f in flying if f.landed or now - f.started > self.longest_s]
            if not ended:
                continue
            looked = now
            arrived = self._world.arrivals()
            for flight in ended:
                flying.remove(flight)
                result = self._result(flight, arrived)
                results.append(result)
                if not result.ok:
                    keep(self._world, flight.deal, result)
                self._on_result(result)
        return results

    def _new_points(self, flight: _Flight) -> tuple[str, ...]:
        """The points that were passed after the first fault, and without one are not; in their order."""
        since = flight.fired[0] if flight.fired else 0.0
        lines = self._world.lines("trace", flight.deal.key)
        passed = dict.fromkeys(str(line["point"]) for line in lines if float(line["at"]) > since)
        road = flight.row.format.value
        return tuple(p for p in passed if f"{road} {p}" not in self._known and ANOTHERS not in p)

    def _start(self, row: Row, member: Member) -> _Flight:
        flight = _Flight(row, Deal(member, next(self._world.numbers)), time.time())
        if row.faults:
            self._arm(flight)
        if self._logins:
            self._logins.prepare(flight.deal)
        seed(self._world.control, flight.deal)
        win(self._world.control, flight.deal)
        return flight

    def _member_for(self, row: Row, flying: list[_Flight]) -> Member | None:
        """The tenant whose turn it is; None where the row must wait for one."""
        possible = [member for member in self._world.members if member.format is row.format]
        if self._logins:
            busy = {flight.deal.member for flight in flying}
            return next((member for member in possible if member not in busy), None)
        turn = next(self._turns.setdefault(row.format.value, count()))
        return possible[turn % len(possible)]

    def _arm(self, flight: _Flight) -> None:
        fault = flight.row.faults[len(flight.fired)]
        path = self._world.folder / "armed" / f"{_key(fault, flight.deal)}~{digest(fault.point)}"
        scratch = path.with_name(f".{path.name}")
        scratch.write_text(fault.action.value, "utf-8")
        scratch.rename(path)

    def _watch(self, flying: list[_Flight]) -> None:
        if not flying:
            return
        try:
            with self._world.services.database.transaction() as tx:
                states = states_of(tx, [flight.deal for flight in flying])
        except DatabaseUnavailableError:
            return  # it was killed just now
        self._hurry_watches(flying)
        for flight in flying:
            self._note_fault(flight)
            if self._logins:
                self._logins.attend(flight.deal)
            runs = states[flight.deal]
            rests = any(kind == INVOICE for kind, _ in runs) and all(state in RESTING for _, state in runs)
            invoice_ended = any(kind == INVOICE and state in RESTING for kind, state in runs)
            over = self._is_over(flight, rests=rests)
            if not flight.landed and invoice_ended and over:
                flight.landed = time.time()

    def _hurry_watches(self, flying: list[_Flight]) -> None:
        """Watches are due once in minutes: rows that wait for one at its points would wait as long.

        One watch is as of a new tenant each time, because making it is a point, too.
        """
        awaited = any(
            fault.of_watches for flight in flying for fault in flight.row.faults[len(flight.fired) :]
        )
        if not awaited or time.time() - self._hurried < 2 * self._world.timers.watch_tick.total_seconds():
            return
        self._hurried = time.time()
        services = self._world.services
        with suppress(DatabaseUnavailableError), services.database.transaction() as tx:
            known = tenants.all_tenants(tx)
            for tenant in known:
                watches.hurry(tx, tenant.id, tuple(watches.Watch), now=services.clock.now())
            row = t.tenant_watch.c
            idle = (row.tenant_id == known[0].id, row.watch == watches.Watch.HOOKS, row.lease_until.is_(None))
            tx.execute(t.tenant_watch.delete().where(*idle))

    def _note_fault(self, flight: _Flight) -> None:
        faults = flight.row.faults
        if len(flight.fired) == len(faults):
            return
        fault = faults[len(flight.fired)]
        fired = self._world.folder / "fired" / f"{_key(fault, flight.deal)}~{digest(fault.point)}"
        at = [
            float(line["at"])
            for line in self._world.lines("faults", _key(fault, flight.deal))
            if line["point"] == fault.point and float(line["at"]) >= flight.started
        ]
        if not (fired.exists() and at):
            return
        # Taken away, so that the same point may be armed for the same deal again.
        fired.unlink()
        flight.fired.append(at[-1])
        if len(flight.fired) < len(faults):
            self._arm(flight)

    def _is_over(self, flight: _Flight, *, rests: bool) -> bool:
        """Whether nothing is to be waited for once the deal is booked."""
        faults = flight.row.faults
        if any(fault.of_any_deal for fault in faults):
            # It happens at its own time, deal or no deal, and its own return is what is waited for.
            return len(flight.fired) == len(faults) and self._longest_wait(flight) is not None
        if self._in_a_hurry:
            return True
        if 0 < len(faults) == len(flight.fired):
            return rests or flight.fired[-1] < self._done_at(flight)
        return rests and self._echo_is_over(flight)

    def _done_at(self, flight: _Flight) -> float:
        """When the booking was done; what died later compared the echo, and must come to its end, too."""
        lines = self._world.lines("trace", flight.deal.key)
        return max((line["at"] for line in lines if str(line["point"]).endswith(DONE)), default=0.0)

    def _echo_is_over(self, flight: _Flight) -> bool:
        """Our note on the deal comes back as an event, and is compared with the booking after a while."""
        last = self._world.lines("trace", flight.deal.key)[-1]["at"]
        return time.time() - float(last) > 6 * self._world.timers.sweep.total_seconds() + QUEUE_S

    def _result(self, flight: _Flight, arrived: dict[str, object]) -> Result:
        found = Patience(lambda: False).call(lambda: self._found(flight.deal, arrived))
        recovered = self._longest_wait(flight)
        problems = [*found.problems]
        wanted = len(flight.row.faults)
        if len(flight.fired) < wanted and not (flight.fired and flight.row.by_chance):
            problems.append("never injected")
        if self._logins and len(flight.fired) == wanted:
            problems += self._logins.problems(flight.deal)
        if not self._in_a_hurry and all(fault.action in OF_WORKERS for fault in flight.row.faults):
            problems += self._too_late(flight, recovered)
        new = self._new_points(flight)
        return Result(
            flight.row.name,
            flight.row.group,
            len(flight.fired),
            wanted,
            recovered,
            found.bookings,
            found.documents,
            found.debtors,
            found.runs,
            tuple(problems),
            round(time.time() - flight.started, 1),
            new,
        )

    def _too_late(self, flight: _Flight, recovered: float | None) -> list[str]:
        """Whether the row was found, and worked on, later than a lease and a sweep after the fault."""
        timers, busy = self._world.timers, max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
        limit = (timers.lease + timers.sweep).total_seconds()
        if any(fault.before_second_look for fault in flight.row.faults):
            # Nobody may work on it sooner: DATEV's list is read twice with this time in between.
            limit += scaled(SECOND_LOOKUP_AFTER, self._world.scale).total_seconds()
        found = self._longest_wait(flight, woken_counts=True)
        problems = []
        if found is not None and found > limit + TRIP_S * busy:
            problems.append(f"found after {found:.1f} s, more than {limit:g} s and a trip")
        if recovered is not None and busy <= CROWDED and recovered > limit + QUEUE_S * busy:
            problems.append(f"went on after {recovered:.1f} s, more than {limit:g} s and the queue")
        return problems

    def _found(self, deal: Deal, arrived: dict[str, object]) -> Found:
        with self._world.services.database.transaction() as tx:
            return look_at(tx, deal, arrived)

    def _longest_wait(self, flight: _Flight, *, woken_counts: bool = False) -> float | None:
        """The longest of the row's faults: until work goes on, or, where a server died, the longest pause.

        :param woken_counts: a wake-up call counts as work: it tells when the row was found.
        """
        waits = []
        for fault, at in zip(flight.row.faults, flight.fired, strict=False):
            step = fault.point.partition(":")[0] if fault.of_any_deal else ""
            moments = [at, *self._work_after(at, _key(fault, flight.deal), step, woken_counts=woken_counts)]
            pauses = [later - earlier for earlier, later in pairwise(moments)]
            waits += pauses[:1] if fault.action in OF_WORKERS else [max(pauses)] if pauses else []
        return round(max(waits), 1) if waits else None

    def _work_after(self, at: float, key: str, step: str, *, woken_counts: bool) -> list[float]:
        """When the points after the fault were passed, until the deal was done."""
        moments = []
        for line in self._world.lines("trace", key):
            point = str(line["point"])
            if float(line["at"]) > at and (woken_counts or _is_work(point, step)):
                moments.append(float(line["at"]))
                if point.endswith(DONE):
                    break
        return moments


def _key(fault: Fault, deal: Deal) -> str:
    return ANY if fault.of_any_deal else deal.key


def _is_work(point: str, step: str) -> bool:
    """Whether a point tells that somebody works again; a wake-up call, or a stale one passed on, does not."""
    return point.startswith(step) if step else " publish " not in point
