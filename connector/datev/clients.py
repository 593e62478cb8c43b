"""accounting-clients v2: which clients a login may book for, and which services they have ordered.

This is also the only check of a connection: a tenant counts as connected once its client appears
here with the service its format needs.
"""

from dataclasses import dataclass
from typing import Any

from marshmallow import fields

from connector.datev.answers import WireId, WireInteger, WireSchema, WireText, load_one, malformed
from connector.datev.api import DatevApi
from connector.datev.operations import GET_CLIENT, LIST_CLIENTS
from connector.errors import Problem
from connector.tenants.config import DatevFormat

NEEDED_SERVICE = {
    DatevFormat.EXTF: "Buchungsdatenservice",
    DatevFormat.DXSO: "Rechnungsdatenservice 1.0",
}
"""Names as in ``Service.name`` of the API description."""


@dataclass(frozen=True, slots=True)
class DatevClient:
    """A client (Mandant) of an adviser as the login sees it."""

    id: str
    """Technical, for paths only: DATEV asks not to show it to people."""
    consultant_number: int
    client_number: int
    name: str
    services: tuple[str, ...]


class _ServiceSchema(WireSchema):
    name = WireText()


class _ClientSchema(WireSchema):
    id = WireId(required=True)
    consultant_number = WireInteger(required=True)
    client_number = WireInteger(required=True)
    name = WireText()
    services = fields.List(fields.Nested(_ServiceSchema), load_default=list, allow_none=True)


def list_clients(api: DatevApi) -> list[DatevClient]:
    """Every client the login may book for, in DATEV's order.

    :raises ConfigurationError: the login is bound to one client and may not list.
    """
    return [_client(item) for items, _total in api.pages(LIST_CLIENTS, _ClientSchema) for item in items]


def get_client(api: DatevApi, client_id: str) -> DatevClient:
    """One client; works with a lasting login too.

    :param client_id: ``<consultant number>-<client number>``.
    :raises NotFoundError: it does not exist, or not for this login.
    :raises PermissionMissingError: the right to it was taken away.
    """
    answer = api.call(GET_CLIENT, ids={"client_id": client_id})
    client = _client(load_one(GET_CLIENT, answer, _ClientSchema))
    if client.id != client_id:
        raise malformed(GET_CLIENT, answer, "it speaks of another client")
    return client


def carries_service(client: DatevClient, datev_format: DatevFormat) -> Problem | None:
    """What is missing for a tenant of this format; None where the client has ordered the service."""
    needed = NEEDED_SERVICE[datev_format]
    if needed in client.services:
        return None
    ordered = ", ".join(client.services) or "none"
    return Problem(
        "datev_service_missing",
        f"The client {client.name!r} ({client.consultant_number}/{client.client_number}) has not ordered "
        f"{needed}; its services: {ordered}.",
        "datev.format",
        f"Ask the tax adviser to order {needed} for this client, or choose the format that fits.",
    )


def _client(item: dict[str, Any]) -> DatevClient:
    return DatevClient(
        id=item["id"],
        consultant_number=item["consultant_number"],
        client_number=item["client_number"],
        name=item["name"],
        services=tuple(service["name"] for service in item["services"] or ()),
    )
