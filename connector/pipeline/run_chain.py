"""The run chain's links by name."""

from collections.abc import Mapping

from connector.http import StepBudget
from connector.pipeline.runner import LinkFunction, Outcome, run_link
from connector.pipeline.services import Services
from connector.pipeline.states import RUN_CHAIN, WRITE_BACK, Link
from connector.pipeline.steps.build_debtor import build_debtor
from connector.pipeline.steps.join_batch import join_batch
from connector.pipeline.steps.render import render
from connector.pipeline.steps.resolve import resolve
from connector.pipeline.steps.upload_document import upload_document
from connector.pipeline.steps.write_back import write_back
from connector.store.claims import Subject

FUNCTIONS: Mapping[str, LinkFunction] = {
    "resolve": resolve,
    "build_debtor": build_debtor,
    "render": render,
    "upload_document": upload_document,
    "join_batch": join_batch,
    "write_back": write_back,
}

_LINKS: Mapping[str, Link] = {link.name: link for link in (*RUN_CHAIN, WRITE_BACK)}


def advance(services: Services, run_id: int, link_name: str, budget: StepBudget | None = None) -> Outcome:
    """Do one link's work on a run, if it is this link's turn.

    :param budget: as in :func:`run_link`.
    """
    link = _LINKS[link_name]
    return run_link(
        services,
        Subject.RUN,
        run_id,
        chain=RUN_CHAIN if link in RUN_CHAIN else (WRITE_BACK,),
        link=link,
        function=FUNCTIONS[link_name],
        budget=budget,
    )
