"""received → resolved: read the deal again and everything around it, and check it whole."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from connector.errors import NotFoundError
from connector.pipedrive.bundle import read_bundle, read_definitions, with_definitions
from connector.pipedrive.client import PipedriveClient
from connector.pipedrive.fields import stale_entities
from connector.pipedrive.operations import ENTITIES
from connector.pipeline.booking_tables import booking_tables
from connector.pipeline.drafting import decide_invoice, read_draft_sale
from connector.pipeline.ignore import DealFacts, ignoring_rule
from connector.pipeline.partners import pipedrive_client
from connector.pipeline.runner import Finish, Work
from connector.pipeline.states import CANCELLED, IGNORED
from connector.pipeline.steps.identity import claimed_run, identity_of
from connector.store import tenants

DEFINITIONS_KEPT_FOR = timedelta(hours=1)
"""Field definitions cost 40 of Pipedrive's tokens; an unknown key makes us read them earlier."""


def resolve(work: Work) -> Finish:
    """Read the deal; find every problem now, so that a person mends them all at once.

    :raises DataError: with all problems of deal, invoice and law.
    """
    with work.services.database.transaction() as tx:
        run = claimed_run(tx, work)
    try:
        bundle = _read(work, pipedrive_client(work.services, work.tenant, work.budget), run.deal_id)
    except NotFoundError:
        return _not_to_book("The deal does not exist any more.", {})
    deal = bundle["deal"]
    kept = {
        "bundle": bundle,
        "title": str(deal.get("title") or ""),
        "config_version": work.tenant.config_version,
    }
    if deal.get("is_deleted") is True:
        # Pipedrive shows a deleted deal for thirty days more, with the status it had.
        return _not_to_book("The deal was deleted.", kept)
    if deal.get("status") != "won":
        return _not_to_book(f"The deal is {deal.get('status')} now, not won.", kept)
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
    sale = read_draft_sale(bundle, config, identity_of(work.tenant, run))
    decide_invoice(sale, config, booking_tables(config.terms.chart), draft=True)
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


def _read(work: Work, client: PipedriveClient, deal_id: int) -> dict[str, Any]:
    """The bundle with field definitions from the cache, read anew when too old or when a key is unknown."""
    database, tenant = work.services.database, work.tenant
    with database.transaction() as tx:
        cached = tenants.field_definitions(tx, tenant.id)
    fresh = {
        entity: definitions
        for entity, (definitions, read_at) in cached.items()
        if read_at > work.now - DEFINITIONS_KEPT_FOR
    }
    newly_read = read_definitions(client, [entity for entity in ENTITIES if entity not in fresh])
    bundle = read_bundle(client, deal_id, definitions={**fresh, **newly_read})
    outdated = [entity for entity in stale_entities(bundle) if entity not in newly_read]
    newly_read |= read_definitions(client, outdated)
    if newly_read:
        with database.transaction() as tx:
            tenants.keep_field_definitions(tx, tenant.id, newly_read, now=work.now)
    return with_definitions(bundle, newly_read)
