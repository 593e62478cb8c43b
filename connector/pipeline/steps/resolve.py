"""received → resolved: read the deal again and everything around it, and check it whole.

A correction has nothing to be resolved: it is compared with what was booked.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from connector.errors import NotFoundError
from connector.pipeline.booking_tables import tenant_tables
from connector.pipeline.drafting import decide_invoice, read_draft_sale
from connector.pipeline.exchange_rates import stored_rates
from connector.pipeline.ignore import DealFacts, ignoring_rule
from connector.pipeline.runner import Finish, Work
from connector.pipeline.states import CANCELLED, CORRECTION, IGNORED
from connector.pipeline.steps.compare import compare
from connector.pipeline.steps.identity import claimed_run, identity_of
from connector.pipeline.steps.reading import not_won, read_deal
from connector.pipeline.vat_checks import confirm_vat_ids


def resolve(work: Work) -> Finish:
    """Read the deal; find every problem now, so that a person mends them all at once.

    :raises DataError: with all problems of deal, invoice and law.
    """
    with work.services.database.transaction() as tx:
        run = claimed_run(tx, work)
    if run.kind == CORRECTION:
        return compare(work, run)
    try:
        bundle = read_deal(work, run.deal_id)
    except NotFoundError:
        return _not_to_book("The deal does not exist any more.", {})
    deal = bundle["deal"]
    kept = {
        "bundle": bundle,
        "title": str(deal.get("title") or ""),
        "config_version": work.tenant.config_version,
    }
    status = not_won(bundle)
    if status:
        what = "was deleted" if status == "deleted" else f"is {status} now, not won"
        return _not_to_book(f"The deal {what}.", kept)
    rule = ignoring_rule(work.tenant.config, facts_of(deal))
    if rule is not None:
        return Finish(
            IGNORED,
            message=f"Left alone by the rule: {rule}.",
            values={**kept, "ignore_rule": rule},
            due_in=None,
            goes_on=False,
        )
    config = work.tenant.config
    with work.services.database.transaction() as tx:
        identity = identity_of(work.tenant, run)
        sale = read_draft_sale(bundle, config, identity, published=stored_rates(tx))
    confirm_vat_ids(work, decide_invoice(sale, config, tenant_tables(config), draft=True))
    return Finish("resolved", values=kept)


def _not_to_book(message: str, kept: Mapping[str, Any]) -> Finish:
    """The end of a run whose deal is not won (any more), with the reason where people look for it."""
    return Finish(
        CANCELLED,
        message=message,
        values={**kept, "reason_code": "not_won", "reason_message": message},
        due_in=None,
        goes_on=False,
    )


def facts_of(deal: Mapping[str, Any]) -> DealFacts:
    """What the ignore rules look at, from a deal in Pipedrive's v2 shape."""
    value = deal.get("value")
    return DealFacts(
        first_won_at=_moment(deal.get("first_won_time")),
        won_at=_moment(deal.get("won_time")),
        pipeline_id=deal.get("pipeline_id"),
        label_ids=tuple(deal.get("label_ids") or ()),
        currency=deal.get("currency"),
        value=None if value is None else Decimal(str(value)),
    )


def _moment(text: Any) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
