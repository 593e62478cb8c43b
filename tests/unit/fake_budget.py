"""A stand-in for the shared budget of calls."""

from dataclasses import dataclass, field

from connector.call_budget import Learned, NotYet, Slot


@dataclass
class FakeBudget:
    """Says what it was told to say, then yes; keeps what it heard."""

    refusals: list[NotYet] = field(default_factory=list)
    rooms: list[int] = field(default_factory=list)
    learned: list[Learned] = field(default_factory=list)

    def take(self, room: int) -> Slot | NotYet:
        """Like ``CallBudget.take``."""
        self.rooms.append(room)
        return self.refusals.pop(0) if self.refusals else Slot("1")

    def settle(self, _slot: Slot, learned: Learned) -> None:
        """Like ``CallBudget.settle``."""
        self.learned.append(learned)
