"""How many calls one login makes to DATEV, and how long a step waits for its own.

DATEV publishes no limits. It asks for moderation, for Retry-After to be obeyed and few errors, and a login
that it blocks needs a person at DATEV. So there is a limit of our own, shared by all processes; what DATEV
says itself (429, a block) closes the login on top of it.
"""

from datetime import timedelta

from connector.call_budget import CallBudget, Learned, NotYet, Patience, PatientCaller, Slot

WINDOW = timedelta(seconds=2)
"""In which our own limit counts."""
LIMIT = 40
"""Calls of one login in the window: twenty a second, which is four deals a second handed over one by one. A
bookkeeping office never has as many; a backlog or an import does, and can wait."""
STEP_ROOM = 4
"""So many calls a step makes as a rule: a hand-over, a look at the list, a few files of a DXSO package."""


class DatevPace:
    """The calls of one step: a budget that is patient.

    :param budget: counts the calls of all processes.
    """

    def __init__(self, budget: CallBudget, caller: PatientCaller) -> None:
        self._budget = budget
        self._caller = caller

    def take(self, _room: int) -> Slot | NotYet:
        """Ask before a call; as much room as the step needs, whatever the caller of this names."""
        return self._caller.take(self._budget.take)

    def settle(self, slot: Slot, learned: Learned) -> None:
        """Tell that the call has ended, and what its answer said."""
        self._budget.settle(slot, learned)


def datev_pace(budget: CallBudget, patience: Patience) -> DatevPace:
    """The pace of one step, or of a person who waits."""
    return DatevPace(budget, PatientCaller(patience, step_room=STEP_ROOM))
