"""received → resolved: read the deal again and everything around it, and check it whole.

A correction has nothing to be resolved: it is compared with what was booked.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from connector.errors import DataError, NotFoundError
from connector.pipeline.booking_tables import tenant_tables
from connector.pipeline.drafting import PART_GONE, decide_invoice, is_printed, read_draft_sale
from connector.pipeline.exchange_rates import stored_rates
from connector.pipeline.ignore import DealFacts, ignoring_rule
from connector.pipeline.runner import Finish, Result, Work
from connector.pipeline.states import CANCELLED, CORRECTION, IGNORED
from connector.pipeline.steps.compare import compare
from connector.pipeline.steps.identity import claimed_run, identity_of
from connector.pipeline.steps.parts import (
    end_other_parts,
    part_is_gone,
    plan_parts,
    resolve_part,
    wait_for_date,
)
from connector.pipeline.steps.reading import not_won, read_deal
from connector.pipeline.vat_checks import confirm_vat_ids
from connector.store.runs import RunRow


def resolve(work: Work) -> Result:
    """Read the deal; find every problem now, so that a person mends them all at once.

    A deal in parts is planned; a part is read anew on its date.

    :raises DataError: with all problems of deal, invoice and law.
    """
    with work.services.database.transaction() as tx:
        run = claimed_run(tx, work)
    if run.kind == CORRECTION:
        return compare(work, run)
    return wait_for_date(work, run) or _resolve(work, run)


def _resolve(work: Work, run: RunRow) -> Result:
    try:
        bundle = read_deal(work, run.deal_id)
    except NotFoundError:
        return _not_to_book(work, run, "The deal does not exist any more.", {})
    deal = bundle["deal"]
    kept = {
        "bundle": bundle,
        "title": str(deal.get("title") or ""),
        "config_version": work.tenant.config_version,
    }
    ended = _not_booked(work, run, bundle, kept)
    if ended is not None:
        return ended
    planned = plan_parts(work, run, bundle, kept) if not run.part else None
    if planned is not None:
        return planned
    config = work.tenant.config
    with work.services.database.transaction() as tx:
        identity = identity_of(work.tenant, run)
        try:
            sale = read_draft_sale(bundle, config, identity, published=stored_rates(tx))
        except DataError as e:
            if e.code != PART_GONE:
                raise
            return part_is_gone(work, run, kept)
    printed = is_printed(bundle, config, sale, identity)
    confirm_vat_ids(work, decide_invoice(sale, config, tenant_tables(config), draft=True, printed=printed))
    if run.part:
        return resolve_part(work, run, bundle, kept)
    return Finish("resolved", values=kept, write=lambda tx: end_other_parts(tx, work, run, "Invoiced whole."))


def _not_booked(work: Work, run: RunRow, bundle: dict[str, Any], kept: Mapping[str, Any]) -> Finish | None:
    """The end of a run whose deal is not won (any more), or left alone by a rule."""
    status = not_won(bundle)
    if status:
        what = "was deleted" if status == "deleted" else f"is {status} now, not won"
        return _not_to_book(work, run, f"The deal {what}.", kept)
    rule = ignoring_rule(work.tenant.config, facts_of(bundle["deal"]), despite=run.despite_rule)
    if rule is not None:
        return Finish(
            IGNORED,
            message=f"Left alone by the rule: {rule}.",
            values={**kept, "ignore_rule": rule},
            write=lambda tx: end_other_parts(tx, work, run, f"Left alone by the rule: {rule}."),
            due_in=None,
            goes_on=False,
        )
    return None


def _not_to_book(work: Work, run: RunRow, message: str, kept: Mapping[str, Any]) -> Finish:
    """The end of a run whose deal is not won (any more), with the reason where people look for it."""
    return Finish(
        CANCELLED,
        message=message,
        values={**kept, "reason_code": "not_won", "reason_message": message},
        write=lambda tx: end_other_parts(tx, work, run, message),
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
