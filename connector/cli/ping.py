"""``ping``: both real systems and the hook, one plain verdict each."""

import sys

import click

from connector.cli.arguments import tenant_argument
from connector.cli.exit_codes import ExitCode
from connector.cli.output import format_option, show
from connector.cli.ping_lines import hook_facts, hook_lines, verdict_facts, verdict_lines
from connector.cli.session import actor, opened_services
from connector.pipeline.onboarding import find_tenant
from connector.pipeline.ping import ping as ask_both


@click.command()
@tenant_argument
@format_option
def ping(*, tenant_key: str, fmt: str) -> None:
    """Ask Pipedrive and DATEV whether this tenant's deals arrive and its bookings can go through.

    Where both are well, a tenant that was parked for a login or a right works again. Exit code 3: something
    needs a person; 4: a system did not answer.
    """
    with opened_services() as services:
        tenant = find_tenant(services, tenant_key)
        result = ask_both(services, tenant, actor=actor())
        parked = None if result.resumed else tenant.parked_message
        cure = tenant.parked_cure
    value = {
        "tenant": tenant.key,
        "ok": result.ok and parked is None,
        "resumed": result.resumed,
        "parked": parked,
        "partners": [verdict_facts(verdict) for verdict in result.verdicts],
        "webhook": hook_facts(result.hook) if result.hook else None,
    }
    lines = [line for verdict in result.verdicts for line in verdict_lines(verdict)]
    if result.hook:
        lines += hook_lines(result.hook)
    if result.resumed:
        lines.append(f"{tenant.key} was parked and works again.")
    if parked is not None:
        lines += [f"{tenant.key} is PARKED: {parked}", f"  → {cure}"]
        lines.append(f"  → When the reason is gone: ml-connector tenant resume {tenant.key}")
    show(fmt, value, lambda _: lines)
    if result.ok and parked is None:
        return
    sys.exit(ExitCode.UNREACHABLE if result.only_unreachable and parked is None else ExitCode.ATTENTION)
