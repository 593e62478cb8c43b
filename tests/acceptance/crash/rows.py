"""The rows of the matrix as data: which deal meets which fault where, and how each row ended."""

from dataclasses import dataclass
from enum import StrEnum

from connector.tenants.config import DatevFormat


class Action(StrEnum):
    """What happens at a point; ``hooks/fail_points.py`` does it."""

    KILL = "kill"
    """SIGKILL of the process that passes the point: a pool process, a web process, beat."""
    KILL_WORKER = "kill worker"
    """SIGKILL of the whole worker, main process and pool."""
    CUT = "cut connection"
    """PostgreSQL ends the connection in the middle of the transaction."""
    KILL_VALKEY = "kill valkey"
    WIPE_VALKEY = "wipe valkey"
    """Dead, and its data with it."""
    KILL_POSTGRES = "kill postgres"
    KILL_BEAT = "kill beat"
    KILL_WEB = "kill web"
    KILL_SANDBOX = "kill sandbox"


OF_WORKERS = frozenset({Action.KILL, Action.KILL_WORKER, Action.CUT})
"""After these the row must be worked on again within a lease and a sweep; the others also have a server's
start and the patience of every client in them."""


STEPS_OF_DEALS = ("web.", "run.", "batch.")
"""Beginnings of the points that belong to a deal; what a wake-up call is for belongs to one, too."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One action at one point."""

    point: str
    action: Action = Action.KILL

    @property
    def of_any_deal(self) -> bool:
        """Whether it belongs to no deal: beat, what the sweep commits, and every other task by the clock."""
        wakes_a_row = " publish run." in self.point or " publish batch." in self.point
        return not (wakes_a_row or self.point.startswith(STEPS_OF_DEALS))

    @property
    def before_second_look(self) -> bool:
        """Whether the file was just not found in DATEV's list for the first time."""
        return self.point.startswith("batch.submit") and self.point.endswith(
            ":after commit batch, journal, submission"
        )

    @property
    def of_watches(self) -> bool:
        """Whether it belongs to what is looked after at intervals."""
        return self.of_any_deal and "watch" in self.point

    def __str__(self) -> str:
        return self.point if self.action is Action.KILL else f"{self.point} [{self.action}]"


@dataclass(frozen=True, slots=True)
class Row:
    """One deal and the faults on its way, each armed once the one before it has happened."""

    format: DatevFormat
    faults: tuple[Fault, ...]
    group: str
    """Rows of one group share a world and run beside each other."""
    number: int = 0
    """Tells repeats of the same faults apart."""
    by_chance: bool = False
    """Whether the later faults lie at points that a recovery passes or not, as it happens: which row a sweep
    finds, who was faster. What is missed then is told, and is no failure."""

    @property
    def name(self) -> str:
        """Unique in a plan."""
        again = f" ({self.number})" if self.number else ""
        return f"{self.format.value} {' then '.join(map(str, self.faults))}{again}"


@dataclass(frozen=True, slots=True)
class Result:
    """How a row ended."""

    name: str
    group: str
    injected: int
    """Faults that happened."""
    wanted: int
    """Faults that should."""
    recovered_s: float | None
    """From the fault until work on the deal went on, the longest of the row's faults."""
    bookings: int
    documents: int
    debtors: int
    runs: int
    problems: tuple[str, ...]
    took_s: float
    new_points: tuple[str, ...] = ()
    """Points passed only because of the fault."""

    @property
    def ok(self) -> bool:
        """Whatever happened changed nothing."""
        return not self.problems

    @property
    def missed(self) -> bool:
        """Nothing is wrong, but not all of its faults happened."""
        return self.ok and self.injected < self.wanted

    @property
    def verdict(self) -> str:
        """For the table."""
        return "missed" if self.missed else "ok" if self.ok else "FAILED"
