"""``connect`` and ``disconnect``: the tenant's logins at both partners."""

from datetime import timedelta
from typing import Any

import click

from connector.cli.arguments import tenant_argument
from connector.cli.exit_codes import ExitCode
from connector.cli.failures import Failure, problem_lines
from connector.cli.output import JSON, format_option, local_time, moment_text, say, show, tell
from connector.cli.ping_lines import verdict_facts, verdict_lines
from connector.cli.session import actor, opened_services
from connector.errors import Problem
from connector.log import redact_text
from connector.pipeline.awaiting_login import await_login
from connector.pipeline.connecting import TICKET_LIFETIME, issue_ticket
from connector.pipeline.kept_logins import ConnectionStatus
from connector.pipeline.kept_logins import disconnect as end_logins
from connector.pipeline.onboarding import find_tenant
from connector.pipeline.ping import ping_pipedrive
from connector.pipeline.services import Services
from connector.pipeline.tokens import DATEV, PIPEDRIVE, TITLES
from connector.store.tenants import TenantRow
from connector.tenants.config import PipedriveAuth

partner_argument = click.argument("partner", type=click.Choice([PIPEDRIVE, DATEV]))


@click.command()
@partner_argument
@tenant_argument
@click.option(
    "--client",
    "client_id",
    default="",
    metavar="CONSULTANT-CLIENT",
    help="DATEV: log in for this client directly, without the list of clients.",
)
@click.option("--wait/--no-wait", default=True, show_default=True, help="Wait until the login is done.")
@click.option(
    "--timeout",
    type=click.IntRange(min=1),
    default=int(TICKET_LIFETIME.total_seconds()),
    show_default=True,
    help="Seconds to wait.",
)
@format_option
def connect(*, partner: str, tenant_key: str, client_id: str, wait: bool, timeout: int, fmt: str) -> None:
    """Print a one-time link; whoever opens it logs the tenant in at the partner."""
    if client_id and partner != DATEV:
        raise click.BadOptionUsage("client_id", "--client is for datev only; Pipedrive has no clients.")
    with opened_services() as services:
        tenant = find_tenant(services, tenant_key)
        if partner == PIPEDRIVE and tenant.config.pipedrive.auth is PipedriveAuth.TOKEN:
            _check_api_token(services, tenant, fmt)
            return
        since = services.clock.now()
        link = issue_ticket(services, tenant.key, partner, client_id=client_id)
        if not wait:
            show(fmt, {"link": link, "expires_at": moment_text(since + TICKET_LIFETIME)}, _link_lines)
            return
        for line in _link_lines({"link": link}):
            (say if fmt == JSON else tell)(line)
        say("Waiting for the login (Ctrl-C stops waiting; the link stays good) …")
        login = await_login(
            services, tenant, partner, since=since, patience=timedelta(seconds=timeout), tell=say
        )
        if isinstance(login, Problem):
            raise Failure(_login_failed(login), ExitCode.REFUSED)
        if login is None:
            raise Failure(_nobody_came(services.settings.public_url, timeout), ExitCode.REFUSED)
    show(fmt, {"tenant": tenant_key, **_login(login)}, lambda _: [_connected_line(login)])


@click.command()
@partner_argument
@tenant_argument
@click.option(
    "--forget", is_flag=True, help="Delete the login here even if the partner cannot be told that it ended."
)
@format_option
def disconnect(*, partner: str, tenant_key: str, forget: bool, fmt: str) -> None:
    """End the tenant's logins at a partner: revoked there, deleted here."""
    with opened_services() as services:
        tenant = find_tenant(services, tenant_key)
        ended = end_logins(services, tenant, partner, actor=actor(), forget=forget)
    title = TITLES[partner]
    told = f"{tenant_key}: {ended} login{'s' if ended != 1 else ''} to {title} ended."
    show(
        fmt,
        {"tenant": tenant_key, "partner": partner, "ended": ended},
        lambda _: [told if ended else f"{tenant_key} was not connected to {title}: nothing to do."],
    )


def _check_api_token(services: Services, tenant: TenantRow, fmt: str) -> None:
    say(f"{tenant.key} uses a Pipedrive API token: there is nothing to connect. The token is tried instead.")
    verdict = ping_pipedrive(services, tenant)
    show(fmt, verdict_facts(verdict), lambda _: verdict_lines(verdict))
    if not verdict.ok:
        raise Failure(
            _failed_lines(verdict.problems), ExitCode.ATTENTION if verdict.reachable else ExitCode.UNREACHABLE
        )


def _login_failed(problem: Problem) -> list[str]:
    told = problem_lines(problem, head="Error: the login failed. ")
    return [*(redact_text(line) for line in told), "  → Then make a new link with the same command."]


def _nobody_came(public_url: str, timeout: int) -> list[str]:
    reach = f"It leads to {public_url} (MLC_PUBLIC_URL), which the browser must be able to reach."
    return [
        f"Error: nobody has finished the login within {timeout} seconds.",
        f"  → Open the link, or make a new one with the same command. {reach}",
    ]


def _failed_lines(problems: tuple[Problem, ...]) -> list[str]:
    return [f"{len(problems)} problem{'s' if len(problems) != 1 else ''} found, see above."]


def _link_lines(value: dict[str, Any]) -> list[str]:
    minutes = int(TICKET_LIFETIME.total_seconds()) // 60
    return [f"Open this link in a browser; it works once and for {minutes} minutes:", "", value["link"], ""]


def _login(login: ConnectionStatus) -> dict[str, Any]:
    return {
        "partner": login.partner,
        "state": login.state,
        "connected": login.connected,
        "ends_at": moment_text(login.ends_at),
        "warnings": list(login.warnings),
    }


def _connected_line(login: ConnectionStatus) -> str:
    end = f" until {local_time(login.ends_at)}" if login.ends_at else ""
    return f"Connected to {TITLES[login.partner]}{end}."
