"""Plays the demo: starts everything, connects two tenants, wins the deals, says where each ended."""

import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from connector import log
from connector import settings as environment_settings
from connector.demo.browser import log_in
from connector.demo.progress import Watched, watch
from connector.demo.report import lines, verdict
from connector.demo.sandbox import SandboxControl, environment, road, uses_oauth
from connector.demo.scenario import Scenario, load_scenario
from connector.pipeline.connecting import issue_ticket
from connector.pipeline.onboarding import apply_tenant, subscribe_webhook
from connector.pipeline.services import Services, open_services
from connector.pipeline.summary import latest_summary
from connector.runtime import ports, processes
from connector.runtime.servers import ensure
from connector.runtime.signals import StopRequests
from connector.runtime.specs import Event, EventKind
from connector.runtime.supervisor import Supervisor
from connector.runtime.up import flower_login, flower_login_file
from connector.store.tenants import TenantRow
from connector.tenants.toml_file import read_tenant_file

TIME_SCALE = "0.1"
"""Timers run ten times as fast: the first look at DATEV comes after half a second instead of five."""

TIMEOUT_S = 300
"""Far more than a demo takes, and enough for one in which something is killed on purpose."""

SAID_EVENTS = (EventKind.DIED, EventKind.KILLED, EventKind.LEFTOVER)


@dataclass(frozen=True, slots=True)
class Ending:
    """How the demo ended."""

    deals: int
    wrong: int

    @property
    def exit_code(self) -> int:
        """0 only if every deal ended where it should."""
        return 0 if self.deals and not self.wrong else 1


def run_demo(
    environ: Mapping[str, str], var_dir: Path, *, once: bool, say: Callable[[str], None] = print
) -> int:
    """Play the demo. Returns the exit code.

    :param once: end after the deals have ended, instead of staying up until Ctrl-C.
    :raises ConfigurationError: something does not start; everything is stopped again.
    """

    def tell(event: Event) -> None:
        if event.kind in SAID_EVENTS:
            say(f"  [{event}]")

    log.configure(level="ERROR", fmt="text")
    say("Starting PostgreSQL, Valkey, web, workers, beat, Flower and the sandbox …")
    with StopRequests() as stop, ensure(environ, var_dir, exclusive=True, on_event=tell, say=say) as servers:
        chosen = _free_ports()
        values = _values(environ, var_dir, chosen, servers.environment)
        supervisor = Supervisor(processes.specs(values, chosen), var_dir, on_event=tell)
        stop.forward_to(supervisor)
        try:
            supervisor.start()
            services = open_services(environment_settings.load({**environ, **values}))
            ending = _play(services, values, chosen, say, stop.asked.is_set)
            services.database.close()
            _say_addresses(chosen, var_dir, say)
            if not once:
                say("Everything stays up until Ctrl-C.")
                supervisor.wait()
        finally:
            supervisor.stop()
    return ending.exit_code


def _values(
    environ: Mapping[str, str], var_dir: Path, chosen: processes.Ports, servers: Mapping[str, str]
) -> dict[str, str]:
    """The environment of all processes, and of this one where it acts for them."""
    pipedrive_secret = secrets.token_urlsafe(24)
    return {
        **servers,
        "MLC_VAR_DIR": str(var_dir.absolute()),
        "MLC_PUBLIC_URL": chosen.web_url,
        "MLC_TIME_SCALE": environ.get("MLC_TIME_SCALE", TIME_SCALE),
        "FLOWER_BASIC_AUTH": flower_login(environ, var_dir),
        "DEMO_PIPEDRIVE_TOKEN": secrets.token_hex(20),
        "DEMO_SIGNATURE_KEY": secrets.token_urlsafe(24),
        **environment(chosen.sandbox_url, pipedrive_secret=pipedrive_secret),
    }


def _play(
    services: Services,
    values: Mapping[str, str],
    chosen: processes.Ports,
    say: Callable[[str], None],
    stopped: Callable[[], bool],
) -> Ending:
    scenario = load_scenario()
    control = SandboxControl(chosen.sandbox_url)
    control.post("reset", {})
    control.post("datev/settings", {"job_delay_seconds": 2, "retry_after": 1})
    control.set_up_apps(public_url=chosen.web_url, pipedrive_secret=services.settings.pipedrive.client_secret)
    tenants = [_onboard(services, control, path, values, say) for path in scenario.tenant_files]
    deals = [deal for tenant in tenants for deal in _win_deals(control, tenant, scenario)]
    say(f"{len(deals)} deals are won. What happens to them:")
    watch(services, deals, timeout_s=TIMEOUT_S, say=say, stopped=stopped)
    return _report(services, deals, say)


def _onboard(
    services: Services,
    control: SandboxControl,
    path: Path,
    values: Mapping[str, str],
    say: Callable[[str], None],
) -> TenantRow:
    """Apply a tenant's file, log in to both partners in the browser's way, subscribe the webhook."""
    file = read_tenant_file(path, {**os.environ, **values})
    config = file.config
    control.set_up_tenant(
        config,
        # A token names its company: the one that logs in by OAuth has another, which nobody uses.
        api_token=secrets.token_hex(20) if uses_oauth(config) else values["DEMO_PIPEDRIVE_TOKEN"],
        signature_key=values["DEMO_SIGNATURE_KEY"],
    )
    tenant = apply_tenant(services, file, actor="demo").tenant
    choices = {"decision": "approve", "user": "sandbox-anna", "client": config.datev.client_id}
    if uses_oauth(config):
        log_in(
            issue_ticket(services, tenant.key, "pipedrive"),
            choices={"decision": "approve", "user": f"{config.pipedrive.company_domain}/"},
        )
    log_in(issue_ticket(services, tenant.key, "datev"), choices=choices)
    hook = subscribe_webhook(services, tenant).webhook
    say(
        f"Connected {tenant.name}: Pipedrive by {config.pipedrive.auth.value}, DATEV client "
        f"{config.datev.consultant_number}/{config.datev.client_number} by {road(config)}, "
        f"webhook {hook.id} (version {hook.version})."
    )
    return tenant


def _win_deals(control: SandboxControl, tenant: TenantRow, scenario: Scenario) -> list[Watched]:
    numbered = control.seed(tenant.config, scenario)
    control.win(tenant.config, numbered)
    return [Watched(tenant.id, tenant.key, deal_id, deal) for deal_id, deal in numbered]


def _report(services: Services, deals: list[Watched], say: Callable[[str], None]) -> Ending:
    wrong = 0
    say("\nWhere every deal ended:")
    for watched in deals:
        with services.database.transaction() as tx:
            found = latest_summary(tx, watched.tenant_id, watched.deal_id)
        wrong += bool(verdict(watched, found))
        for line in lines(watched, found):
            say(line)
    say(f"\n{len(deals) - wrong} of {len(deals)} deals ended where they should.")
    return Ending(len(deals), wrong)


def _free_ports() -> processes.Ports:
    web = ports.free_port(())
    flower = ports.free_port((web,))
    return processes.Ports(web, flower, ports.free_port((web, flower)))


def _say_addresses(chosen: processes.Ports, var_dir: Path, say: Callable[[str], None]) -> None:
    say(f"Web:     {chosen.web_url}")
    say(f"Flower:  {chosen.flower_url} (its login is in {flower_login_file(var_dir)})")
    say(f"Sandbox: {chosen.sandbox_url} shows what arrived at Pipedrive and DATEV")
