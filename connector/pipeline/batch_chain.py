"""The batch chain's links by name."""

from collections.abc import Mapping

from connector.http import StepBudget
from connector.pipeline.hand_over.debtors import submit_debtors
from connector.pipeline.hand_over.polling import poll, poll_debtors
from connector.pipeline.hand_over.postings import submit
from connector.pipeline.runner import LinkFunction, Outcome, run_link
from connector.pipeline.services import Services
from connector.pipeline.states import BATCH_CHAIN, Link
from connector.store.claims import Subject

FUNCTIONS: Mapping[str, LinkFunction] = {
    "submit_debtors": submit_debtors,
    "poll_debtors": poll_debtors,
    "submit": submit,
    "poll": poll,
}

_LINKS: Mapping[str, Link] = {link.name: link for link in BATCH_CHAIN}


def advance(services: Services, batch_id: int, link_name: str, budget: StepBudget | None = None) -> Outcome:
    """Do one link's work on a batch, if it is this link's turn.

    :param budget: as in :func:`run_link`.
    """
    return run_link(
        services,
        Subject.BATCH,
        batch_id,
        chain=BATCH_CHAIN,
        link=_LINKS[link_name],
        function=FUNCTIONS[link_name],
        budget=budget,
    )
