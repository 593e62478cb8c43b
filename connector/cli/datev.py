"""``datev clients``: what the short login may see."""

import click

from connector.cli.arguments import tenant_argument
from connector.cli.output import format_option, show, table
from connector.cli.session import opened_services
from connector.datev.clients import carries_service
from connector.pipeline.client_list import visible_clients
from connector.pipeline.onboarding import find_tenant


@click.group()
def datev() -> None:
    """Look at DATEV with a tenant's login: the clients it may see."""


@datev.command()
@tenant_argument
@format_option
def clients(*, tenant_key: str, fmt: str) -> None:
    """The DATEV clients that the tenant's short login may see, while it is there."""
    with opened_services() as services:
        tenant = find_tenant(services, tenant_key)
        wanted = tenant.config.datev
        rows = [
            {
                "client": client.id,
                "name": client.name,
                "services": list(client.services),
                "fits": client.id == wanted.client_id and carries_service(client, wanted.format) is None,
            }
            for client in visible_clients(services, tenant)
        ]
    empty = "The login may see no client. Ask the tax adviser for the right in DATEV's rights management."
    show(fmt, rows, lambda value: table(value, ("client", "name", "fits", "services"), empty=empty))
