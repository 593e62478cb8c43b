"""The fault matrix as data: which calls there are, what can go wrong with one, and what must come of it.

``faults.toml`` lists the faults. ``pipedrive.toml`` and ``datev.toml`` list the partner's calls and, family
by family, what is expected; where two rows speak of the same point, the later one is the exception and
counts. A point without a row, and a row without a point, are mistakes in the table and are refused.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
PARTNERS = ("pipedrive", "datev")

BY_ITSELF = "by itself"
CURES = (BY_ITSELF, "retry", "send again", "resume", "connect", "store token", "win again")
"""What makes a deal go on once the fault is over; all but the first are done by a person."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call to a partner on a deal's way."""

    name: str
    partner: str
    title: str
    """What the product calls it in its sentences."""
    request: str
    """Method and pattern of the address."""
    groups: tuple[str, ...] = ()
    """By which faults and expectations name it."""
    road: str = "extf"
    booked: int = 0
    """Bookings at DATEV when the call is made."""
    dialect: str = "pipedrive"
    """How the partner words a refusal."""
    success: int = 200
    """Status of an answer that looks good."""
    turn: int = 0
    """Which of several calls to this address."""
    later: int = 0
    """Calls to the same address that the rest of the way makes in any case; they are not counted."""
    setting: str = ""
    """What is different about the tenant or the partner, see ``world.py``."""
    before: Mapping[str, str] = field(default_factory=dict)
    """``call`` and ``fault`` that come first, so that this call is made at all."""

    only: tuple[str, ...] = ()
    """The faults that it is tried with; none: all that are for one of its names."""

    @property
    def names(self) -> frozenset[str]:
        """Every name under which a row may mean it."""
        return frozenset({"all", self.partner, self.name, *self.groups})

    @property
    def method(self) -> str:
        """GET, POST …"""
        return self.request.split(" ", 1)[0]

    @property
    def path(self) -> str:
        """Pattern of the address."""
        return self.request.split(" ", 1)[1]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong."""

    name: str
    title: str
    calls: tuple[str, ...]
    """Groups and calls that it is tried on."""
    sandbox: Mapping[str, Any] = field(default_factory=dict)
    """As ``POST /control/faults`` takes it."""
    datev: Mapping[str, Any] = field(default_factory=dict)
    """Instead: how DATEV's jobs end."""
    words: str = ""
    code: str = ""
    looks_good: bool = False
    times: int = 0
    """How often it comes; 0: until it is taken away."""
    lasts: bool = False
    """Time goes on while it lasts, until nothing moves any more."""
    slow: bool = False
    """Only our own deadline ends the call."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What must be seen at a point."""

    state: str
    """``waits``, ``goes on`` (nothing of the fault is left), ``needs_attention``, ``parked`` (the tenant),
    ``cancelled`` or ``done``."""
    code: str = ""
    says: str = ""
    """The sentence that the user sees."""
    cure: str = ""
    due: str = ""
    """When it is tried again, in seconds; ``backoff``: the first pause of a retry (7.5 to 15)."""
    made: int = 1
    """How often the call is made while the fault lasts."""
    more: int = 1
    """How often afterwards, until the deal is booked."""
    booked: int | None = None
    """Bookings at DATEV while the fault lasts; None: as the call says."""
    then: tuple[str, ...] = (BY_ITSELF,)
    """What makes the deal go on once the fault is over; after the last one it must be booked, once."""
    also: Mapping[str, int] = field(default_factory=dict)
    """How often other calls are made in all."""
    sent: int = 1
    """Files of postings, or finalised jobs, that DATEV was sent in all, failed ones included."""
    rests: str = ""
    """The state in which it comes to rest before the cure, if not the one above."""
    rests_code: str = ""
    rests_says: str = ""
    rests_cure: str = ""


@dataclass(frozen=True, slots=True)
class Point:
    """One fault at one call, and what must come of it."""

    call: Call
    fault: Fault
    expected: Expected
    family: tuple[str, str]
    """The row's reason and the fault: points of one family differ in their call only."""

    def __str__(self) -> str:
        return f"{self.call.partner} {self.call.name} {self.fault.name}"


class TableError(Exception):
    """The table is wrong; every mistake in it."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))


def load() -> list[Point]:
    """Every point of the matrix.

    :raises TableError: a point without a row, a row without a point, a name that nothing has.
    """
    faults = [_record(Fault, name, row) for name, row in _read("faults").items()]
    points, mistakes = [], []
    for partner in PARTNERS:
        content = _read(partner)
        calls = [_record(Call, name, {**row, "partner": partner}) for name, row in content["calls"].items()]
        rows = [_Row.read(row) for row in content["expect"]]
        used: set[int] = set()
        for call in calls:
            for fault in faults:
                if not call.names.intersection(fault.calls) or fault.name not in (call.only or (fault.name,)):
                    continue
                fitting = [number for number, row in enumerate(rows) if row.fits(call, fault)]
                if not fitting:
                    mistakes.append(f"{partner}.toml has no row for {call.name} {fault.name}")
                    continue
                used.add(fitting[-1])
                row = rows[fitting[-1]]
                points.append(Point(call, fault, row.expected(call, fault), (row.why, fault.name)))
        mistakes += [
            f"{partner}.toml: row {number + 1} ({row.why}) is never used"
            for number, row in enumerate(rows)
            if number not in used
        ]
    if mistakes:
        raise TableError(mistakes)
    return points


@dataclass(frozen=True, slots=True)
class _Row:
    why: str
    calls: frozenset[str]
    faults: frozenset[str]
    values: Mapping[str, Any]

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> "_Row":
        values = dict(row)
        return cls(values.pop("why"), frozenset(values.pop("calls")), frozenset(values.pop("faults")), values)

    def fits(self, call: Call, fault: Fault) -> bool:
        return bool(call.names & self.calls) and (fault.name in self.faults or "all" in self.faults)

    def expected(self, call: Call, fault: Fault) -> Expected:
        known = {one.name for one in fields(Expected)}
        unknown = set(self.values) - known
        if unknown:
            raise TableError([f"the row {self.why!r} has unknown keys: {', '.join(sorted(unknown))}"])
        values = dict(self.values)
        then = values.pop("then", BY_ITSELF)
        cures = (then,) if isinstance(then, str) else tuple(then)
        if not set(cures) <= set(CURES):
            raise TableError([f"the row {self.why!r} names a cure that nobody knows: {then}"])
        for name in ("says", "cure", "rests_says", "rests_cure"):
            text = values.get(name, "")
            values[name] = text.replace("{call}", call.title).replace("{words}", fault.words)
        return Expected(then=cures, **values)


def one_of_each_family(points: Sequence[Point]) -> list[Point]:
    """The first point of every family."""
    return list({(point.call.partner, *point.family): point for point in reversed(points)}.values())


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / f"{name}.toml").read_text("utf-8"))


def _record(kind: Any, name: str, row: Mapping[str, Any]) -> Any:
    values = {"calls" if key == "for" else key: value for key, value in row.items()}
    for key in ("groups", "calls", "only"):
        if key in values:
            values[key] = tuple(values[key])
    return kind(name=name, **values)
