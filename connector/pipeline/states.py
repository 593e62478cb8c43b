"""States and transitions as data: what may follow what, and which step does it."""

from dataclasses import dataclass

NEEDS_ATTENTION = "needs_attention"
IGNORED = "ignored"
CANCELLED = "cancelled"
DONE = "done"

INVOICE = "invoice"
"""Kind of the run that books a deal."""
CORRECTION = "correction"
"""Kind of the run that asks a human about a deal that changed after its booking; never carried by itself."""

CANCELLED_BY_HAND = "cancelled_by_hand"
"""Reason code by which a person's decision is told from an event's."""


@dataclass(frozen=True, slots=True)
class Link:
    """One link of a chain: the states it works on. In any other working state it lets the chain pass."""

    name: str
    states: tuple[str, ...]


RUN_CHAIN = (
    Link("resolve", ("received",)),
    Link("build_debtor", ("resolved",)),
    Link("render", ("debtor_ready",)),
    Link("upload_document", ("rendered",)),
    Link("join_batch", ("documented",)),
)
"""received → resolved → debtor_ready → rendered → documented → batched; then the batch takes over."""

WRITE_BACK = Link("write_back", ("posted",))
"""posted → done, once the batch is posted."""

BATCH_CHAIN = (
    Link("submit_debtors", ("closed", "debtors_submitting")),
    Link("poll_debtors", ("debtors_submitted",)),
    Link("submit", ("closed", "debtors_submitted", "submitting")),
    Link("poll", ("submitted",)),
)
"""closed → [debtors_submitting → debtors_submitted →] submitting → submitted → posted.

``closed`` stands in two links: a batch without new or changed debtors passes the first.
"""

RUN_WORKING = ("received", "resolved", "debtor_ready", "rendered", "documented", "posted")
"""States in which the sweep wakes a run that is due. ``batched`` is not among them: its batch is."""

BATCH_WORKING = ("closed", "debtors_submitting", "debtors_submitted", "submitting", "submitted")
"""States in which the sweep wakes a batch that is due."""

RUN_BEFORE_HAND_OVER = ("received", "resolved", "debtor_ready", "rendered", "awaiting_release", "documented")
"""Until here a changed deal is simply read again, and a lost one cancelled."""

RUN_IN_BATCH = ("batched", "posted", "done")
"""From joining the batch on nothing changes by itself: at once means that the hand-over follows directly."""


RUN_STATES = (*RUN_BEFORE_HAND_OVER, *RUN_IN_BATCH, NEEDS_ATTENTION, IGNORED, CANCELLED)
"""Every state of a run; the schema knows the same."""

BATCH_STATES = ("open", *BATCH_WORKING, "posted", NEEDS_ATTENTION)
"""Every state of a batch; the schema knows the same."""


def links_from(chain: tuple[Link, ...], state: str) -> tuple[Link, ...]:
    """The rest of a chain for something in this state; empty if no link works on it."""
    for position, link in enumerate(chain):
        if state in link.states:
            return chain[position:]
    return ()


def passes(chain: tuple[Link, ...], link_name: str, state: str) -> bool:
    """Whether a link that does not work on this state should let the chain go on to a later one."""
    names = [link.name for link in chain]
    return any(state in link.states for link in chain[names.index(link_name) + 1 :])
