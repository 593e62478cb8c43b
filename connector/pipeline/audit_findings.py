"""What walking the chains of the journal can show."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

LATE = timedelta(minutes=15)
"""A row may be entered this long after the moment it names: clocks differ a little and transactions last."""

UNSEALED_FOR = timedelta(minutes=15)
"""A row without a seal for longer tells that nobody seals, or that its seal was deleted."""


class Kind(StrEnum):
    """What was done to a chain."""

    CHANGED = "changed"
    DELETED = "deleted"
    INSERTED = "inserted"
    REORDERED = "reordered"
    TRUNCATED = "truncated"


@dataclass(frozen=True, slots=True)
class Break:
    """The first place at which a chain does not hold."""

    kind: Kind
    seq: int
    journal_id: int | None
    message: str


@dataclass(frozen=True, slots=True)
class Head:
    """The newest hash of a tenant's chain: noted elsewhere, it proves that nothing was cut off later."""

    tenant: str
    seq: int
    hash: str
    """Hexadecimal."""
    day: date | None = None
    """Of the row there, in Berlin: until its ten years are over, no cut may take it. None: not noted."""

    def __str__(self) -> str:
        day = f":{self.day}" if self.day else ""
        return f"{self.tenant}:{self.seq}:{self.hash}{day}"


@dataclass(frozen=True, slots=True)
class TextsErased:
    """An erasure of texts, with the demand that stands beside it."""

    journal_id: int
    at: datetime
    actor: str
    demand: str
    """The message of the demand's row."""
    rows: tuple[int, ...]
    """Journal ids of the rows that lost their texts."""


@dataclass(slots=True)
class Verified:
    """What walking one tenant's chain has shown."""

    tenant: str
    rows: int = 0
    """Sealed rows that hold, one after the other."""
    head: Head | None = None
    broken: Break | None = None
    removed: int = 0
    """Rows that retention has removed from the beginning."""
    erased: int = 0
    """Rows whose text was erased on a person's demand."""
    erasures: list[TextsErased] = field(default_factory=list)
    unsealed: int = 0
    unsealed_since: datetime | None = None
    late: list[int] = field(default_factory=list)
    """Journal ids of rows that name a moment well before rows that were there already."""
    sealed_late: int = 0
    """Rows behind the newest noted head that were sealed long after the moment they name: either nobody
    sealed then, or seals were deleted and made anew."""
    sealed_late_since: datetime | None = None
    untold_runs: list[int] = field(default_factory=list)
    """Runs that no journal row tells of, though each begins with one."""
    undated_heads: list[int] = field(default_factory=list)
    """Noted heads among the removed rows that say no day: nothing tells whether those might go."""

    @property
    def doubtful(self) -> bool:
        """Whether somebody should look, although nothing is broken."""
        return bool(self.late or self.sealed_late or self.untold_runs or self.undated_heads)


def ranges(numbers: Iterable[int]) -> str:
    """``3, 5-7``."""
    found: list[list[int]] = []
    for number in sorted(set(numbers)):
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in found)
