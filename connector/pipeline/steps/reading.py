"""Reading a deal with everything around it, the field definitions from our cache where they are fresh."""

from datetime import timedelta
from typing import Any

from connector.errors import NotFoundError, PartnerRefusedError
from connector.http import StepBudget
from connector.pipedrive.bundle import read_bundle, read_definitions, with_definitions
from connector.pipedrive.client import DEAL_GONE
from connector.pipedrive.fields import stale_entities
from connector.pipedrive.operations import ENTITIES
from connector.pipedrive.shapes import flag_of
from connector.pipeline.partners import pipedrive_client
from connector.pipeline.runner import Work
from connector.pipeline.services import Services
from connector.store import tenants
from connector.store.tenants import TenantRow

DEFINITIONS_KEPT_FOR = timedelta(hours=1)
"""Field definitions cost 40 of Pipedrive's tokens; an unknown key makes us read them earlier."""


def read_deal(work: Work, deal_id: int) -> dict[str, Any]:
    """The bundle with field definitions from the cache, read anew when too old or when a key is unknown.

    :raises NotFoundError: the deal does not exist any more, or is hidden from the connected user.
    :raises PartnerRefusedError: what hangs on the deal, or the list of fields, is not found.
    :raises DataError: the deal has not the shape that Pipedrive documents.
    """
    return read_deal_of(work.services, work.tenant, deal_id, work.budget)


def read_deal_of(
    services: Services, tenant: TenantRow, deal_id: int, budget: StepBudget | None = None
) -> dict[str, Any]:
    """The same for whoever is no step, such as a preview; raises the same."""
    try:
        return _read(services, tenant, deal_id, budget)
    except NotFoundError as e:
        if e.code == DEAL_GONE:
            raise
        # A list that is not found says nothing about the deal, which would be cancelled for it.
        raise PartnerRefusedError(e.message, code=e.code, cure=e.cure, answer=e.answer) from e


def _read(services: Services, tenant: TenantRow, deal_id: int, budget: StepBudget | None) -> dict[str, Any]:
    client = pipedrive_client(services, tenant, budget)
    database, now = services.database, services.clock.now()
    with database.transaction() as tx:
        cached = tenants.field_definitions(tx, tenant.id)
    fresh = {
        entity: definitions
        for entity, (definitions, read_at) in cached.items()
        if read_at > now - DEFINITIONS_KEPT_FOR
    }
    newly_read = read_definitions(client, [entity for entity in ENTITIES if entity not in fresh])
    bundle = read_bundle(client, deal_id, definitions={**fresh, **newly_read})
    outdated = [entity for entity in stale_entities(bundle) if entity not in newly_read]
    newly_read |= read_definitions(client, outdated)
    if newly_read:
        with database.transaction() as tx:
            tenants.keep_field_definitions(tx, tenant.id, newly_read, now=now)
    return with_definitions(bundle, newly_read)


def not_won(bundle: dict[str, Any]) -> str:
    """The status of a deal that is not to be booked (``open``, ``deleted`` …); empty if it is won."""
    deal = bundle["deal"]
    if flag_of(deal.get("is_deleted")):
        # Pipedrive shows a deleted deal for thirty days more, with the status it had.
        return "deleted"
    return "" if deal.get("status") == "won" else str(deal.get("status"))
