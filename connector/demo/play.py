"""Plays the scenario: connects two tenants, wins the deals, watches them, says where each ended."""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from connector.demo.browser import log_in
from connector.demo.patience import Patience
from connector.demo.progress import Watched, watch
from connector.demo.report import report_lines, still_under_way, verdict
from connector.demo.sandbox import SandboxControl, road, uses_oauth
from connector.demo.scenario import Scenario, load_scenario
from connector.demo.stage import Stage
from connector.demo.telling import Teller
from connector.pipeline.connecting import issue_ticket
from connector.pipeline.onboarding import apply_tenant, subscribe_webhook
from connector.pipeline.services import Services
from connector.pipeline.summary import RunSummary, latest_summary
from connector.store.tenants import TenantRow
from connector.tenants.config import TenantConfig
from connector.tenants.toml_file import read_tenant_file

TIMEOUT_S = 300
"""Far more than a demo takes, and enough for one in which something is killed on purpose."""

DATEV_SETTINGS = {"job_delay_seconds": 2, "retry_after": 1}
"""On the demo's time scale a job takes 0.2 s: long enough to be seen working."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How the demo ended."""

    deals: int
    wrong: int

    @property
    def exit_code(self) -> int:
        """0 only if every deal ended where it should."""
        return 0 if self.deals and not self.wrong else 1


class Play:
    """One performance. Whatever it asks of a process is asked again while that process is away."""

    def __init__(self, services: Services, stage: Stage, teller: Teller, patience: Patience) -> None:
        self._services = services
        self._stage = stage
        self._teller = teller
        self._patience = patience
        self._control = SandboxControl(stage.ports.sandbox_url, patience)

    def run(self) -> Ending:
        """From the partners' accounts to the last deal's end.

        The sandbox keeps what it knows: deals of an interrupted demo go on beside the new ones.

        :raises InterruptedDemoError: somebody asked for the end.
        """
        scenario = load_scenario()
        self._set_up_sandbox()
        tenants = [self._onboard(path) for path in scenario.tenant_files]
        deals = [deal for tenant in tenants for deal in self._win_deals(tenant, scenario)]
        self._teller.live(f"{len(deals)} deals are won. What happens to them:")
        started_s = self._teller.elapsed_s
        watch(self._services, deals, timeout_s=TIMEOUT_S, teller=self._teller, patience=self._patience)
        return self._report(deals, {tenant.id: tenant for tenant in tenants}, started_s)

    def _set_up_sandbox(self) -> None:
        self._control.post("datev/settings", DATEV_SETTINGS)
        self._control.set_up_apps(
            public_url=self._stage.ports.web_url,
            pipedrive_secret=self._services.settings.pipedrive.client_secret,
        )

    def _onboard(self, path: Path) -> TenantRow:
        """Apply a tenant's file, log in to both partners in the browser's way, subscribe the webhook."""
        file = read_tenant_file(path, {**os.environ, **self._stage.values})
        config = file.config
        self._control.set_up_tenant(
            config,
            # A token names its company: the one that logs in by OAuth has another, which nobody uses.
            api_token=secrets.token_hex(20)
            if uses_oauth(config)
            else self._stage.values["DEMO_PIPEDRIVE_TOKEN"],
            signature_key=self._stage.values["DEMO_SIGNATURE_KEY"],
        )
        tenant = self._patience.call(lambda: apply_tenant(self._services, file, actor="demo").tenant)
        self._log_in(tenant, config)
        hook = self._patience.call(lambda: subscribe_webhook(self._services, tenant).webhook)
        self._teller.live(
            f"{tenant.name} is connected: Pipedrive by {config.pipedrive.auth.value}, DATEV client "
            f"{config.datev.consultant_number}/{config.datev.client_number} by {road(config)}, "
            f"webhook {hook.id} (version {hook.version})."
        )
        return tenant

    def _log_in(self, tenant: TenantRow, config: TenantConfig) -> None:
        """Both logins, each from the start again (with a new link) where a process was away in the middle."""
        if uses_oauth(config):
            company = {"decision": "approve", "user": f"{config.pipedrive.company_domain}/"}
            self._patience.call(
                lambda: log_in(issue_ticket(self._services, tenant.key, "pipedrive"), choices=company)
            )
        person = {"decision": "approve", "user": "sandbox-anna", "client": config.datev.client_id}
        self._patience.call(lambda: log_in(issue_ticket(self._services, tenant.key, "datev"), choices=person))

    def _win_deals(self, tenant: TenantRow, scenario: Scenario) -> list[Watched]:
        numbered = self._control.seed(tenant.config, scenario)
        self._control.win(tenant.config, numbered)
        return [Watched(tenant.id, tenant.key, deal_id, deal) for deal_id, deal in numbered]

    def _report(self, deals: list[Watched], tenants: Mapping[int, TenantRow], started_s: float) -> Ending:
        took_s = self._teller.elapsed_s - started_s
        found = self._patience.call(lambda: self._summaries(deals))
        for line in report_lines(deals, found, tenants):
            self._teller.plain(line)
        for line in still_under_way(deals, found, Path(self._stage.values["MLC_VAR_DIR"]) / "log"):
            self._teller.plain(line)
        wrong = sum(bool(verdict(watched, found[watched])) for watched in deals)
        self._teller.plain()
        self._teller.plain(
            f"{len(deals) - wrong} of {len(deals)} deals ended where they should, {took_s:.1f} s after they "
            f"were won and {self._teller.elapsed_s:.1f} s after the start."
        )
        return Ending(len(deals), wrong)

    def _summaries(self, deals: list[Watched]) -> dict[Watched, RunSummary | None]:
        with self._services.database.transaction() as tx:
            return {watched: latest_summary(tx, watched.tenant_id, watched.deal_id) for watched in deals}
